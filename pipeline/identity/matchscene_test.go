package identity

import (
	"math/rand/v2"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A scene is one trick, or one honest flood, on a server of its own.
type scene struct {
	name   string
	proves bool // some evidence is proven at some time, and truly
	server func(m *mastodon)
	play   func(s *siege)
	facts  []pipeline.Event // about streams
	hides  bool             // lines between the first fact and the last are not read
}

const strike = 4 * minute // after t0

func deletesOf(name string) func(r *request) {
	return func(r *request) { r.key, r.actor = name, 7 }
}

func signedBy(name string) func(r *request) {
	return func(r *request) { r.key, r.jobs, r.own = name, processing, true }
}

func fact(after pipeline.Time, stream string, state pipeline.StreamState) pipeline.Event {
	return pipeline.Event{Time: t0 + after, Kind: pipeline.KindStream, Stream: pipeline.StreamID(stream), Fact: pipeline.StreamFact{State: state, Lines: 1}}
}

// flood lets the name deliver at a rate, for long.
func (s *siege) flood(name string, perSecond float64, long pipeline.Time) {
	s.rate(perSecond, t0+strike, t0+strike+long, signedBy(name))
}

// claim lets somebody send Deletes in the name.
func (s *siege) claim(name string, perSecond float64, from, long pipeline.Time) {
	s.rate(perSecond, t0+from, t0+from+long, deletesOf(name))
}

func scenes() []scene {
	return []scene{
		{name: "an honest flood", proves: true, play: func(s *siege) { s.flood(victim, 20, minute) }},
		{name: "an honest pulse", proves: true, play: func(s *siege) { s.flood(victim, 30, 5*pipeline.Second) }},
		{name: "an honest flood that Sidekiq is too slow for, until it has caught up", proves: true, play: func(s *siege) { s.flood(victim, 40, minute) },
			server: func(m *mastodon) { m.threads, m.service = 5, 0.5 }},
		{name: "an honest flood whose jobs fail and come again", proves: true, play: func(s *siege) { s.flood(victim, 20, minute) },
			server: func(m *mastodon) { m.fails = 0.3 }},
		{name: "an honest flood beside a few Deletes", proves: true, play: func(s *siege) {
			s.flood(victim, 20, minute)
			s.claim(victim, 0.5, strike, minute)
		}},
		{name: "Deletes alone", play: func(s *siege) { s.claim(victim, 20, strike, minute) }},
		{name: "Deletes beside a flood of the forger's own", play: func(s *siege) {
			s.claim(victim, 20, strike, minute)
			s.flood(forger, 40, minute)
		}},
		{name: "a fifth of Deletes", play: func(s *siege) {
			s.flood(victim, 20, minute)
			s.claim(victim, 5, strike, minute)
		}},
		{name: "Deletes in the tail of an honest flood", proves: true, play: func(s *siege) {
			s.flood(victim, 10, minute)
			s.claim(victim, 400, strike+57*pipeline.Second, 3*pipeline.Second)
		}},
		{name: "lines held back", play: func(s *siege) {
			s.claim(victim, 20, strike, minute)
			s.rate(20, t0+strike, t0+strike+minute, func(r *request) { signedBy(forger)(r); r.held = 10 * minute })
		}},
		{name: "requests given up after their jobs were made", server: func(m *mastodon) { m.slow = 2 }, play: func(s *siege) {
			s.claim(victim, 20, strike, minute)
			s.rate(20, t0+strike-minute/2, t0+strike+minute, func(r *request) { signedBy(forger)(r); r.abort = millisecond })
		}},
		{name: "retries of jobs from before", server: func(m *mastodon) { m.fails = 0.9 }, play: func(s *siege) {
			s.rate(20, t0+strike-2*minute, t0+strike-20*pipeline.Second, signedBy(forger))
			s.claim(victim, 10, strike, minute)
		}},
		{name: "a backlog that never ends", server: func(m *mastodon) { m.threads, m.service = 4, 0.5 }, play: func(s *siege) {
			s.rate(20, t0, t0+strike, signedBy(forger))
			s.claim(victim, 10, strike, minute)
		}},
		{name: "Sidekiq rests for a while, and Deletes come when it goes on", server: func(m *mastodon) {
			m.rests = [2]pipeline.Time{t0 + strike - 10*pipeline.Second, t0 + strike}
		}, play: func(s *siege) {
			s.rate(20, t0+strike-minute, t0+strike, signedBy(forger))
			s.claim(victim, 10, strike, minute/2)
		}},
		{name: "a quiet Sidekiq rests for a minute, and Deletes come when it goes on", server: func(m *mastodon) {
			m.rests = [2]pipeline.Time{t0 + strike - minute, t0 + strike}
		}, play: func(s *siege) {
			s.rate(1, t0+strike-2*minute, t0+strike, signedBy(forger))
			s.claim(victim, 10, strike, 7*pipeline.Second)
		}},
		{name: "an honest flood after Sidekiq rested", proves: true, server: func(m *mastodon) {
			m.rests = [2]pipeline.Time{t0 + strike - 5*pipeline.Second, t0 + strike}
		}, play: func(s *siege) { s.flood(victim, 20, minute) }},
		{name: "jobs of another class", play: func(s *siege) {
			s.rate(20, t0+strike, t0+strike+minute, func(r *request) { r.key, r.jobs = victim, "ActivityPub::LowPriorityWorker" })
		}},
		{name: "invented actors mixed into a big honest peer", proves: true, play: func(s *siege) {
			s.flood(victim, 40, minute)
			s.rate(1, t0+strike, t0+strike+minute, func(r *request) { r.key, r.actor = victim, s.rng.IntN(100_000) })
		}},
		{name: "refused deliveries of invented actors mixed into an honest flood", play: func(s *siege) {
			s.flood(victim, 20, minute)
			s.rate(5, t0+strike, t0+strike+minute, func(r *request) { r.key, r.status, r.actor = victim, 401, s.rng.IntN(100_000) })
		}},
		{name: "people post beside an honest flood", play: func(s *siege) {
			s.flood(victim, 20, minute)
			s.rate(5, t0, t0+2*strike, func(r *request) { r.jobs = "DistributionWorker" })
		}},
		{name: "Rails' log can't be read for a while", hides: true, play: func(s *siege) {
			s.rate(20, t0+strike, t0+strike+minute, signedBy(forger))
			s.claim(victim, 20, strike, 2*minute)
		}, facts: []pipeline.Event{fact(strike-2*pipeline.Second, "rails", pipeline.StreamLost), fact(strike+40*pipeline.Second, "rails", pipeline.StreamRejoined)}},
		{name: "lines of Rails' log are lost", hides: true, play: func(s *siege) {
			s.flood(victim, 20, 2*minute)
			s.claim(victim, 10, strike, 2*minute)
		}, facts: []pipeline.Event{fact(strike-2*pipeline.Second, "rails", pipeline.StreamGap), fact(strike+40*pipeline.Second, "rails", pipeline.StreamGap)}},
	}
}

// lines plays the scene on a server and returns it with its logs.
func (c *scene) lines(seed uint64, nginx bool) (*siege, []line) {
	rng := rand.New(rand.NewPCG(seed, 8))
	s := &siege{rng: rng, until: t0 + 2*strike}
	s.m = &mastodon{rng: rng, threads: 15, service: 0.05, slow: 0.02, nginx: nginx}
	if c.server != nil {
		c.server(s.m)
	}
	s.rate(0.3, t0, s.until, signedBy("peer.example"))
	c.play(s)
	for i := range s.all {
		s.m.take(&s.all[i])
	}
	s.m.work(t0, nil)
	return s, s.m.log()
}

func (c *scene) run(t *testing.T, seed uint64, nginx bool) {
	s, lines := c.lines(seed, nginx)
	j := newJury(t, s.rng)
	facts, next, proven := c.facts, t0, false
	for _, l := range lines {
		for ; next <= l.event.Time && next < s.until; next += pipeline.Second {
			for _, w := range windows {
				proven = j.ask(c.name, victim, next, w, false) || proven
				proven = j.ask(c.name, victim, next, w, true) || proven
			}
		}
		for len(facts) > 0 && facts[0].Time <= l.event.Time {
			j.id.Hear(&facts[0])
			facts = facts[1:]
		}
		if c.hides && len(facts) > 0 && len(facts) < len(c.facts) && l.event.Format == pipeline.FormatRails {
			continue
		}
		j.show(&l)
	}
	if proven != c.proves {
		t.Errorf("%s, nginx %v, seed %d: the victim is proven: got %v, want %v", c.name, nginx, seed, proven, c.proves)
	}
}

// TestScenesOfJobs plays each trick by itself, and floods that are honest: they are proven, or the proof is of no use.
func TestScenesOfJobs(t *testing.T) {
	for _, c := range scenes() {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(2) {
				c.run(t, seed, seed == 0)
			}
		})
	}
}
