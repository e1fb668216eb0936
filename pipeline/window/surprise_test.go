package window

import (
	"fmt"
	"math"
	"testing"
)

// exact returns −log10 P(X ≥ x), term by term in logarithms.
func exact(x int, mu, r float64) float64 {
	logP := func(k float64) float64 {
		a, _ := math.Lgamma(k + r)
		b, _ := math.Lgamma(r)
		c, _ := math.Lgamma(k + 1)
		return a - b - c + r*math.Log(r/(mu+r)) + k*math.Log(mu/(mu+r))
	}
	first := logP(float64(x))
	sum, term := 0.0, 1.0
	for k := float64(x); term > 1e-17*sum; k++ {
		sum += term
		term *= (k + r) / (k + 1) * mu / (mu + r)
	}
	return -(first + math.Log(sum)) / math.Ln10
}

// The closed form is held against the sum itself, over all that a server may count.
func TestSurpriseIsTheSum(t *testing.T) {
	worst, worstAt := 0.0, ""
	for _, mu := range []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000} {
		for _, r := range []float64{0.3, 0.5, 1, 2, 5, 10, 50, 200, 1000, 10000} {
			sigma := math.Sqrt(mu + mu*mu/r)
			for _, k := range []float64{1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 50} {
				x := int(math.Ceil(mu + k*sigma + 1))
				want, got := exact(x, mu, r), surprise(float64(x), mu, r)
				if want > 300 {
					continue
				}
				err := math.Abs(got-want) / max(want, 1)
				if err > worst {
					worst, worstAt = err, fmt.Sprintf("x=%d mu=%g r=%g: %g, exactly %g", x, mu, r, got, want)
				}
			}
		}
	}
	t.Logf("worst: %.2f %%, %s", 100*worst, worstAt)
	if worst > 0.05 {
		t.Errorf("off by %.1f %%: %s", 100*worst, worstAt)
	}
}

// Below one in thirty nobody looks; there, next to the mean of a wild key, the closed form may waver.
func TestSurpriseNeverFalls(t *testing.T) {
	for _, mu := range []float64{0, 1e-12, 0.01, 1, 50, 1e4} {
		for _, r := range []float64{0, 0.3, 10, 1e9} {
			last := -1.0
			for x := 0.0; x < 4*mu+100; x++ {
				s := surprise(x, mu, r)
				if math.IsNaN(s) || math.IsInf(s, 0) || last > 1.5 && s < last-1e-9 {
					t.Fatalf("x=%g mu=%g r=%g: %g after %g", x, mu, r, s, last)
				}
				last = s
			}
		}
	}
}

func TestLeastIsTheThreshold(t *testing.T) {
	for _, mu := range []float64{0.001, 0.4, 7, 400, 1e5} {
		for _, r := range []float64{0.3, 5, 1e4} {
			for _, s := range []float64{2.5, 7, 10.5} {
				x := least(10, mu, r, s)
				if surprise(float64(x), mu, r) < s {
					t.Errorf("mu=%g r=%g: %d is below %g", mu, r, x, s)
				}
				if x > 10 && surprise(float64(x-1), mu, r) >= s {
					t.Errorf("mu=%g r=%g: less than %d would do", mu, r, x)
				}
			}
		}
	}
}

func BenchmarkSurprise(b *testing.B) {
	for b.Loop() {
		surprise(140, 12, 3)
	}
}

func BenchmarkLeast(b *testing.B) {
	for b.Loop() {
		least(120, 12, 3, 10)
	}
}
