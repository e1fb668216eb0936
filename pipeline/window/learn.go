package window

import "math"

// What a ring knows of its key's past lies behind its buckets: events, discounted, up to the hour of the ring's second; how
// much more its hours scatter than those of others; and until when an incident is open about it.
const (
	pastEvents   = iota // float32 bits
	pastOver            // float32 bits: weighted ((x−μ)²−μ)/μ²
	pastWeight          // float32 bits
	pastOpen            // second until which an incident is open; 0 for none
	pastPaused          // closed hours in a row in which one was
	pastReported        // second in which it was last found out of line
	pastWords
)

const (
	maxPaused   = 24  // hours after which what goes on is the new usual
	shrinkHours = 20  // of others' scatter, beside a key's own
	winsor      = 6.0 // sigma above the mean are learned at most
	winsorFloor = 10  // events above that
	maxUneven   = 8   // how many times as uneven as others a key may be
)

func (l *layout) pastOf(w []uint32) []uint32 { return w[l.ago : l.ago+pastWords] }

func float(w uint32) float64     { return float64(math.Float32frombits(w)) }
func floatBits(v float64) uint32 { return math.Float32bits(float32(v)) }

// A rate is what is known of a key's pace: a events in b hours of exposure, prior included, and how many times more than
// others' its counts scatter.
type rate struct {
	a, b   float64
	uneven float64
}

// priorOf returns what is expected, in an hour, of a key that came at the second first.
func (b *baseline) priorOf(first, hour uint32) prior {
	if hour-first/3600 < 24 {
		return b.young
	}
	return b.prior
}

// mean returns the events of one hour of exposure.
func (r rate) mean() float64 { return r.a / r.b }

// size returns the size r of the negative-binomial that is predicted at a scale: the key's rate is not known
// for sure, and counts scatter.
func (r rate) size(b *baseline, s Scale) float64 {
	k := b.spread[s].inverse(s) * r.uneven
	return 1 / (1/r.a + k + k/r.a)
}

// rateOf returns what the ring w tells of a key that came at the second first.
func (b *baseline) rateOf(l *layout, w []uint32, first uint32) rate {
	p := b.priorOf(first, b.hour)
	r := rate{a: p.a, b: p.b + b.seen(first, b.hour), uneven: 1}
	if w != nil {
		past := l.pastOf(w)
		r.a += b.events(l, w)
		r.uneven = b.uneven(past)
	}
	return r
}

// dayRate is rateOf for a window of a day: what lies in the window itself is no yardstick for it.
func (b *baseline) dayRate(l *layout, w []uint32, first uint32) rate {
	a, e := b.before(l, w, first)
	r := b.rateOf(l, w, first)
	p := b.priorOf(first, b.hour)
	r.a, r.b = p.a+a, p.b+e
	return r
}

// events returns the ring's events, discounted to the end of the last closed hour.
func (b *baseline) events(l *layout, w []uint32) float64 {
	a, hour := float(l.pastOf(w)[pastEvents]), w[ringSecond]/3600
	if hour >= b.hour {
		return a
	}
	open := float64(w[ringSeen] - w[l.heads[S24h]+1])
	return (a*fade(1) + open) * fade(b.hour-1-hour)
}

// uneven returns how many times as much as others' a key's hours scatter.
func (b *baseline) uneven(past []uint32) float64 {
	others := b.spread[S1h].inverse(S1h)
	own := (max(float(past[pastOver]), 0) + shrinkHours*others) / (float(past[pastWeight]) + shrinkHours)
	return min(max(own/others, 1.0/4), maxUneven)
}

// learn closes the hour of the ring's second, before an event of a later one is counted.
func (b *baseline) learn(l *layout, w []uint32, first uint32) {
	hour, past := w[ringSecond]/3600, l.pastOf(w)
	if b.hour <= hour {
		return
	}
	x := float64(w[ringSeen] - w[l.heads[S24h]+1])
	p := b.priorOf(first, hour)
	r := rate{a: p.a + float(past[pastEvents]), b: p.b, uneven: b.uneven(past)}
	r.b += b.seen(first, hour)
	e := b.taught(hour)
	mu := r.mean() * e
	size := r.size(b, S1h)
	x = min(x, mu+winsor*math.Sqrt(mu+mu*mu/size)+winsorFloor)
	if e == 0 { // no exposure, no events
		x = 0
	}
	if past[pastOpen]/3600 >= hour && past[pastPaused] < maxPaused {
		past[pastPaused]++
		x = min(x, mu)
	} else {
		past[pastPaused] = 0
		if b.season.full() && hour-b.first/3600 > 24 { // before, it is the season that is not known
			scatter(past, x, mu)
		}
	}
	keep := fade(b.hour - 1 - hour)
	past[pastEvents] = floatBits((float(past[pastEvents])*fade(1) + x) * keep)
	past[pastOver] = floatBits(float(past[pastOver]) * fade(1) * keep)
	past[pastWeight] = floatBits(float(past[pastWeight]) * fade(1) * keep)
}

// scatter notes by how much an hour's count was off.
func scatter(past []uint32, x, mu float64) {
	if mu < 0.5 {
		return
	}
	weight := min(1, mu*mu/20)
	past[pastOver] = floatBits(float(past[pastOver]) + weight*((x-mu)*(x-mu)-mu)/(mu*mu))
	past[pastWeight] = floatBits(float(past[pastWeight]) + weight)
}
