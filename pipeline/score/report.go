package score

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Report is a Tally as figures with their intervals. Its JSON is what `fedwarden score --output json`
// prints: unknown is null, empty is [].
type Report struct {
	Name      string   `json:"name"` // fedwarden, or a rival
	Runs      int      `json:"runs"`
	Overall   []Recall `json:"overall"`   // by intensity
	Aimed     []Recall `json:"aimed"`     // likewise, of floods, spam and takeover alone
	Threats   []Recall `json:"threats"`   // by threat and intensity
	Scenarios []Recall `json:"scenarios"` // by scenario and intensity
	Precision Share    `json:"precision"` // told incidents that match an attack, of these and the false ones
	False     []Rate   `json:"false"`     // by kind of day
	Whose     []Blame  `json:"whose"`     // the false ones, the most frequent first
	Apart     Apart    `json:"apart"`
	Messages  Messages `json:"messages"`
	Naming    Naming   `json:"attribution"`
	Framed    []Named  `json:"framed"`
	Honest    []Named  `json:"honest_named"`
}

// A Recall is how many attacks of one kind were found, and how soon.
type Recall struct {
	Scenario   string   `json:"scenario,omitempty"`
	Threat     string   `json:"threat,omitempty"`
	Intensity  string   `json:"intensity"`
	Unseen     int      `json:"unseen"` // left no trace in the logs that were read; in no rate
	Found      Share    `json:"found"`
	Median     *float64 `json:"median_s"` // from its start until a person was told
	P90        *float64 `json:"p90_s"`
	Before     *float64 `json:"share_before"` // of its requests, behind the first alert; the median
	Duplicates float64  `json:"duplicates"`   // for each found attack
	Messages   float64  `json:"messages"`     // likewise
}

// A Share is k of n, with its interval at 95 %; no value for none of none.
type Share struct {
	K     int      `json:"k"`
	N     int      `json:"n"`
	Value *float64 `json:"value"`
	Low   float64  `json:"low"`
	High  float64  `json:"high"`
}

// A Rate is false incidents for each day of a kind, with the exact bound from above at 95 %.
type Rate struct {
	Day       string   `json:"day"`
	Incidents int      `json:"incidents"`
	Days      float64  `json:"days"`
	Value     *float64 `json:"value"`
	Upper     *float64 `json:"upper"`
}

// A Blame is how many false incidents a detector had on days of a kind during a scenario. Those about the
// attacker are false by their threat alone.
type Blame struct {
	Detector  string `json:"detector"`
	Day       string `json:"day"`
	During    string `json:"during"`
	Attacker  bool   `json:"about_attacker"`
	Incidents int    `json:"incidents"`
}

// Apart is what is in no rate.
type Apart struct {
	Health   int `json:"health"`
	WarmUp   int `json:"warm_up"`
	Low      int `json:"low"`
	Members  int `json:"members"`
	SeenOnly int `json:"seen_only"` // named an invented name: only ever seen from these addresses
}

// Messages are what people were sent.
type Messages struct {
	Total     int      `json:"total"`
	PerDay    *float64 `json:"per_day"`
	PerAttack *float64 `json:"per_found_attack"`
}

// Naming is whether told names were the attackers'.
type Naming struct {
	Right    int `json:"right"`
	Wrong    int `json:"wrong"`
	SeenOnly int `json:"seen_only"`
}

// Report makes figures of t, which is the tally of what bears that name.
func (t *Tally) Report(name string) *Report {
	false3 := 0
	for _, n := range t.False {
		false3 += n
	}
	all := t.sum(func(Cell) bool { return true })
	days := t.Days[Quiet] + t.Days[WeirdDay] + t.Days[AttackDay]
	r := &Report{
		Name: name, Runs: t.Runs, Precision: shareOf(t.Right, t.Right+false3),
		Apart:    Apart{Health: t.Health, WarmUp: t.WarmUp, Low: t.Low, Members: t.Members, SeenOnly: t.SeenOnly},
		Messages: Messages{Total: t.Messages, PerDay: per(float64(t.Messages), days), PerAttack: per(float64(all.Messages), float64(all.Found))},
		Naming:   Naming{Right: t.NamedRight, Wrong: t.NamedWrong, SeenOnly: t.NamedSeenOnly},
		Framed:   append([]Named{}, t.Framed...), Honest: append([]Named{}, t.Honest...), Whose: t.blames(),
		Overall: []Recall{}, Aimed: []Recall{}, Threats: []Recall{}, Scenarios: []Recall{},
	}
	for d := range Day(dayKinds) {
		r.False = append(r.False, Rate{Day: d.String(), Incidents: t.False[d], Days: t.Days[d],
			Value: per(float64(t.False[d]), t.Days[d]), Upper: per(PoissonUpper(t.False[d]), t.Days[d])})
	}
	r.recalls(t)
	return r
}

// recalls fills in the rows of recall that there is anything to say of.
func (r *Report) recalls(t *Tally) {
	for _, in := range Intensities() {
		row := recall(t, func(c Cell) bool { return c.Intensity == in })
		row.Intensity = in
		r.Overall = append(r.Overall, row) // always, so that what was never tried shows
		row = recall(t, func(c Cell) bool { return c.Intensity == in && isAimed(c.Threat) })
		row.Intensity = in
		r.Aimed = append(r.Aimed, row)
	}
	for _, by := range []struct {
		list *[]Recall
		key  func(Cell) string
		name func(*Recall) *string
	}{
		{&r.Threats, func(c Cell) string { return string(c.Threat) }, func(r *Recall) *string { return &r.Threat }},
		{&r.Scenarios, func(c Cell) string { return c.Scenario }, func(r *Recall) *string { return &r.Scenario }},
	} {
		for _, v := range values(t.Attacks, by.key) {
			for _, in := range Intensities() {
				row := recall(t, func(c Cell) bool { return c.Intensity == in && by.key(c) == v })
				row.Intensity, *by.name(&row) = in, v
				if row.Found.N+row.Unseen > 0 {
					*by.list = append(*by.list, row)
				}
			}
		}
	}
}

// isAimed reports whether a threat is one of those of which the detectors are all there.
func isAimed(t pipeline.Threat) bool {
	return t == pipeline.ThreatDoS || t == pipeline.ThreatMaliciousInstance || t == pipeline.ThreatTakeover
}

func recall(t *Tally, match func(Cell) bool) Recall {
	c := t.sum(match)
	r := Recall{Unseen: c.Unseen, Found: shareOf(c.Found, c.Planted)}
	if m, ok := quantile(c.After, 0.5); ok {
		p90, _ := quantile(c.After, 0.9)
		r.Median, r.P90 = new(m.Seconds()), new(p90.Seconds())
		r.Duplicates, r.Messages = float64(c.Duplicates)/float64(c.Found), float64(c.Messages)/float64(c.Found)
	}
	if s, ok := quantile(c.Share, 0.5); ok {
		r.Before = &s
	}
	return r
}

func shareOf(k, n int) Share {
	s := Share{K: k, N: n, Value: per(float64(k), float64(n))}
	s.Low, s.High = Wilson(k, n)
	return s
}

// per returns x for each of n, nothing for none.
func per(x, n float64) *float64 {
	if n <= 0 {
		return nil
	}
	return new(x / n)
}

func (t *Tally) blames() []Blame {
	list := []Blame{}
	for c, n := range t.Whose {
		list = append(list, Blame{Detector: c.Detector, Day: c.Day.String(), During: c.During, Attacker: c.Attacker, Incidents: n})
	}
	slices.SortFunc(list, func(a, b Blame) int {
		if a.Incidents != b.Incidents {
			return b.Incidents - a.Incidents
		}
		return strings.Compare(a.key(), b.key())
	})
	return list
}

func (b *Blame) key() string {
	return fmt.Sprint(b.Detector, " ", b.Day, " ", b.During, " ", b.Attacker)
}
