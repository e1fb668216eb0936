package simulate

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// A World is the simulated server and all around it, as one scenario sees it: with random numbers and a network of
// its own. Its methods are the primitives of which scenarios are made.
type World struct {
	Peers Peers // the honest servers

	s      *sim
	rng    stream
	source *rand.Rand
	net    network // of the scenario's attackers
}

// newWorld returns the world as the n-th thing named name sees it.
func (s *sim) newWorld(name string, at time.Time) *World {
	w := &World{s: s, rng: streamOf(s.config.Seed, name, uint64(at.UnixMicro()))}
	w.Peers = Peers{w}
	w.source = rand.New(&w.rng)
	w.net = s.book.network(&w.rng, Hosting)
	return w
}

// Now returns the virtual time.
func (w *World) Now() time.Time { return w.s.now.time() }

// Start and End return when the run starts and ends.
func (w *World) Start() time.Time { return w.s.config.Start }

// End returns when the run ends.
func (w *World) End() time.Time { return w.s.config.End() }

// Rand returns the scenario's own random numbers.
func (w *World) Rand() *rand.Rand { return w.source }

// At calls f at t, or now if t is past.
func (w *World) At(t time.Time, f func()) { w.s.call(momentOf(t), f) }

// After calls f when d has passed.
func (w *World) After(d time.Duration, f func()) { w.s.call(w.s.now+moment(d/time.Microsecond), f) }

// Every calls f at random (Poisson) with perSecond, from t to end; f gets the number of the call, from 0.
func (w *World) Every(from, to time.Time, perSecond float64, f func(i int)) {
	i := 0
	end := momentOf(to)
	var next func()
	schedule := func(at moment) {
		if at += seconds(w.rng.exp() / perSecond); at < end {
			w.s.call(at, next)
		}
	}
	next = func() {
		f(i)
		i++
		schedule(w.s.now)
	}
	schedule(momentOf(from))
}

// Deliver sends an activity to an inbox, now, with all its consequences: the lines, the jobs, the load, and the retries
// of a sender that was not answered.
func (w *World) Deliver(d Delivery) { w.s.deliver(&d, w.rng.fork()) }

// Request sends any other request, now.
func (w *World) Request(r Request) { w.s.ask(&r, w.rng.fork()) }

// Job queues a local job, now.
func (w *World) Job(j Job) { w.s.enqueueJob(&j, w.rng.fork()) }

// Post lets a local user post, now: by a request of theirs, with the deliveries and all that comes back.
func (w *World) Post(p Post) { w.s.publish(&p, w.rng.fork()) }

// NewPeer makes a server that is no honest one: no truth lists its site among those, and it sends nothing by itself
// unless its spec says so.
func (w *World) NewPeer(spec PeerSpec) *Peer { return w.s.addPeer(&spec, &w.rng) }

// LocalUser returns the name of the i-th local account; the first are the busiest.
func (w *World) LocalUser(i int) string { return w.s.locals[i%len(w.s.locals)].name }

// LocalUsers returns how many local accounts there are.
func (w *World) LocalUsers() int { return len(w.s.locals) }

// LocalStatus returns the id of a status of the i-th local account.
func (w *World) LocalStatus(i int) string { return statusID(w.s.now, &w.rng) }

// LocalAddress returns the address that the i-th local account mostly comes from.
func (w *World) LocalAddress(i int) netip.Addr { return w.s.locals[i%len(w.s.locals)].home }

// LocalAgent returns the agent of the i-th local account's browser.
func (w *World) LocalAgent(i int) string { return w.s.locals[i%len(w.s.locals)].browser }

// Address returns an address of a kind that was not handed out before, as far as the world can tell.
func (w *World) Address(k AddressKind) netip.Addr {
	if k == Attacker {
		return w.net.address(&w.rng)
	}
	return w.s.book.address(&w.rng, k)
}

// AddressNear returns an address in the network of a peer's hoster: the same /24 or /48, but not the peer's own.
func (w *World) AddressNear(p *Peer) netip.Addr { return near(p.addrs[0], &w.rng) }

// Degrade makes the server slower by a factor until t: a database that vacuums, a neighbour that is loud.
func (w *World) Degrade(until time.Time, factor float64) {
	w.s.slow = append(w.s.slow, slowdown{until: momentOf(until), factor: factor})
}

// Outage lets the server be down. With dark false nginx is up and answers 502 for what it can't pass on; with dark
// true the machine is off, and no log says anything. Senders come again, each by its software's backoff.
func (w *World) Outage(from, to time.Time, dark bool) {
	w.s.outages = append(w.s.outages, outage{span{momentOf(from), momentOf(to)}, dark})
	w.s.call(momentOf(from), w.s.goDown)
	w.s.call(momentOf(to), w.s.comeBack)
}

// Restart gives Puma and Sidekiq new processes, as a deploy does; for a few seconds nginx answers 502.
func (w *World) Restart() { w.s.restart() }

// PeerDown lets a peer be down: it is silent and can't be delivered to, and then its backlog comes.
func (w *World) PeerDown(p *Peer, from, to time.Time) {
	p.down = append(p.down, span{momentOf(from), momentOf(to)})
	w.s.schedule(momentOf(to), evBack, p.id)
}

// PeerUpgrade gives a peer another agent, from now on. Empty is the next version of its software.
func (w *World) PeerUpgrade(p *Peer, agent string) { p.upgrade(agent) }

// PeerMove gives a peer new addresses, from now on.
func (w *World) PeerMove(p *Peer, addrs ...netip.Addr) { p.addrs = addrs }

// PeerRate multiplies what a peer sends by itself, until t.
func (w *World) PeerRate(p *Peer, until time.Time, factor float64) {
	p.boost, p.boostUntil = factor, momentOf(until)
	w.s.replan(p)
}

// Influx multiplies what the local users do, and how many come, until t.
func (w *World) Influx(until time.Time, factor float64) {
	w.s.influx, w.s.influxTo = factor, momentOf(until)
}

// Silence keeps what would be written to a log out of it, from then to then.
func (w *World) Silence(l Log, from, to time.Time) {
	o := w.s.out(l)
	o.silent = append(o.silent, span{momentOf(from), momentOf(to)})
}

// ClockJump shifts the stamps of a log by a span, from t on; later jumps add to it.
func (w *World) ClockJump(l Log, t time.Time, by time.Duration) {
	w.s.call(momentOf(t), func() { w.s.out(l).shift += moment(by / time.Microsecond) })
}

// Raw writes a line as it is, without a line's end, at t.
func (w *World) Raw(l Log, t time.Time, line []byte) {
	w.s.call(momentOf(t), func() { w.s.out(l).raw(w.s.now, line) })
}

// A Log is one of the three.
type Log uint8

// The logs.
const (
	Nginx Log = iota
	Rails
	Sidekiq
)

var logNames = [...]string{"nginx", "rails", "sidekiq"}

// String returns the log's name.
func (l Log) String() string { return logNames[l] }
