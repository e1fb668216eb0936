package identity

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/dchest/siphash"
	"github.com/fedwarden/fedwarden/pipeline"
)

// A matcher proves a finding by the jobs that its deliveries made: Mastodon makes an ActivityPub::ProcessingWorker
// of a delivery only when somebody's signature was found good, and that somebody is whom its key id names.
//
// Nothing joins a delivery's line and its job's, but they can be counted. In a span of seconds be
//
//	t0   the start of such a job on a thread that was idle for 2 s: had a job been waiting, the thread had taken it, so the queue was empty;
//	     but not while Sidekiq seems to rest: in the seconds before, less than half as many jobs started as deliveries were accepted
//	t1   at most 15 min later
//	S    the first starts of such jobs in (t0, t1]: each has a request that was accepted after t0
//	A    the POSTs, on whatever path, with any answer but 4xx, or with 499, from the second of t0 to t1 + 2 s, and those
//	     that were answered 499 or 5xx in the minute before t0, which may yet make a job: every job of S was made by one of them
//
// So at most A − S requests of the span made no job. Be n the accepted deliveries of the evidence that bear the
// name in their key id and lie in the span: at least n − (A − S) were signed by it. The finding is
// corroborated if that is nine tenths of all its evidence, the refused and the unplaced included, and n is 20 at least.
//
// All errors must make S too low or A too high. A retry is no first start, and the filter that says so errs to that side (jids.go).
// A line that could not be read, or came too late, or that Rails could not write is a POST. Where nginx and Rails
// both tell of POSTs, the higher count is A, so that what only one of them lacks does no harm. Where lines are
// known to be lost, a stream opens or ends, or a clock is set, what came before is void. And while a stream can't be read, and
// for an hour after S was above A, which can't be, nothing is proven at all.
//
// The evidence is Rails' (Proof.Deliveries). It alone writes its line before the answer leaves: see "What a forger can
// still do". The clocks of Rails and Sidekiq must agree to a second or so, as they do on one machine.
type matcher struct {
	secret     [2]uint64
	on         bool // a job was seen
	seconds    seconds
	threads    threads
	jids       jids
	deliveries deliveries
	lost       []pipeline.StreamID // those that can't be read, sorted
	offUntil   pipeline.Time
	checked    int64 // the second in which S and A were last compared
}

const (
	processing  = "ActivityPub::ProcessingWorker"
	leastProven = 20 // deliveries
	maxLost     = 64
	offFor      = 3600 * pipeline.Second
	checkEvery  = 10 // seconds
)

func newMatcher(secret pipeline.Secret) matcher {
	m := matcher{secret: [2]uint64{binary.LittleEndian.Uint64(secret[:8]), binary.LittleEndian.Uint64(secret[8:])}}
	m.threads.clear()
	return m
}

func (m *matcher) hash(s string) uint64 { return siphash.Hash(m.secret[0], m.secret[1], []byte(s)) }

// short returns the hash by which a delivery's name is known.
func (m *matcher) short(s string) uint32 { return uint32(m.hash(s) & shortHash) }

// see learns from an event that was understood.
func (m *matcher) see(e *pipeline.Event) {
	switch e.Kind {
	case pipeline.KindJob:
		m.job(e)
	case pipeline.KindRequest:
		if m.on && e.Method == pipeline.MethodPost {
			m.post(e)
		}
	case pipeline.KindLogFailure:
		m.guess(e.Time)
	}
}

func (m *matcher) job(e *pipeline.Event) {
	if !m.on {
		m.on = true
		m.seconds.void(e.Time)
	}
	switch e.JobState {
	case pipeline.JobStart:
		m.start(e)
	case pipeline.JobDone, pipeline.JobFail:
		if !m.threads.end(e) {
			m.void(e.Time)
		}
	}
}

func (m *matcher) start(e *pipeline.Event) {
	idle := m.threads.start(e)
	if e.JobClass != processing {
		return
	}
	s := m.second(e.Time)
	if e.JobID != "" && m.jids.first(m.hash(e.JobID), e.Time) {
		s.sum.starts++
	}
	if idle && !s.idle && m.seconds.flows() {
		s.idle, s.starts = true, s.sum.starts
	}
}

// post counts a request that may have made a job.
func (m *matcher) post(e *pipeline.Event) {
	given := e.Status == 499
	if e.Status >= 400 && e.Status < 500 && !given {
		return
	}
	late := uint32(0)
	if given || e.Status >= 500 {
		late = 1
	}
	s := m.second(e.Time)
	if e.Format == pipeline.FormatRails {
		s.rails++
		s.railsLate += late
		if isAccepted(e) {
			s.accepted++
		}
		return
	}
	s.nginx++
	s.nginxLate += late
}

// guess counts a line of which nobody knows what it would have told: it may have been a POST in either log, and one
// that failed.
func (m *matcher) guess(t pipeline.Time) {
	if !m.on {
		return
	}
	s := m.second(t)
	s.nginx++
	s.rails++
	s.nginxLate++
	s.railsLate++
}

// second returns the open second. With every tenth it sees to it that S is not above A.
func (m *matcher) second(t pipeline.Time) *second {
	s := m.seconds.at(t)
	if m.seconds.now < m.checked+checkEvery {
		return s
	}
	m.checked = m.seconds.now
	end := m.seconds.now - tailSeconds
	for _, from := range [...]int64{m.seconds.oldest(end), end - lateSeconds} {
		if m.contradicts(from, end) {
			m.offUntil = t + offFor
		}
	}
	return s
}

// contradicts reports whether more jobs started than there were requests to make them.
func (m *matcher) contradicts(from, end int64) bool {
	from = m.seconds.idle(from, end)
	if from < 0 {
		return false
	}
	_, ok := m.seconds.span(from, end).rest()
	return !ok
}

// deliver notes a delivery in Rails' log, whose name is not proven.
func (m *matcher) deliver(e *pipeline.Event, who *host) {
	if !m.on || e.Format != pipeline.FormatRails || !isDelivery(e) || e.Time == 0 {
		return
	}
	if who.hash == [2]uint32{} {
		who.hash = [2]uint32{m.short(string(who.site)), m.short(string(who.domain))}
	}
	v := delivery{second: secondOf(e.Time), site: who.hash[0], domain: who.hash[1],
		accepted: isOK(e) && e.ClaimedBy == pipeline.ClaimKeyID && e.Verified == pipeline.VerdictUnsaid}
	if e.Actor != "" {
		v.actor = m.short(string(e.Actor))
	}
	m.deliveries.add(v)
}

// hear learns from a fact about a stream, or a line that could not be read.
func (m *matcher) hear(e *pipeline.Event) {
	if e.Kind == pipeline.KindRejected {
		if e.Format != pipeline.FormatSidekiq {
			m.guess(e.Time)
		} else {
			m.threads.clear()
		}
		return
	}
	switch e.Fact.State {
	case pipeline.StreamCaughtUp:
		return
	case pipeline.StreamLate, pipeline.StreamLeap:
		m.guess(e.Time)
		m.threads.clear()
		return
	case pipeline.StreamLost:
		m.lose(e)
	default:
		m.find(e.Stream)
	}
	m.void(e.Time)
}

// void forgets what a missing line may have made wrong.
func (m *matcher) void(t pipeline.Time) {
	m.seconds.void(t)
	m.threads.clear()
}

func (m *matcher) lose(e *pipeline.Event) {
	i, was := slices.BinarySearch(m.lost, e.Stream)
	if was {
		return
	}
	if len(m.lost) == maxLost {
		m.offUntil = e.Time + offFor
		return
	}
	m.lost = slices.Insert(m.lost, i, pipeline.StreamID(strings.Clone(string(e.Stream))))
}

func (m *matcher) find(id pipeline.StreamID) {
	if i, was := slices.BinarySearch(m.lost, id); was {
		m.lost = slices.Delete(m.lost, i, i+1)
	}
}
