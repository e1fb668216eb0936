package simulate

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// An Intensity is how plain an attack is.
type Intensity uint8

// The intensities.
const (
	Obvious Intensity = iota
	Moderate
	Stealthy
)

var intensityNames = [...]string{"obvious", "moderate", "stealthy"}

// String returns the intensity's name.
func (i Intensity) String() string { return intensityNames[i] }

// A Planned is a scenario at its time.
type Planned struct {
	At        time.Time
	Scenario  string
	Intensity Intensity
}

// A Plan is what happens besides the background.
type Plan []Planned

const (
	attacksADay = 7
	apart       = 90 * time.Minute // between the end of one attack and the start of the next
	calm        = 2 * time.Hour    // at the beginning of a day: what belongs to which day must be plain
	fullDay     = 24 * time.Hour
)

type dayKind uint8

const (
	quietDay dayKind = iota
	weirdDay
	attackDay
)

// A cell is what the bench counts by: one scenario at one intensity.
type cell struct {
	scenario
	at Intensity
}

func (c cell) lasts() time.Duration { return c.last[c.at] }

// WarmUp is how many of a season's days come before anything happens.
func WarmUp(days int) int { return min(4, days/4) }

// Season plans a bench run of so many days: after the warm-up a quarter of them quiet, a quarter with one
// benign but weird thing each, the others with seven attacks each, in an order of the seed's own.
// Which scenarios they are rotates with the seed, so that seeds in a row share them out evenly: six runs of 16
// days see each weird scenario once, and each attack at each intensity two or three times.
func Season(c Config, days int) Plan {
	r := seasonRand(c, c.Seed)
	kinds := dayKinds(r, days-WarmUp(days))
	weird := rotate(c, weirdCells(r), count(kinds, weirdDay))
	attacks := shareOut(rotate(c, attackCells(), attacksADay*count(kinds, attackDay)), count(kinds, attackDay))
	var plan Plan
	start := c.Start.Add(time.Duration(WarmUp(days)) * fullDay)
	for i, k := range kinds {
		from := start.Add(time.Duration(i) * fullDay)
		switch k {
		case weirdDay:
			plan = append(plan, planDay(r, from, weird[:1])...)
			weird = weird[1:]
		case attackDay:
			plan = append(plan, planDay(r, from, attacks[0])...)
			attacks = attacks[1:]
		}
	}
	return plan
}

// seasonRand depends on the family too: what was tuned on one family's plans is scored on other ones.
func seasonRand(c Config, seed uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte("season " + c.Family))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func dayKinds(r *rand.Rand, n int) []dayKind {
	kinds := make([]dayKind, n)
	for i := range kinds {
		switch {
		case i < n/4:
			kinds[i] = quietDay
		case i < n/4*2:
			kinds[i] = weirdDay
		default:
			kinds[i] = attackDay
		}
	}
	shuffle(r, kinds)
	return kinds
}

func count(kinds []dayKind, k dayKind) int {
	n := 0
	for _, x := range kinds {
		if x == k {
			n++
		}
	}
	return n
}

func attackCells() []cell {
	var cells []cell
	for _, s := range registry {
		if s.weird {
			continue
		}
		for _, at := range []Intensity{Obvious, Moderate, Stealthy} {
			cells = append(cells, cell{s, at})
		}
	}
	return cells
}

// weirdCells is each weird scenario once, as large as it falls.
func weirdCells(r *rand.Rand) []cell {
	var cells []cell
	for _, s := range registry {
		if s.weird {
			cells = append(cells, cell{s, Intensity(r.IntN(3))})
		}
	}
	return cells
}

// rotate takes the n cells that are the seed's turn, from an order that all seeds of a family share.
func rotate(c Config, cells []cell, n int) []cell {
	shuffle(seasonRand(c, 0), cells)
	turn := make([]cell, n)
	size := uint64(len(cells))
	for i := range turn {
		turn[i] = cells[(c.Seed%size*uint64(n)+uint64(i))%size]
	}
	return turn
}

// shareOut gives each day its attacks so that all days last about as long: the longest first, to the day that has
// the least of them.
func shareOut(cells []cell, days int) [][]cell {
	slices.SortStableFunc(cells, func(a, b cell) int { return cmp.Compare(b.lasts(), a.lasts()) })
	shares := make([][]cell, days)
	for _, c := range cells {
		least := -1
		for i, s := range shares {
			if len(s) < attacksADay && (least < 0 || total(s) < total(shares[least])) {
				least = i
			}
		}
		shares[least] = append(shares[least], c)
	}
	return shares
}

func total(cells []cell) time.Duration {
	var sum time.Duration
	for _, c := range cells {
		sum += c.lasts()
	}
	return sum
}

// planDay puts cells one after the other into the day, and spreads what time is left between them.
func planDay(r *rand.Rand, from time.Time, cells []cell) Plan {
	shuffle(r, cells)
	slack := max(0, fullDay-calm-total(cells)-time.Duration(len(cells)-1)*apart)
	waits := make([]time.Duration, len(cells))
	for i := range waits {
		waits[i] = time.Duration(r.Int64N(int64(slack) + 1)).Truncate(time.Millisecond)
	}
	slices.Sort(waits)
	at := from.Add(calm)
	plan := make(Plan, len(cells))
	for i, c := range cells {
		plan[i] = Planned{At: at.Add(waits[i]), Scenario: c.name, Intensity: c.at}
		at = at.Add(c.lasts() + apart)
	}
	return plan
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
