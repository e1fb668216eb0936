package simulate

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// effects says how each weird scenario shows in the logs, as a count and what it must at least or at most be.
var effects = map[string]func(t *testing.T, r *ran, e *told) (what string, ok bool){
	"our_outage": func(t *testing.T, r *ran, e *told) (string, bool) {
		return "a delivery is accepted in the outage", !r.any(e, 9*time.Minute, func(l *accessLine) bool { return l.status == "202" })
	},
	"peer_outage": func(t *testing.T, r *ran, e *told) (string, bool) {
		from, to := e.span()
		return "who is down sends", !r.any(e, to.Sub(from)*3/4, e.sentBy)
	},
	"delete_storm":        atLeast(450, "Deletes", func(e *told, l *accessLine) bool { return e.sentBy(l) }),
	"peer_upgrade":        func(t *testing.T, r *ran, e *told) (string, bool) { return "no agent changes", r.agentsChange(e) },
	"peer_migration":      atLeast(10, "refusals of a new address", func(e *told, l *accessLine) bool { return slices.Contains(e.Names, l.ip) && l.status == "401" }),
	"new_bot":             atLeast(140, "posts", func(e *told, l *accessLine) bool { return e.sentBy(l) }),
	"viral_local_post":    atLeast(200, "reads", func(e *told, l *accessLine) bool { return strings.HasPrefix(l.uri, "/@") }),
	"viral_remote_thread": atLeast(200, "deliveries", func(e *told, l *accessLine) bool { return strings.HasSuffix(l.uri, "/inbox") }),
	"account_move": atLeast(100, "follows", func(e *told, l *accessLine) bool {
		return strings.HasPrefix(l.uri, "/users/") && strings.HasSuffix(l.uri, "/inbox")
	}),
	"influx_day":       atLeast(100, "sign-ups", func(e *told, l *accessLine) bool { return l.uri == "/auth" }),
	"conference":       atLeast(500, "requests of one address", func(e *told, l *accessLine) bool { return slices.Contains(e.Names, l.ip) }),
	"verified_crawler": atLeast(1000, "pages", func(e *told, l *accessLine) bool { return strings.Contains(l.agent, "Googlebot") }),
	"new_relay":        atLeast(500, "boosts", func(e *told, l *accessLine) bool { return e.sentBy(l) }),
	"relay_gone": func(t *testing.T, r *ran, e *told) (string, bool) {
		return "who is gone sends", !r.any(e, 30*fullDay, e.sentBy)
	},
	"nightly_jobs": func(t *testing.T, r *ran, e *told) (string, bool) {
		return "few jobs clean up", bytes.Count(r.sidekiq.Bytes(), []byte("VacuumScheduler")) > 50
	},
	"our_deploy": func(t *testing.T, r *ran, e *told) (string, bool) {
		return "no process is new", len(r.pids(e)) > 1
	},
	"season_change": func(t *testing.T, r *ran, e *told) (string, bool) {
		usual := len(r.like(t).during(e))
		ratio := float64(len(r.during(e))) / float64(max(1, usual))
		return "the day is as usual", ratio < 0.9 || ratio > 1.1
	},
	"restart_backlog": func(t *testing.T, r *ran, e *told) (string, bool) {
		from, to := e.span()
		half := from.Add(to.Sub(from) / 2)
		return "jobs start while Sidekiq stands still, or none after", r.starts(from.Add(time.Second), half) == 0 && r.starts(half, to) > 0
	},
}

func atLeast(n int, what string, holds func(e *told, l *accessLine) bool) func(t *testing.T, r *ran, e *told) (string, bool) {
	return func(t *testing.T, r *ran, e *told) (string, bool) {
		got := 0
		for _, l := range r.during(e) {
			if holds(e, &l) {
				got++
			}
		}
		return "few " + what, got >= n
	}
}

func (t *told) sent(l accessLine) bool { return t.sentBy(&l) }

// sentBy reports whether a line is a delivery by one of the servers that e is about.
func (t *told) sentBy(l *accessLine) bool {
	host := l.keyHost()
	return strings.HasSuffix(l.uri, "/inbox") && host != "" && slices.Contains(t.Names, siteOf(host))
}

// any reports whether a line of the first d of e holds something. A request that began before may end within.
func (r *ran) any(e *told, d time.Duration, holds func(*accessLine) bool) bool {
	from, _ := e.span()
	return slices.ContainsFunc(r.lines, func(l accessLine) bool {
		return l.at.After(from.Add(15*time.Second)) && l.at.Before(from.Add(d)) && holds(&l)
	})
}

// agentsChange reports whether one of the servers that e is about has two agents.
func (r *ran) agentsChange(e *told) bool {
	agents := map[string]string{}
	for _, l := range r.lines {
		if !e.sentBy(&l) {
			continue
		}
		if was, ok := agents[l.keyHost()]; ok && was != l.agent {
			return true
		}
		agents[l.keyHost()] = l.agent
	}
	return false
}

// like runs the same world, in which nothing happens.
func (r *ran) like(t *testing.T) *ran {
	t.Helper()
	c := r.config
	c.Plan = nil
	other := &ran{}
	if _, err := Run(c, Sinks{Nginx: &other.nginx}); err != nil {
		t.Fatal(err)
	}
	other.read(t)
	return other
}

// pids returns the process numbers of the jobs that start in e's time, and five minutes before and after.
func (r *ran) pids(e *told) map[string]bool {
	from, to := e.span()
	found := map[string]bool{}
	for _, j := range r.jobs {
		if j.at.After(from.Add(-5*time.Minute)) && j.at.Before(to.Add(5*time.Minute)) {
			found[j.pid] = true
		}
	}
	return found
}

// starts counts the jobs that start from one time to another.
func (r *ran) starts(from, to time.Time) int {
	n := 0
	for _, j := range r.jobs {
		if !j.at.Before(from) && j.at.Before(to) {
			n++
		}
	}
	return n
}

// TestWeird holds every weird scenario, as large and as small as it comes, to what it is said to do.
func TestWeird(t *testing.T) {
	for _, at := range intensities() {
		plan, days := oneAfterTheOther(at, true)
		r := run(t, uint64(at)+20, days, plan)
		for i := range r.events {
			e := &r.events[i]
			t.Run(e.Scenario+"/"+at.String(), func(t *testing.T) {
				checkWeird(t, r, e, plan[i])
			})
		}
	}
}

func checkWeird(t *testing.T, r *ran, e *told, p Planned) {
	t.Helper()
	from, to := e.span()
	if e.Kind != "weird" || e.Scenario != p.Scenario || !from.Equal(p.At) || !to.Equal(p.At.Add(scenarioNamed(p.Scenario).last[p.Intensity])) {
		t.Errorf("got %s %s from %s to %s, planned %v", e.Kind, e.Scenario, from, to, p)
	}
	for _, name := range e.Names {
		_, honest := r.sites[name] // one that has not yet written to us is not listed
		if _, err := netip.ParseAddr(name); err != nil && !honest && slices.ContainsFunc(r.lines, (&told{Names: []string{name}}).sent) {
			t.Errorf("%s is concerned, and is neither an honest site nor an address", name)
		}
	}
	effect := effects[e.Scenario]
	if effect == nil {
		t.Fatal("nobody says how it shows")
	}
	if what, ok := effect(t, r, e); !ok {
		t.Error(what)
	}
}
