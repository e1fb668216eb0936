package score

import (
	"math"
	"testing"
	"time"
)

func near(a, b float64) bool { return math.Abs(a-b) < 5e-4 }

// TestWilson compares with published values.
func TestWilson(t *testing.T) {
	f := func(k, n int, low, high float64) {
		t.Helper()
		if l, h := Wilson(k, n); !near(l, low) || !near(h, high) {
			t.Errorf("%d of %d: got %.4f to %.4f, want %.4f to %.4f", k, n, l, h, low, high)
		}
	}
	f(0, 0, 0, 1)
	f(0, 10, 0, 0.2775)
	f(5, 10, 0.2366, 0.7634)
	f(10, 10, 0.7225, 1)
	f(81, 263, 0.2553, 0.3662) // Newcombe 1998, table I
	f(15, 148, 0.0624, 0.1605)
	f(1, 29, 0.0061, 0.1718)
}

// TestPoissonUpper compares with half of the chi-square quantile that the bound is.
func TestPoissonUpper(t *testing.T) {
	f := func(k int, want float64) {
		t.Helper()
		if got := PoissonUpper(k); !near(got, want) {
			t.Errorf("%d: got %.4f, want %.4f", k, got, want)
		}
	}
	f(0, 2.9957)
	f(1, 4.7439)
	f(2, 6.2958)
	f(10, 16.9622)
	f(100, 118.0793)
	if got := PoissonUpper(20000); got < 20200 || got > 20300 {
		t.Errorf("20000: got %f", got)
	}
}

func TestQuantile(t *testing.T) {
	if _, ok := quantile([]time.Duration{}, 0.5); ok {
		t.Error("none has no median")
	}
	ten := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if m, _ := quantile(ten, 0.5); m != 5 {
		t.Errorf("median: got %d", m)
	}
	if p, _ := quantile(ten, 0.9); p != 9 {
		t.Errorf("90 %%: got %d", p)
	}
	if m, _ := quantile(ten[:1], 0.9); m != 1 {
		t.Errorf("of one: got %d", m)
	}
}
