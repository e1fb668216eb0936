package simulate

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A told is a line of truth.jsonl, of any kind.
type told struct {
	attackTruth
	Names []string `json:"names"`
	Site  string   `json:"site"`
	Days  int      `json:"days"`
}

func (t *told) span() (from, to time.Time) {
	from, _ = time.Parse(truthTime, t.Start)
	to, _ = time.Parse(truthTime, t.End)
	return from, to
}

// An accessLine is what the tests want of nginx' line, as it is escaped there.
type accessLine struct {
	at                          time.Time
	ip, uri, status, agent, key string
}

// readAccess reads a line by hand: there are a million, and a decoder takes longer than the world.
func readAccess(t *testing.T, line string) accessLine {
	t.Helper()
	ms, err := strconv.ParseInt(strings.Replace(field(line, `"msec":`, ","), ".", "", 1), 10, 64)
	if err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	return accessLine{at: time.UnixMilli(ms), ip: field(line, `"remote_addr":"`, `"`), uri: field(line, `"uri":"`, `"`),
		status: field(line, `"status":`, ","), agent: field(line, `"user_agent":"`, `","`), key: field(line, `"key_id":"`, `"`)}
}

func field(line, after, before string) string {
	_, rest, _ := strings.Cut(line, after)
	value, _, _ := strings.Cut(rest, before)
	return value
}

func (l *accessLine) keyHost() string {
	u, err := url.Parse(strings.ToValidUTF8(l.key, "?"))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// A ran is what a run left.
type ran struct {
	config                        Config
	nginx, rails, sidekiq, truths bytes.Buffer
	events                        []told // attacks and weird ones
	sites                         map[string]int
	lines                         []accessLine
	jobs                          []jobStart
}

// A jobStart is a line of Sidekiq's that says so.
type jobStart struct {
	at  time.Time
	pid string
}

// run simulates a small world in which plan happens.
func run(t *testing.T, seed uint64, days int, plan Plan) *ran {
	t.Helper()
	r := &ran{sites: map[string]int{}}
	r.config = Config{Seed: seed, Family: "lognormal", Peers: 100, Days: days, Nginx: "json", Rails: "verified", Sidekiq: 8, Plan: plan,
		Start: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)}
	if seed%2 == 1 {
		r.config.Family = "pareto"
	}
	if _, err := Run(r.config, Sinks{Nginx: &r.nginx, Rails: &r.rails, Sidekiq: &r.sidekiq, Truth: &r.truths}); err != nil {
		t.Fatal(err)
	}
	r.read(t)
	return r
}

func (r *ran) read(t *testing.T) {
	t.Helper()
	for line := range bytes.Lines(r.truths.Bytes()) {
		var e told
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch e.Kind {
		case "attack", "weird":
			r.events = append(r.events, e)
		case "site":
			r.sites[e.Site] = e.Days
		}
	}
	for line := range strings.Lines(r.nginx.String()) {
		r.lines = append(r.lines, readAccess(t, line))
	}
	for line := range strings.Lines(r.sidekiq.String()) {
		head, rest, ok := strings.Cut(line, "Z pid=")
		if !ok || !strings.HasSuffix(line, ": start\n") {
			continue
		}
		at, err := time.Parse("2006-01-02T15:04:05.000", head[strings.LastIndexByte(head, ' ')+1:])
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		pid, _, _ := strings.Cut(rest, " ")
		r.jobs = append(r.jobs, jobStart{at, pid})
	}
}

// during returns nginx' lines of an event's time; a request's line comes up to a minute after it.
func (r *ran) during(e *told) []accessLine {
	from, to := e.span()
	var list []accessLine
	for _, l := range r.lines {
		if at := l.at; !at.Before(from.Add(-time.Second)) && !at.After(to.Add(65*time.Second)) {
			list = append(list, l)
		}
	}
	return list
}

// intensities are those that are tested: in a hurry the one that leaves the fewest lines.
func intensities() []Intensity {
	if testing.Short() {
		return []Intensity{Stealthy}
	}
	return []Intensity{Obvious, Moderate, Stealthy}
}

// oneAfterTheOther plans every scenario at one intensity, apart from each other.
func oneAfterTheOther(at Intensity, weird bool) (plan Plan, days int) {
	start := time.Date(2026, 9, 1, 3, 0, 0, 0, time.UTC)
	next := start
	for _, s := range registry {
		if s.weird == weird {
			plan = append(plan, Planned{At: next.Add(s.lead), Scenario: s.name, Intensity: at})
			next = next.Add(s.lead + s.last[at] + 7*time.Minute)
		}
	}
	return plan, int(next.Sub(start)/fullDay) + 1
}

// TestAttacks holds the truth of every attack, at every intensity, to what the logs say.
func TestAttacks(t *testing.T) {
	perMinute := map[string][]float64{}
	for _, at := range intensities() {
		plan, days := oneAfterTheOther(at, false)
		r := run(t, uint64(at)+1, days, plan)
		if len(r.events) != len(plan) {
			t.Fatalf("%s: got %d truths, want %d", at, len(r.events), len(plan))
		}
		for i := range r.events {
			e := &r.events[i]
			from, to := e.span()
			perMinute[e.Scenario] = append(perMinute[e.Scenario], float64(e.Events)/to.Sub(from).Minutes())
			t.Run(e.Scenario+"/"+e.Intensity, func(t *testing.T) {
				checkPlan(t, e, plan[i])
				checkTruth(t, r, e)
				checkLines(t, r, e)
			})
		}
	}
	for name, rates := range perMinute {
		if len(rates) == 3 && rates[0] > 0 && !(rates[0] > rates[1] && rates[1] > rates[2]) {
			t.Errorf("%s: got %.3g a minute when obvious, moderate, stealthy, want ever less", name, rates)
		}
	}
}

func checkPlan(t *testing.T, e *told, p Planned) {
	t.Helper()
	from, to := e.span()
	end := p.At.Add(scenarioNamed(p.Scenario).last[p.Intensity])
	if e.Scenario != p.Scenario || e.Intensity != p.Intensity.String() || from.Before(p.At) || to.After(end) || to.Before(from) {
		t.Errorf("got %s %s from %s to %s, planned %v until %s", e.Scenario, e.Intensity, from, to, p, end)
	}
}

// checkTruth checks what must hold of an attack's names, whatever the lines say.
func checkTruth(t *testing.T, r *ran, e *told) {
	t.Helper()
	own := append(slices.Clone(e.Attackers.Site), e.Attackers.Domain...)
	for _, site := range e.Forged {
		if slices.Contains(own, site) {
			t.Errorf("%s is forged, and is said to attack", site)
		}
		if _, honest := r.sites[site]; !honest {
			t.Errorf("%s is forged, and is no honest site", site)
		}
	}
	for _, name := range e.Invented {
		if _, honest := r.sites[name]; honest || slices.Contains(own, name) {
			t.Errorf("%s is invented, and is somebody's", name)
		}
	}
	if len(e.Leaves) == 0 {
		t.Error("it leaves no trace")
	}
	if len(e.Attackers.IP) == 0 != (e.Events == 0) || e.Events == 0 && len(e.Attackers.Source) == 0 {
		t.Errorf("%d events from %d addresses, sources %q", e.Events, len(e.Attackers.IP), e.Attackers.Source)
	}
}

// checkLines finds in nginx' log what the truth says: each address, each event, and no name that it does not tell.
func checkLines(t *testing.T, r *ran, e *told) {
	t.Helper()
	if e.Events == 0 {
		return
	}
	seen, n := map[string]bool{}, 0
	names := slices.Concat(e.Attackers.Domain, e.Forged, e.Invented)
	for _, l := range r.during(e) {
		if !slices.Contains(e.Attackers.IP, l.ip) {
			continue
		}
		n++
		seen[l.ip] = true
		if host := l.keyHost(); host != "" && len(e.Invented) < maxInvented && !r.shared(e, host) &&
			!slices.Contains(names, host) && !slices.Contains(names, siteOf(host)) {
			t.Errorf("%s wrote the name %s, which is not told", l.ip, host)
			names = append(names, host)
		}
	}
	if n < e.Events {
		t.Errorf("got %d lines from its addresses, want %d or more", n, e.Events)
	}
	for _, ip := range e.Attackers.IP {
		if !seen[ip] {
			t.Errorf("%s attacks, and is in no line", ip)
		}
	}
}

// shared reports whether host is an honest one that may have an address in common with an honest one that was taken
// over.
func (r *ran) shared(e *told, host string) bool {
	_, honest := r.sites[siteOf(host)]
	taken := slices.ContainsFunc(e.Attackers.Site, func(site string) bool { _, ok := r.sites[site]; return ok })
	return honest && taken
}

// TestForgedIsNotVerified reads Rails' log, which says whose signature was good: a frame never has the victim's.
func TestForgedIsNotVerified(t *testing.T) {
	start := time.Date(2026, 9, 1, 4, 0, 0, 0, time.UTC)
	for i, s := range frameAttacks {
		r := run(t, uint64(i), 1, Plan{{At: start, Scenario: s.name, Intensity: Obvious}})
		e := &r.events[0]
		from, to := e.span()
		good, bad := 0, 0
		for line := range bytes.Lines(r.rails.Bytes()) {
			if !bytes.Contains(line, []byte(e.Forged[0]+"/")) || !stampedWithin(t, line, from, to) {
				continue
			}
			if bytes.Contains(line, []byte("verified=yes")) {
				good++
			} else {
				bad++
			}
		}
		if good > 100 || s.name != "frame_agent" && bad < e.Events*9/10 {
			t.Errorf("%s: got %d lines with the victim's key and a good signature, %d without, of %d events", s.name, good, bad, e.Events)
		}
	}
}

// stampedWithin reports whether a line of Rails' is of a time.
func stampedWithin(t *testing.T, line []byte, from, to time.Time) bool {
	t.Helper()
	const layout = "2006-01-02T15:04:05.000000"
	at, err := time.Parse(layout, string(line[4:4+len(layout)]))
	if err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	return !at.Before(from) && !at.After(to.Add(time.Minute))
}

// TestSameSeedSameWorld runs a plan twice.
func TestSameSeedSameWorld(t *testing.T) {
	start := time.Date(2026, 9, 1, 3, 0, 0, 0, time.UTC)
	plan := Plan{
		{At: start, Scenario: "small_domain_wave", Intensity: Moderate},
		{At: start.Add(time.Hour), Scenario: "log_injection", Intensity: Obvious},
		{At: start.Add(2 * time.Hour), Scenario: "peer_migration", Intensity: Moderate},
		{At: start.Add(3 * time.Hour), Scenario: "recovery_flood", Intensity: Moderate},
		{At: start.Add(5 * time.Hour), Scenario: "login_then_burst", Intensity: Moderate},
	}
	a, b := run(t, 7, 1, plan), run(t, 7, 1, plan)
	for i, log := range [...][2]*bytes.Buffer{{&a.nginx, &b.nginx}, {&a.rails, &b.rails}, {&a.sidekiq, &b.sidekiq}, {&a.truths, &b.truths}} {
		if !bytes.Equal(log[0].Bytes(), log[1].Bytes()) {
			t.Errorf("output %d differs", i)
		}
	}
}

func TestUnknownScenario(t *testing.T) {
	_, err := Run(Config{Plan: Plan{{Scenario: "no_such"}}}, Sinks{})
	if err == nil || !strings.Contains(err.Error(), `"no_such"`) {
		t.Errorf("got %v, want an error that names it", err)
	}
}

// TestLeavesOnlyLogsThatAre plays attacks on a server that has nginx' log alone.
func TestLeavesOnlyLogsThatAre(t *testing.T) {
	start := time.Date(2026, 9, 1, 3, 0, 0, 0, time.UTC)
	plan := Plan{
		{At: start, Scenario: "poison_pill", Intensity: Moderate},
		{At: start.Add(2 * time.Hour), Scenario: "log_injection", Intensity: Moderate},
		{At: start.Add(4 * time.Hour), Scenario: "log_silence", Intensity: Moderate},
		{At: start.Add(6 * time.Hour), Scenario: "clock_jump", Intensity: Moderate},
	}
	r := &ran{sites: map[string]int{}}
	if _, err := Run(Config{Seed: 3, Peers: 100, Start: start.Truncate(fullDay), Nginx: "json", Plan: plan}, Sinks{Nginx: &r.nginx, Truth: &r.truths}); err != nil {
		t.Fatal(err)
	}
	r.read(t)
	for _, e := range r.events {
		if !slices.Equal(e.Leaves, []string{"nginx"}) {
			t.Errorf("%s leaves %q, want nginx", e.Scenario, e.Leaves)
		}
	}
	silent := &r.events[2]
	from, to := silent.span()
	if slices.ContainsFunc(r.lines, func(l accessLine) bool { return l.at.After(from) && l.at.Before(to) }) {
		t.Error("nginx writes while it is silent")
	}
}

// TestPlanBeyondTheEnd plays what is cut off by the end of the run, and what would come after it.
func TestPlanBeyondTheEnd(t *testing.T) {
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	r := run(t, 4, 1, Plan{
		{At: start.Add(fullDay - 10*time.Minute), Scenario: "domain_flood_cold", Intensity: Moderate},
		{At: start.Add(fullDay + time.Hour), Scenario: "domain_flood_cold", Intensity: Moderate},
	})
	if _, to := r.events[0].span(); to.After(start.Add(fullDay)) {
		t.Errorf("it lasts until %s, after the end", to)
	}
	if len(r.events) != 1 {
		t.Errorf("got %d truths, want one: the other never came", len(r.events))
	}
}
