package window

import "math"

// leastSize is the least size that is looked at: less is a key of which nothing at all is known.
const leastSize = 0.1

// surprise returns −log10 P(X ≥ x) for a negative-binomial X of mean mu and size r, that is of variance
// mu + mu²/r; an r of 10⁸ and more is Poisson's. It is zero for what is not above the mean.
//
// The tail is Lugannani and Rice's saddle point in Barndorff-Nielsen's form, corrected for whole numbers. Against
// exact sums it errs by less than 2.5 % of the result for means from 0.01 to 10,000, sizes from 0.3 to 10,000 and results
// from 1 to 300, and below 1 by less than 0.05.
func surprise(x, mu, r float64) float64 {
	mu, r = max(mu, 1e-9), min(max(r, leastSize), 1e8)
	xc := x - 0.5
	if !(xc > mu) {
		return 0
	}
	far := math.Log((xc + r) / (mu + r))
	if r == 1e8 {
		far = (xc - mu) / (mu + r)
	}
	near := math.Log(xc / mu)
	d := max(xc*near-(xc+r)*far, 0)
	w := math.Sqrt(2 * d)
	v := 2 * math.Sinh((near-far)/2) * math.Sqrt(xc+xc*xc/r)
	if w < 1e-4 || v <= 0 {
		return -math.Log10(0.5)
	}
	return tail(w + math.Log(v/w)/w)
}

// tail returns −log10 of the chance that a normal deviate is above z.
func tail(z float64) float64 {
	if z <= 5 {
		return -math.Log10(max(math.Erfc(z/math.Sqrt2)/2, 1e-300))
	}
	i := 1 / (z * z)
	return (z*z/2+math.Log(z*math.Sqrt(2*math.Pi)))/math.Ln10 - math.Log10(1-i+3*i*i-15*i*i*i)
}

// least returns the least whole number of at least floor whose surprise is s or more.
func least(floor uint32, mu, r, s float64) uint32 {
	low := uint64(max(float64(floor), math.Floor(mu)))
	if surprise(float64(low), mu, r) >= s {
		return uint32(min(low, most32))
	}
	high := low + 16
	for surprise(float64(high), mu, r) < s {
		low, high = high, 2*high
		if high > most32 {
			return most32
		}
	}
	for high-low > 1 {
		if mid := (low + high) / 2; surprise(float64(mid), mu, r) >= s {
			high = mid
		} else {
			low = mid
		}
	}
	return uint32(high)
}

// most32 stands for a count that no window reaches.
const most32 = 1 << 30
