package score

import (
	"math"
	"time"
)

// z95 is the standard normal's quantile for an interval of 95 %.
const z95 = 1.959963984540054

// Wilson returns the interval in which a share lies at 95 % when k of n were counted: 0 to 1 for none of
// none. Unlike the textbook's it keeps its promise for small n and for shares near 0 and 1.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z95*z95/(2*m)) / (1 + z95*z95/m)
	half := z95 / (1 + z95*z95/m) * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}

// PoissonUpper returns the highest mean that still makes k or fewer events no rarer than 5 %: the exact
// upper bound at 95 %. For none it is 3.0, the rule of three.
func PoissonUpper(k int) float64 {
	low, high := float64(k), float64(k)+10+10*math.Sqrt(float64(k))
	for range 100 {
		mid := (low + high) / 2
		if poissonAtMost(k, mid) > 0.05 {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// poissonAtMost returns the chance of k or fewer events when mean are expected.
func poissonAtMost(k int, mean float64) float64 {
	sum := 0.0
	for i := range k + 1 {
		lg, _ := math.Lgamma(float64(i) + 1)
		sum += math.Exp(float64(i)*math.Log(mean) - mean - lg)
	}
	return sum
}

// quantile returns the q-quantile of a sorted list by the nearest rank; ok is false for an empty one.
func quantile[T time.Duration | float64](sorted []T, q float64) (v T, ok bool) {
	if len(sorted) == 0 {
		return 0, false
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[max(rank, 1)-1], true
}
