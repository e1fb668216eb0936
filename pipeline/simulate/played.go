package simulate

import (
	"net/netip"
	"slices"
	"time"
)

// A played is one scenario as it was played: what the truth says of it. What a scenario does by these methods is
// recorded as it is done; a list may name one thing many times.
type played struct {
	id          string
	scenario    *scenario
	intensity   Intensity
	start, end  time.Time // as planned
	first, last time.Time // when the attacker really did something

	domains, sites, actors, accounts []string // who attacks
	ips                              []netip.Addr
	prefixes                         []netip.Prefix
	instance                         bool     // the true parent is the whole server: nobody alone does it
	sources                          []string // logs that something happens to
	forged                           []string // honest sites whose names are written by the attacker
	invented                         []string // names that nobody else uses and nobody owns
	leaves                           [3]bool  // the logs in which it leaves a trace
	names                            []string // sites and addresses concerned, of a weird one
	events                           int      // malicious requests
}

// by returns what belongs to p's intensity.
func by[T any](p *played, obvious, moderate, stealthy T) T {
	return [...]T{obvious, moderate, stealthy}[p.intensity]
}

// throughout does f so many times a minute, at random, as long as p lasts.
func (p *played) throughout(w *World, perMinute float64, f func(i int)) {
	w.Every(p.start, p.end, perMinute/60, f)
}

// pace returns how often a minute an attack comes. The obvious one is as fast as its author can; the others hide in what
// the server has anyway, of which a big one has more.
func (p *played) pace(w *World, obvious, moderate, stealthy float64) float64 {
	return by(p, obvious, moderate*w.busy(), stealthy*w.busy())
}

// fetchCost is how much more a delivery costs whose actor is unknown: it is fetched while the sender waits, which takes a
// tenth of a second or two beside the usual twentieth. An assumption.
const fetchCost = 6

// strike sends a delivery from a server that the attacker owns or has taken over: it is his, by whatever name of his
// he signs.
func (p *played) strike(w *World, d Delivery) {
	if !d.IP.IsValid() {
		d.IP = oneOf(w, d.From.Addresses())
	}
	if d.NewActor && d.Cost == 0 {
		d.Cost = fetchCost
	}
	host := d.From.Host()
	if d.Domain != "" {
		host = d.Domain
	}
	p.domains = append(p.domains, host)
	p.sites = append(p.sites, d.From.Site())
	p.actors = append(p.actors, string(d.From.software.appendActor(nil, host, d.From.seed(), d.Actor)))
	p.send(w, d)
}

// forge sends a delivery that bears an honest server's name, and is not that server's.
func (p *played) forge(w *World, victim *Peer, d Delivery) {
	p.forged = append(p.forged, victim.Site())
	p.send(w, d)
}

// invent sends a delivery under a name that nobody owns.
func (p *played) invent(w *World, d Delivery) {
	p.invented = append(p.invented, d.Domain)
	p.send(w, d)
}

// send sends a malicious delivery; it names an address.
func (p *played) send(w *World, d Delivery) {
	p.from(w, d.IP)
	p.leaves[Rails] = true
	p.leaves[Sidekiq] = p.leaves[Sidekiq] || d.Outcome == Accepted
	w.Deliver(d)
}

// ask sends any other malicious request.
func (p *played) ask(w *World, r Request) {
	p.from(w, r.IP)
	p.leaves[Rails] = p.leaves[Rails] || r.Line == "" && r.Status != 400 && r.Status != 414
	w.Request(r)
}

// job queues a job that an attack causes.
func (p *played) job(w *World, j Job) {
	p.leaves[Sidekiq] = true
	w.Job(j)
}

// from records a malicious request from an address, now. The first and the last are when the attack began and ended.
func (p *played) from(w *World, ip netip.Addr) {
	if p.events == 0 {
		p.first = w.Now()
	}
	p.last = w.Now()
	p.events++
	p.ips = append(p.ips, ip)
	p.leaves[Nginx] = true
}

// happens records what is done to a log, by no request.
func (p *played) happens(l Log) {
	p.sources = append(p.sources, l.String())
	p.leaves[l] = true
}

// concerns records honest servers that something weird is about.
func (p *played) concerns(peers ...*Peer) {
	for _, peer := range peers {
		p.names = append(p.names, peer.Site())
	}
}

// concernsAddress records an address that something weird is about.
func (p *played) concernsAddress(a netip.Addr) { p.names = append(p.names, a.String()) }

// distinct returns the different ones of a list, in order.
func distinct(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return slices.Compact(list)
}

// oneOf returns one of a list at random.
func oneOf[T any](w *World, list []T) T { return list[w.Rand().IntN(len(list))] }

// addresses returns n addresses of a kind.
func addresses(w *World, k AddressKind, n int) []netip.Addr {
	list := make([]netip.Addr, n)
	for i := range list {
		list[i] = w.Address(k)
	}
	return list
}

// botnet returns n addresses of people's homes and phones, whose devices obey somebody else.
func botnet(w *World, n int) []netip.Addr {
	kinds := [...]AddressKind{Residential, Residential, Residential, Residential6, Mobile}
	list := make([]netip.Addr, n)
	for i := range list {
		list[i] = w.Address(kinds[i%len(kinds)])
	}
	return list
}

// ownServer makes a server that the attacker has bought somewhere, and owns.
func ownServer(w *World, software string) *Peer {
	return w.NewPeer(PeerSpec{Software: software, Kind: Hosting})
}

// inventName returns a host name that nobody owns or uses: ten letters of no honest name's form.
func inventName(w *World) string {
	return string(appendBase36([]byte("x"), w.Rand().Uint64(), 10)) + ".test"
}

// rented returns n addresses of the /24 that the attacker rents, which the truth names.
func rented(w *World, p *played, n int) []netip.Addr {
	p.prefixes = append(p.prefixes, w.net.prefix)
	return addresses(w, Attacker, n)
}

// scatter does f n times within a span from at, at random; f gets their number, in order of time.
func scatter(w *World, at time.Time, span time.Duration, n int, f func(i int)) {
	waits := make([]time.Duration, n)
	for i := range waits {
		waits[i] = time.Duration(w.Rand().Int64N(int64(span)))
	}
	slices.Sort(waits)
	for i, wait := range waits {
		w.At(at.Add(wait), func() { f(i) })
	}
}
