package identity

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A move is an event, and whose it is.
type move struct {
	forged bool
	event  pipeline.Event
}

// playForger plays moves in time order and holds that no forged one is corroborated for the victim, and
// that the honest ones have the levels which they have without the forger.
func playForger(t *testing.T, moves []move) (honest map[pipeline.Attribution]int) {
	t.Helper()
	with, without := New(Options{}), New(Options{})
	honest = map[pipeline.Attribution]int{}
	for i, m := range moves {
		e := m.event
		with.Enrich(&e)
		if m.forged {
			if e.Site == victim && e.Level >= pipeline.Corroborated {
				t.Fatalf("move %d, %v after the start: a forged event from %v is %v for the victim", i, e.Time.Sub(t0), e.IP, e.Level)
			}
			continue
		}
		alone := m.event
		without.Enrich(&alone)
		honest[e.Level]++
		if e.Level != alone.Level {
			t.Fatalf("move %d, %v after the start: an honest event is %v, without the forger it was %v", i, e.Time.Sub(t0), e.Level, alone.Level)
		}
	}
	return honest
}

// A play builds moves: time goes on by steps, and whoever acts in a step adds a move.
type play struct {
	at    pipeline.Time
	moves []move
}

func (p *play) honest(e *pipeline.Event) { p.moves = append(p.moves, move{false, *e}) }
func (p *play) forged(e *pipeline.Event) { p.moves = append(p.moves, move{true, *e}) }

func (p *play) delivers() { p.honest(nginx(p.at, victimAddr, victim, "")) }

// run lets time go on to end, in steps.
func (p *play) run(end, step pipeline.Time, act func(i int)) {
	for i := 0; p.at < end; i++ {
		act(i)
		p.at += step
	}
}

// TestForger plays the forger's scenes. In each, the honest victim ends corroborated, and no forged event ever
// is.
func TestForger(t *testing.T) {
	scenes := map[string]func(p *play){
		"an agent that names another server": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+hour, minute/4, func(i int) {
				if i%8 == 0 {
					p.delivers()
				}
				p.forged(nginx(p.at, forgerAddr, victim, ""))
			})
		},
		"a key id that names another server, with forged Deletes answered 202": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+hour, minute/4, func(i int) {
				if i%8 == 0 {
					p.delivers()
				}
				p.forged(nginx(p.at, forgerAddr, "", victim))
				p.forged(nginx(p.at, forgerAddr, "forger.example", victim))
				p.forged(nginx(p.at, forgerAddr, victim, victim))
				p.forged(nginx(p.at, forgerAddr, victim, "forger.example"))
			})
		},
		"a key id in Rails, without a word of it in nginx": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+3*day, 7*minute, func(int) {
				p.forged(rails(p.at, victim))
				p.forged(rails(p.at+1, victim))
			})
			p.delivers()
		},
		"mixed into a big honest peer's traffic": func(p *play) {
			p.run(t0+4*day, minute/2, func(int) { p.delivers() })
			p.run(p.at+2*hour, minute/100, func(i int) {
				p.delivers()
				if i%10 == 0 {
					p.forged(nginx(p.at, forgerAddr, victim, ""))
					p.forged(nginx(p.at, forgerAddr, victim, victim))
				}
			})
		},
		"three patient days from a new address": patient(3*day, hour),
		"forty patient days from a new address": patient(40*day, hour),
		"forty patient days while the victim speaks once in 29 days": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+40*day, hour/4, func(i int) {
				if i%(29*24*4) == 0 {
					p.delivers()
				}
				p.forged(nginx(p.at, forgerAddr, victim, ""))
			})
			p.delivers()
		},
		"a neighbour in the same /24": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+5*day, hour/2, func(int) {
				p.delivers()
				p.forged(nginx(p.at, "198.51.100.8", victim, ""))
				p.forged(nginx(p.at, "::ffff:198.51.100.9", victim, ""))
			})
		},
		"active before the victim's three days are over": func(p *play) {
			p.delivers()
			p.run(t0+5*day, hour/2, func(int) {
				p.forged(nginx(p.at, forgerAddr, victim, ""))
				p.delivers()
			})
		},
		"busy from the second moment on, beside a victim that rarely speaks": func(p *play) {
			p.delivers()
			p.run(t0+30*day, minute*10, func(i int) {
				p.forged(nginx(p.at, forgerAddr, victim, ""))
				if i%72 == 0 {
					p.delivers()
				}
			})
		},
		"from more addresses than are noted": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+5*day, minute*10, func(i int) {
				p.forged(nginx(p.at, fmt.Sprintf("203.0.113.%d", i%200), victim, ""))
				if i%6 == 0 {
					p.delivers()
				}
			})
		},
		"by a sub-domain of the victim": func(p *play) {
			p.run(t0+4*day, hour/2, func(int) { p.delivers() })
			p.run(p.at+4*day, hour, func(int) {
				p.forged(nginx(p.at, forgerAddr, "x."+victim, ""))
				p.delivers()
			})
		},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			p := &play{at: t0}
			scene(p)
			honest := playForger(t, p.moves)
			if honest[pipeline.Corroborated] == 0 {
				t.Errorf("the victim's own events: got %v, want some corroborated", honest)
			}
		})
	}
}

func patient(long, step pipeline.Time) func(p *play) {
	return func(p *play) {
		p.run(t0+4*day, hour/2, func(int) { p.delivers() })
		p.run(p.at+long, step, func(i int) {
			if i%3 == 0 {
				p.delivers()
			}
			p.forged(nginx(p.at, forgerAddr, victim, ""))
			p.forged(nginx(p.at+1, forgerAddr, "", victim))
		})
	}
}

// TestForgerAtRandom lets a forger who knows everything but the victim's address do anything at any time, after
// the victim was first heard, while the victim speaks at least once in 29 days.
func TestForgerAtRandom(t *testing.T) {
	corroborated := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		p := &play{at: t0}
		p.delivers()
		eager, scale := rng.IntN(10), []pipeline.Time{minute, 10 * minute, hour, 5 * hour, 2 * day}[rng.IntN(5)]
		last := p.at
		for range 3000 {
			p.at += pipeline.Time(rng.Int64N(int64(scale)))
			if p.at-last > 26*day || rng.IntN(10) >= eager {
				p.delivers()
				last = p.at
				continue
			}
			p.forged(forgery(rng, p.at))
		}
		corroborated += playForger(t, p.moves)[pipeline.Corroborated]
	}
	if corroborated < 10_000 {
		t.Errorf("honest events that are corroborated: got %d, want many", corroborated)
	}
}

func forgery(rng *rand.Rand, at pipeline.Time) *pipeline.Event {
	ip := []string{forgerAddr, "198.51.100.8", "203.0.113.67", "2001:db8::66", "10.0.0.1"}[rng.IntN(5)]
	names := []string{victim, "", "forger.example", "a." + victim, "VICTIM.example.:443", "localhost"}
	e := nginx(at, ip, names[rng.IntN(len(names))], names[rng.IntN(len(names))])
	e.Status = []uint16{202, 202, 202, 200, 401, 404, 500}[rng.IntN(7)]
	if rng.IntN(4) == 0 {
		e.Method = pipeline.MethodGet
	}
	return e
}

// TestSilentVictim holds the one way that DESIGN leaves: a name whose owner was silent for 30 days is like one
// that nobody ever used. It takes as long as the words say, not less.
func TestSilentVictim(t *testing.T) {
	id, at := known(t)
	start := at
	for ; at < start+60*day; at += hour / 2 {
		if levelOf(id, nginx(at, forgerAddr, victim, "")) == pipeline.Corroborated {
			break
		}
	}
	if after := at - start; after < 32*day {
		t.Errorf("a forger stands for a silent name after: got %.1f days, want 32 at least", float64(after)/float64(day))
	}
}
