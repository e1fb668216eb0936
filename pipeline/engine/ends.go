package engine

import "github.com/fedwarden/fedwarden/pipeline"

const (
	remembered = 25 * 3600 * pipeline.Second // longer than the evidence of any detector reaches back
	maxEnds    = 1 << 16
)

// ends remembers in which second the last episode of each fingerprint ended.
//
// Invariant: order holds each end of last, oldest first, and ends that were replaced since.
type ends struct {
	last      map[uint64]pipeline.Time
	order     []end
	forgotten pipeline.Time // no end later than this was forgotten too early
}

// An end is one episode's.
type end struct {
	Print uint64
	At    pipeline.Time
}

// add remembers an end.
func (m *ends) add(print uint64, at pipeline.Time) {
	m.last[print] = at
	m.order = append(m.order, end{print, at})
	for len(m.order) > maxEnds {
		if old := m.order[0]; m.drop() {
			m.forgotten = max(m.forgotten, old.At)
		}
	}
}

// drop forgets the oldest end, and reports whether it was still the last of its fingerprint.
func (m *ends) drop() bool {
	old := m.order[0]
	m.order = m.order[1:]
	if m.last[old.Print] != old.At {
		return false
	}
	delete(m.last, old.Print)
	return true
}

// after returns the second in which an episode starts whose evidence began at since: later than the one
// in which the episode before it ended.
func (m *ends) after(print uint64, since, now pipeline.Time) pipeline.Time {
	since = max(since, now-remembered)
	for len(m.order) > 0 && m.order[0].At < (now-remembered).Floor() {
		m.drop()
	}
	last, ok := m.last[print]
	if !ok {
		last = m.forgotten
	}
	return max(min(since, now).Floor(), last+pipeline.Second)
}
