package benign

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// CrawlerSpec documents crawler.
var CrawlerSpec = pipeline.Spec{
	Name: "crawler", Title: "A crawler that you know", Space: pipeline.SpaceNetwork,
	Kinds:      []pipeline.Kind{pipeline.KindRequest},
	Sees:       "Addresses in the networks that the configuration lists (`crawlers`), as search engines publish them.",
	Matters:    "A search engine reads all that is public, at its own pace.",
	Lookalikes: "An agent that says Googlebot: it counts for nothing. Who has an address in a listed network gains that reading at any pace is at low: list a crawler's own networks, never those of the hoster that it shares with others.",
	Do:         []string{"If it reads too much: ask it not to, in robots.txt."},
	Defaults:   "of a surge of the whole server, half of all requests of the last 5 to 10 m must be theirs; to low",
}

var (
	byReader = names{"ip_flood", "slow_connections", "status_enumeration", "private_probing", "social_graph_crawl", "signed_sweep", "api_scraping", "bulk_media"}
	bySurge  = names{"distributed_surge"}
)

const (
	crawlPane  = pipeline.Time(5 * time.Minute)
	crawlShare = 0.5
)

// A CrawlerList is the networks of one crawler.
type CrawlerList struct {
	Name     string
	Networks []netip.Prefix
}

// Crawler explains what listed crawlers read.
type Crawler struct {
	ranges       []addrRange // sorted, apart
	all, crawled tally
}

// An addrRange is all addresses from the first to the last.
type addrRange struct{ first, last netip.Addr }

// NewCrawler returns a recogniser of those crawlers.
func NewCrawler(lists []CrawlerList) *Crawler {
	var all []netip.Prefix
	for _, l := range lists {
		all = append(all, l.Networks...)
	}
	slices.SortFunc(all, func(a, b netip.Prefix) int { return a.Masked().Addr().Compare(b.Masked().Addr()) })
	d := &Crawler{}
	for _, p := range all {
		r := addrRange{p.Masked().Addr(), lastOf(p)}
		if n := len(d.ranges); n > 0 && r.first.Compare(d.ranges[n-1].last) <= 0 {
			if r.last.Compare(d.ranges[n-1].last) > 0 {
				d.ranges[n-1].last = r.last
			}
			continue
		}
		d.ranges = append(d.ranges, r)
	}
	return d
}

// lastOf returns the last address of p.
func lastOf(p netip.Prefix) netip.Addr {
	raw := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(raw); i++ {
		raw[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last
}

// has reports whether addr is a crawler's.
func (d *Crawler) has(addr netip.Addr) bool {
	if len(d.ranges) == 0 || !addr.IsValid() {
		return false
	}
	addr = addr.Unmap().WithZone("")
	i, found := slices.BinarySearchFunc(d.ranges, addr, func(r addrRange, a netip.Addr) int { return r.first.Compare(a) })
	return found || i > 0 && addr.Compare(d.ranges[i-1].last) <= 0
}

// Observe counts what crawlers read.
func (d *Crawler) Observe(e *pipeline.Event, _ pipeline.Report) {
	if len(d.ranges) == 0 || e.Kind != pipeline.KindRequest || e.Counts&pipeline.CountsAddress == 0 || !e.Endpoint.IsDynamic() {
		return
	}
	d.all.add(e.Time, crawlPane, 1)
	if d.has(e.IP) {
		d.crawled.add(e.Time, crawlPane, 1)
	}
}

// Explain lowers what a crawler's address does, and a surge that is mostly theirs.
func (d *Crawler) Explain(f *pipeline.Finding) {
	switch {
	case byReader.has(f) && d.holds(f):
	case bySurge.has(f) && d.crawled.sum(f.At, crawlPane) > 0 &&
		float64(d.crawled.sum(f.At, crawlPane)) >= crawlShare*float64(d.all.sum(f.At, crawlPane)):
	default:
		return
	}
	lower(f, pipeline.ContextCrawler)
}

// holds reports whether all of the address or network that f is about is a crawler's.
func (d *Crawler) holds(f *pipeline.Finding) bool {
	addr := addressOf(f)
	if f.Key.Type != pipeline.EntityPrefix {
		return d.has(addr)
	}
	p, err := netip.ParsePrefix(f.Key.Value)
	return err == nil && slices.ContainsFunc(d.ranges, func(r addrRange) bool {
		return r.first.Compare(addr) <= 0 && r.last.Compare(lastOf(p)) >= 0
	})
}

// Advance does nothing.
func (d *Crawler) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Crawler) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes what was counted.
func (d *Crawler) Snapshot(w io.Writer) error { return put(w, &d.all, &d.crawled) }

// Restore reads what Snapshot wrote.
func (d *Crawler) Restore(r io.Reader) error {
	if err := errors.Join(get(r, &d.all, &d.crawled)); err != nil {
		d.all, d.crawled = tally{}, tally{}
		return err
	}
	return nil
}
