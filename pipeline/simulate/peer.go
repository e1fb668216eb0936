package simulate

import "net/netip"

// A PeerSpec says what a scenario's server is like. What is zero is drawn.
type PeerSpec struct {
	Host      string      // e.g. "kite17.example"
	Software  string      // a name of the table of software: "mastodon", "misskey" …
	Kind      AddressKind // where it is; default Hosting
	Addresses int         // how many it sends from; default 1
	IPs       []netip.Addr
	Actors    int     // how many it has; default 1
	Rate      float64 // deliveries a day that it sends by itself, as an honest one would; default 0
	Honest    bool    // it is an honest site of the truth
}

// A Peer is a remote server.
type Peer struct {
	id       int32
	host     string
	site     string
	software *software
	version  int
	agent    string
	face     string // the host that the agent names
	addrs    []netip.Addr
	actors   int // known here
	honest   bool
	rng      stream
	names    uint64 // of which its actors' names are made

	rate       float64 // deliveries that it sends us a day
	boost      float64
	boostUntil moment
	born, dies moment
	down       []span

	flaw    flaw
	habit   habit
	zone    int     // half hours east
	shape   float64 // of its intensity's distribution
	lag     float64 // of its answers, as a multiple of the usual
	steady  bool    // it knows no day and no session: a relay
	due     moment  // its next arrival
	backlog int     // sessions that it could not send

	refused  int // deliveries that failed in a row
	redUntil moment

	days [maxDays/64 + 1]uint64 // on which it was seen
}

// Host returns the peer's host.
func (p *Peer) Host() string { return p.host }

// Site returns the peer's registrable domain.
func (p *Peer) Site() string { return p.site }

// Agent returns the peer's agent.
func (p *Peer) Agent() string { return p.agent }

// Software returns the name of the peer's software.
func (p *Peer) Software() string { return p.software.name }

// Addresses returns the peer's addresses.
func (p *Peer) Addresses() []netip.Addr { return p.addrs }

// Actors returns how many of the peer's actors are known here.
func (p *Peer) Actors() int { return p.actors }

// ActorURL returns the URL of the i-th of the peer's actors.
func (p *Peer) ActorURL(i int) string {
	return string(p.software.appendActor(nil, p.host, p.seed(), i))
}

// KeyID returns the key id of the i-th of the peer's actors.
func (p *Peer) KeyID(i int) string { return string(p.software.appendKey(nil, p.host, p.seed(), i)) }

// Rate returns how many deliveries the peer sends a day, on average.
func (p *Peer) Rate() float64 { return p.rate }

// A span is from a moment up to, but not including, another.
type span struct{ from, to moment }

func (s span) holds(m moment) bool { return s.from <= m && m < s.to }

// A Peers picks among the honest servers that live now.
type Peers struct{ w *World }

// Rank returns the i-th busiest, from 0.
func (p Peers) Rank(i int) *Peer { return p.w.s.rank(i) }

// Any returns one at random.
func (p Peers) Any() *Peer { return p.Between(0, 1e12) }

// Between returns one at random of those that send from lo to hi deliveries a day; the nearest if there is none.
func (p Peers) Between(lo, hi float64) *Peer { return p.w.s.between(lo, hi, &p.w.rng) }

// Sample returns n different ones at random of those that send from lo to hi deliveries a day, or as many as there are.
func (p Peers) Sample(n int, lo, hi float64) []*Peer { return p.w.s.sample(n, lo, hi, &p.w.rng) }

// Len returns how many there are.
func (p Peers) Len() int { return p.w.s.living() }

// A Post is what a local user posts.
type Post struct {
	User   int     // which
	Reach  int     // to how many peers it is delivered; zero is drawn
	Media  bool    // it has an attachment, which the peers fetch
	Viral  float64 // how many likes and boosts come back, as a multiple of the usual; zero is 1
	Linked int     // peers that fetch a preview of its page
}
