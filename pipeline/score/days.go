package score

import "time"

const day = 24 * time.Hour

// days returns the kind of each day of the run, counted from its start.
func (t *Truth) days() []Day {
	run := &t.Run
	kinds := make([]Day, (run.End.Sub(run.Start)+day-1)/day)
	mark := func(from, to time.Time, kind Day) {
		for n := range kinds {
			begin := run.Start.Add(time.Duration(n) * day)
			if from.Before(begin.Add(day)) && !to.Before(begin) {
				kinds[n] = kind
			}
		}
	}
	for i := range t.Attacks {
		mark(t.Attacks[i].Start, t.Attacks[i].End.Add(afterAttack), AttackDay)
	}
	for i := range t.Weird {
		mark(t.Weird[i].Start.Add(-aroundWeird), t.Weird[i].End.Add(aroundWeird), WeirdDay)
	}
	return kinds
}

// share returns how much of day n is in the run and after the warm-up.
func (t *Truth) share(n int) float64 {
	from := t.Run.Start.Add(time.Duration(n) * day)
	to := from.Add(day)
	if from.Before(t.Run.Warm) {
		from = t.Run.Warm
	}
	if to.After(t.Run.End) {
		to = t.Run.End
	}
	return max(0, to.Sub(from).Hours()/24)
}

// during returns the scenario at that time, or nothing.
func (t *Truth) during(at time.Time) string {
	for i := range t.Weird {
		if w := &t.Weird[i]; !at.Before(w.Start.Add(-aroundWeird)) && !at.After(w.End.Add(aroundWeird)) {
			return w.Scenario
		}
	}
	for i := range t.Attacks {
		if t.Attacks[i].running(at) {
			return t.Attacks[i].Scenario
		}
	}
	return ""
}
