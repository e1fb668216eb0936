package window

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRingCeiling holds every scale against a list of all events: the sum is exactly the count of the
// closed buckets and the open one, hence never below the true window's.
func TestRingCeiling(t *testing.T) {
	all := Of(S10s, S1m, S5m, S10m, S30m, S1h, S24h)
	rapid.Check(t, func(t *rapid.T) {
		l := newLayout(all)
		w := make([]uint32, l.words)
		now := uint32(1_795_000_000)
		var events []uint32
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.SampledFrom([]uint32{0, 0, 1, 2, 9, 10, 11, 59, 61, 300, 601, 3599, 3601, 90_000}).Draw(t, "gap")
			n := rapid.Uint32Range(1, 5).Draw(t, "n")
			l.add(w, now, n)
			for range n {
				events = append(events, now)
			}
			later := now + rapid.SampledFrom([]uint32{0, 1, 30, 700, 4000, 100_000}).Draw(t, "later")
			for s := range numScales {
				checkSum(t, l.sum(w, s, later), events, s, later)
			}
		}
	})
}

func checkSum(t *rapid.T, got uint32, events []uint32, s Scale, now uint32) {
	spec := scaleSpecs[s]
	var want, exact uint32
	for _, e := range events {
		if now/spec.unit-e/spec.unit <= spec.count {
			want++
		}
		if now-e < s.Seconds() {
			exact++
		}
	}
	if got != want || got < exact {
		t.Fatalf("sum of %s: got %d, want %d, exact window %d", s, got, want, exact)
	}
}

// TestBucketConstants holds the constants of bucket and place to the table.
func TestBucketConstants(t *testing.T) {
	for s := range numScales {
		spec := scaleSpecs[s]
		for _, at := range []uint32{0, 1, 59, 60, 3599, 3600, 1_795_003_217, 1<<32 - 1} {
			if got, want := s.bucket(at), at/spec.unit; got != want {
				t.Errorf("bucket of %s at %d: got %d, want %d", s, at, got, want)
			}
			if got, want := s.place(at), at%spec.count; got != want {
				t.Errorf("place of %s, bucket %d: got %d, want %d", s, at, got, want)
			}
		}
	}
}
