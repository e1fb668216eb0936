package simulate

import (
	"iter"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// Marginals are what a run looks like from afar. They count what happened, whether or not it was written.
type Marginals struct {
	Family                    string
	Peers, Days               int
	Nginx, Rails, Sidekiq     int     // lines
	Deliveries, Accepted      int     // first tries; those that were accepted, of all
	SitesADay                 float64 // honest sites that deliver on a day
	LargestShare              float64 // of the deliveries
	PeakToMean                float64 // of nginx' hours, averaged over the days
	Lag1                      float64 // autocorrelation of the deliveries of 5 minutes, with the day's rhythm in it
	Dispersion                float64 // variance over mean of them, within the hour
	JobsPerDelivery           float64 // starts of jobs, but for deliveries of our own, per accepted delivery
	FailedJobs                float64 // share
	AddressesPerPeer          float64
	Status                    map[int]int
	Kinds                     map[string]int // of requests, by their first segment
	SignInFailed, SignInTried int
}

// A counts counts what Marginals tells.
type counts struct {
	start                                     moment
	nginx, rails, sidekiq                     int
	deliveries, accepted, jobs, fails, ourOwn int
	hours, fives                              []int
	bySite                                    map[string]int
	status                                    map[int]int
	kinds                                     map[string]int
	failed, tried                             int
	addresses                                 map[addressOf]struct{}
	senders                                   map[string]struct{}
}

type addressOf struct {
	site string
	ip   netip.Addr
}

func (c *counts) open(start moment, days int) {
	*c = counts{start: start, hours: make([]int, days*24+1), fives: make([]int, days*288+1), bySite: map[string]int{}, status: map[int]int{},
		kinds: map[string]int{}, addresses: map[addressOf]struct{}{}, senders: map[string]struct{}{}}
}

// request counts an exchange that nginx has ended.
func (c *counts) request(s *sim, x *exchange) {
	c.nginx++
	c.hours[(s.now-c.start)/hour]++
	c.status[x.status]++
	c.kinds[x.kind()]++
	if x.method == "POST" && x.route != nil && x.route.action == "create" && x.signIn != NoSignIn {
		c.tried++
		if x.signIn == SignInFailed {
			c.failed++
		}
	}
	if p := x.From; x.delivers && p != nil && p.honest && x.Domain == "" && x.KeyID == "" {
		c.fives[(s.now-c.start)/(5*minute)]++
		d := (s.now - c.start) / day
		p.days[d/64] |= 1 << (d % 64)
		c.addresses[addressOf{p.site, x.ip}] = struct{}{}
	}
}

// delivery counts a delivery's first try.
func (c *counts) delivery(x *exchange) {
	c.deliveries++
	if x.From != nil && x.From.honest {
		c.bySite[x.From.site]++
	}
}

// kind is the endpoint in a word: the first segment of the path.
func (x *exchange) kind() string {
	switch {
	case x.line != "":
		return "no HTTP"
	case x.delivers:
		return "inbox"
	case x.route == &ownRoutes[toNowhere]:
		return "unknown"
	case x.route.prefix == "/@" || x.route.prefix == "/@:u/":
		return "/@"
	}
	first, _, _ := strings.Cut(beforeQuery(x.path)[1:], "/")
	return "/" + first
}

// sites ranges over the honest sites that were seen, in order, with the days on which they were.
func (s *sim) sites() iter.Seq2[string, int] {
	seen := map[string][]uint64{}
	for _, p := range s.peers {
		if !p.honest {
			continue
		}
		if seen[p.site] == nil {
			seen[p.site] = make([]uint64, len(p.days))
		}
		for i, d := range p.days {
			seen[p.site][i] |= d
		}
	}
	return func(yield func(string, int) bool) {
		for _, site := range slices.Sorted(keys(seen)) {
			if n := bits(seen[site]); n > 0 && !yield(site, n) {
				return
			}
		}
	}
}

func keys(m map[string][]uint64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func bits(words []uint64) int {
	n := 0
	for _, w := range words {
		for ; w != 0; w &= w - 1 {
			n++
		}
	}
	return n
}

// marginals sums a run up.
func (s *sim) marginals() Marginals {
	c := &s.count
	m := Marginals{Family: s.config.Family, Peers: s.config.Peers, Days: s.config.Days, Nginx: c.nginx, Rails: c.rails, Sidekiq: c.sidekiq,
		Deliveries: c.deliveries, Accepted: c.accepted, Status: c.status, Kinds: c.kinds, SignInFailed: c.failed, SignInTried: c.tried}
	most, siteDays := 0, 0
	for _, n := range c.bySite {
		most = max(most, n)
	}
	for _, n := range s.sites() {
		siteDays += n
	}
	m.SitesADay = float64(siteDays) / float64(s.config.Days)
	m.LargestShare = ratio(most, c.deliveries)
	m.JobsPerDelivery = ratio(c.jobs-c.ourOwn, c.accepted)
	m.FailedJobs = ratio(c.fails, c.jobs)
	m.AddressesPerPeer = ratio(len(c.addresses), len(c.bySite))
	m.PeakToMean = peakToMean(c.hours[:s.config.Days*24])
	m.Lag1 = lag1(c.fives[:s.config.Days*288])
	m.Dispersion = dispersion(c.fives[:s.config.Days*288])
	return m
}

func ratio(a, b int) float64 { return float64(a) / float64(max(b, 1)) }

func peakToMean(hours []int) float64 {
	sum := 0.0
	for d := 0; d < len(hours); d += 24 {
		today := hours[d : d+24]
		total := 0
		for _, n := range today {
			total += n
		}
		sum += float64(slices.Max(today)) * 24 / float64(max(total, 1))
	}
	return sum / float64(len(hours)/24)
}

func lag1(x []int) float64 {
	mean := 0.0
	for _, n := range x {
		mean += float64(n) / float64(len(x))
	}
	var with, own float64
	for i, n := range x {
		d := float64(n) - mean
		own += d * d
		if i > 0 {
			with += d * (float64(x[i-1]) - mean)
		}
	}
	return with / max(own, 1e-9)
}

// dispersion is the mean over the hours of the variance of their twelve counts, over the mean count.
func dispersion(x []int) float64 {
	var variance, mean float64
	for h := 0; h+12 <= len(x); h += 12 {
		sum, squares := 0.0, 0.0
		for _, n := range x[h : h+12] {
			sum += float64(n)
			squares += float64(n * n)
		}
		variance += (squares - sum*sum/12) / 11
		mean += sum / 12
	}
	return math.Max(variance, 0) / max(mean, 1e-9)
}
