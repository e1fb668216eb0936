package simulate

import "net/netip"

// An exchange is one request with its answer.
type exchange struct {
	rng stream
	id  uint64 // of which texts are made: request ids, uuids
	Delivery
	delivers bool

	begin, passed, took moment // when it came, when Puma got it, for how long Puma had it
	patience, hold      moment

	ip                                        netip.Addr
	method, path, proto, agent, referer, line string
	route                                     *route
	status, bytes, body                       int
	cost                                      float64
	signIn                                    SignIn
	limit                                     string // the limit by which it is refused
	cached                                    bool   // nginx answers by itself
	tries                                     int    // before this one

	refs  int8 // events to come that know it
	ended bool // nginx' line is written
}

// length returns request_length: the request line, the headers and the body. A signature is some 400 bytes of headers.
func (x *exchange) length() int {
	n := x.body + len(x.method) + len(x.path) + len(x.agent) + len(x.line) + 60
	if x.signed() {
		n += 620 + len(x.KeyID)
	}
	return n
}

func (x *exchange) signed() bool { return x.Outcome != Unsigned && (x.KeyID != "" || x.delivers) }

// appendKey appends the key id that the request bears.
func (x *exchange) appendKey(b []byte) []byte {
	switch {
	case !x.signed():
		return b
	case x.KeyID != "":
		return append(b, x.KeyID...)
	case x.From == nil:
		return append(append(append(b, "https://"...), x.Domain...), "/actor#main-key"...)
	case x.Domain != "":
		return x.From.software.appendKey(b, x.Domain, x.From.seed(), x.Actor)
	default:
		return x.From.software.appendKey(b, x.From.host, x.From.seed(), x.Actor)
	}
}

// The timeouts and limits of the server.
const (
	senderPatience = 10 * second // Mastodon's senders wait 10 s for a read, by app/lib/request.rb; others less
	nginxPatience  = 60 * second // proxy_read_timeout's default
	pumaBacklog    = 1024        // of the listening socket, Puma's default
)

// arrive lets an exchange, which is in the pool, reach nginx.
func (s *sim) arrive(ref int32) {
	x := &s.exchanges.rows[ref]
	x.begin, x.passed, x.ended, x.refs = s.now, 0, false, 0
	switch {
	case s.dark:
		s.unanswered(ref)
	case x.line != "" || x.route.static || x.cached:
		x.took = x.hold + seconds(x.rng.lognormal(0.0004, 1))
		s.await(ref, s.now+x.took, evEnd)
	case s.down:
		x.passed = s.now
		s.answer(x, 502, 150)
		s.await(ref, s.now+millisecond+moment(x.rng.intn(2000)), evEnd)
	default:
		s.await(ref, s.now+x.hold+moment(x.rng.exp()*800), evPass)
	}
}

func (s *sim) await(ref int32, at moment, kind eventKind) {
	s.exchanges.rows[ref].refs++
	s.schedule(at, kind, ref)
}

// answer sets what is answered instead of what would have been.
func (s *sim) answer(x *exchange, status, bytes int) { x.status, x.bytes = status, bytes }

// exchangeGoesOn is what is due to an exchange.
func (s *sim) exchangeGoesOn(kind eventKind, ref int32) {
	if kind == evRetry {
		s.arrive(ref)
		return
	}
	x := &s.exchanges.rows[ref]
	x.refs--
	switch kind {
	case evPass:
		s.pass(ref)
	case evServed:
		s.served(ref)
	case evQuit:
		if !x.ended {
			x.status, x.bytes = 499, 0
			if x.patience >= nginxPatience {
				x.status, x.bytes = 504, 160
			}
			s.ends(ref)
		}
	case evEnd:
		s.ends(ref)
	}
	s.leave(ref)
}

// leave gives up an exchange that nothing more is due to.
func (s *sim) leave(ref int32) {
	if x := &s.exchanges.rows[ref]; x.refs == 0 && x.ended {
		s.exchanges.drop(ref)
	}
}

// pass hands an exchange to Puma: to a thread, or to its backlog.
func (s *sim) pass(ref int32) {
	x := &s.exchanges.rows[ref]
	x.passed = s.now
	switch {
	case s.down:
		s.answer(x, 502, 150)
		s.await(ref, s.now+millisecond, evEnd)
	case s.puma.busy < s.puma.threads:
		s.serve(ref)
	case s.puma.waiting.len() >= pumaBacklog:
		s.answer(x, 502, 150)
		s.await(ref, s.now+millisecond, evEnd)
	default:
		x.refs++ // the backlog's
		s.puma.waiting.push(ref)
		s.await(ref, x.begin+x.patience, evQuit)
	}
}

// serve lets a thread of Puma's do an exchange.
func (s *sim) serve(ref int32) {
	x := &s.exchanges.rows[ref]
	waited := x.passed != s.now
	x.took = moment(float64(s.service(x)) * s.slowness())
	s.puma.begin(s.now)
	s.await(ref, s.now+x.took, evServed)
	if !waited && s.now+x.took > x.begin+x.patience {
		s.await(ref, x.begin+x.patience, evQuit)
	}
}

// served ends a thread's work: Rails' line is written, what follows is queued, and the thread takes the next. A client
// that has hung up is served all the same, as Puma can't know.
func (s *sim) served(ref int32) {
	x := &s.exchanges.rows[ref]
	s.puma.end(s.now)
	switch {
	case s.down && !x.ended: // Puma went down with it
		s.answer(x, 502, 150)
	case !s.down:
		kept := x.status
		if x.ended {
			x.status = x.answered()
		}
		s.writeRails(x)
		x.status = kept
		s.consequences(x)
	}
	if x = &s.exchanges.rows[ref]; !x.ended {
		s.await(ref, s.now+200+moment(x.rng.exp()*500), evEnd)
	}
	s.serveNext()
}

func (s *sim) serveNext() {
	for s.puma.busy < s.puma.threads && s.puma.waiting.len() > 0 {
		next := s.puma.waiting.pop()
		s.exchanges.rows[next].refs--
		s.serve(next)
	}
}

// ends writes nginx' line, unless one stands, and lets the sender draw its conclusion.
func (s *sim) ends(ref int32) {
	x := &s.exchanges.rows[ref]
	if x.ended {
		return
	}
	x.ended = true
	if !s.dark {
		s.writeAccess(x)
	}
	if x.delivers && retried(x.status) {
		s.comeAgain(x)
	}
}

// unanswered is what happens to a request when the machine is off.
func (s *sim) unanswered(ref int32) {
	x := &s.exchanges.rows[ref]
	x.ended = true
	if x.delivers {
		s.comeAgain(x)
	}
	s.leave(ref)
}

// retried reports whether a sender comes again after a status: response_error_unsalvageable? of Mastodon's.
func retried(status int) bool {
	return status == 401 || status == 408 || status == 429 || status == 499 || status >= 500 && status != 501
}

// comeAgain lets a sender deliver once more, after its software's backoff.
func (s *sim) comeAgain(x *exchange) {
	if x.NoRetry || x.tries >= maxRetries || x.From == nil {
		return
	}
	again := *x
	again.tries++
	again.rng = x.rng.fork()
	again.id = again.rng.Uint64()
	if again.Outcome == Unfetchable && x.From.flaw != hidden && again.rng.chance(0.7) || again.Outcome == Broken {
		again.Outcome = Accepted // what was amiss has passed
	}
	again.status, again.bytes = again.answered(), 0
	wait := x.From.software.backoff(again.tries, &again.rng)
	if at := s.now + wait; at < s.end {
		s.schedule(at, evRetry, s.exchanges.add(again))
	}
}
