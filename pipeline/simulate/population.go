package simulate

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// smallPeers are the peers of a small server, of size 1.
const smallPeers = 3000

// A habit is how a peer has addresses.
type habit uint8

// The habits.
const (
	oneV4      habit = iota
	oneV6            // of its own
	both             // one of each; happy eyeballs mostly take the same
	several          // a few senders in one network, or in several
	sharedExit       // behind an address that other peers are behind too: a hoster of Mastodons
	changing         // at home, with a new address each day or so
	habits
)

// A flaw is what is wrong with a peer, for good.
type flaw uint8

// The flaws.
const (
	sound    flaw = iota
	blocked       // suspended here: 403
	skewed        // its clock, or its keys: 401
	hidden        // its keys can't be fetched: 503
	crippled      // it sends what is no JSON now and then
)

// populate makes the peers: those that are known, and those that are born during the run.
func (s *sim) populate() {
	for i := range s.config.Peers {
		s.honestPeer(i, 0)
	}
	// Some three new servers a day discover a small one; as many die. An assumption.
	perDay := 3 * s.size
	r := streamOf(s.seed, "births", 0)
	for at := s.now + moment(r.exp()/perDay*float64(day)); at < s.end; at += moment(r.exp() / perDay * float64(day)) {
		s.honestPeer(len(s.peers), at)
	}
	s.honest = len(s.peers)
	s.scaleRates()
	for _, p := range s.peers {
		s.begin(p)
	}
}

// honestPeer makes the i-th honest peer, born at a moment or long ago.
func (s *sim) honestPeer(i int, born moment) {
	p := &Peer{id: int32(len(s.peers)), rng: streamOf(s.seed, "peer", uint64(i)), honest: true, born: born}
	r := &p.rng
	n := float64(s.config.Peers)
	u := (n - float64(i) - 0.5) / n
	if born != 0 {
		u = r.between(0.02, 0.93)
	}
	p.names = mix(uint64(i) + 77)
	p.rate = s.family.rate(u) * r.lognormal(1, 0.15)
	s.character(p, i)
	p.host, p.site = hostOf(r, i)
	s.oddities(p, i)
	p.agent = p.software.agentOf(p.face, p.version)
	s.home(p)
	s.peers = append(s.peers, p)
}

// character draws what a peer is like.
func (s *sim) character(p *Peer, i int) {
	r := &p.rng
	p.software = drawSoftware(r, i)
	p.version = len(p.software.versions) - 1 - min(r.geometric(0.5), len(p.software.versions)-1)
	p.zone, p.shape = zoneOf(r), r.lognormal(1.6, 0.6)
	p.lag = r.lognormal(1, 0.5)
	p.flaw = flaw(r.pick([]float64{0.966, 0.018, 0.004, 0.006, 0.006}))
	if i < 40 {
		p.flaw = sound
	}
	p.steady = p.software.name == "relay"
	if i > 60 && r.chance(0.0011*float64(s.config.Days)) {
		p.dies = s.now + moment(r.float()*float64(s.end-s.now))
	} else if i > 60 && r.chance(0.012) {
		p.dies = s.now - moment(r.float()*30*float64(day))
	}
}

// drawSoftware draws a software. The largest are Mastodons; relays are among the large ones.
func drawSoftware(r *stream, i int) *software {
	if i == 11 || i == 47 {
		return softwareNamed("relay")
	}
	if i < 6 {
		return &softwares[0]
	}
	x := r.float() * 0.998
	for k := range softwares {
		if x -= softwares[k].share; x < 0 && softwares[k].name != "relay" {
			return &softwares[k]
		}
	}
	return &softwares[0]
}

var nouns = [...]string{"kite", "otter", "maple", "cedar", "heron", "ember", "river", "stone", "cloud", "willow", "raven", "pixel", "orbit", "lichen",
	"harbor", "meadow", "signal", "comet", "badger", "thistle", "walnut", "beacon", "marble", "saffron"}

// oddities are what honest servers have that looks like something else: a host among many of one site, as a hoster's
// customers have; an agent that names another host than the keys do, as behind a proxy or after a move.
func (s *sim) oddities(p *Peer, i int) {
	r := streamOf(s.seed, "oddities", uint64(i))
	if i > 20 && r.chance(0.015) {
		p.site = "homes" + strconv.Itoa(1+r.intn(3)) + ".example"
		p.host = nouns[r.intn(len(nouns))] + strconv.Itoa(i+1) + "." + p.site
	}
	p.face = p.host
	if i > 20 && r.chance(0.008) {
		p.face = "web" + strconv.Itoa(1+r.intn(3)) + "." + p.site
	} else if i > 20 && r.chance(0.003) {
		p.face = "formerly" + strconv.Itoa(i+1) + ".example"
	}
}

var suffixes = [...]string{".example", ".test", ".invalid"}

// hostOf returns a host of its own site. One in four is below it: "social.kite17.example".
func hostOf(r *stream, i int) (host, site string) {
	site = nouns[r.intn(len(nouns))] + strconv.Itoa(i+1) + suffixes[r.pick([]float64{0.7, 0.25, 0.05})]
	if r.chance(0.25) {
		return []string{"social.", "mastodon.", "fedi.", "m."}[r.intn(4)] + site, site
	}
	return site, site
}

// siteOf returns the last two labels of a host: its site, as all names here are.
func siteOf(host string) string {
	if i := strings.LastIndexByte(host, '.'); i > 0 {
		return host[strings.LastIndexByte(host[:i], '.')+1:]
	}
	return host
}

// home gives a peer its addresses.
func (s *sim) home(p *Peer) {
	r := &p.rng
	p.habit = habit(r.pick(s.family.habits[:]))
	if p.id < 12 && p.habit < several { // the large have farms
		p.habit = several
	}
	p.addrs = s.newAddresses(r, p)
}

func (s *sim) newAddresses(r *stream, p *Peer) []netip.Addr {
	switch p.habit {
	case oneV6:
		return []netip.Addr{s.book.address(r, Hosting6)}
	case both:
		return []netip.Addr{s.book.address(r, Hosting6), s.book.address(r, Hosting)}
	case several:
		n := 2 + r.geometric(0.6)
		if p.id < 12 {
			n += 6 + r.intn(20)
		}
		list := []netip.Addr{s.book.address(r, Hosting)}
		for len(list) < n {
			list = append(list, near(list[r.intn(len(list))], r))
		}
		return list
	case sharedExit:
		h := streamOf(s.seed, "exit", uint64(r.intn(max(3, s.config.Peers/120))))
		return []netip.Addr{s.book.address(&h, Hosting)}
	case changing:
		return []netip.Addr{s.book.address(r, Residential)}
	default:
		return []netip.Addr{s.book.address(r, Hosting)}
	}
}

// scaleRates makes the rates what the family says they are in sum.
func (s *sim) scaleRates() {
	sum := 0.0
	for _, p := range s.peers[:s.config.Peers] {
		if p.dies == 0 || p.dies > s.now {
			sum += p.rate
		}
	}
	f := s.family.perDay * math.Pow(s.size, s.family.grows) / sum
	total := 0.0
	for _, p := range s.peers {
		p.rate *= f
		// Who is followed here posts about once a day.
		p.actors = 1 + int(1.2*p.rate*p.rng.lognormal(1, 0.6))
		if p.software.name == "relay" {
			p.actors = 1
		}
		total += p.rate
		s.cumulated = append(s.cumulated, total)
	}
}

// begin lets a peer begin to live.
func (s *sim) begin(p *Peer) {
	if p.dies != 0 && p.dies <= s.now {
		return
	}
	s.plan(p, max(s.now, p.born))
	s.planChange(p)
}

// weighted returns an honest peer by its rate.
func (s *sim) weighted(r *stream) *Peer {
	x := r.float() * s.cumulated[len(s.cumulated)-1]
	i, _ := slices.BinarySearch(s.cumulated, x)
	return s.peers[min(i, len(s.peers)-1)]
}

func (s *sim) alive(p *Peer) bool {
	return p.honest && p.born <= s.now && (p.dies == 0 || p.dies > s.now)
}

// rank, between, sample and living are what Peers does.
func (s *sim) rank(i int) *Peer {
	for _, p := range s.peers[:s.config.Peers] {
		if s.alive(p) {
			if i == 0 {
				return p
			}
			i--
		}
	}
	return s.peers[0]
}

func (s *sim) between(lo, hi float64, r *stream) *Peer {
	if list := s.sample(1, lo, hi, r); len(list) > 0 {
		return list[0]
	}
	best := s.peers[0]
	for _, p := range s.peers[:s.honest] {
		if s.alive(p) && math.Abs(p.rate-lo) < math.Abs(best.rate-lo) {
			best = p
		}
	}
	return best
}

func (s *sim) sample(n int, lo, hi float64, r *stream) []*Peer {
	var list []*Peer
	for _, p := range s.peers[:s.honest] {
		if s.alive(p) && lo <= p.rate && p.rate <= hi && p.flaw == sound {
			list = append(list, p)
		}
	}
	n = min(n, len(list))
	for i := range n {
		k := i + r.intn(len(list)-i)
		list[i], list[k] = list[k], list[i]
	}
	return list[:n]
}

func (s *sim) living() int {
	n := 0
	for _, p := range s.peers[:s.honest] {
		if s.alive(p) {
			n++
		}
	}
	return n
}

// addPeer makes a peer for a scenario.
func (s *sim) addPeer(spec *PeerSpec, r *stream) *Peer {
	p := &Peer{id: int32(len(s.peers)), rng: r.fork(), honest: spec.Honest, born: max(s.now, 1), rate: spec.Rate, actors: max(spec.Actors, 1)}
	s.character(p, 0)
	p.dies, p.names = 0, p.rng.Uint64()
	if p.software = softwareNamed(spec.Software); p.software == nil {
		p.software = drawSoftware(&p.rng, 100)
	}
	p.version = len(p.software.versions) - 1
	if p.host = spec.Host; p.host == "" {
		p.host, _ = hostOf(&p.rng, 1_000_000+p.rng.intn(9_000_000))
	}
	p.site = siteOf(p.host)
	p.face = p.host
	p.agent = p.software.agentOf(p.face, p.version)
	p.addrs = spec.IPs
	if len(p.addrs) == 0 {
		p.addrs = []netip.Addr{s.book.address(&p.rng, spec.Kind)}
	}
	for len(p.addrs) < spec.Addresses {
		p.addrs = append(p.addrs, near(p.addrs[0], &p.rng))
	}
	s.peers = append(s.peers, p)
	if p.rate > 0 {
		s.plan(p, s.now)
	}
	return p
}
