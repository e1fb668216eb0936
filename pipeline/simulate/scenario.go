package simulate

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A scenario is an attack, or a benign but weird event.
type scenario struct {
	name    string           // snake_case
	weird   bool             // benign but weird
	threats []string         // any of dos malicious_instance exploit leak takeover health that is right for an alert about it
	last    [3]time.Duration // how long at obvious, moderate, stealthy
	lead    time.Duration    // how much before its start it is played, for what must be there by then
	play    func(w *World, p *played)
}

// registry is every scenario.
var registry = slices.Concat([]scenario{})

// scenarioNamed returns the scenario of that name, or nil.
func scenarioNamed(name string) *scenario {
	for i := range registry {
		if registry[i].name == name {
			return &registry[i]
		}
	}
	return nil
}

// A played is one scenario as it was played: what the truth says of it. Play sets start and end and the rest is the
// scenario's.
type played struct {
	id         string
	scenario   *scenario
	intensity  Intensity
	start, end time.Time

	domains, sites, actors, accounts []string // who attacks
	ips                              []netip.Addr
	prefixes                         []netip.Prefix
	instance                         bool
	sources                          []string
	forged                           []string // honest sites whose names are written by the attacker
	invented                         []string // names that nobody else uses and nobody owns
	leaves                           []string // the logs in which it leaves a trace
	names                            []string // sites and addresses concerned, of a weird one
	events                           int      // malicious requests
}

// stage lets every scenario of a plan begin at its time.
func (s *sim) stage(plan Plan) error {
	for i, pl := range plan {
		sc := scenarioNamed(pl.Scenario)
		if sc == nil {
			return fmt.Errorf("plan: no scenario %q", pl.Scenario)
		}
		if pl.Intensity > Stealthy {
			return fmt.Errorf("plan: %s: no intensity %d", pl.Scenario, pl.Intensity)
		}
		s.stageOne(sc, pl, i)
	}
	return nil
}

func (s *sim) stageOne(sc *scenario, pl Planned, i int) {
	kind := "a"
	if sc.weird {
		kind = "w"
	}
	p := &played{id: fmt.Sprint(kind, i+1), scenario: sc, intensity: pl.Intensity, start: pl.At, end: pl.At.Add(sc.last[pl.Intensity])}
	s.played = append(s.played, p)
	w := s.newWorld(sc.name, pl.At)
	w.At(pl.At.Add(-sc.lead), func() { sc.play(w, p) })
}
