package window

import (
	"math"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An Excess is a count that is out of line.
type Excess struct {
	Count     uint32
	Expected  float64 // the key's own mean in such a window
	Known     bool    // whether Expected is known
	Threshold float64
	Surprise  float64 // −log10 of the chance of Count or more; zero where no baseline was used
	Scale     Scale
	Part      Part
	Learning  bool
}

// Measure returns x as an alert shows it.
func (x Excess) Measure(name string) pipeline.Measure {
	m := pipeline.Measure{Name: name, Value: float64(x.Count), Threshold: x.Threshold, Window: x.Scale.String()}
	if x.Known {
		expected := x.Expected
		m.Expected = &expected
	}
	if x.Surprise > 0 {
		surprise := x.Surprise
		m.Surprise = &surprise
	}
	return m
}

// How long a key space's state must be old before a key's own history is a yardstick, and what is asked until then.
const (
	learnFor     = 24 * time.Hour
	firstHour    = time.Hour
	floorFactor  = 3   // volume floors while learning
	minShare     = 0.2 // of the class's traffic while learning
	minFirst     = 0.5 // of the class's traffic in the first hour
	shareGrowth  = 3   // times the key's own share so far, while learning
	ownGrowth    = 2   // times what was expected, after learning: less is no reason to call anybody, however surprising
	dayInSeconds = 86400
)

// Learning reports whether the Space is in its first 24 hours of event time.
func (s *Space) Learning(now pipeline.Time) bool { return now.Sub(s.since) < learnFor }

// hold returns what n, the count of a key's part in the window of f, is held against, and false if it can't be: the
// key's own past, by the negative-binomial that its baseline predicts for the window. While an incident is open about the
// key, less is needed to keep it open than to open one. While the Space is learning it is three floors, a fifth of the
// table's traffic and three times the key's own share so far; in its first hour at least half of the traffic.
func (m *Metric) hold(slot int32, p Part, f Floor, n uint32, now pipeline.Time) (Excess, bool) {
	second := uint32(now / pipeline.Second)
	x := Excess{Count: n, Scale: f.Scale, Part: p}
	if m.space.Learning(now) {
		return m.holdLearning(x, slot, f.Count, now)
	}
	if f.Scale == S24h && m.lacksDay(slot, now) {
		return x, false
	}
	floor := m.floor(f, second)
	if p == Proven && m.forged(slot, f.Scale, n, second) {
		floor = max(floor, f.Count)
	}
	open := m.layout.pastOf(m.ring(slot, p))[pastOpen] >= second
	return m.base.judge(x, m.rateOf(slot, p, f.Scale), floor, open, scaleSpecs[f.Scale].open, second), true
}

// judge says of x what was expected and which count is out of line, by the rate of its key, a floor and the surprise that
// it takes to open an incident.
func (b *baseline) judge(x Excess, r rate, floor uint32, open bool, need float64, second uint32) Excess {
	x.Known, x.Expected = true, r.mean()*b.exposure(x.Scale, second)
	size := r.size(b, x.Scale)
	if open {
		need, floor = scaleSpecs[x.Scale].close, floor/2
	} else {
		floor = max(floor, uint32(min(math.Ceil(ownGrowth*x.Expected), most32)))
	}
	x.Threshold = float64(least(floor, x.Expected, size, need))
	if float64(x.Count) >= x.Threshold {
		x.Surprise = surprise(float64(x.Count), x.Expected, size)
	}
	return x
}

// forged reports whether somebody else uses the name of a key's proven part right now: half as much is merely claimed. Its
// owner is given the benefit of the full floor then, lest he be named because a forger has chosen a lively minute of his.
func (m *Metric) forged(slot int32, s Scale, n, second uint32) bool {
	if !m.named() {
		return false
	}
	w := m.ring(slot, ClaimedPart)
	return w != nil && 2*m.layout.sum(w, s, second) >= n
}

// lacksDay reports whether nothing is known of a key before the last day because nothing is of anybody: it is as old as
// the Space. Whoever came later had nothing before.
func (m *Metric) lacksDay(slot int32, now pipeline.Time) bool {
	first := pipeline.Time(*m.space.tables[m.table].record(slot).at(recFirst)) * pipeline.Second
	return now.Sub(first) < 2*learnFor && m.space.Learning(first)
}

// floor returns the least count that is worth a word: on a small server less than on a big one, by what all keys
// usually bring.
func (m *Metric) floor(f Floor, second uint32) uint32 {
	if f.Least == 0 || m.space.since == 0 {
		return f.Count
	}
	usual := m.base.rate() * m.base.exposure(f.Scale, second)
	if usual == 0 {
		return f.Count
	}
	low := min(max(scaleSpecs[f.Scale].share*usual, float64(f.Least)), float64(f.Count))
	return uint32(max(low, bigShare*usual))
}

// bigShare is the share of the usual count of a window below which nothing is worth a word.
const bigShare = 0.02

// rateOf returns what is known of the pace of a key's part. To the proven part of a name belongs what was claimed before:
// a peer whose name is believed from some hour on has not changed its pace. Whoever would raise his mean by claims can as
// well raise it by proven events; the claimed part, though, is never held against the proven one, or a forger would hide
// behind a big peer.
func (m *Metric) rateOf(slot int32, p Part, s Scale) rate {
	first, of := *m.space.tables[m.table].record(slot).at(recFirst), (*baseline).rateOf
	if s == S24h {
		of = (*baseline).dayRate
	}
	r := of(m.base, &m.layout, m.ring(slot, p), first)
	if p == Proven && m.named() {
		if w := m.ring(slot, ClaimedPart); w != nil {
			r.a += of(m.base, &m.layout, w, first).a - m.base.priorOf(first, m.base.hour).a
		}
	}
	return r
}

// named reports whether the keys are names, which have a claimed part.
func (m *Metric) named() bool { return spaceOf[m.table] == pipeline.SpaceSite }

func (m *Metric) holdLearning(x Excess, slot int32, floor uint32, now pipeline.Time) (Excess, bool) {
	x.Learning = true
	known := now.Sub(m.space.since)
	if x.Scale.Length() >= firstHour && known < x.Scale.Reach() {
		return x, false // the window covers all that is known: nothing to hold it against
	}
	total := float64(m.Total(x.Scale, now))
	share := minShare * total
	own := shareGrowth * m.shareSoFar(slot, x, total) * total
	if known < firstHour {
		share, own = minFirst*total, 0
	}
	x.Threshold = max(float64(floor*floorFactor), share, own)
	return x, true
}

// shareSoFar returns the part's share of the table's traffic before the window, in which total lies.
func (m *Metric) shareSoFar(slot int32, x Excess, total float64) float64 {
	before := float64(m.ever) - total
	if before <= 0 {
		return 0
	}
	return (float64(m.Seen(slot, x.Part)) - float64(x.Count)) / before
}

// A Floor is how many events a window must hold before anything is said of it. Where Least is given, it is less on a
// server that usually hears little: a share of what all keys bring, from Least up to Count; and 2 % of it on a big one.
type Floor struct {
	Scale Scale
	Count uint32
	Least uint32
}

// DomainFloors are those of a domain's deliveries, shared by all who ask whether a domain is in flood.
var DomainFloors = []Floor{{S10s, 50, 50}, {S1m, 120, 30}, {S10m, 400, 60}, {S1h, 1200, 80}, {S24h, 6000, 6000}}

// FullFloor returns the floor of DomainFloors at a scale, as it is where much is usual; zero if it has none.
func FullFloor(s Scale) uint32 {
	for _, f := range DomainFloors {
		if f.Scale == s {
			return f.Count
		}
	}
	return 0
}

// IsFlood reports whether m, the deliveries of domains, holds as much of a key's part as would be a flood on any server.
func IsFlood(m *Metric, slot int32, p Part, now pipeline.Time) bool {
	for _, f := range DomainFloors {
		if m.Sum(slot, p, f.Scale, now) >= f.Count {
			_, over := m.Over(slot, p, now)
			return over
		}
	}
	return false
}

// DomainScales are the windows of DomainFloors.
var DomainScales = Of(S10s, S1m, S10m, S1h, S24h)

// ActorScales are the windows of an actor's deliveries, shared by all who count them.
var ActorScales = Of(S10m, S1h, S24h)

// AddressScales are the windows of an address's requests, shared by all who ask how much it asks.
var AddressScales = Of(S10s, S1m, S24h)

// Floors claims that Over holds the metric's keys against these floors, shortest window and lowest count first.
// A metric has one list of floors.
func (m *Metric) Floors(floors []Floor) *Metric {
	if m.floors != nil && !slices.Equal(m.floors, floors) {
		panic("BUG: two lists of floors for one metric")
	}
	if !m.layout.scales.Has(S24h) {
		panic("BUG: floors for a metric without a day's window, which has no past")
	}
	m.floors = floors
	if m.base == nil {
		m.base = newBaseline(m.space.common, firstPrior(m.table, m.name))
		if m.name == baseOf[m.table] && m.space.leader == nil {
			m.space.leader = m
		}
	}
	return m
}

// How long it holds that nothing is over below a count of events: thresholds follow a mean of a day, and while
// learning what others do just now.
const (
	tripFor         = 60 // seconds
	tripForLearning = 10
)

// Over returns the first of the metric's floors over which the key's part is out of line. A
// longer window must be still filling, so that what is over is not told again by each window it has filled:
// the window before it in the list holds at least half of its share of the threshold. For all keys that are far
// from any threshold that is one compare, against a count of events that is worked out anew once a minute; for one that is
// over, Once says whether it was reported in this second already, and then only that is told, not by how much.
func (m *Metric) Over(slot int32, p Part, now pipeline.Time) (Excess, bool) {
	w, second := m.ring(slot, p), uint32(now/pipeline.Second)
	if w == nil || second < w[ringUntil] && int32(w[ringSeen]-w[ringTrip]) < 0 {
		return Excess{}, false
	}
	if m.base != nil && w[ringOnce] == second && m.layout.pastOf(w)[pastReported] == second {
		return Excess{Part: p}, true
	}
	room := uint32(1) << 30
	for i, f := range m.floors {
		n := m.layout.sum(w, f.Scale, second)
		if floor := m.lowest(f); n+tripSlack < floor {
			room = min(room, floor-n)
			continue
		}
		x, ok := m.hold(slot, p, f, n, now)
		if !ok {
			continue
		}
		if need := uint32(min(math.Ceil(x.Threshold), most32)); n < need {
			room = min(room, need-n)
			continue
		}
		if i == 0 || m.fills(slot, x, m.floors[i-1].Scale, now) {
			if m.base != nil {
				m.layout.pastOf(w)[pastReported] = second
			}
			return x, true
		}
		room = 1
	}
	w[ringTrip], w[ringUntil] = w[ringSeen]+room, second+tripFor
	if m.space.Learning(now) {
		w[ringUntil] = second + tripForLearning
	}
	return Excess{}, false
}

// lowest returns a count below which f says nothing whatever is known.
func (m *Metric) lowest(f Floor) uint32 {
	if f.Least == 0 {
		return f.Count / 2
	}
	return f.Least / 2
}

// tripSlack is how near a count must be to its floor before more than the floor is looked at.
const tripSlack = 10

func (m *Metric) fills(slot int32, x Excess, shorter Scale, now pipeline.Time) bool {
	share := x.Threshold * float64(shorter.Seconds()) / float64(x.Scale.Seconds())
	return float64(m.Sum(slot, x.Part, shorter, now)) >= share/2
}
