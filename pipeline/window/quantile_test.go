package window

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A timed is a value and when it was added.
type timed struct {
	at pipeline.Time
	v  float64
}

// inWindow returns, in order, what the panes of that window that ends at now hold of list.
func inWindow(list []timed, window Scale, now pipeline.Time) []float64 {
	pane := func(t pipeline.Time) int64 { return int64(t/pipeline.Second) / int64(paneLength(window)) }
	var in []float64
	for _, x := range list {
		if pane(now)-pane(x.at) <= panes && !math.IsNaN(x.v) {
			in = append(in, min(max(x.v, 0), quantileHigh))
		}
	}
	slices.Sort(in)
	return in
}

// checkQuantiles holds q against all that was added.
func checkQuantiles(t *testing.T, q *Quantiles, list []timed, window Scale, now pipeline.Time) {
	t.Helper()
	want := inWindow(list, window, now)
	if got := q.Count(now); got != uint64(len(want)) {
		t.Fatalf("count: got %d, want %d", got, len(want))
	}
	for _, p := range []float64{0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
		got, ok := q.At(now, p)
		if ok != (len(want) > 0) {
			t.Fatalf("of %d values, at %v: ok is %v", len(want), p, ok)
		}
		if !ok {
			continue
		}
		exact := want[int(p*float64(len(want)-1))]
		if math.Abs(got-exact) > 0.0201*exact+quantileLow {
			t.Fatalf("of %d values, at %v: got %v, want %v within 2 %%", len(want), p, got, exact)
		}
	}
}

// streams are what a Quantiles is fed with: value i of n.
var streams = map[string]func(rng *rand.Rand, i, n int) float64{
	"uniform":     func(rng *rand.Rand, _, _ int) float64 { return rng.Float64() },
	"sorted":      func(_ *rand.Rand, i, _ int) float64 { return float64(i) / 1000 },
	"reversed":    func(_ *rand.Rand, i, n int) float64 { return float64(n-i) / 1000 },
	"constant":    func(*rand.Rand, int, int) float64 { return 0.25 },
	"two points":  func(_ *rand.Rand, i, _ int) float64 { return []float64{0.001, 3e6}[i%2] },
	"heavy tail":  func(rng *rand.Rand, _, _ int) float64 { return 0.002 * math.Pow(1-rng.Float64(), -1.5) },
	"log-normal":  func(rng *rand.Rand, _, _ int) float64 { return math.Exp(3*rng.NormFloat64() - 3) },
	"whole range": func(rng *rand.Rand, _, _ int) float64 { return math.Exp2(rng.Float64()*60 - 20) },
	"hostile": func(_ *rand.Rand, i, _ int) float64 {
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, math.Copysign(0, -1), math.MaxFloat64,
			math.SmallestNonzeroFloat64, 1e-5, 1e-4, 1e10, 0.5}[i%12]
	},
}

// TestQuantilesAgainstOracle holds every stream against the sorted values, while the window slides.
func TestQuantilesAgainstOracle(t *testing.T) {
	for name, value := range streams {
		for _, window := range []Scale{S10s, S1m, S10m, S24h} {
			t.Run(name+" "+window.String(), func(t *testing.T) {
				q, rng := NewQuantiles(window), rand.New(rand.NewPCG(1, uint64(window)))
				var list []timed
				now, n := start, 4000
				for i := range n {
					now = now.Add(time.Duration(rng.IntN(3)) * window.Length() / 1000)
					if i%997 == 996 {
						now = now.Add(window.Length() * time.Duration(rng.IntN(12)) / 6)
					}
					v := value(rng, i, n)
					q.Add(now, v)
					list = append(list, timed{now, v})
					if i%251 == 0 {
						checkQuantiles(t, q, list, window, now)
						checkQuantiles(t, q, list, window, now.Add(time.Duration(rng.IntN(8))*window.Length()/6))
					}
				}
				checkQuantiles(t, q, list, window, now)
				checkQuantiles(t, q, list, window, now.Add(2*window.Length()))
			})
		}
	}
}

func quantilesSnapshot(t testing.TB, q *Quantiles) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := q.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestQuantilesSnapshot shows that a snapshot depends on what was added alone: neither on the order within a pane,
// nor on what was asked, nor on a restart in between.
func TestQuantilesSnapshot(t *testing.T) {
	for name, value := range streams {
		rng := rand.New(rand.NewPCG(3, 4))
		a, b := NewQuantiles(S1m), NewQuantiles(S1m)
		for pane := range 9 {
			at := start.Add(time.Duration(pane) * 10 * time.Second)
			values := make([]float64, 200)
			for i := range values {
				values[i] = value(rng, i, len(values))
				a.Add(at, values[i])
			}
			a.At(at.Add(time.Minute), 0.5)
			rng.Shuffle(len(values), func(i, k int) { values[i], values[k] = values[k], values[i] })
			for _, v := range values {
				b.Add(at, v)
			}
			restored := NewQuantiles(S1m)
			if err := restored.Restore(bytes.NewReader(quantilesSnapshot(t, b))); err != nil {
				t.Fatal(err)
			}
			b = restored
			if !bytes.Equal(quantilesSnapshot(t, a), quantilesSnapshot(t, b)) {
				t.Fatalf("%s, pane %d: equal values, but not equal bytes", name, pane)
			}
		}
	}
}

// TestQuantilesDamaged cuts and changes a snapshot at every byte: an error and nothing counted, or bounded counts.
func TestQuantilesDamaged(t *testing.T) {
	q := NewQuantiles(S1m)
	for i := range 40 {
		q.Add(start.Add(time.Duration(i)*time.Second), float64(i)/10)
	}
	good := quantilesSnapshot(t, q)
	for i := range good {
		restored := NewQuantiles(S1m)
		if err := restored.Restore(bytes.NewReader(good[:i])); err == nil || restored.Count(start) != 0 {
			t.Fatalf("cut at %d: got %v and %d values, want an error and none", i, err, restored.Count(start))
		}
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			bad := slices.Clone(good)
			bad[i] ^= flip
			if err := restored.Restore(bytes.NewReader(bad)); err != nil && restored.Count(start.Add(39*time.Second)) != 0 {
				t.Fatalf("byte %d changed: got values after %v", i, err)
			}
			restored.Add(start.Add(time.Minute), 1)
			if v, ok := restored.At(start.Add(time.Minute), 1); !ok || v > 1.03*quantileHigh {
				t.Fatalf("byte %d changed: got %v, %v", i, v, ok)
			}
		}
	}
	if err := NewQuantiles(S10m).Restore(bytes.NewReader(good)); err == nil {
		t.Error("a snapshot of another window was read")
	}
}

// TestQuantilesAllocateNothing is the hot path's promise.
func TestQuantilesAllocateNothing(t *testing.T) {
	q, at, i := NewQuantiles(S1m), start, 0
	rng := rand.New(rand.NewPCG(5, 6))
	if n := testing.AllocsPerRun(20_000, func() {
		i++
		at = at.Add(7 * time.Millisecond)
		q.Add(at, math.Exp2(rng.Float64()*50-15))
		if i%1000 == 0 {
			q.At(at, 0.99)
		}
	}); n != 0 {
		t.Errorf("got %v allocations per value, want 0", n)
	}
}

func BenchmarkQuantiles(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 1<<12)
	for i := range values {
		values[i] = math.Exp(2*rng.NormFloat64() - 3)
	}
	q, now := NewQuantiles(S10m), start
	b.Run("Add", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			now = now.Add(time.Millisecond)
			q.Add(now, values[i%len(values)])
		}
	})
	for _, p := range []float64{0.5, 0.99} {
		b.Run(fmt.Sprint("At", p), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				q.At(now, p)
			}
		})
	}
}
