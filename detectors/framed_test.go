package detectors_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
)

// claim is a delivery in a name, as nginx' log alone tells of it.
func (d *day) claim(at pipeline.Time, host, ip string) {
	d.add(nginxLog, pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointInbox, Status: 202, IP: netip.MustParseAddr(ip), AgentHost: host, Software: "mastodon", Version: "4.5"})
}

func (d *day) alerts(t *testing.T) []pipeline.Alert {
	t.Helper()
	r, err := enginetest.Run(func() *engine.Engine { return lawEngine(false) }, d.streams()[:1], enginetest.Schedule{Cut: 100})
	if err != nil {
		t.Fatal(err)
	}
	return r.Alerts
}

// A peer delivers as it does every day while others flood in its name: its own address is told by nobody.
func TestSplitFramesNobody(t *testing.T) {
	d := newDay(1)
	const honest = "192.0.2.1"
	d.repeat(0, 50*time.Hour, 50*600, func(at pipeline.Time, i int) { d.claim(at, "busy.example", honest) })
	d.repeat(0, 50*time.Hour, 50*600, func(at pipeline.Time, i int) { d.claim(at, "other.example", "192.0.3.1") })
	d.repeat(49*time.Hour, 30*time.Minute, 30*20, func(at pipeline.Time, i int) { d.claim(at, "busy.example", "203.0.113.66") })
	d.repeat(49*time.Hour, 30*time.Minute, 30*20, func(at pipeline.Time, i int) { d.claim(at, "busy.example", "198.51.100.77") })
	for _, a := range d.alerts(t) {
		t.Logf("%s %s %s %s %s | %s", a.Status, a.Severity, a.Detector, a.Entity.Type, a.Entity.Value, a.Summary)
		if a.Entity.Value == honest {
			t.Errorf("%s names the peer's own address", a.Detector)
		}
	}
}

// What forgers do in the name of a busy peer is told by their address, or by nobody's, however much more the peer itself sends.
func TestMixedClaimsFrameNobody(t *testing.T) {
	const honest, forger = "192.0.2.1", "203.0.113.66"
	forged := map[string]func(d *day, at pipeline.Time, i int){
		"sub-domains": func(d *day, at pipeline.Time, i int) { d.claim(at, fmt.Sprintf("s%d.busy.example", i), forger) },
		"new actors": func(d *day, at pipeline.Time, i int) {
			d.claimActor(at, "busy.example", fmt.Sprint("new", i), "", forger)
		},
		"mentions": func(d *day, at pipeline.Time, i int) {
			d.claimActor(at, "busy.example", "new", fmt.Sprint("p", i), forger)
		},
		"follows": func(d *day, at pipeline.Time, i int) {
			d.claimActor(at, "busy.example", fmt.Sprint("new", i), fmt.Sprint("p", i), forger)
		},
		"one actor": func(d *day, at pipeline.Time, i int) { d.claimActor(at, "busy.example", "u1", "", forger) },
		"large ones": func(d *day, at pipeline.Time, i int) {
			d.claimActor(at, "busy.example", "u1", "", forger)
			last := &d.events[nginxLog][len(d.events[nginxLog])-1]
			last.RequestBytes, last.Duration, last.Upstream = 900_000, 5*time.Second, 5*time.Second
		},
		"software": func(d *day, at pipeline.Time, i int) {
			d.claimActor(at, "busy.example", "u1", "", forger)
			d.events[nginxLog][len(d.events[nginxLog])-1].Software = "pleroma"
		},
	}
	for _, what := range slices.Sorted(maps.Keys(forged)) {
		if testing.Short() && what != "sub-domains" {
			continue
		}
		for k := range 4 {
			// With and without key ids, by which names are proven in time; much after two days, and little after one.
			keys, hours, n := k%2 == 0, 50, 180
			if k >= 2 {
				hours, n = 27, 25
			}
			all := time.Duration(hours) * time.Hour
			d := newDay(1)
			d.repeat(0, all, hours*600, func(at pipeline.Time, i int) { d.claimActor(at, "busy.example", fmt.Sprint("u", i%50), "", honest) })
			d.repeat(0, 50*time.Hour, 50*600, func(at pipeline.Time, i int) {
				d.claimActor(at, fmt.Sprintf("o%d.example", i%20), "a", "", "192.0.3.1")
			})
			d.repeat(all-time.Hour, 9*time.Minute, n, func(at pipeline.Time, i int) { forged[what](d, at, i) })
			for i := range d.events[nginxLog] {
				if e := &d.events[nginxLog][i]; !keys {
					e.KeyID, e.KeyHost = "", ""
				}
			}
			for _, a := range d.alerts(t) {
				if strings.Contains(a.Detector, "lost") || strings.Contains(a.Detector, "silent") {
					continue
				}
				t.Logf("%s: %s %s %s %s %s | %s", what, a.Status, a.Severity, a.Detector, a.Entity.Type, a.Entity.Value, a.Summary)
				if a.Entity.Value == honest {
					t.Errorf("%s: %s names the peer's own address", what, a.Detector)
				}
			}
		}
	}
}

func (d *day) claimActor(at pipeline.Time, host, actor, user, ip string) {
	d.claim(at, host, ip)
	e := &d.events[nginxLog][len(d.events[nginxLog])-1]
	e.KeyID, e.KeyHost, e.RequestBytes = "https://"+host+"/users/"+actor, host, 3000
	if user != "" {
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, user
	}
}
