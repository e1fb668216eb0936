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

// learning is how long a key space's state must be old before a key's own history is a yardstick.
const (
	learnFor     = 24 * time.Hour
	firstHour    = time.Hour
	floorFactor  = 3   // volume floors while learning
	minShare     = 0.2 // of the class's traffic while learning
	minFirst     = 0.5 // of the class's traffic in the first hour
	shareGrowth  = 3   // times the key's own share so far, while learning
	ownGrowth    = 5   // times the key's own mean, after learning
	dayInSeconds = 86400
)

// Learning reports whether the Space is in its first 24 hours of event time.
func (s *Space) Learning(now pipeline.Time) bool { return now.Sub(s.since) < learnFor }

// hold returns what n, the count of a key's part in the window of f, is held against, and false if it can't be:
// five times the key's own mean over its 24 h ring; a window of 24 h is held against the days before. While the
// Space is learning it is three floors, a fifth of the table's traffic and three times the key's own share so
// far; in its first hour at least half of the traffic. The metric must have S24h.
func (m *Metric) hold(slot int32, p Part, f Floor, n uint32, now pipeline.Time) (Excess, bool) {
	x := Excess{Count: n, Scale: f.Scale, Part: p, Threshold: float64(f.Count)}
	if m.space.Learning(now) {
		return m.holdLearning(x, slot, f.Count, now)
	}
	x.Known = true
	if f.Scale == S24h {
		x.Expected, x.Known = m.usualDay(slot, x, now)
	} else {
		rest := m.Sum(slot, p, S24h, now) + m.claimedBefore(slot, p, now) - n
		x.Expected = float64(rest) * float64(f.Scale.Seconds()) / float64(dayInSeconds-f.Scale.Seconds())
	}
	x.Threshold = max(float64(f.Count), ownGrowth*x.Expected)
	return x, x.Known
}

// claimedBefore returns what the proven part of a name is held against beside its own past: the claimed
// part's last 24 hours. A peer whose name is believed from some hour on has not changed its pace. Whoever
// would raise his mean by claims can as well raise it by proven events; the claimed part, though, is never
// held against the proven one, or a forger would hide behind a big peer.
func (m *Metric) claimedBefore(slot int32, p Part, now pipeline.Time) uint32 {
	if p == ClaimedPart || !m.named() {
		return 0
	}
	return m.Sum(slot, ClaimedPart, S24h, now)
}

// named reports whether the keys are names, which have a claimed part.
func (m *Metric) named() bool { return spaceOf[m.table] == pipeline.SpaceSite }

// usualDay returns the mean of a key's days before the last 24 hours, which its ring covers. It is not known
// of a key as old as the Space until that is known of it for two days; whoever came later had nothing before.
func (m *Metric) usualDay(slot int32, x Excess, now pipeline.Time) (float64, bool) {
	first := pipeline.Time(*m.space.tables[m.table].record(slot).at(recFirst)) * pipeline.Second
	before := now.Sub(first) - learnFor
	if before < learnFor && m.space.Learning(first) {
		return 0, false
	}
	past := max(m.Seen(slot, x.Part), uint64(x.Count)) - uint64(x.Count) // it may have wrapped
	if x.Part == Proven && m.named() {
		past += m.Seen(slot, ClaimedPart) - uint64(m.claimedBefore(slot, x.Part, now))
	}
	return float64(past) * float64(learnFor) / float64(max(before, learnFor)), true
}

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

// A Floor is how many events a window must hold before anything is said of it.
type Floor struct {
	Scale Scale
	Count uint32
}

// DomainFloors are those of a domain's deliveries, shared by all who ask whether a domain is in flood.
var DomainFloors = []Floor{{S10s, 50}, {S1m, 120}, {S10m, 400}, {S1h, 1200}, {S24h, 6000}}

// DomainScales are the windows of DomainFloors.
var DomainScales = Of(S10s, S1m, S10m, S1h, S24h)

// AddressScales are the windows of an address's requests, shared by all who ask how much it asks.
var AddressScales = Of(S10s, S1m, S24h)

// Floors claims that Over holds the metric's keys against these floors, shortest window and lowest count first.
// A metric has one list of floors.
func (m *Metric) Floors(floors []Floor) *Metric {
	if m.floors != nil && !slices.Equal(m.floors, floors) {
		panic("BUG: two lists of floors for one metric")
	}
	m.floors = floors
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
// from any threshold that is one compare, against a count of events that is worked out anew once a minute.
func (m *Metric) Over(slot int32, p Part, now pipeline.Time) (Excess, bool) {
	w, second := m.ring(slot, p), uint32(now/pipeline.Second)
	if w == nil || second < w[ringUntil] && int32(w[ringSeen]-w[ringTrip]) < 0 {
		return Excess{}, false
	}
	room := uint32(1) << 30
	for i, f := range m.floors {
		n := m.layout.sum(w, f.Scale, second)
		if n+tripSlack < f.Count {
			room = min(room, f.Count-n)
			continue
		}
		x, ok := m.hold(slot, p, f, n, now)
		if !ok {
			continue
		}
		if need := uint32(min(math.Ceil(x.Threshold), 1<<30)); n < need {
			room = min(room, need-n)
			continue
		}
		if i == 0 || m.fills(slot, x, m.floors[i-1].Scale, now) {
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

// tripSlack is how near a count must be to its floor before more than the floor is looked at.
const tripSlack = 10

func (m *Metric) fills(slot int32, x Excess, shorter Scale, now pipeline.Time) bool {
	share := x.Threshold * float64(shorter.Seconds()) / float64(x.Scale.Seconds())
	return float64(m.Sum(slot, x.Part, shorter, now)) >= share/2
}
