package identity

import (
	"math"

	"github.com/fedwarden/fedwarden/pipeline"
)

// proves reports whether the jobs prove f, by the seconds before now.
func (m *matcher) proves(f *pipeline.Finding, now pipeline.Time) bool {
	return m.holds(f, now, secondOf(now)-1)
}

// mayProve reports whether f will be proven when the second that is open is over, if the next ones are like the last.
func (m *matcher) mayProve(f *pipeline.Finding, now pipeline.Time) bool {
	return m.holds(f, now, math.MaxInt64)
}

// holds reports whether nine tenths of f's evidence were processed, by the deliveries up to second last. The span ends, t1,
// with the start of the second before the last one that is over, so that its tail is over too.
func (m *matcher) holds(f *pipeline.Finding, now pipeline.Time, last int64) bool {
	n := f.Evidence.Deliveries
	if n < leastProven || !m.on || len(m.lost) > 0 || now < m.offUntil {
		return false
	}
	since, end := secondOf(f.Since), secondOf(now)-tailSeconds
	if since <= m.deliveries.lost {
		return false
	}
	from := m.seconds.idle(since, end)
	if from < 0 {
		return false
	}
	rest, ok := m.seconds.span(from, end).rest()
	if !ok || uint64(rest)*10 > n {
		return false
	}
	all, accepted := m.deliveries.count(f.Key.Type, m.short(f.Key.Value), since, from, last)
	return isEnough(n, all, accepted, uint64(rest))
}

// isEnough reports whether of n events of evidence nine tenths must have been processed. All of its name's deliveries since
// its first were counted; accepted are those that were accepted in the span, of whose requests rest, at most, made no job.
// The evidence may be some of the name's deliveries, and have any that were not accepted; it may not have
// events that are no deliveries of the name.
func isEnough(n, all, accepted, rest uint64) bool {
	known, lacking := min(n, all), all-accepted
	if known < lacking+leastProven {
		return false
	}
	known -= lacking
	return known >= rest && 10*(known-rest) >= 9*n
}
