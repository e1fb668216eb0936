package window

import (
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestExceeds walks the rules of the first hour, of learning and of what comes after.
func TestExceeds(t *testing.T) {
	type load struct {
		at   time.Duration
		host string
		n    int
	}
	f := func(name string, loads []load, now time.Duration, wantOK, wantLearning bool) {
		t.Helper()
		s := newSite(100)
		m := s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors)
		var slot int32
		for _, l := range loads {
			for range l.n {
				e := delivery(start.Add(l.at), l.host, "", "", pipeline.Claimed)
				s.Observe(e, nil)
				if l.host == "a.example" {
					slot = e.Slots.Domain
				}
			}
		}
		x, ok := m.Exceeds(slot, ClaimedPart, S1m, 120, start.Add(now))
		if ok != wantOK || (ok && x.Learning != wantLearning) {
			t.Errorf("%s: got %v (%+v), want %v, learning %v", name, ok, x, wantOK, wantLearning)
		}
	}
	m := time.Minute
	f("below the floor", []load{{30 * time.Hour, "b.example", 1}, {31 * time.Hour, "a.example", 119}}, 31*time.Hour, false, false)
	f("first hour, three floors and half of all", []load{{0, "a.example", 360}}, 0, true, true)
	f("first hour, less than three floors", []load{{0, "a.example", 359}}, 0, false, true)
	f("first hour, less than half", []load{{0, "b.example", 500}, {0, "a.example", 400}}, 0, false, true)
	f("learning, a fifth and thrice its share", []load{{0, "b.example", 9000}, {5 * time.Hour, "a.example", 400}}, 5*time.Hour, true, true)
	f("learning, its usual share", []load{{0, "b.example", 600}, {0, "a.example", 400}, {5 * time.Hour, "a.example", 400}}, 5*time.Hour, false, true)
	f("after, over floor and no history", []load{{0, "b.example", 1}, {25 * time.Hour, "a.example", 120}}, 25*time.Hour, true, false)
	busy := []load{{0, "b.example", 1}}
	for i := range 24 * 60 {
		busy = append(busy, load{time.Hour + time.Duration(i)*m, "a.example", 30})
	}
	f("after, four times its mean", append(busy, load{25*time.Hour + m, "a.example", 90}), 25*time.Hour+m, false, false)
	f("after, thirty times its mean", append(busy, load{25*time.Hour + m, "a.example", 900}), 25*time.Hour+m, true, false)
}

// TestWitness follows who counts over minutes with and without Rails.
func TestWitness(t *testing.T) {
	w := NewWitness()
	minute := func(n, nginx, rails int) (byNginx, byRails int) {
		at := start.Add(time.Duration(n) * time.Minute)
		w.Advance(at, nil)
		for i := range max(nginx, rails) {
			if i < nginx {
				e := delivery(at, "a.example", "", "192.0.2.1", pipeline.Claimed)
				e.Stream = "nginx"
				w.Observe(e, nil)
				byNginx += int(e.Counts & pipeline.CountsDomain >> 1)
			}
			if i < rails {
				e := delivery(at, "a.example", "", "", pipeline.Claimed)
				e.Stream, e.Format = "rails", pipeline.FormatRails
				w.Observe(e, nil)
				byRails += int(e.Counts & pipeline.CountsDomain >> 1)
			}
		}
		return byNginx, byRails
	}
	f := func(n, nginx, rails, wantNginx, wantRails int) {
		t.Helper()
		if gotN, gotR := minute(n, nginx, rails); gotN != wantNginx || gotR != wantRails {
			t.Errorf("minute %d: nginx counted %d and Rails %d, want %d and %d", n, gotN, gotR, wantNginx, wantRails)
		}
	}
	f(0, 10, 10, 10, 0) // nothing known: nginx
	f(1, 10, 10, 0, 10) // Rails was complete
	f(2, 20, 10, 0, 10) // it still counts; it shows half
	f(3, 10, 10, 10, 0) // and is judged by that minute
	f(4, 0, 0, 0, 0)    // Rails was complete again
	f(5, 10, 10, 0, 10) // a minute of silence changes nothing
	lost := &pipeline.Event{Kind: pipeline.KindStream, Stream: "rails", Fact: pipeline.StreamFact{State: pipeline.StreamLost}}
	w.Observe(lost, nil)
	f(6, 10, 0, 10, 0) // Rails is lost
}

// Exceeds judges one window alone, where Over looks at several.
func (m *Metric) Exceeds(slot int32, p Part, sc Scale, floor uint32, now pipeline.Time) (Excess, bool) {
	n := m.Sum(slot, p, sc, now)
	if n < floor {
		return Excess{}, false
	}
	x, ok := m.hold(slot, p, Floor{Scale: sc, Count: floor}, n, now)
	return x, ok && float64(n) >= x.Threshold
}
