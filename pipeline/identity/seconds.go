package identity

import "github.com/fedwarden/fedwarden/pipeline"

const (
	keptSeconds = 1024    // a power of two, of which a span takes at most maxSpan
	maxSpan     = 15 * 60 // seconds from t0 to t1
	tailSeconds = 2       // after t1, in which a job's request may still be told of
	lateSeconds = 60      // before t0, of which requests that failed may still make jobs
)

// A sum is how many of each there have been, modulo 2^32, up to the end of a second.
type sum struct {
	nginx, rails         uint32 // POSTs that may have made a job
	nginxLate, railsLate uint32 // those of them that were given up, or failed
	starts               uint32 // of jobs, each for the first time
	accepted             uint32 // deliveries, by Rails' account
}

// A second is what had been by its end, and by the start of a job before which the queue was empty.
type second struct {
	sum
	idle   bool   // such a job started in it
	starts uint32 // up to the first such job's own
}

// A seconds is what came of requests and jobs in each of the last 1,024 seconds.
type seconds struct {
	now   int64 // the open one
	since int64 // the first one of which all is known
	ring  [keptSeconds]second
}

func secondOf(t pipeline.Time) int64 { return int64(t / pipeline.Second) }

// at returns the open second, which is brought to that of t.
func (s *seconds) at(t pipeline.Time) *second {
	if now := secondOf(t); now > s.now {
		s.roll(now)
	}
	return s.of(s.now)
}

func (s *seconds) of(n int64) *second { return &s.ring[n&(keptSeconds-1)] }

func (s *seconds) roll(now int64) {
	last := s.of(s.now).sum
	for n := max(s.now+1, now-keptSeconds+1); n <= now; n++ {
		*s.of(n) = second{sum: last}
	}
	s.now = now
}

// upTo returns what had been by the end of second n, which is no older than the ring.
func (s *seconds) upTo(n int64) *sum { return &s.of(min(n, s.now)).sum }

// void makes all that was known up to t unknown: of what came then, lines are missing.
func (s *seconds) void(t pipeline.Time) { s.since = secondOf(t) + 1 }

// oldest returns the first second that a span may begin in which ends in second end.
func (s *seconds) oldest(end int64) int64 {
	return max(end-maxSpan, s.since+lateSeconds, s.now-keptSeconds+2+lateSeconds)
}

// idle returns the last second at or before n, else the first after it and before end, in which a job started that found
// the queue empty; negative if there is none.
func (s *seconds) idle(n, end int64) int64 {
	oldest := s.oldest(end)
	for i := min(n, end-1, s.now); i >= oldest; i-- {
		if s.of(i).idle {
			return i
		}
	}
	for i := max(n+1, oldest); i < min(end, s.now+1); i++ {
		if s.of(i).idle {
			return i
		}
	}
	return -1
}

// flows reports whether, in the seconds before the open one, jobs started as deliveries were accepted: else
// Sidekiq rested, and a thread that was idle says nothing about the queue. The last start does not count.
func (s *seconds) flows() bool {
	last := s.upTo(s.now)
	for _, n := range [...]int64{2, 30} {
		accepted := s.upTo(s.now-1).accepted - s.upTo(s.now-1-n).accepted
		if started := last.starts - s.upTo(s.now-1-n).starts; accepted > 1 && 2*started < accepted+2 {
			return false
		}
	}
	return true
}

// A balance is what came in a span, which begins with a job that found the queue empty.
type balance struct {
	posts  uint32 // A: that may have made a job, and been told of up to two seconds after the span
	starts uint32 // S: of jobs, after that first one
}

// rest returns how many of the POSTs, at most, made no job that has started.
func (b balance) rest() (uint32, bool) { return b.posts - b.starts, b.starts <= b.posts }

// span returns the balance from the idle start in second from to the start of second end.
func (s *seconds) span(from, end int64) balance {
	begin, before, minute := s.of(from), s.upTo(from-1), s.upTo(from-1-lateSeconds)
	last, told := s.upTo(end-1), s.upTo(end-1+tailSeconds)
	return balance{
		posts: max(told.nginx-before.nginx, told.rails-before.rails) +
			max(before.nginxLate-minute.nginxLate, before.railsLate-minute.railsLate),
		starts: last.starts - begin.starts,
	}
}
