package window

import (
	"math"
	"math/bits"
)

// A prior is what is expected of a key of which nothing is known yet: that its rate is one of a gamma distribution of
// size a and exposure b, as the rates of the keys are that have been there for two days (empirical Bayes).
type prior struct{ a, b float64 }

// firstPrior stands until the keys of the server are known: three an hour on the mean, most of them far less; of what is
// rarer, less.
func firstPrior(t Table, n Name) prior {
	switch {
	case n == NewActors:
		return prior{0.3, 0.6}
	case n == NewDomains, n == NewFollows:
		return prior{0.3, 3}
	case t == Actor:
		return prior{0.3, 0.3}
	}
	return prior{0.3, 0.1}
}

const (
	leastShape = 0.1
	mostShape  = 2
	leastMean  = 0.01 // an hour; who invents many slow names makes nobody suspect below that
	mostMean   = 60
	priorKeys  = 30 // from which on a prior is learned
	priorEvery = 6  // hours
)

// A moments adds up rates of keys, in classes by their binary logarithm, so that the highest can be left out.
type moments struct {
	n        [rateClasses]float64
	sum, sqr [rateClasses]float64
	seen     float64 // exposure
}

const (
	rateClasses = 40
	rateShift   = 16 // the lowest class ends at 2^-16 an hour
	trimmed     = 0.01
)

// add takes a key that had a events in b hours of exposure.
func (m *moments) add(a, b float64) {
	if b < 1 {
		return
	}
	rate := a / b
	class := min(bits.Len64(uint64(rate*(1<<rateShift))), rateClasses-1)
	m.n[class]++
	m.sum[class] += rate
	m.sqr[class] += rate * rate
	m.seen += b
}

const daysKeep = 0.97 // of what is known of first days, from one fit to the next: half of it goes in six days

// fade makes what was added weigh less than what will be.
func (m *moments) fade() {
	for class := range m.n {
		m.n[class] *= daysKeep
		m.sum[class] *= daysKeep
		m.sqr[class] *= daysKeep
	}
	m.seen *= daysKeep
}

func (m *moments) write(c *coder) {
	for class := range m.n {
		c.float(m.n[class])
		c.float(m.sum[class])
		c.float(m.sqr[class])
	}
	c.float(m.seen)
}

func (m *moments) read(d *decoder) {
	for class := range m.n {
		m.n[class], m.sum[class], m.sqr[class] = d.float(0, 1e12), d.float(0, 1e15), d.float(0, 1e30)
	}
	m.seen = d.float(0, 1e15)
}

// fit returns the prior of the keys without the highest hundredth of them; the old one if they are few.
func (m *moments) fit(old prior) prior {
	var n, sum, sqr float64
	for _, k := range m.n {
		n += k
	}
	if n < priorKeys {
		return old
	}
	all, left := n, n*(1-trimmed)
	n = 0
	for class := range m.n {
		k := m.n[class]
		if k == 0 {
			continue
		}
		part := min(k, left-n)
		sum += m.sum[class] / k * part
		sqr += m.sqr[class] / k * part
		if n += part; n >= left {
			break
		}
	}
	mean := sum / n
	noise := mean / (m.seen / all) // what counting adds to the rates' variance
	variance := max(sqr/n-mean*mean-noise, 1e-12)
	p := prior{a: min(max(mean*mean/variance, leastShape), mostShape)}
	mean = min(max(mean, leastMean), mostMean)
	p.b = p.a / mean
	return p
}

// A dispersion adds up by how much counts scatter more than Poisson's do: the sum of (x−μ)²−μ, over that of μ².
type dispersion struct{ over, mean float64 }

// factorySpread is what is taken for it as long as little was seen: bursts of seconds, and much steadier days.
var factorySpread = [numScales]dispersion{S10s: {40, 20}, S1m: {20, 20}, S5m: {8, 20}, S10m: {7, 20}, S30m: {5, 20}, S1h: {4, 20}, S24h: {1, 20}}

const spreadLife = 168 // hours

func (s *dispersion) fade() {
	keep := math.Exp2(-1.0 / spreadLife)
	s.over *= keep
	s.mean *= keep
}

// sample takes a count of which mu was expected; one that is far out is taken as less.
func (s *dispersion) sample(scale Scale, x, mu float64) {
	x = min(x, mu+winsor*math.Sqrt(mu+mu*mu*s.inverse(scale))+1)
	s.over += (x-mu)*(x-mu) - mu
	s.mean += mu * mu
}

// inverse returns 1/κ, from what was seen and, while that is little, what scale's factory value says.
func (s *dispersion) inverse(scale Scale) float64 {
	f := factorySpread[scale]
	return min(max((s.over+f.over)/(s.mean+f.mean), 1e-4), 10)
}

func (p *prior) write(c *coder) {
	c.float(p.a)
	c.float(p.b)
}

func (p *prior) read(d *decoder) { p.a, p.b = d.float(leastShape, mostShape), d.float(1e-3, 1e3) }
