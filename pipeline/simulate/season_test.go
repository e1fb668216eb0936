package simulate

import (
	"reflect"
	"testing"
	"time"
)

const seasonDays = 16

func seasonConfig(family string, seed uint64) Config {
	return Config{Seed: seed, Family: family, Peers: 100, Days: seasonDays, Start: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)}
}

// TestSeasonCovers takes six seeds in a row, wherever they begin: each weird scenario comes once, each attack at each
// intensity two or three times.
func TestSeasonCovers(t *testing.T) {
	for _, family := range []string{"lognormal", "pareto"} {
		for _, first := range []uint64{0, 1, 100, 1<<64 - 6} {
			weird, attacks := map[string]int{}, map[Planned]int{}
			for seed := first; seed != first+6; seed++ {
				for _, p := range Season(seasonConfig(family, seed), seasonDays) {
					if p.At = (time.Time{}); scenarioNamed(p.Scenario).weird {
						weird[p.Scenario]++
					} else {
						attacks[p]++
					}
				}
			}
			for _, s := range registry {
				if s.weird && weird[s.name] != 1 {
					t.Errorf("%s, seeds from %d: %s comes %d times, want 1", family, first, s.name, weird[s.name])
				}
				for i := Obvious; !s.weird && i <= Stealthy; i++ {
					if n := attacks[Planned{Scenario: s.name, Intensity: i}]; n < 2 || n > 3 {
						t.Errorf("%s, seeds from %d: %s %s comes %d times, want 2 or 3", family, first, i, s.name, n)
					}
				}
			}
		}
	}
}

// TestSeasonDays holds every day of many plans to its rules.
func TestSeasonDays(t *testing.T) {
	for seed := range uint64(40) {
		c := seasonConfig("pareto", seed)
		perDay := make([][]Planned, seasonDays)
		for _, p := range Season(c, seasonDays) {
			i := int(p.At.Sub(c.Start) / fullDay)
			perDay[i] = append(perDay[i], p)
		}
		kinds := map[int]int{}
		for i, list := range perDay {
			if i < WarmUp(seasonDays) && len(list) > 0 {
				t.Fatalf("seed %d: day %d is of the warm-up, and has %v", seed, i, list)
			}
			if i >= WarmUp(seasonDays) {
				kinds[len(list)]++
			}
			checkDay(t, c.Start.Add(time.Duration(i)*fullDay), list)
		}
		if want := map[int]int{0: 3, 1: 3, attacksADay: 6}; !reflect.DeepEqual(kinds, want) {
			t.Errorf("seed %d: got days of %v attacks, want %v", seed, kinds, want)
		}
	}
}

func checkDay(t *testing.T, from time.Time, list []Planned) {
	t.Helper()
	free := from.Add(calm)
	for _, p := range list {
		if p.At.Before(free) {
			t.Errorf("%v comes at %s, want not before %s", p.Scenario, p.At, free)
		}
		end := p.At.Add(scenarioNamed(p.Scenario).last[p.Intensity])
		if end.After(from.Add(fullDay)) {
			t.Errorf("%v lasts until %s, into the next day", p.Scenario, end)
		}
		free = end.Add(apart)
	}
}

func TestSeasonIsTheSeeds(t *testing.T) {
	a, b := seasonConfig("pareto", 5), seasonConfig("lognormal", 5)
	if !reflect.DeepEqual(Season(a, seasonDays), Season(a, seasonDays)) {
		t.Error("one seed gives two plans")
	}
	if reflect.DeepEqual(Season(a, seasonDays), Season(b, seasonDays)) {
		t.Error("two families have one plan")
	}
}

// TestSeasonShort plans runs of a few days, as a gate has them.
func TestSeasonShort(t *testing.T) {
	for days := range 12 {
		c := seasonConfig("lognormal", uint64(days))
		for _, p := range Season(c, days) {
			if end := c.Start.Add(time.Duration(days) * fullDay); !p.At.Before(end) {
				t.Errorf("%d days: %s comes after the end", days, p.Scenario)
			}
		}
	}
}

func TestRegistry(t *testing.T) {
	threats := map[string]bool{"dos": true, "malicious_instance": true, "exploit": true, "leak": true, "takeover": true, "health": true}
	seen := map[string]bool{}
	for _, s := range registry {
		if seen[s.name] {
			t.Errorf("two scenarios are named %s", s.name)
		}
		seen[s.name] = true
		if s.weird == (len(s.threats) > 0) {
			t.Errorf("%s: weird %v, with threats %q", s.name, s.weird, s.threats)
		}
		for _, threat := range s.threats {
			if !threats[threat] {
				t.Errorf("%s: no threat %q", s.name, threat)
			}
		}
		for i, d := range s.last {
			if d <= 0 || d > fullDay-calm {
				t.Errorf("%s lasts %s when %s", s.name, d, Intensity(i))
			}
		}
	}
}
