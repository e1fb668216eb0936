//go:build linux

package detectors_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A planted attack goes on while somebody invents keys: one event in so many is its own.
type planted struct {
	detector string // that must tell of it
	addr     string
	perSec   int
	make     func(e *pipeline.Event, i int)
}

var plantedAttacks = []planted{
	{"domain_flood", "203.0.113.66", 10, func(e *pipeline.Event, i int) {
		e.AgentHost, e.KeyHost, e.KeyID = "loud.example", "loud.example", fmt.Sprintf("https://loud.example/users/u%d#main-key", i%5)
	}},
	{"ip_flood", "203.0.114.67", 40, func(e *pipeline.Event, i int) {
		e.Method, e.Endpoint, e.Status = pipeline.MethodGet, pipeline.EndpointTimeline, 200
	}},
	{"login_bruteforce", "203.0.115.68", 2, func(e *pipeline.Event, i int) {
		e.Endpoint, e.Status = pipeline.EndpointSignIn, 422
	}},
	{"signature_failures", "203.0.116.69", 4, func(e *pipeline.Event, i int) {
		e.AgentHost, e.KeyHost, e.KeyID, e.Status = "sloppy.example", "sloppy.example", "https://sloppy.example/users/u#main-key", 401
	}},
	{"new_actor_burst", "203.0.117.70", 4, func(e *pipeline.Event, i int) {
		e.AgentHost, e.KeyHost, e.KeyID = "open.example", "open.example", fmt.Sprintf("https://open.example/users/fresh%d#main-key", i)
		e.RequestBytes = 3000
	}},
}

// TestDelugeHidesNothing invents 100,000 keys a second, of every kind at once, and plants attacks among them: each is told
// of, by its own detector, with the attacker's address.
func TestDelugeHidesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of events")
	}
	s := &stage{t: t, engine: newTestEngine(), seq: map[pipeline.StreamID]uint64{}}
	r := &resident{feed: &feed{at: clock}, rng: rand.New(rand.NewPCG(17, 18))}
	told := map[string]time.Duration{}
	began := clock.Add(100 * time.Hour)
	s.heard = func(a *pipeline.Alert) {
		for _, p := range plantedAttacks {
			if a.Detector == p.detector && a.Entity.Value == p.addr && a.Severity >= pipeline.SeverityMedium {
				if _, known := told[p.addr]; !known {
					told[p.addr] = a.At.Time.Sub(began)
				}
			}
		}
	}
	for i := 0; clock.Add(time.Duration(i)*4*time.Second) < began; i++ {
		at := clock.Add(time.Duration(i) * 4 * time.Second)
		r.bring(s, at, r.peer)
		if i%2500 == 0 { // three of its people are known, before the others come
			r.bring(s, at, func(e *pipeline.Event) { plantedAttacks[4].event(e, -1-i/2500%3) })
		}
	}
	const perSecond, seconds = 100_000, 12
	for i := range perSecond * seconds {
		at := began.Add(time.Duration(i) * time.Second / perSecond)
		r.bring(s, at, r.invented)
		for k := range plantedAttacks {
			if p := &plantedAttacks[k]; i%(perSecond/p.perSec) == 0 {
				r.bring(s, at, func(e *pipeline.Event) { p.event(e, i/(perSecond/p.perSec)) })
			}
		}
	}
	for _, p := range plantedAttacks {
		after, ok := told[p.addr]
		if !ok {
			t.Errorf("%s did not tell of %s", p.detector, p.addr)
			continue
		}
		t.Logf("%s: told after %s", p.detector, after.Round(time.Millisecond))
	}
}

func (p *planted) event(e *pipeline.Event, i int) {
	e.IP = netip.MustParseAddr(p.addr)
	p.make(e, i)
}

// bring hands over one event, as of nginx' log, that of fills in.
func (r *resident) bring(s *stage, at pipeline.Time, of func(e *pipeline.Event)) {
	e := &pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox, Status: 202}
	of(e)
	s.bring(at, "nginx", e)
}
