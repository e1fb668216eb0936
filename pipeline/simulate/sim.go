package simulate

import (
	"io"
	"time"
)

// An eventKind says what is due.
type eventKind uint8

// The kinds of events, with what their ref is.
const (
	evCall    eventKind = iota // a function: calls
	evPeer                     // a peer's own next arrival: peers
	evBack                     // a peer is back from being down: peers
	evChange                   // a peer upgrades or moves: peers
	evBurst                    // the next delivery of a burst: bursts
	evPass                     // a request is passed on to Puma: exchanges
	evServed                   // Puma is done with a request: exchanges
	evQuit                     // a client's patience ends: exchanges
	evEnd                      // nginx is done with a request: exchanges
	evRetry                    // a delivery comes again: exchanges
	evEnqueue                  // a job is queued: jobs
	evStart                    // a job starts: jobs
	evDone                     // a job ends: jobs
	evUser                     // a local user's next step: locals
	evVisitor                  // a visitor of a kind comes: visitors
	evCron                     // Sidekiq's scheduler queues a job: crons
)

// A sim is a world as it runs.
type sim struct {
	config Config
	family *family
	size   float64 // of the server, where 1 is small
	now    moment
	end    moment
	heap   heap
	seed   uint64

	book      *book
	peers     []*Peer // in the order of their making
	honest    int     // of which the first are honest, by rate, the highest first
	cumulated []float64
	locals    []local
	offices   []office
	visitors  []stream

	calls     pool[func()]
	bursts    pool[burst]
	exchanges pool[exchange]
	jobs      pool[job]

	puma     puma
	queues   queues
	limits   limits
	slow     []slowdown
	outages  []outage
	down     bool
	dark     bool
	influx   float64
	influxTo moment

	access, rails, sidekiq out
	count                  counts
	key                    []byte // scratch
	played                 []*played
}

// A slowdown makes everything slower by a factor.
type slowdown struct {
	until  moment
	factor float64
}

// An outage is a time in which nothing is answered.
type outage struct {
	span
	dark bool
}

// A pool is a table whose places are used again, so that a million requests need no million allocations.
type pool[T any] struct {
	rows []T
	free []int32
}

func (p *pool[T]) add(row T) int32 {
	if n := len(p.free); n > 0 {
		at := p.free[n-1]
		p.free = p.free[:n-1]
		p.rows[at] = row
		return at
	}
	p.rows = append(p.rows, row)
	return int32(len(p.rows) - 1)
}

func (p *pool[T]) drop(at int32) {
	var none T
	p.rows[at] = none
	p.free = append(p.free, at)
}

func momentOf(t time.Time) moment { return moment(t.UnixMicro()) }

func (m moment) time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// newSim makes a world that has not begun.
func newSim(c Config, to Sinks) *sim {
	s := &sim{config: c, family: familyNamed(c.Family), size: float64(c.Peers) / smallPeers, seed: c.Seed}
	s.now, s.end = momentOf(c.Start), momentOf(c.End())
	r := streamOf(c.Seed, "book", 0)
	s.book = newBook(&r)
	s.access.open(to.Nginx)
	s.rails.open(onlyIf(c.Rails != "", to.Rails))
	s.sidekiq.open(onlyIf(c.Sidekiq != 0, to.Sidekiq))
	s.puma.open(c.Seed, s.size)
	s.queues.open(c.Seed, s.size)
	s.count.open(s.now, c.Days)
	s.populate()
	s.settle()
	s.invite()
	s.winds()
	s.call(s.now+day-s.now%day, s.midnight)
	return s
}

func onlyIf(yes bool, w io.Writer) io.Writer {
	if yes {
		return w
	}
	return nil
}

func (s *sim) schedule(at moment, kind eventKind, ref int32) {
	s.heap.push(event{at: max(at, s.now), kind: kind, ref: ref})
}

// call calls f at a moment.
func (s *sim) call(at moment, f func()) { s.schedule(at, evCall, s.calls.add(f)) }

// run lets everything happen that is due before the end.
func (s *sim) run() {
	for len(s.heap.events) > 0 && s.heap.events[0].at < s.end {
		e := s.heap.pop()
		s.now = e.at
		s.happen(e)
	}
}

func (s *sim) happen(e event) {
	switch e.kind {
	case evCall:
		f := s.calls.rows[e.ref]
		s.calls.drop(e.ref)
		f()
	case evPeer:
		s.peerArrives(s.peers[e.ref])
	case evBack:
		s.peerIsBack(s.peers[e.ref])
	case evChange:
		s.peerChanges(s.peers[e.ref])
	case evBurst:
		s.burstGoesOn(e.ref)
	case evPass, evServed, evQuit, evEnd, evRetry:
		s.exchangeGoesOn(e.kind, e.ref)
	case evEnqueue:
		s.enqueue(e.ref)
	case evStart:
		s.jobStarts(e.ref)
	case evDone:
		s.jobEnds(e.ref)
	case evUser:
		s.userSteps(&s.locals[e.ref])
	case evVisitor:
		s.visitorComes(int(e.ref))
	case evCron:
		s.cronComes(int(e.ref))
	}
}

// midnight rotates the logs.
func (s *sim) midnight() {
	for _, o := range [...]*out{&s.access, &s.rails, &s.sidekiq} {
		o.rotate()
	}
	s.call(s.now+day, s.midnight)
}

// finish writes what is left and the truth.
func (s *sim) finish(truth io.Writer) error {
	for _, o := range [...]*out{&s.access, &s.rails, &s.sidekiq} {
		if err := o.close(); err != nil {
			return err
		}
	}
	if truth == nil {
		return nil
	}
	return s.writeTruth(truth)
}

// out returns a log.
func (s *sim) out(l Log) *out {
	return [...]*out{&s.access, &s.rails, &s.sidekiq}[l]
}

// slowness returns by how much everything takes longer than usual.
func (s *sim) slowness() float64 {
	f := s.puma.strain()
	for i := range s.slow {
		if s.now < s.slow[i].until {
			f *= s.slow[i].factor
		}
	}
	return f
}

// goDown and comeBack are the ends of an outage.
func (s *sim) goDown() { s.look() }

func (s *sim) comeBack() {
	s.look()
	s.renew()
}

func (s *sim) look() {
	s.down, s.dark = false, false
	for _, o := range s.outages {
		if o.holds(s.now) {
			s.down, s.dark = true, s.dark || o.dark
		}
	}
	s.queues.stopped = s.dark
	if !s.dark {
		s.workOn()
	}
}

// restart lets the server be deployed.
func (s *sim) restart() {
	up := s.now + seconds(6)
	s.outages = append(s.outages, outage{span: span{s.now, up}})
	s.look()
	s.call(up, s.comeBack)
}

// renew gives the processes new numbers.
func (s *sim) renew() {
	s.puma.renew()
	s.queues.renew()
}
