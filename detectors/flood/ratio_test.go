package flood

import (
	"math"
	"testing"
)

// TestRatioSurprise holds the sum of the tail against the whole distribution, added up term by term.
func TestRatioSurprise(t *testing.T) {
	for _, c := range []tries{{3, 30, 0, 0}, {30, 100, 10, 1000}, {12, 60, 26, 2600}, {500, 1000, 300, 1000}, {0, 40, 5, 100}, {40, 40, 0, 500}} {
		past := float64(c.started) + priorAttempts
		mean := (float64(c.failed) + priorFails) / past
		past = min(past, mostPast)
		tail := 0.0
		for k := c.fails; k <= c.starts; k++ {
			x, n, a, b := float64(k), float64(c.starts), mean*past, (1-mean)*past
			tail += math.Exp(logChoose(n, x) + logBeta(x+a, n-x+b) - logBeta(a, b))
		}
		got, want := ratioSurprise(c.fails, c.starts, c.failed, c.started), max(0, -math.Log10(tail))
		if math.Abs(got-want) > 1e-6*max(1, want) {
			t.Errorf("%d of %d after %d of %d: got %v, want %v", c.fails, c.starts, c.failed, c.started, got, want)
		}
	}
}

// TestRatioSurpriseAtItsBounds asks what counters may say at the worst: no loop for ever, no NaN.
func TestRatioSurpriseAtItsBounds(t *testing.T) {
	for _, c := range []tries{{0, 0, 0, 0}, {1, 1, math.MaxUint32, math.MaxUint32}, {math.MaxUint32, math.MaxUint32, 0, math.MaxUint32},
		{5, 10, math.MaxUint32, 10}} {
		if got := c.surprise(); math.IsNaN(got) || got < 0 {
			t.Errorf("%v: got %v", c, got)
		}
	}
}
