package simulate

import (
	"fmt"
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

// registry is every scenario; each family of behaviour has its table in the file that plays it.
var registry = slices.Concat(floodAttacks, loadAttacks, shapeAttacks, nameAttacks, spamAttacks, protocolAttacks, frameAttacks,
	probeAttacks, loginAttacks, takeoverAttacks, logAttacks, peerWeirds, crowdWeirds, relayWeirds, serverWeirds)

// minutes is how long a scenario lasts at each intensity.
func minutes(obvious, moderate, stealthy int) [3]time.Duration {
	return [3]time.Duration{time.Duration(obvious) * time.Minute, time.Duration(moderate) * time.Minute, time.Duration(stealthy) * time.Minute}
}

// scenarioNamed returns the scenario of that name, or nil.
func scenarioNamed(name string) *scenario {
	for i := range registry {
		if registry[i].name == name {
			return &registry[i]
		}
	}
	return nil
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
