package detectors_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	victim      = "victim.example"
	victimHome  = "192.0.2.10"
	forgerHome  = "203.0.113.66"
	neighbour   = "192.0.2.66" // in the victim's /24
	honestEvery = 10 * time.Minute
)

// A forgery is what somebody sends from an address in the victim's name.
type forgery struct {
	name  string
	known time.Duration // how long the victim has delivered before
	from  string
	pace  time.Duration // of patient forged deliveries, from the second hour on; zero for none
	agent bool          // the agent names the victim
	key   bool          // the key id names the victim
	rails bool          // a stock Rails log is read too
	busy  bool          // the victim delivers 100 a minute while the flood lasts
}

// TestNobodyIsFramed plays the forgers against all detectors: whatever they send in the victim's name, and
// however patiently, no alert names the victim or one of its actors; and the flood is told of.
func TestNobodyIsFramed(t *testing.T) {
	const days = 24 * time.Hour
	for _, f := range []forgery{
		{name: "an agent that names another server", known: 5 * days, from: forgerHome, agent: true},
		{name: "a key id, with Deletes answered 202", known: 5 * days, from: forgerHome, key: true},
		{name: "agent and key id", known: 5 * days, from: forgerHome, agent: true, key: true},
		{name: "mixed into a big honest peer's traffic", known: 5 * days, from: forgerHome, agent: true, key: true, busy: true},
		{name: "three patient days", known: 5 * days, from: forgerHome, agent: true, key: true, pace: 20 * time.Minute},
		{name: "a neighbour's address", known: 5 * days, from: neighbour, agent: true, key: true, pace: time.Hour},
		{name: "with a stock Rails log", known: 5 * days, from: forgerHome, key: true, rails: true},
		{name: "with a stock Rails log and a busy victim", known: 5 * days, from: forgerHome, agent: true, key: true, rails: true, busy: true},
		{name: "before the victim is established", known: 2 * days, from: forgerHome, agent: true, key: true, pace: 10 * time.Minute},
	} {
		t.Run(f.name, func(t *testing.T) { f.play(t) })
	}
}

func (f *forgery) play(t *testing.T) {
	s := &stage{t: t, engine: newTestEngine(), seq: map[pipeline.StreamID]uint64{}}
	var alerts []pipeline.Alert
	s.heard = func(a *pipeline.Alert) { alerts = append(alerts, *a) }
	f.prepare(s)
	f.flood(s)
	told := false
	for i := range alerts {
		a := &alerts[i]
		if named(a.Entity) || (a.Proven != nil && named(*a.Proven)) {
			t.Errorf("%s names the victim: %s", a.Detector, a.Summary)
		}
		told = told || a.Detector == "domain_flood"
	}
	if !told {
		t.Error("nobody was told of the flood")
	}
}

// honestActor is one of ten that the victim has.
func honestActor(i int) string { return string(rune('a' + i%10)) }

func named(e pipeline.AlertEntity) bool {
	return e.Type.IsName() && strings.Contains(e.Value, victim)
}

// prepare lets the victim deliver, day and night, and the patient forger with it.
func (f *forgery) prepare(s *stage) {
	next := time.Hour
	for at := time.Duration(0); at < f.known; at += honestEvery {
		f.deliver(s, at, victimHome, true, true, honestActor(int(at/honestEvery)))
		for f.pace > 0 && next <= at {
			f.deliver(s, at, f.from, f.agent, f.key, "forged")
			next += f.pace
		}
	}
}

// flood sends 1,200 forged deliveries in two minutes, among honest ones if the victim is busy.
func (f *forgery) flood(s *stage) {
	const n = 1200
	for i := range n {
		at := f.known + 2*time.Minute*time.Duration(i)/n
		f.deliver(s, at, f.from, f.agent, f.key, "forged")
		if f.busy && i%6 == 0 {
			f.deliver(s, at, victimHome, true, true, honestActor(i/6))
		}
	}
}

// deliver puts one delivery into nginx' log and, if it is read, into Rails'.
func (f *forgery) deliver(s *stage, at time.Duration, from string, agent, key bool, actor string) {
	fields := map[string]string{"format": "nginx", "method": "POST", "endpoint": "inbox", "status": "202", "ip": from}
	if agent {
		fields["agent"] = victim
	} else {
		fields["agent"] = "elsewhere.example"
	}
	if key {
		fields["key"] = "https://" + victim + "/users/" + actor
	}
	if f.rails && key {
		s.put(clock.Add(at), map[string]string{"format": "rails", "method": "POST", "endpoint": "inbox", "status": "202", "key": fields["key"]})
	}
	s.put(clock.Add(at), fields)
}
