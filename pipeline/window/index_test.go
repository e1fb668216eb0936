package window

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndexAgainstMap puts and removes keys of few homes, so that runs of probes are long, and holds the
// index against a map.
func TestIndexAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		metas := make([]meta, 1)
		want := map[uint64]int32{}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			hash := rapid.Uint64Range(0, 40).Draw(t, "home") | rapid.Uint64Range(1, 8).Draw(t, "high")<<32
			slot, known := want[hash]
			switch {
			case known && rapid.Bool().Draw(t, "remove"):
				x.remove(metas, hash)
				metas[slot].hash = 0
				delete(want, hash)
			case !known:
				metas = append(metas, meta{hash: hash})
				want[hash] = int32(len(metas) - 1)
				x.put(metas, want[hash])
			}
		}
		for home := range uint64(41) {
			for high := range uint64(9) {
				hash := home | high<<32
				if got := x.find(metas, hash); hash != 0 && got != want[hash] {
					t.Fatalf("find %x: got slot %d, want %d", hash, got, want[hash])
				}
			}
		}
		if x.used != len(want) {
			t.Fatalf("used: got %d, want %d", x.used, len(want))
		}
	})
}
