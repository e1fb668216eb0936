package simulate

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// small is a world that a test can afford.
func small(family string) Config {
	return Config{Seed: 7, Family: family, Peers: 300, Days: 1, Nginx: "json", Rails: "verified", Sidekiq: 8}
}

// live runs a world after play had a look at it, as a scenario's.
func live(t *testing.T, c Config, play func(w *World)) (access, rails, sidekiq string, m Marginals) {
	t.Helper()
	var a, r, k bytes.Buffer
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	s := newSim(c, Sinks{Nginx: &a, Rails: &r, Sidekiq: &k})
	play(s.newWorld("toy", c.Start))
	s.run()
	if err := s.finish(nil); err != nil {
		t.Fatal(err)
	}
	return a.String(), r.String(), k.String(), s.marginals()
}

func nothing(*World) {}

// TestSinksDoNotMatter shows that a log's bytes, and what is counted, do not depend on which others are written.
func TestSinksDoNotMatter(t *testing.T) {
	for _, family := range []string{"lognormal", "pareto"} {
		var all, one [3]bytes.Buffer
		c := small(family)
		want, err := Run(c, Sinks{Nginx: &all[0], Rails: &all[1], Sidekiq: &all[2]})
		if err != nil {
			t.Fatal(err)
		}
		for i, sinks := range []Sinks{{Nginx: &one[0]}, {Rails: &one[1]}, {Sidekiq: &one[2]}} {
			got, err := Run(c, sinks)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, log %d alone: marginals %v, want %v", family, i, got, want)
			}
			if !bytes.Equal(one[i].Bytes(), all[i].Bytes()) {
				t.Errorf("%s: log %d has other bytes when it is written alone", family, i)
			}
		}
		c.Nginx, c.Rails, c.Sidekiq = "combined", "stock", 7
		got, err := Run(c, Sinks{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: marginals in other formats %v, %v, want %v", family, got, err, want)
		}
	}
}

// TestScenarioChangesNothingElse adds a scenario that is no load, and takes its lines out again.
func TestScenarioChangesNothingElse(t *testing.T) {
	for _, family := range []string{"lognormal", "pareto"} {
		wantAccess, wantRails, _, _ := live(t, small(family), nothing)
		toy := func(w *World) {
			p := w.NewPeer(PeerSpec{Host: "toy.example", Software: "mastodon"})
			w.Every(w.Start().Add(time.Hour), w.End(), 0.02, func(int) {
				w.Deliver(Delivery{From: p, NoRetry: true})
				w.Request(Request{IP: p.addrs[0], Path: "/toy.example"})
			})
		}
		access, rails, _, _ := live(t, small(family), toy)
		if n := strings.Count(access, "toy.example"); n < 1000 {
			t.Fatalf("%s: the scenario has %d lines, want a thousand", family, n)
		}
		if got := without(access, "toy.example"); got != wantAccess {
			t.Errorf("%s: nginx' other lines have changed: %s", family, firstDifference(got, wantAccess))
		}
		if got := without(rails, "toy.example"); got != wantRails {
			t.Errorf("%s: Rails' other lines have changed: %s", family, firstDifference(got, wantRails))
		}
	}
}

func without(log, word string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, word) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is %q, was %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, were %d", len(g), len(w))
}

// TestCauses follows deliveries from nginx to Sidekiq.
func TestCauses(t *testing.T) {
	const n = 200
	access, rails, sidekiq, _ := live(t, small("lognormal"), func(w *World) {
		p := w.NewPeer(PeerSpec{Host: "toy.example", Software: "mastodon", Actors: 3})
		for i := range n {
			w.At(w.Start().Add(time.Duration(i)*time.Minute), func() {
				w.Deliver(Delivery{From: p, Jobs: []Job{{Class: "Toy::Worker"}}, Mentions: 2, Local: -1})
				w.Deliver(Delivery{From: p, Activity: Delete, Outcome: UnknownActor})
				w.Deliver(Delivery{From: p, Outcome: BadSignature, NoRetry: true})
			})
		}
	})
	for what, got := range map[string]int{
		"nginx 202":        count2(access, "toy.example", `"status":202`),
		"nginx 401":        2 * count2(access, "toy.example", `"status":401`),
		"Rails 202":        count2(rails, "toy.example", "status=202"),
		"Rails verified":   2 * count2(rails, "toy.example", "verified=yes"),
		"Rails unverified": count2(rails, "toy.example", "verified=no"),
		"jobs":             2 * count2(sidekiq, "class=Toy::Worker: start", ""),
		"jobs done":        2 * count2(sidekiq, "class=Toy::Worker elapsed=", ": done"),
	} {
		if got != 2*n {
			t.Errorf("%s: %d, want %d", what, got, 2*n)
		}
	}
}

func count2(log, a, b string) int {
	n := 0
	for line := range strings.Lines(log) {
		if strings.Contains(line, a) && strings.Contains(line, b) {
			n++
		}
	}
	return n
}

// TestLoad lets one address fill the server: others wait, hang up, and are turned away.
func TestLoad(t *testing.T) {
	c := small("lognormal")
	access, _, _, _ := live(t, c, func(w *World) {
		ip := netip.MustParseAddr("45.9.8.7")
		from := w.Start().Add(6 * time.Hour)
		w.Every(from, from.Add(4*time.Minute), 400, func(int) {
			w.Request(Request{IP: ip, Path: "/tags/flood", Agent: "flood", Cost: 6, Patience: 30 * time.Second})
		})
	})
	others := without(access, `"user_agent":"flood"`)
	for _, want := range []string{`"status":499,`, `"status":502,`} {
		if !strings.Contains(others, want) {
			t.Errorf("no %s among the others' lines", want)
		}
	}
	if calm, _, _, _ := live(t, c, nothing); strings.Contains(calm, `"status":502,`) {
		t.Error("a calm server answers 502")
	}
}

// TestOutage shows that senders come again after it, and that a machine that is off says nothing.
func TestOutage(t *testing.T) {
	calm, _, _, _ := live(t, small("pareto"), nothing)
	for _, dark := range []bool{false, true} {
		var from, to time.Time
		access, _, sidekiq, _ := live(t, small("pareto"), func(w *World) {
			from, to = w.Start().Add(12*time.Hour), w.Start().Add(14*time.Hour)
			w.Outage(from, to, dark)
		})
		during := linesBetween(access, from.Add(15*time.Second), to)
		if got := len(during); dark != (got == 0) {
			t.Errorf("dark %t: %d lines of nginx' during the outage", dark, got)
		}
		for _, line := range during {
			if strings.Contains(line, `"method":"POST","uri":"/inbox"`) && !strings.Contains(line, `"status":502`) {
				t.Errorf("answered during the outage: %s", line)
			}
		}
		usual, after := deliveriesBetween(calm, to, to.Add(time.Hour)), deliveriesBetween(access, to, to.Add(time.Hour))
		if after < usual*5/4 {
			t.Errorf("dark %t: %d deliveries in the hour after, %d without an outage: nobody came again", dark, after, usual)
		}
		if dark && strings.Contains(sidekiq, " 2026-09-01T13:") {
			t.Error("Sidekiq worked while the machine was off")
		}
	}
}

// linesBetween returns nginx' lines between two times of one day.
func linesBetween(access string, from, to time.Time) []string {
	const layout = "2006-01-02T15:04:05"
	var list []string
	for line := range strings.Lines(access) {
		at := line[len(`{"time":"`):][:len(layout)]
		if from.Format(layout) <= at && at < to.Format(layout) {
			list = append(list, line)
		}
	}
	return list
}

func deliveriesBetween(access string, from, to time.Time) int {
	return strings.Count(strings.Join(linesBetween(access, from, to), ""), `"uri":"/inbox"`)
}

// TestPeerDown shows a silence and a backlog.
func TestPeerDown(t *testing.T) {
	var p *Peer
	var from, to time.Time
	access, _, sidekiq, _ := live(t, small("lognormal"), func(w *World) {
		p = w.Peers.Rank(0)
		from, to = w.Start().Add(8*time.Hour), w.Start().Add(12*time.Hour)
		w.PeerDown(p, from, to)
	})
	own := func(from, to time.Time) int {
		return strings.Count(strings.Join(linesBetween(access, from, to), ""), `"key_id":"https://`+p.Host()+"/users/")
	}
	if n := own(from.Add(11*time.Second), to); n > 0 {
		t.Errorf("%d lines while it was down", n)
	}
	before, after := own(from.Add(-time.Hour), from), own(to, to.Add(30*time.Minute))
	if after < before {
		t.Errorf("%d lines in the half hour after, %d in the hour before: no backlog", after, before)
	}
	if !strings.Contains(sidekiq, p.inbox()) && !strings.Contains(sidekiq, p.Host()) {
		t.Error("no delivery to it failed")
	}
}

// TestLimits shows that the 26th try to sign in within five minutes is refused, and said so.
func TestLimits(t *testing.T) {
	access, rails, _, _ := live(t, small("lognormal"), func(w *World) {
		for i := range 30 {
			w.At(w.Start().Add(time.Duration(i)*time.Second), func() {
				w.Request(Request{IP: netip.MustParseAddr("45.9.8.7"), Method: "POST", Path: "/auth/sign_in", SignIn: SignInFailed})
			})
		}
	})
	if got := count2(access, `"45.9.8.7"`, `"status":429`); got != 5 {
		t.Errorf("%d were refused, want 5", got)
	}
	if got := strings.Count(rails, "Rate limit hit (throttle): 45.9.8.7 POST /auth/sign_in"); got != 5 {
		t.Errorf("Rails tells of %d, want 5", got)
	}
}

// TestClocks shows silence, a jump and a raw line.
func TestClocks(t *testing.T) {
	access, _, sidekiq, _ := live(t, small("lognormal"), func(w *World) {
		w.Silence(Nginx, w.Start().Add(2*time.Hour), w.Start().Add(3*time.Hour))
		w.ClockJump(Sidekiq, w.Start().Add(20*time.Hour), 48*time.Hour)
		w.Raw(Nginx, w.Start().Add(time.Hour), []byte("as it is"))
	})
	if strings.Contains(access, `"time":"2026-09-01T02:30`) || !strings.Contains(access, `"time":"2026-09-01T04:`) {
		t.Error("nginx was not silent for the hour")
	}
	if strings.Contains(sidekiq, " 2026-09-01T21:") || !strings.Contains(sidekiq, " 2026-09-03T21:") {
		t.Error("Sidekiq's clock did not jump")
	}
	if !slices.Contains(strings.Split(access, "\n"), "as it is") {
		t.Error("the raw line is not there")
	}
}

// TestSize holds a small server to the lines that it should write.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("a day of a small server")
	}
	for _, family := range []string{"lognormal", "pareto"} {
		m, err := Run(Config{Seed: 3, Family: family}, Sinks{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Nginx < 40_000 || m.Nginx > 70_000 || m.Sidekiq < 2*m.Nginx || m.Sidekiq > 4*m.Nginx {
			t.Errorf("%s: %d lines of nginx', %d of Sidekiq's", family, m.Nginx, m.Sidekiq)
		}
		if m.Dispersion < 1.5 || m.LargestShare > 0.3 || m.SitesADay < 600 {
			t.Errorf("%s: dispersion %.1f, largest share %.2f, %0.f sites", family, m.Dispersion, m.LargestShare, m.SitesADay)
		}
	}
}
