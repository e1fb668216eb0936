package score

import (
	"maps"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Tally is what was counted in some runs. It holds counts and times only, so that tallies add up.
type Tally struct {
	Runs    int
	Attacks map[Cell]*Count

	Days  [dayKinds]float64 // after the warm-up, by their kind
	False [dayKinds]int     // incidents that were told, and match nothing, by the kind of their day
	Whose map[Culprit]int   // the same by detector and by what was going on

	Right    int // told incidents that match an attack
	SeenOnly int // told incidents that name nothing but an invented name
	WarmUp   int // told during the warm-up
	Health   int // told incidents of health, no attack
	Low      int // never told: below medium
	Members  int // never told: a larger alert carries them
	Messages int // all that a person was sent after the warm-up

	NamedRight, NamedWrong, NamedSeenOnly int // told incidents that name a remote party by name

	Framed []Named // honest sites named while an attack wrote their name: must be none
	Honest []Named // honest sites named at all, those framed included
}

// A Cell is what attacks are counted by.
type Cell struct {
	Scenario  string
	Intensity string
	Threat    pipeline.Threat // the foremost
}

// A Count is what became of the attacks of one Cell.
type Count struct {
	Planted    int // that left a trace in the logs that were read
	Unseen     int // that left none there: in no rate
	Found      int
	Duplicates int
	Messages   int
	After      []time.Duration // from the attack's start to when a person was told, of those found
	Share      []float64       // of its requests that stood behind the first alert, where that is known
}

// A Culprit is what false incidents are counted by.
type Culprit struct {
	Detector string
	Day      Day
	During   string // the scenario at that time, weird or attack; empty if none
	Attacker bool   // it is about the attacker, and right but for the threat
}

// A Named is an innocent who was named.
type Named struct {
	Seed     uint64    `json:"seed"`
	Family   string    `json:"family"`
	ID       string    `json:"id"`
	Detector string    `json:"detector"`
	Site     string    `json:"site"`
	Days     int       `json:"days"`
	At       time.Time `json:"at"`
	During   string    `json:"during"`
}

// A Day is the kind of a day.
type Day uint8

// The kinds of days.
const (
	Quiet Day = iota
	WeirdDay
	AttackDay
	dayKinds = 3
)

var dayNames = [...]string{"quiet", "weird", "attack"}

// String returns the kind's name.
func (d Day) String() string { return dayNames[d] }

// Merge adds o to t.
func (t *Tally) Merge(o *Tally) {
	t.Runs += o.Runs
	for cell, c := range o.Attacks {
		t.count(cell).merge(c)
	}
	for d := range t.Days {
		t.Days[d] += o.Days[d]
		t.False[d] += o.False[d]
	}
	for c, n := range o.Whose {
		t.blame(c, n)
	}
	t.Right += o.Right
	t.SeenOnly += o.SeenOnly
	t.WarmUp += o.WarmUp
	t.Health += o.Health
	t.Low += o.Low
	t.Members += o.Members
	t.Messages += o.Messages
	t.NamedRight += o.NamedRight
	t.NamedWrong += o.NamedWrong
	t.NamedSeenOnly += o.NamedSeenOnly
	t.Framed = append(t.Framed, o.Framed...)
	t.Honest = append(t.Honest, o.Honest...)
}

func (t *Tally) count(cell Cell) *Count {
	if t.Attacks == nil {
		t.Attacks = map[Cell]*Count{}
	}
	if t.Attacks[cell] == nil {
		t.Attacks[cell] = &Count{}
	}
	return t.Attacks[cell]
}

func (t *Tally) blame(c Culprit, n int) {
	if t.Whose == nil {
		t.Whose = map[Culprit]int{}
	}
	t.Whose[c] += n
}

func (c *Count) merge(o *Count) {
	c.Planted += o.Planted
	c.Unseen += o.Unseen
	c.Found += o.Found
	c.Duplicates += o.Duplicates
	c.Messages += o.Messages
	c.After = append(c.After, o.After...)
	c.Share = append(c.Share, o.Share...)
}

// sum returns the count of all cells that match accepts.
func (t *Tally) sum(match func(Cell) bool) *Count {
	all := &Count{}
	for cell, c := range t.Attacks {
		if match(cell) {
			all.merge(c)
		}
	}
	slices.Sort(all.After)
	slices.Sort(all.Share)
	return all
}

// values returns what f says of the cells, sorted, each once.
func values(cells map[Cell]*Count, f func(Cell) string) []string {
	m := map[string]bool{}
	for cell := range cells {
		m[f(cell)] = true
	}
	return slices.Sorted(maps.Keys(m))
}
