package flood

import "math"

// ratioSurprise returns −log10 of the chance that k or more of n attempts fail, if before f of m did. Attempts fail
// together, so that a past of any length says no more than mostPast attempts of it would; and no past is better
// than a fail among a hundred. It sums the tail of a beta-binomial distribution, at most n steps.
func ratioSurprise(k, n, f, m uint32) float64 {
	past := float64(m) + priorAttempts
	mean := (float64(f) + priorFails) / past
	past = min(past, mostPast)
	a, b := mean*past, (1-mean)*past
	x, all := float64(k), float64(n)
	first := logChoose(all, x) + logBeta(x+a, all-x+b) - logBeta(a, b)
	sum, term := 1.0, 1.0
	for i := x; i < all && term > 1e-12*sum; i++ {
		term *= (all - i) / (i + 1) * (i + a) / (all - i - 1 + b)
		sum += term
	}
	return max(0, -(first+math.Log(sum))/math.Ln10)
}

const (
	mostPast      = 300
	priorAttempts = 50
	priorFails    = 0.5
)

func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }

func logChoose(n, k float64) float64 { return logGamma(n+1) - logGamma(k+1) - logGamma(n-k+1) }

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
