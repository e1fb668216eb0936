package window

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndexAgainstMap puts and removes keys of few homes and few upper halves, so that runs of probes are long
// and look alike, and holds the index against a map.
func TestIndexAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		keys := slab{words: recRefs}
		want := map[uint64]int32{}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			hash := rapid.Uint64Range(0, 40).Draw(t, "home") | rapid.Uint64Range(1, 4).Draw(t, "low")<<20 | rapid.Uint64Range(1, 3).Draw(t, "high")<<32
			slot, known := want[hash]
			switch {
			case known && rapid.Bool().Draw(t, "remove"):
				x.remove(hash, slot, &keys)
				keys.give(uint32(slot))
				delete(want, hash)
			case !known:
				want[hash] = int32(keys.take())
				record(keys.cell(uint32(want[hash]))).setHash(hash)
				x.put(hash, want[hash], &keys)
			}
		}
		for home := range uint64(41) {
			for low := range uint64(5) {
				for high := range uint64(4) {
					hash := home | low<<20 | high<<32
					if got := x.find(hash, &keys); got != want[hash] {
						t.Fatalf("find %x: got slot %d, want %d", hash, got, want[hash])
					}
				}
			}
		}
		if x.used != len(want) {
			t.Fatalf("used: got %d, want %d", x.used, len(want))
		}
	})
}
