package identity

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A seen is a delivery in Rails' log, and whether it was processed with a good signature.
type seen struct {
	at     pipeline.Time
	key    string
	fresh  bool // its actor was never seen before
	signed bool
}

// A jury shows a log to an Identity and asks it, again and again, about evidence of which it knows the truth.
type jury struct {
	t      *testing.T
	rng    *rand.Rand
	id     *Identity
	seen   []seen
	actors map[string]bool
	asked  int
	proven int
}

func newJury(t *testing.T, rng *rand.Rand) *jury {
	return &jury{t: t, rng: rng, id: New(Options{Secret: pipeline.Secret{1, 2, 3}}), actors: map[string]bool{}}
}

// show shows one line, after the facts about streams that the scene adds.
func (j *jury) show(l *line) {
	e := l.event
	j.id.Enrich(&e)
	if e.Format != pipeline.FormatRails || e.KeyID == "" || e.Level >= pipeline.Corroborated {
		return
	}
	j.seen = append(j.seen, seen{e.Time, e.KeyHost, !j.actors[e.KeyID], l.signed})
	j.actors[e.KeyID] = true
}

// evidence returns the finding whose evidence are the deliveries in name's name of the last seconds, by new actors only if
// so asked, and how many of them were signed.
func (j *jury) evidence(name string, now, window pipeline.Time, fresh bool) (f pipeline.Finding, signed uint64) {
	f = pipeline.Finding{At: now, Since: now, Key: pipeline.Entity{Type: pipeline.EntityDomain, Value: name}}
	f.Evidence.Part = pipeline.Claimed
	for i := len(j.seen) - 1; i >= 0 && j.seen[i].at >= now-window; i-- {
		s := &j.seen[i]
		if s.key != name || fresh && !s.fresh {
			continue
		}
		f.Since = s.at.Floor()
		f.Evidence.Deliveries++
		if s.signed {
			signed++
		}
	}
	return f, signed
}

// ask holds that what is proven is true.
func (j *jury) ask(what, name string, now, window pipeline.Time, fresh bool) bool {
	j.t.Helper()
	f, signed := j.evidence(name, now, window, fresh)
	n := f.Evidence.Deliveries
	if n < leastProven {
		return false
	}
	j.asked++
	if j.id.Level(&f, now) < pipeline.Corroborated {
		return false
	}
	j.proven++
	if 10*signed < 9*n {
		j.t.Fatalf("%s: %s is proven at %v by %d deliveries of %v, of which it signed %d", what, name, now.Sub(t0), n, window.Sub(0), signed)
	}
	return true
}

var windows = [...]pipeline.Time{10 * pipeline.Second, minute, 3 * minute, 10 * minute, 14 * minute}

// A siege is a forger's plan against a server, drawn from a seed.
type siege struct {
	m      *mastodon
	rng    *rand.Rand
	until  pipeline.Time
	all    []request
	streak pipeline.Time // when the forger strikes hardest
}

// rate adds requests at a rate a second, from and to, as make makes them.
func (s *siege) rate(perSecond float64, from, to pipeline.Time, make func(r *request)) {
	if perSecond <= 0 {
		return
	}
	for at := from; ; {
		at += pipeline.Time(s.rng.ExpFloat64() / perSecond * float64(pipeline.Second))
		if at >= to {
			return
		}
		r := request{at: at}
		make(&r)
		s.all = append(s.all, r)
	}
}

// pick returns one of some rates.
func (s *siege) pick(list ...float64) float64 { return list[s.rng.IntN(len(list))] }

const forger = "forger.example"

func newSiege(seed uint64) *siege {
	rng := rand.New(rand.NewPCG(seed, 7))
	s := &siege{rng: rng, until: t0 + 15*minute}
	s.m = &mastodon{rng: rng, threads: 3 + rng.IntN(25), service: s.pick(0.01, 0.05, 0.2, 1), slow: s.pick(0.01, 0.1, 0.5),
		fails: s.pick(0, 0, 0.05, 0.3), nginx: rng.IntN(4) > 0}
	if rng.IntN(3) == 0 {
		s.m.drops = 0.01
	}
	if s.m.nginx && rng.IntN(3) == 0 {
		s.m.lacks = s.pick(0.01, 0.1)
	}
	if at := t0 + pipeline.Time(2+rng.IntN(10))*minute; rng.IntN(3) == 0 {
		s.m.rests = [2]pipeline.Time{at, at + pipeline.Time(2+rng.IntN(30))*pipeline.Second}
	}
	s.streak = t0 + pipeline.Time(3+rng.IntN(10))*minute
	s.honest()
	s.forge()
	for i := range s.all {
		s.m.take(&s.all[i])
	}
	var restarts []pipeline.Time
	for at := t0; s.m.fails > 0 && at < s.until; {
		at += pipeline.Time(1+rng.IntN(10)) * minute
		restarts = append(restarts, at)
	}
	s.m.work(t0, restarts)
	return s
}

// honest lets peers deliver, the victim among them, and people use the server.
func (s *siege) honest() {
	own := func(key string, actors int) func(r *request) {
		return func(r *request) { r.key, r.actor, r.jobs, r.own = key, s.rng.IntN(actors), processing, true }
	}
	s.rate(s.pick(0.1, 1), t0, s.until, own("peer.example", 30))
	s.rate(s.pick(0, 1, 10, 20), t0, s.until, own(victim, 50))
	s.rate(s.pick(0, 0, 0.05, 1), t0, s.until, func(r *request) { r.jobs = "DistributionWorker" })
	s.rate(s.pick(0, 0, 0.05, 1), t0, s.until, func(r *request) { r.key, r.status = "gone.example", 401 })
}

// forge lets the forger do some of what he knows to do.
func (s *siege) forge() {
	from, to := t0, s.until
	if s.rng.IntN(3) > 0 {
		from, to = s.streak, s.streak+pipeline.Time(5+s.rng.IntN(90))*pipeline.Second
	}
	deletes := func(r *request) { r.key, r.actor = victim, 1000+s.rng.IntN(100_000) }
	s.rate(s.pick(0.2, 1, 5, 30), from, to, deletes)
	if s.rng.IntN(2) == 0 { // in the tail of a span
		s.rate(50, to-3*pipeline.Second, to+3*pipeline.Second, deletes)
	}
	own := s.pick(0, 1, 10, 30)
	give, hold := s.rng.IntN(2) == 0, s.rng.IntN(2) == 0
	s.rate(own, from-minute, to, func(r *request) { // his own, of which he tries to hide the lines
		r.key, r.actor, r.jobs, r.own = forger, s.rng.IntN(10), processing, true
		if give {
			r.abort = pipeline.Time(s.rng.IntN(300)) * millisecond
		}
		if hold {
			r.held = 40 * pipeline.Second
		}
	})
	s.rate(s.pick(0, 5), from, to, func(r *request) { r.key, r.jobs = victim, "ActivityPub::LowPriorityWorker" })
	s.rate(s.pick(0, 5), from, to, func(r *request) { r.key, r.status = victim, 401 })
}

// TestJobsProveNoForgery plays forgers against the model, and asks about the victim all the time, in all windows: whatever is
// proven of a name, its owner signed nine tenths of it.
func TestJobsProveNoForgery(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 12
	}
	asked, proven := 0, 0
	for seed := range seeds {
		s := newSiege(seed)
		j := newJury(t, s.rng)
		what := fmt.Sprint("seed ", seed)
		next := t0
		for _, l := range s.m.log() {
			for ; next <= l.event.Time; next += pipeline.Second {
				j.askAll(what, next)
			}
			j.show(&l)
			if s.rng.IntN(200) == 0 {
				j.askAll(what, l.event.Time)
			}
		}
		asked, proven = asked+j.asked, proven+j.proven
	}
	t.Logf("asked %d times, %d proven", asked, proven)
	if proven == 0 {
		t.Error("nothing was ever proven: the test can't fail")
	}
}

func (j *jury) askAll(what string, now pipeline.Time) {
	j.t.Helper()
	w := windows[j.rng.IntN(len(windows))]
	j.ask(what, victim, now, w, j.rng.IntN(2) == 0)
	if j.rng.IntN(4) == 0 {
		j.ask(what, forger, now, w, false)
	}
}
