package window

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestCrowdAgainstOracle holds a crowd's windows against a list of all that came: none is too low, none covers a pane
// too much.
func TestCrowdAgainstOracle(t *testing.T) {
	type event struct {
		at  pipeline.Time
		key string
		n   uint64
	}
	rng := rand.New(rand.NewPCG(1, 2))
	c, now := NewCrowd(), start
	var all []event
	within := func(key string, d time.Duration) (n uint32) {
		for _, e := range all {
			if e.key == key && now.Sub(e.at) < d {
				n += uint32(e.n)
			}
		}
		return n
	}
	for range 3000 {
		now = now.Add(time.Duration(rng.IntN(300)) * time.Second)
		e := event{now, fmt.Sprint("k", rng.IntN(5)), uint64(1 + rng.IntN(3))}
		before := c.Sum(now, e.key, 0)
		if first := c.Add(now, e.key, e.n); first != (before == 0) {
			t.Fatalf("at %v: Add says first %v of a pane with %d", now, first, before)
		}
		all = append(all, e)
		for _, seconds := range []uint32{600, 3600, 4*3600 - 600} {
			d := time.Duration(seconds) * time.Second
			got, least, most := c.Sum(now, e.key, seconds), within(e.key, d), within(e.key, d+10*time.Minute)
			if got < least || got > most {
				t.Fatalf("at %v: %s within %v: got %d, want %d to %d", now, e.key, d, got, least, most)
			}
		}
	}
	if list := c.Within(now, 3600); len(list) == 0 || list[0].Count != c.Sum(now, list[0].Key, 3600) || list[0].Count < list[len(list)-1].Count {
		t.Errorf("within the hour: got %v, want the most first", list)
	}
}

// TestCrowdIsBounded fills a crowd with names: those beyond its room are not told apart, until it has room again.
func TestCrowdIsBounded(t *testing.T) {
	c := NewCrowd()
	for i := range maxCrowd {
		if !c.Add(start, fmt.Sprint(i), 1) {
			t.Fatalf("name %d was not counted", i)
		}
	}
	if c.Add(start, "one more", 1) || c.Sum(start, "one more", 600) != 0 {
		t.Error("one more name than there is room for was counted")
	}
	if later := start.Add(5 * time.Hour); !c.Add(later, "one more", 1) || len(c.members) != 1 {
		t.Errorf("after five hours: %d names, want the new one alone", len(c.members))
	}
	if c.Add(start.Add(5*time.Hour), string(make([]byte, maxCrowdKey+1)), 1) {
		t.Error("a name that is too long was counted")
	}
	for range 3 {
		c.Add(start.Add(5*time.Hour), "many", 1<<40)
	}
	if got := c.Sum(start.Add(5*time.Hour), "many", 600); got != 1<<16-1 {
		t.Errorf("a count without end: got %d, want 65535", got)
	}
}

// TestStateRestores writes a detector's state and reads it; after half of it the state is as new.
func TestStateRestores(t *testing.T) {
	build := func() (State, *Crowd, *Series) {
		c, s := NewCrowd(), NewSeries([]Floor{{S10m, 5}})
		return NewState(c, s), c, s
	}
	state, crowd, series := build()
	var empty, full, again bytes.Buffer
	write := func(s *State, b *bytes.Buffer) {
		b.Reset()
		if err := s.Snapshot(b); err != nil {
			t.Fatal(err)
		}
	}
	write(&state, &empty)
	for i := range 50 {
		crowd.Add(start.Add(time.Duration(i)*time.Minute), fmt.Sprint("k", i*7%11), 2)
		series.Add(start.Add(time.Duration(i)*time.Minute), 1)
	}
	write(&state, &full)
	next, crowd2, _ := build()
	if err := next.Restore(bytes.NewReader(full.Bytes())); err != nil {
		t.Fatal(err)
	}
	if write(&next, &again); !bytes.Equal(full.Bytes(), again.Bytes()) {
		t.Error("restored state does not write what it read")
	}
	if err := next.Restore(bytes.NewReader(full.Bytes()[:full.Len()-5])); err == nil {
		t.Error("a snapshot that is cut short was read without an error")
	}
	if write(&next, &again); !bytes.Equal(empty.Bytes(), again.Bytes()) || len(crowd2.members) != 0 {
		t.Error("after an error the state is not as new")
	}
}
