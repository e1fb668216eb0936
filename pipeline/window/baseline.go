package window

import "math"

// A baseline is what the keys of one metric have in common: how many hours of exposure there were, each as heavy as its
// season and what all keys did in it at once; what a key is like of which little is known; and by how much counts scatter. All
// rates are by the hour. The doc of the package has the model.
type baseline struct {
	hour   uint32             // the open one, since 1970; zero before the first event
	first  uint32             // second of the first event
	odd    uint32             // hours, since one was as usual, of which nothing was to be learned
	each   [pastHours]float32 // exposure of an hour, by hour; zero when the log was dead
	past   [pastHours]float32 // exposure up to its end, discounted, of the hours that taught something
	total  float64            // events, discounted likewise, winsorised
	season season
	common *common               // of the whole Space
	prior  prior                 // of a key that has been there for a day
	young  prior                 // of one that has not
	days   moments               // the first days of keys
	spread [numScales]dispersion // by scale
	panel  panel
}

const (
	pastHours = 1024 // 42 days, of which discounting leaves nothing
	halfLife  = 72   // hours
	deadBelow = 0.1  // of what is expected, below which an hour's log was dead
	deadFirst = 0.02 // the same while there is no season: a night may be as quiet
	deadFrom  = 20   // events expected, from which on an hour can be told dead
	oddFor    = 24   // hours, after which what goes on is the new usual
	oddUntil  = 0.5  // of what is expected, from which on it is as it was
	longGap   = 6    // hours in a row without any event, that are no quiet night
)

// fade is what discounting leaves of a number after so many hours.
func fade(hours uint32) float64 { return math.Exp2(-float64(hours) / halfLife) }

func newBaseline(c *common, p prior) *baseline {
	b := &baseline{season: newSeason(), prior: p, young: p, common: c}
	for s := range b.spread {
		b.spread[s] = factorySpread[s]
	}
	return b
}

// turn closes the hours before that of second, before an event of it is counted in total, the ring of all keys.
func (b *baseline) turn(second uint32, l *layout, total []uint32) (closed bool) {
	hour := second / 3600
	if b.hour == 0 {
		b.hour, b.first = hour, second
	}
	if hour-b.hour > pastHours {
		b.skip(hour - pastHours)
	}
	gap := hour-b.hour > longGap
	for ; b.hour < hour; b.hour++ {
		x := float64(l.hourly(total, b.hour))
		b.close(b.hour, x, gap && x == 0)
		closed = true
	}
	return closed
}

// skip goes on to an hour long after, before which nothing was heard.
func (b *baseline) skip(hour uint32) {
	b.total *= fade(hour - b.hour)
	clear(b.each[:])
	clear(b.past[:])
	b.hour = hour
}

// close learns from an hour that has ended; nothing from one in which the log was dead, or all keys did what they
// usually don't.
func (b *baseline) close(hour uint32, x float64, dead bool) {
	share, all := 1.0, b.common.mean()
	if hour == b.first/3600 {
		share = 1 - float64(b.first%3600)/3600
	}
	e := b.season.of(hour) * share
	expected := b.rate() * e
	known := b.past[(hour-1)%pastHours] > 0
	if !dead && known {
		dead = b.isDead(hour, x, expected*all)
	}
	odd := dead || b.isOdd(x >= oddUntil*expected, all > 1)
	switch {
	case dead:
		b.each[hour%pastHours] = 0
	case odd:
		b.each[hour%pastHours] = float32(e * all)
	default:
		b.each[hour%pastHours] = float32(e)
	}
	if odd {
		e, x = 0, 0
	} else if known {
		x = min(x, maxSwing*expected+deadFrom)
	}
	young := !b.season.full()
	if !odd && share == 1 {
		b.season.learn(hour, x, expected)
	}
	b.past[hour%pastHours] = float32(float64(b.past[(hour-1)%pastHours])*fade(1) + e)
	b.total = b.total*fade(1) + x
	for s := range b.spread {
		b.spread[s].fade()
	}
	if young && b.season.full() {
		b.recount(hour)
	}
}

// isDead reports whether an hour that held x of so many expected is one in which the log was dead. What lasts for longer than
// a day is no dead log: what was usual has ended, such as an attack. Nor is what came at the same hour the day before, while
// there is no season: then it is night.
func (b *baseline) isDead(hour uint32, x, expected float64) bool {
	below := deadBelow
	if !b.season.full() {
		below = deadFirst
		if hour-b.first/3600 > 24 && b.each[(hour-24)%pastHours] == 0 {
			return false
		}
	}
	return expected >= deadFrom && x < below*expected && b.isOdd(false, true)
}

// isOdd counts an hour that is as usual, or odd, or neither, and reports whether nothing is learned of it: for a day, after
// which what goes on is the new usual.
func (b *baseline) isOdd(usual, odd bool) bool {
	switch {
	case odd:
		b.odd = min(b.odd+1, oddFor+1)
	case usual:
		b.odd = 0
	}
	return odd && b.odd <= oddFor
}

// recount gives the hours up to last, which passed before there was a season, the exposure that they have by it.
func (b *baseline) recount(last uint32) {
	past := 0.0
	for hour := max(b.first/3600, last-min(last, 100)); hour <= last; hour++ {
		e := float64(b.each[hour%pastHours]) * b.season.of(hour)
		past = past*fade(1) + e
		b.each[hour%pastHours], b.past[hour%pastHours] = float32(e), float32(past)
	}
}

// rate returns the events of an hour of all keys.
func (b *baseline) rate() float64 {
	past := float64(b.past[(b.hour-1)%pastHours])
	if past < 0.01 {
		return 0
	}
	return b.total / past
}

// seen returns the exposure, discounted, of a key that came at the second first, up to the beginning of an hour that is
// not after the open one.
func (b *baseline) seen(first, hour uint32) float64 {
	came := first / 3600
	if came >= hour || b.hour-hour > pastHours-2 {
		return 0
	}
	all := float64(b.past[(hour-1)%pastHours])
	if b.hour-came > pastHours {
		return all // it came before all that is remembered
	}
	before := float64(b.past[came%pastHours]) - b.taught(came)*(1-float64(first%3600)/3600)
	return max(all-before*fade(hour-1-came), 0)
}

// taught returns the exposure of an hour of which something was learned; zero for others.
func (b *baseline) taught(hour uint32) float64 {
	e := float64(b.each[hour%pastHours])
	if float64(b.past[hour%pastHours])-float64(b.past[(hour-1)%pastHours])*fade(1) < e/2 {
		return 0
	}
	return e
}

// before returns the exposure of a key, discounted, that lies more than the last 24 closed hours back, and what the ring
// w holds of its events from then: what a whole day is held against.
func (b *baseline) before(l *layout, w []uint32, first uint32) (events, exposure float64) {
	if w != nil {
		events = b.events(l, w)
	}
	exposure = b.seen(first, b.hour)
	for k := uint32(1); k <= 24; k++ {
		hour := b.hour - k
		e := b.taught(hour)
		if hour >= first/3600 {
			exposure -= e * fade(k-1)
		}
		if w != nil && e > 0 {
			events -= float64(l.hourly(w, hour)) * fade(k-1)
		}
	}
	return max(events, 0), max(exposure, 0)
}

// exposure returns that of the window of scale s which ends at second.
func (b *baseline) exposure(s Scale, second uint32) float64 {
	if s == S24h {
		return b.day(second)
	}
	length := s.Seconds() + scaleSpecs[s].unit/2 // it covers half a bucket more, on the mean
	return float64(length) / 3600 * b.season.at(second-length/2) * b.common.now
}

// day returns the exposure of the last 24 hours and a half; hours of which nothing is known count as one.
func (b *baseline) day(second uint32) float64 {
	sum := b.season.of(b.hour) * b.common.now * float64(second%3600+1800) / 3600
	for k := uint32(1); k <= 24; k++ {
		if hour := b.hour - k; hour >= b.first/3600 {
			sum += float64(b.each[hour%pastHours])
		} else {
			sum++
		}
	}
	return sum
}

func (b *baseline) write(c *coder) {
	c.u32(b.hour)
	c.u32s([]uint32{b.first, b.odd})
	c.floats(b.each[:])
	c.floats(b.past[:])
	c.float(b.total)
	b.season.write(c)
	b.panel.write(c)
	b.prior.write(c)
	b.young.write(c)
	b.days.write(c)
	for s := range b.spread {
		c.float(b.spread[s].over)
		c.float(b.spread[s].mean)
	}
}

func (b *baseline) read(d *decoder) {
	b.hour, b.first, b.odd = d.u32(), d.u32(), d.u32()
	d.floats(b.each[:], 0, 1e4)
	d.floats(b.past[:], 0, 1e7)
	b.total = d.float(0, 1e15)
	b.season.read(d)
	b.panel.read(d)
	b.prior.read(d)
	b.young.read(d)
	b.days.read(d)
	for s := range b.spread {
		b.spread[s].over = d.float(-1e30, 1e30) // squares of milliseconds
		b.spread[s].mean = d.float(0, 1e30)
	}
}
