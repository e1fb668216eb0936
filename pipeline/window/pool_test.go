package window

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A crowd is a Space with a distinct count of 10 m per site and one of 1 h, and what it is fed with.
type crowd struct {
	s           *Space
	short, long *Distinct
	slots       map[string]int32
}

func newCrowd() *crowd {
	s := newSite(8000)
	return &crowd{s: s, short: s.Distinct(Site, Actors, S10m), long: s.Distinct(Site, Targets, S1h), slots: map[string]int32{}}
}

func (c *crowd) slot(key string, at pipeline.Time) int32 {
	if c.slots[key] == 0 {
		c.slots[key] = c.s.look(&sight{table: Site, hash: c.s.hash(key), second: uint32(at / pipeline.Second), proven: true, counts: true}, nil)
	}
	return c.slots[key]
}

// add gives a key elements from to to, not included.
func (c *crowd) add(key string, p Part, at pipeline.Time, from, to int) {
	slot := c.slot(key, at)
	for i := from; i < to; i++ {
		c.short.add(slot, p, c.s.hash(fmt.Sprint(key, i)), uint32(at/pipeline.Second))
	}
}

func (c *crowd) count(key string, p Part, at pipeline.Time) uint32 {
	n, _ := c.short.Count(c.slots[key], p, at)
	return n
}

// checkPool holds the pool's lists and the records against each other.
func (c *crowd) checkPool(t *testing.T) {
	t.Helper()
	p := c.short.pool
	var used [2]int
	linked := 0
	for part := range p.lists {
		for i, l := range p.lists[part] {
			n, before := 0, uint32(0)
			for at := l.first; at != 0; at = p.set(at).link.next {
				set := p.set(at)
				if set.link.prev != before || set.link.list != uint8(i) || set.part != Part(part) || p.words(set)[1] != at {
					t.Fatalf("set %d of part %d, list %d: got %+v, record %v", at, part, i, set.link, p.words(set)[:2])
				}
				before = at
				n++
			}
			if n != l.n || before != l.last {
				t.Fatalf("part %d, list %d: got %d sets, want %d", part, i, n, l.n)
			}
			used[part] += n
		}
		linked += used[part]
	}
	if used != p.used || linked+len(p.free) != len(p.sets) || len(p.sets) > poolSize || max(used[0], used[1]) > partSize {
		t.Fatalf("got %v in lists, %v used, %d free of %d", used, p.used, len(p.free), len(p.sets))
	}
}

// TestPoolAgainstCrowd shows that a key of 200 elements is counted while others, thousands with 9 to 15 each, spend
// the pool.
func TestPoolAgainstCrowd(t *testing.T) {
	c := newCrowd()
	for i := range 200 {
		at := start.Add(time.Duration(i) * 2 * time.Second)
		c.add("true", ClaimedPart, at, i, i+1)
		for k := range 40 {
			n := (i*40 + k) % 5000
			c.add(fmt.Sprint("other", n), ClaimedPart, at, i*100, i*100+9+n%7)
		}
	}
	c.checkPool(t)
	at := start.Add(400 * time.Second)
	if n, ok := c.short.Reaches(c.slots["true"], ClaimedPart, 190, at); !ok || n > 220 {
		t.Errorf("got %d of 200", n)
	}
}

// TestPoolGrowth shows the same for a pool that is full of keys with more elements than a newcomer has: it keeps
// its set while fewer than 64 others are promoted between two of its elements, 256 while it is small.
func TestPoolGrowth(t *testing.T) {
	c := newCrowd()
	for i := range partSize {
		c.add(fmt.Sprint("grown", i), ClaimedPart, start, 0, 40)
	}
	others := 0
	for i := range 100 {
		c.add("true", ClaimedPart, start, i, i+1)
		between := quota - 4
		if i < 14 {
			between = firstQuota - 4
		}
		for range between {
			others++
			c.add(fmt.Sprint("other", others%5000), ClaimedPart, start, others, others+9)
		}
	}
	c.checkPool(t)
	if got := c.count("true", ClaimedPart, start); got < 90 || got > 110 {
		t.Errorf("got %d of 100", got)
	}
}

// TestPoolHeld shows that a set which reached a threshold is not given away for counts that are greater, and is
// no longer held when a window has gone by.
func TestPoolHeld(t *testing.T) {
	c := newCrowd()
	c.add("open", ClaimedPart, start, 0, 20)
	if _, ok := c.short.Reaches(c.slots["open"], ClaimedPart, 20, start); !ok {
		t.Fatal("20 of 20 are not enough")
	}
	for i := range 3000 {
		c.add(fmt.Sprint("greater", i), ClaimedPart, start, 0, 64)
		c.short.Reaches(c.slots[fmt.Sprint("greater", i)], ClaimedPart, 20+uint32(i%2)*1000, start)
	}
	c.checkPool(t)
	if got := c.count("open", ClaimedPart, start); got < 18 || got > 22 {
		t.Errorf("got %d of 20", got)
	}
	if got := c.short.pool.lists[ClaimedPart][heldList].n; got != maxHeld {
		t.Errorf("held: got %d, want all that may be, %d", got, maxHeld)
	}
	late := start.Add(11 * time.Minute)
	c.add("open", ClaimedPart, late.Add(-2*time.Minute), 0, 20)
	for i := range 400 {
		c.add(fmt.Sprint("late", i), ClaimedPart, late.Add(time.Duration(i)*time.Second), 0, 9)
	}
	c.checkPool(t)
	if got := c.short.pool.lists[ClaimedPart][heldList].n; got > 1 {
		t.Errorf("held a window later: got %d, want none but the one that may be", got)
	}
}

// TestPoolParts shows that merely claimed counts, however great, cost no proven one its set, and that proven ones
// leave the claimed a quarter.
func TestPoolParts(t *testing.T) {
	c := newCrowd()
	for i := range 500 {
		c.add(fmt.Sprint("proven", i), Proven, start, 0, 9)
	}
	for i := range 3000 {
		c.add(fmt.Sprint("claimed", i), ClaimedPart, start, 0, 50)
	}
	c.checkPool(t)
	for i := range 500 {
		if got := c.count(fmt.Sprint("proven", i), Proven, start); got < 8 || got > 10 {
			t.Fatalf("proven%d: got %d of 9", i, got)
		}
	}
	for i := range 3000 {
		c.add(fmt.Sprint("more", i), Proven, start, 0, 20)
	}
	c.checkPool(t)
	if p := c.s.Pressures(start); len(p) != 1 || p[0].What != "distinct counts" || p[0].Lost < 1000 {
		t.Errorf("got %+v, want a thousand counts and more given up", p)
	}
	if p := c.s.Pressures(start.Add(20 * time.Minute)); len(p) != 0 {
		t.Errorf("20 minutes later: got %+v, want nothing", p)
	}
	if got := c.short.pool.used; got != [2]int{poolSize - partSize, partSize} {
		t.Errorf("got %v sets, want a quarter left to the claimed", got)
	}
}

// feed adds at random, so that sets are taken, grow, are held, go by and are given back.
func (c *crowd) feed(seed uint64, from, to int) {
	rng := rand.New(rand.NewPCG(seed, uint64(from)))
	for i := from; i < to; i++ {
		at := start.Add(time.Duration(i) * 40 * time.Millisecond)
		key, part := fmt.Sprint("k", rng.IntN(1+i%5000)), Part(rng.IntN(2))
		first := rng.IntN(30)
		c.add(key, part, at, first, first+1+rng.IntN(20))
		c.long.add(c.slots[key], part, c.s.hash(fmt.Sprint(first)), uint32(at/pipeline.Second))
		if rng.IntN(4) == 0 {
			c.short.Reaches(c.slots[key], part, 25, at)
		}
		if rng.IntN(500) == 0 {
			c.short.release(c.slots[key])
		}
	}
}

// TestPoolSnapshot goes on from a snapshot of a pool at work as if nothing had been.
func TestPoolSnapshot(t *testing.T) {
	whole, half := newCrowd(), newCrowd()
	whole.feed(1, 0, 8_000)
	half.feed(1, 0, 8_000)
	whole.checkPool(t)
	if len(whole.short.pool.sets) != poolSize {
		t.Fatal("the pool is not spent")
	}
	restored := newCrowd()
	if err := restored.s.Restore(bytes.NewReader(snapshot(t, half.s))); err != nil {
		t.Fatal(err)
	}
	restored.checkPool(t)
	restored.slots = half.slots
	whole.feed(2, 8_000, 16_000)
	restored.feed(2, 8_000, 16_000)
	restored.checkPool(t)
	if !bytes.Equal(snapshot(t, whole.s), snapshot(t, restored.s)) {
		t.Error("a restored pool goes on otherwise than one that never stopped")
	}
}

// TestPoolDamaged changes every byte of a snapshot: an error and an empty space, or one that holds together.
func TestPoolDamaged(t *testing.T) {
	c := newCrowd()
	for i := range 3 {
		c.add(fmt.Sprint("k", i), Part(i%2), start, 0, 8+8*i)
	}
	c.short.Reaches(c.slots["k2"], ClaimedPart, 20, start)
	c.add("gone", Proven, start, 0, 12)
	c.short.release(c.slots["gone"])
	good, flips := snapshot(t, c.s), 3
	if testing.Short() {
		flips = 1
	}
	for i := range good {
		for _, flip := range []byte{0x01, 0x04, 0xff}[:flips] {
			bad := slices.Clone(good)
			bad[i] ^= flip
			restored := newCrowd()
			if err := restored.s.Restore(bytes.NewReader(bad)); err != nil {
				if restored.s.Keys() != 0 || len(restored.short.pool.sets) != 0 {
					t.Fatalf("byte %d changed: got keys and sets after %v", i, err)
				}
				continue
			}
			restored.checkPool(t)
			at := start.Add(time.Minute)
			for k := range 5 {
				restored.add(fmt.Sprint("new", k), Proven, at, 0, 12)
			}
			for slot := range int32(4) {
				restored.short.Reaches(slot, ClaimedPart, 20, at)
				restored.short.add(max(slot, 1), ClaimedPart, 7, uint32(at/pipeline.Second))
			}
			restored.checkPool(t)
		}
	}
}

func BenchmarkDistinct(b *testing.B) {
	for _, kind := range []struct {
		name           string
		keys, elements int
	}{{"inline", 100, 8}, {"repeats", 100, 200}, {"nine", 1, 9}, {"distinct", 100, 1 << 30}, {"takes", 1 << 30, 1 << 30}} {
		b.Run(kind.name, func(b *testing.B) {
			c := newCrowd()
			for i := range 6000 {
				c.slot(fmt.Sprint(i), start)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				key, element := i%kind.keys, i/kind.keys%kind.elements
				if kind.keys == 1<<30 {
					key, element = i/9%6000, i // nine of each: every ninth add takes a set
				}
				at := start.Add(time.Duration(i) * 100 * time.Microsecond)
				c.short.add(int32(1+key), Proven, mix(uint64(element)+1), uint32(at/pipeline.Second))
			}
		})
	}
}
