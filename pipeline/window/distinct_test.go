package window

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// target is a delivery by actor to a local account's own inbox.
func target(at pipeline.Time, actor, user string) *pipeline.Event {
	e := delivery(at, "big.example", actor, "", pipeline.Verified)
	e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, user
	return e
}

// TestDistinctForgets shows that an element of long ago does not come back when the panes' numbers have gone
// round, while another one keeps the set in use.
func TestDistinctForgets(t *testing.T) {
	s := newSite(10)
	d := s.Distinct(Actor, Targets, S10m)
	s.Observe(target(start, "a", "often"), nil)
	s.Observe(target(start, "a", "once"), nil)
	for i := range 260 {
		e := target(start.Add(time.Duration(i)*100*time.Second), "a", "often")
		s.Observe(e, nil)
		if got, _ := d.Count(e.Slots.Actor, Proven, e.Time); i > panes && got != 1 {
			t.Fatalf("after %d panes: got %d, want 1", i, got)
		}
	}
}

// TestDistinctReaches shows that a threshold is not missed for want of an estimate.
func TestDistinctReaches(t *testing.T) {
	for _, threshold := range []uint32{20, 60, 180} {
		s := newSite(10)
		d := s.Distinct(Actor, Targets, S1h)
		for i := range threshold {
			e := target(start, "a", fmt.Sprint("u", i))
			s.Observe(e, nil)
			n, ok := d.Reaches(e.Slots.Actor, Proven, threshold, e.Time)
			if i+1 == threshold && !ok {
				t.Errorf("%d targets: got %d, not enough", threshold, n)
			}
			if ok && (i+1)*100 < threshold*90 {
				t.Fatalf("%d targets: got %d, enough for %d", i+1, n, threshold)
			}
		}
	}
}

// TestDistinctPool shows that counts of which the window is over make room for those that are in use.
func TestDistinctPool(t *testing.T) {
	s := newSite(4 * poolSize)
	d := s.Distinct(Actor, Targets, S10m)
	fill := func(at pipeline.Time, host, actor string, n int) *pipeline.Event {
		var e *pipeline.Event
		for i := range n {
			e = target(at, actor, fmt.Sprint("u", i))
			e.Domain, e.Site = pipeline.Domain(host), pipeline.Site(host)
			s.Observe(e, nil)
		}
		return e
	}
	for i := range poolSize {
		fill(start, fmt.Sprintf("h%d.example", i/200), fmt.Sprint("old", i), 40)
	}
	now := start.Add(24 * time.Hour)
	first := fill(now, "new.example", "new", 30)
	fill(now, "other.example", "other", 12)
	if got, _ := d.Count(first.Slots.Actor, Proven, now); got < 24 {
		t.Errorf("got %d of 30, want them kept, less the lag of a fifth, while old counts are over", got)
	}
}
