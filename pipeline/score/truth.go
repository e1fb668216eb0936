package score

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Truth is what really happened in one run.
type Truth struct {
	Run     Run
	Attacks []Attack
	Weird   []Weird
	Honest  map[string]int // days on which an honest site's own traffic was seen, by site
}

// A Run is how a truth was made.
type Run struct {
	Seed    uint64    `json:"seed"`
	Family  string    `json:"family"`
	Peers   int       `json:"peers"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Warm    time.Time `json:"warm"` // the end of the warm-up
	Nginx   string    `json:"nginx"`
	Rails   string    `json:"rails"`
	Sidekiq int       `json:"sidekiq"`
}

// An Attack is one attack that was planted.
type Attack struct {
	ID        string            `json:"id"`
	Scenario  string            `json:"scenario"`
	Intensity string            `json:"intensity"`
	Threats   []pipeline.Threat `json:"threats"` // those that are right for it, the foremost first
	Start     time.Time         `json:"start"`
	End       time.Time         `json:"end"`
	Attackers Parties           `json:"attackers"`
	Forged    []string          `json:"forged"`   // honest sites whose names the attacker writes
	Invented  []string          `json:"invented"` // names that only the attacker writes, cut at maxInvented
	Leaves    []string          `json:"leaves"`   // the logs in which it leaves a trace
	Events    uint64            `json:"events"`   // malicious requests
}

// maxInvented is where a truth cuts the list of invented names.
const maxInvented = 50

// A Weird is something benign that looks unusual.
type Weird struct {
	ID       string    `json:"id"`
	Scenario string    `json:"scenario"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Names    []string  `json:"names"`
}

// A site is one honest site of a truth.
type site struct {
	Site string `json:"site"`
	Days int    `json:"days"`
}

// The margins around what is planted.
const (
	afterAttack = 10 * time.Minute // an incident may open so long after an attack's end
	aroundWeird = 30 * time.Minute
)

// Intensities are those that an attack can have, the loudest first.
func Intensities() []string { return []string{"obvious", "moderate", "stealthy"} }

// ReadTruth reads a truth; name is the file's, for errors. Nothing that is wrong is passed over.
func ReadTruth(r io.Reader, name string) (*Truth, error) {
	t := &Truth{Honest: map[string]int{}}
	ids := map[string]bool{}
	if err := eachLine(r, name, func(line []byte) error { return t.line(line, ids) }); err != nil {
		return nil, err
	}
	if t.Run.Start.IsZero() {
		return nil, fmt.Errorf("%s: no line of kind \"run\": it is no truth, or its beginning is lost", name)
	}
	if err := t.within(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func (t *Truth) line(line []byte, ids map[string]bool) error {
	var kind struct{ Kind, ID string }
	if err := decode(line, &kind); err != nil {
		return err
	}
	if kind.Kind == "attack" || kind.Kind == "weird" {
		if kind.ID == "" {
			return fmt.Errorf("a line of kind %q without an id", kind.Kind)
		}
		if ids[kind.ID] {
			return fmt.Errorf("the id %q is there twice", kind.ID)
		}
		ids[kind.ID] = true
	}
	switch kind.Kind {
	case "run":
		return t.run(line)
	case "attack":
		return t.attack(line)
	case "weird":
		var w Weird
		err := decode(line, &w)
		t.Weird = append(t.Weird, w)
		return err
	case "site":
		return t.site(line)
	}
	return fmt.Errorf("unknown kind %q", kind.Kind)
}

func (t *Truth) run(line []byte) error {
	if !t.Run.Start.IsZero() {
		return errors.New("a second line of kind \"run\": two truths in one file")
	}
	if err := decode(line, &t.Run); err != nil {
		return err
	}
	r := &t.Run
	if r.Start.IsZero() || !r.End.After(r.Start) || r.Warm.Before(r.Start) || r.Warm.After(r.End) {
		return fmt.Errorf("a run from %s, warm at %s, to %s: these must rise", r.Start, r.Warm, r.End)
	}
	return nil
}

func (t *Truth) attack(line []byte) error {
	a := Attack{}
	if err := decode(line, &a); err != nil {
		return err
	}
	switch {
	case a.Scenario == "":
		return fmt.Errorf("attack %s names no scenario", a.ID)
	case !slices.Contains(Intensities(), a.Intensity):
		return fmt.Errorf("attack %s: unknown intensity %q", a.ID, a.Intensity)
	case len(a.Threats) == 0:
		return fmt.Errorf("attack %s names no threat", a.ID)
	}
	for _, th := range a.Threats {
		if !isThreat(th) {
			return fmt.Errorf("attack %s: unknown threat %q", a.ID, th)
		}
	}
	if err := a.Attackers.index(); err != nil {
		return fmt.Errorf("attack %s: %w", a.ID, err)
	}
	t.Attacks = append(t.Attacks, a)
	return nil
}

func (t *Truth) site(line []byte) error {
	var s site
	if err := decode(line, &s); err != nil {
		return err
	}
	if _, twice := t.Honest[s.Site]; twice || s.Site == "" {
		return fmt.Errorf("the site %q is there twice, or has no name", s.Site)
	}
	t.Honest[s.Site] = s.Days
	return nil
}

// within reports what lies outside the run.
func (t *Truth) within() error {
	check := func(id string, start, end time.Time) error {
		if start.Before(t.Run.Start) || end.Before(start) || start.After(t.Run.End) {
			return fmt.Errorf("%s, from %s to %s, is not within the run, from %s to %s", id, stamp(start), stamp(end), stamp(t.Run.Start), stamp(t.Run.End))
		}
		return nil
	}
	var errs []error
	for i := range t.Attacks {
		errs = append(errs, check(t.Attacks[i].ID, t.Attacks[i].Start, t.Attacks[i].End))
	}
	for i := range t.Weird {
		errs = append(errs, check(t.Weird[i].ID, t.Weird[i].Start, t.Weird[i].End))
	}
	return errors.Join(errs...)
}

// seen reports whether a leaves a trace in one of logs; no logs are all.
func (a *Attack) seen(logs []string) bool {
	return len(logs) == 0 || slices.ContainsFunc(a.Leaves, func(l string) bool { return slices.Contains(logs, l) })
}

// running reports whether an incident that opens at t may be about a.
func (a *Attack) running(t time.Time) bool {
	return !t.Before(a.Start) && !t.After(a.End.Add(afterAttack))
}

// honest returns the honest site at or above host.
func (t *Truth) honest(host string) (string, bool) {
	for h := host; h != ""; _, h, _ = strings.Cut(h, ".") {
		if _, ok := t.Honest[h]; ok {
			return h, true
		}
	}
	return "", false
}

func isThreat(t pipeline.Threat) bool {
	return slices.Contains([]pipeline.Threat{pipeline.ThreatDoS, pipeline.ThreatMaliciousInstance, pipeline.ThreatExploit,
		pipeline.ThreatLeak, pipeline.ThreatTakeover, pipeline.ThreatHealth}, t)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
