package window

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestDoorkeeperNeverLow holds the doorkeeper against a list of all events: never below what came in the last 60 s,
// whatever the times, the keys that share a line, and the filters that were added meanwhile.
func TestDoorkeeperNeverLow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d doorkeeper
		now := uint32(1_795_000_000)
		seen := map[uint64][]uint32{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += rapid.SampledFrom([]uint32{0, 0, 0, 1, 10, 29, 59, 60, 61, 200}).Draw(t, "gap")
			hash := rapid.Uint64Range(0, 12).Draw(t, "key")<<3 | 1<<40
			n := rapid.Uint32Range(1, 3).Draw(t, "n")
			for range n {
				seen[hash] = append(seen[hash], now)
			}
			within := uint32(0)
			for _, at := range seen[hash] {
				if now-at < 60 {
					within++
				}
			}
			if got := d.raise(hash, now, n).sum(); got < min(within, doorMax) {
				t.Fatalf("got %d, want at least %d", got, within)
			}
		}
	})
}

// TestDoorkeeperError lets 100,000 keys a second come once each, for three minutes: in the first, while the filters
// grow, and in the others, no more than one in a hundred is taken for one that came eight times.
func TestDoorkeeperError(t *testing.T) {
	minutes := 3
	if testing.Short() {
		minutes = 1
	}
	var d doorkeeper
	rng := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for minute := range minutes {
		wrong := 0
		for i := range 6_000_000 {
			if d.raise(rng.Uint64(), uint32(1_795_000_020+60*minute+i/100_000), 1).sum() >= admitAt {
				wrong++
			}
		}
		t.Logf("minute %d: %.4f %% of the keys are let in, by %d filters", minute, float64(wrong)/60_000, len(d.panes[0].filters))
		if wrong > 60_000 {
			t.Errorf("minute %d: %d of six million are let in, want at most one in a hundred", minute, wrong)
		}
	}
	if d.panes[1].filters == nil && minutes > 1 || len(d.panes[0].filters[0]) != doorLargest && minutes > 1 {
		t.Error("after a minute of that, the first filter is not the largest")
	}
}

// TestDoorkeeperShrinks lets an attack be over: the panes are small again a few minutes later.
func TestDoorkeeperShrinks(t *testing.T) {
	var d doorkeeper
	for i := range uint64(1_000_000) {
		d.raise(mix(i), 1_795_000_020, 1)
	}
	for minute := range uint32(5) {
		d.raise(7, 1_795_000_080+60*minute, 1)
	}
	if got := len(d.panes[0].filters[0]); got != doorFirst {
		t.Errorf("got a filter of %d words five minutes later, want %d", got, doorFirst)
	}
}

// TestDoorkeeperSnapshot goes on from a snapshot as if nothing had been.
func TestDoorkeeperSnapshot(t *testing.T) {
	var whole doorkeeper
	feed := func(d *doorkeeper, from, to uint64) {
		for i := from; i < to; i++ {
			d.raise(mix(i%5000), uint32(1_795_000_000+i/300), 1)
		}
	}
	feed(&whole, 0, 30_000)
	var b bytes.Buffer
	c := coder{w: &b}
	whole.write(&c)
	restored, in := doorkeeper{}, decoder{r: &b}
	if restored.read(&in); in.err != nil || b.Len() != 0 {
		t.Fatalf("got %v, and %d bytes are left", in.err, b.Len())
	}
	feed(&whole, 30_000, 60_000)
	feed(&restored, 30_000, 60_000)
	for key := range uint64(5000) {
		if got, want := restored.count(mix(key), 1_795_000_200), whole.count(mix(key), 1_795_000_200); got != want {
			t.Fatalf("key %d: got %d, want %d", key, got, want)
		}
	}
}

func BenchmarkDoorkeeper(b *testing.B) {
	var d doorkeeper
	for i := range b.N {
		d.raise(mix(uint64(i)), uint32(1_795_000_000+i/100_000), 1)
	}
}
