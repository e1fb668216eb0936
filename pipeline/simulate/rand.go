package simulate

import "math"

// A stream is a sequence of random numbers: splitmix64, whose state is one word, so that everything in the world can
// have a stream of its own.
type stream uint64

// mix is splitmix64's finaliser: every bit of x moves every bit of the result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// streamOf returns the stream of the n-th thing of a kind.
func streamOf(seed uint64, kind string, n uint64) stream {
	h := mix(seed + 0x9e3779b97f4a7c15)
	for i := range len(kind) {
		h = mix(h ^ uint64(kind[i])*0x100000001b3)
	}
	return stream(mix(h ^ mix(n+0x632be59bd9b4e019)))
}

// Uint64 returns 64 bits. It makes a stream a rand.Source.
func (s *stream) Uint64() uint64 {
	*s += 0x9e3779b97f4a7c15
	return mix(uint64(*s))
}

// fork returns a stream of its own for what follows from here.
func (s *stream) fork() stream { return stream(s.Uint64()) }

// float returns a number in [0, 1).
func (s *stream) float() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// open returns a number in (0, 1).
func (s *stream) open() float64 { return (float64(s.Uint64()>>12) + 0.5) / (1 << 52) }

// chance reports true with probability p.
func (s *stream) chance(p float64) bool { return s.float() < p }

// intn returns a number in [0, n).
func (s *stream) intn(n int) int { return int(s.Uint64() >> 33 % uint64(max(n, 1))) }

// between returns a number in [lo, hi).
func (s *stream) between(lo, hi float64) float64 { return lo + (hi-lo)*s.float() }

// exp returns an exponential number of mean 1.
func (s *stream) exp() float64 { return -math.Log(s.open()) }

// normal returns a standard normal number (Box and Muller's, of which one is thrown away to keep no state).
func (s *stream) normal() float64 {
	return math.Sqrt(-2*math.Log(s.open())) * math.Cos(2*math.Pi*s.float())
}

// lognormal returns a number of that median whose logarithm has standard deviation sigma.
func (s *stream) lognormal(median, sigma float64) float64 { return median * math.Exp(sigma*s.normal()) }

// pareto returns a number of at least lo whose tail has exponent alpha.
func (s *stream) pareto(lo, alpha float64) float64 { return lo * math.Pow(s.open(), -1/alpha) }

// geometric returns how often chance p came before it failed.
func (s *stream) geometric(p float64) int {
	if p <= 0 {
		return 0
	}
	return int(math.Log(s.open()) / math.Log(p))
}

// poisson returns a Poisson number of mean m, which must not be large.
func (s *stream) poisson(m float64) int {
	n := 0
	for t := s.exp(); t < m; t += s.exp() {
		n++
	}
	return n
}

// gamma returns a gamma number of mean 1 and that shape (Marsaglia and Tsang's).
func (s *stream) gamma(shape float64) float64 {
	boost := 1.0
	k := shape
	if k < 1 {
		boost = math.Pow(s.open(), 1/k)
		k++
	}
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.normal()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(s.open()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return boost * d * v / shape
		}
	}
}

// pick returns the place of a number in [0, 1) among weights, which add up to anything.
func (s *stream) pick(weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := s.float() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}
