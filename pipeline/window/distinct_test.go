package window

import (
	"fmt"
	"math/rand/v2"
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

// A lastSeen says in which pane each element was seen last: the oracle of a distinct count.
type lastSeen map[uint64]uint32

func (l lastSeen) count(pane uint32) (n uint32) {
	for _, seen := range l {
		if pane-seen <= panes {
			n++
		}
	}
	return n
}

// TestDistinctSlides holds counts against a map while the window slides, at the panes' bounds and over gaps:
// exact up to eight until a set is needed and again when the key was quiet, within four sigma beyond.
func TestDistinctSlides(t *testing.T) {
	streams := map[string]func(rng *rand.Rand, i int) uint64{
		"all distinct":     func(_ *rand.Rand, i int) uint64 { return uint64(i) },
		"few, repeated":    func(rng *rand.Rand, _ int) uint64 { return rng.Uint64N(8) },
		"nine, in turn":    func(_ *rand.Rand, i int) uint64 { return uint64(i % 9) },
		"returning":        func(_ *rand.Rand, i int) uint64 { return uint64(i % 70) },
		"heavy and random": func(rng *rand.Rand, _ int) uint64 { return rng.Uint64N(1 << rng.Uint64N(14)) },
	}
	for name, element := range streams {
		for _, gap := range []int{0, 1, 10, 100, 600, 700} {
			s := newSite(10)
			d := s.Distinct(Site, Actors, S10m)
			slot := s.look(&sight{table: Site, hash: s.hash("a"), proven: true, counts: true}, nil)
			rng, oracle, now := rand.New(rand.NewPCG(1, uint64(gap))), lastSeen{}, uint32(start/pipeline.Second)
			for i := range 4000 {
				if gap > 0 && i%10 == 9 {
					now += uint32(gap)
				}
				if i%1500 == 1499 {
					now += 900
				}
				hash := mix(element(rng, i) + 1)
				d.add(slot, Proven, hash, now)
				oracle[hash] = now / 100
				if i%37 == 0 || gap == 700 {
					checkDistinct(t, fmt.Sprint(name, ", gap ", gap, ", event ", i), d, slot, oracle, now)
				}
				if i%499 == 0 {
					now += uint32(rng.IntN(9)) * 100
					checkDistinct(t, name+", later", d, slot, oracle, now)
				}
			}
		}
	}
}

func checkDistinct(t *testing.T, what string, d *Distinct, slot int32, oracle lastSeen, second uint32) {
	t.Helper()
	want := oracle.count(second / 100)
	got, exact := d.Count(slot, Proven, pipeline.Time(second)*pipeline.Second)
	slack := uint32(0)
	if !exact {
		slack = 1 + want*13/100
	} else if want > inline {
		t.Fatalf("%s: %d elements are said to be exactly %d", what, want, got)
	}
	if got+slack < want || got > want+slack {
		t.Fatalf("%s: got %d, want %d", what, got, want)
	}
}

// TestDistinctRepeatsCostNothing shows that elements already counted bring no estimate about.
func TestDistinctRepeatsCostNothing(t *testing.T) {
	for _, n := range []int{9, 50, 300} {
		c := newCrowd()
		c.add("a", Proven, start, 0, n)
		c.count("a", Proven, start)
		for range 20 {
			c.add("a", Proven, start, 0, n)
		}
		if got := c.short.pool.set(1).fresh; got != 0 {
			t.Errorf("%d elements, repeated: got %d that look new, want none", n, got)
		}
	}
}
