package score

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// told is an incident of domain_flood that a person was told at once.
func told(at, typ, value string) Incident {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	return Incident{ID: "FW-1", Detector: "domain_flood", Threat: pipeline.ThreatDoS, Severity: pipeline.SeverityHigh,
		Entity: pipeline.Entity{Type: pipeline.EntityType(typ), Value: value}, Opened: t, Told: t, Messages: 2, Evidence: 25}
}

var story = []string{runLine, attackLine,
	`{"kind":"weird","id":"w1","scenario":"our_outage","start":"2026-09-04T10:00:00Z","end":"2026-09-04T11:00:00Z","names":[]}`,
	`{"kind":"site","site":"kite.example","days":9}`,
	`{"kind":"site","site":"new.example","days":2}`,
	`{"kind":"site","site":"big.example","days":9}`,
}

const (
	inAttack = "2026-09-03T10:00:05Z"
	quietDay = "2026-09-02T10:00:00Z"
)

// verdict is where one incident was counted.
func verdict(t *Tally) string {
	var s []string
	for name, n := range map[string]int{"right": t.Right, "low": t.Low, "member": t.Members, "warm": t.WarmUp, "health": t.Health, "seen only": t.SeenOnly,
		"quiet": t.False[Quiet], "weird": t.False[WeirdDay], "attack": t.False[AttackDay]} {
		if n > 0 {
			s = append(s, name)
		}
	}
	return strings.Join(s, "+")
}

func TestJudgeOne(t *testing.T) {
	read := readTruth(t, story...)
	f := func(i Incident, want string) {
		t.Helper()
		if got := verdict(Judge(read, []Incident{i}, nil)); got != want {
			t.Errorf("%s at %s: got %q, want %q", describe(i.Entity), i.Opened, got, want)
		}
	}
	// Whom it is about.
	f(told(inAttack, "site", "bad.example"), "right")
	f(told(inAttack, "domain", "www.bad.example"), "right")
	f(told(inAttack, "domain", "more.bad.example"), "right")
	f(told(inAttack, "domain", "notbad.example"), "attack")
	f(told(inAttack, "actor", "https://www.bad.example/users/eve"), "right")
	f(told(inAttack, "actor", "https://big.example/users/turned"), "right")
	f(told(inAttack, "actor", "https://big.example/users/honest"), "attack")
	f(told(inAttack, "domain", "big.example"), "attack")
	f(told(inAttack, "ip", "192.0.2.7"), "right")
	f(told(inAttack, "ip", "192.0.2.8"), "attack")
	f(told(inAttack, "ip", "198.51.100.9"), "right")
	f(told(inAttack, "prefix", "192.0.2.0/24"), "right")
	f(told(inAttack, "prefix", "2a00:1::/64"), "right")
	f(told(inAttack, "prefix", "198.51.0.0/16"), "attack")
	f(told(inAttack, "instance", "this server"), "attack")
	f(told(inAttack, "account", "ada"), "right")
	f(told(inAttack, "source", "rails-2"), "right")
	f(told(inAttack, "source", "railsx"), "attack")
	f(told(inAttack, "domain", "x1.example"), "seen only")
	f(told(inAttack, "domain", "x2.example"), "attack")

	// When.
	f(told("2026-09-03T09:59:59Z", "site", "bad.example"), "attack")
	f(told("2026-09-03T11:10:00Z", "site", "bad.example"), "right")
	f(told("2026-09-03T11:10:01Z", "site", "bad.example"), "attack")
	f(told(quietDay, "site", "bad.example"), "quiet")
	f(told("2026-09-04T20:00:00Z", "site", "bad.example"), "weird")
	f(told("2026-09-01T10:00:00Z", "site", "bad.example"), "warm")
	f(told("2026-09-05T00:30:00Z", "site", "bad.example"), "weird") // the last day's, within the slack

	// Of what, and how loud.
	i := told(inAttack, "site", "bad.example")
	i.Threat = pipeline.ThreatLeak
	f(i, "attack")
	i.Threat = pipeline.ThreatHealth
	f(i, "health")
	i.Threat = ""
	f(i, "right")
	i.Told, i.Severity = time.Time{}, pipeline.SeverityLow
	f(i, "low")
	i.Severity, i.Member = pipeline.SeverityHigh, true
	f(i, "member")
	i = told(inAttack, "ip", "192.0.2.8")
	i.Proven = &pipeline.Entity{Type: pipeline.EntityDomain, Value: "bad.example"}
	f(i, "right")
}

func TestJudgeInnocents(t *testing.T) {
	read := readTruth(t, story...)
	f := func(i Incident, want string) {
		t.Helper()
		tally := Judge(read, []Incident{i}, nil)
		got := fmt.Sprintf("framed %d, honest %d, names %d/%d/%d", len(tally.Framed), len(tally.Honest), tally.NamedRight, tally.NamedWrong, tally.NamedSeenOnly)
		if got != want {
			t.Errorf("%s: got %s, want %s", describe(i.Entity), got, want)
		}
	}
	f(told(inAttack, "domain", "kite.example"), "framed 1, honest 1, names 0/1/0")
	f(told(inAttack, "actor", "https://social.kite.example/users/a"), "framed 1, honest 1, names 0/1/0")
	f(told(quietDay, "domain", "kite.example"), "framed 0, honest 1, names 0/1/0")
	f(told(inAttack, "domain", "new.example"), "framed 0, honest 1, names 0/1/0")
	f(told(inAttack, "actor", "https://big.example/users/turned"), "framed 0, honest 0, names 1/0/0")
	f(told(inAttack, "actor", "https://big.example/users/honest"), "framed 0, honest 1, names 0/1/0")
	f(told(inAttack, "domain", "x1.example"), "framed 0, honest 0, names 0/0/1")
	f(told(inAttack, "ip", "192.0.2.7"), "framed 0, honest 0, names 0/0/0")
	i := told(inAttack, "ip", "192.0.2.7")
	i.Proven = &pipeline.Entity{Type: pipeline.EntitySite, Value: "kite.example"}
	f(i, "framed 1, honest 1, names 0/1/0")
	i = told(inAttack, "domain", "kite.example") // what nobody was told names an innocent all the same
	i.Told, i.Severity = time.Time{}, pipeline.SeverityLow
	f(i, "framed 1, honest 1, names 0/0/0")
	i.Opened = i.Opened.Add(-48 * time.Hour) // and so does the warm-up
	f(i, "framed 0, honest 1, names 0/0/0")
}

// TestCutInvented takes a name for invented when the list was cut and the name is nobody's.
func TestCutInvented(t *testing.T) {
	var names []string
	for n := range maxInvented {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("i%d.example", n)))
	}
	cut := strings.Replace(attackLine, `"x1.example"`, strings.Join(names, ","), 1)
	read := readTruth(t, append([]string{runLine, cut}, story[2:]...)...)
	if got := verdict(Judge(read, []Incident{told(inAttack, "domain", "i99.example")}, nil)); got != "seen only" {
		t.Errorf("an invented name beyond the cut: got %q", got)
	}
	if got := verdict(Judge(read, []Incident{told(inAttack, "domain", "kite.example")}, nil)); got != "attack" {
		t.Errorf("an honest name: got %q", got)
	}
}

func TestJudgeAttack(t *testing.T) {
	read := readTruth(t, story...)
	later := told("2026-09-03T10:01:00Z", "ip", "192.0.2.7")
	tally := Judge(read, []Incident{later, told(inAttack, "site", "bad.example")}, nil)
	c := tally.Attacks[Cell{Scenario: "domain_flood", Intensity: "obvious", Threat: pipeline.ThreatDoS}]
	want := "{1 0 1 1 4 [5s] [0.25]}"
	if got := fmt.Sprint(*c); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := fmt.Sprint(tally.Days); got != "[1 1 1]" {
		t.Errorf("quiet, weird and attack days: got %s", got)
	}
	if c := Judge(read, nil, []string{"sidekiq"}).sum(func(Cell) bool { return true }); c.Unseen != 1 || c.Planted != 0 {
		t.Errorf("an attack without a trace in the log: got %+v", *c)
	}
	if c := Judge(read, nil, []string{"nginx"}).sum(func(Cell) bool { return true }); c.Unseen != 0 || c.Planted != 1 {
		t.Errorf("a missed attack: got %+v", *c)
	}
}

// TestWrongThreat is false, and is told from what is wrong about the party.
func TestWrongThreat(t *testing.T) {
	i := told(inAttack, "site", "bad.example")
	i.Threat = pipeline.ThreatLeak
	tally := Judge(readTruth(t, story...), []Incident{i, told(inAttack, "ip", "192.0.2.8")}, nil)
	want := "[{domain_flood attack domain_flood false 1} {domain_flood attack domain_flood true 1}]"
	if got := fmt.Sprint(tally.Report("fedwarden").Whose); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestMerge adds a run to itself: counts double, shares stay, intervals shrink.
func TestMerge(t *testing.T) {
	read := readTruth(t, story...)
	list := []Incident{told(inAttack, "site", "bad.example"), told(quietDay, "domain", "kite.example"), told("2026-09-04T10:00:00Z", "ip", "203.0.113.9")}
	once := Judge(read, list, nil)
	var sum Tally
	for range 3 {
		sum.Merge(once)
	}
	one, all := once.Report("fedwarden"), sum.Report("fedwarden")
	if all.Runs != 3 || all.Overall[0].Found.K != 3 || all.Overall[0].Found.N != 3 || *all.Overall[0].Found.Value != 1 {
		t.Errorf("recall: got %+v", all.Overall[0])
	}
	if all.Overall[0].Found.Low <= one.Overall[0].Found.Low {
		t.Error("three of three are no surer than one of one")
	}
	if *all.Precision.Value != *one.Precision.Value || all.Precision.N != 9 {
		t.Errorf("precision: got %+v", all.Precision)
	}
	if q := all.False[Quiet]; q.Incidents != 3 || q.Days != 3 || *q.Value != 1 || *q.Upper >= *one.False[Quiet].Upper {
		t.Errorf("false per quiet day: got %+v", q)
	}
	if len(all.Honest) != 3 || len(all.Whose) != 2 || all.Whose[0].Incidents != 3 {
		t.Errorf("got %+v and %+v", all.Honest, all.Whose)
	}
}
