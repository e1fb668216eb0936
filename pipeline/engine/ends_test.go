package engine

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestEndsAreRemembered(t *testing.T) {
	const day = 24 * 3600 * pipeline.Second
	m := ends{last: map[uint64]pipeline.Time{}}
	now := 100 * day
	f := func(print uint64, since, at, want pipeline.Time) {
		t.Helper()
		if got := m.after(print, since, at); got != want {
			t.Errorf("episode of %d since %s at %s: got start %s, want %s", print, since, at, got, want)
		}
	}
	f(1, now-5, now, now-pipeline.Second) // nothing ended: the second of the evidence
	f(1, now+9, now, now)                 // evidence is not from the future
	f(1, 0, now, now-remembered)          // nor from long ago
	m.add(1, now)
	f(1, now-day, now, now+pipeline.Second)
	f(2, now-day, now, now-day)
	f(1, now, now+2*day, now+2*day-remembered)
	if len(m.order) != 0 || len(m.last) != 0 {
		t.Errorf("got %d ends after two days, want none", len(m.order))
	}
}

func TestEndsAreBounded(t *testing.T) {
	m := ends{last: map[uint64]pipeline.Time{}}
	now := 100 * pipeline.Second
	for i := range uint64(maxEnds + 10) {
		m.add(i, now)
		now += pipeline.Second
	}
	if len(m.order) != maxEnds || len(m.last) != maxEnds {
		t.Errorf("got %d and %d ends, want %d", len(m.order), len(m.last), maxEnds)
	}
	// The first of them is forgotten, and so is in which second it ended: it starts after all that are.
	if got, want := m.after(0, 100*pipeline.Second, now), 110*pipeline.Second; got != want {
		t.Errorf("got start %s, want %s", got, want)
	}
}
