package identity

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

const webDomain = "web.example" // the victim's other name

// split shows deliveries of the victim whose agent names other, every apart.
func split(id *Identity, from pipeline.Time, n int, apart pipeline.Time, ip, agent string) (last pipeline.Attribution) {
	for i := range n {
		last = levelOf(id, nginx(from+pipeline.Time(i)*apart, ip, agent, victim))
	}
	return last
}

func TestAliasNeedsAWeekAndFifty(t *testing.T) {
	f := func(what string, n int, apart pipeline.Time, level pipeline.Attribution) {
		t.Helper()
		id, at := known(t)
		split(id, at, n, apart, victimAddr, webDomain)
		want(t, what, levelOf(id, nginx(at+pipeline.Time(n)*apart+hour, victimAddr, webDomain, victim)), level)
	}
	f("eight days, 192", 192, hour, pipeline.Corroborated)
	f("eight days, 48", 48, 4*hour, pipeline.Claimed)
	f("six days, 576", 576, hour/4, pipeline.Claimed)
	f("nine days, 54", 54, 4*hour, pipeline.Corroborated)
}

// A server that never wrote one name alone gets a history and an alias by the same deliveries.
func TestSplitFromTheStart(t *testing.T) {
	id := New(Options{})
	want(t, "the ninth day", split(id, t0, 9*24, hour, victimAddr, webDomain), pipeline.Claimed)
	want(t, "the twelfth day", split(id, t0+9*day, 3*24, hour, victimAddr, webDomain), pipeline.Corroborated)
	want(t, "another agent", levelOf(id, nginx(t0+12*day, victimAddr, "third.example", victim)), pipeline.Claimed)
	want(t, "from elsewhere", levelOf(id, nginx(t0+12*day, forgerAddr, webDomain, victim)), pipeline.Claimed)
	want(t, "the agent's own name", levelOf(id, nginx(t0+12*day, victimAddr, webDomain, "")), pipeline.Claimed)
	want(t, "a month later", levelOf(id, nginx(t0+43*day, victimAddr, webDomain, victim)), pipeline.Claimed)
}

// A relay, whose agent names the server that runs it, and whose key its own site, is named as itself.
func TestRelayIsNamedAsItself(t *testing.T) {
	id := New(Options{})
	relay := func(at pipeline.Time, agent string) *pipeline.Event {
		e := nginx(at, victimAddr, agent, "")
		e.KeyID, e.KeyHost, e.Software = "https://relay.example/actor#main-key", "relay.example", "activity-relay"
		return e
	}
	at := t0
	for ; at < t0+12*day; at += 10 * minute {
		id.Enrich(relay(at, []string{"relay.example", "operator.example"}[int(at/minute)%2]))
	}
	for _, agent := range []string{"relay.example", "operator.example"} {
		e := relay(at, agent)
		want(t, agent, levelOf(id, e), pipeline.Corroborated)
		if e.Site != "relay.example" || e.Actor != "https://relay.example/actor" {
			t.Errorf("agent %s: got %q of %q, want the relay's actor", agent, e.Actor, e.Site)
		}
	}
}

// A forger who writes his agent beside the victim's key, for months, from wherever he is, does not make it an alias; and no
// more than four are kept.
func TestAliasPoisoning(t *testing.T) {
	id, at := known(t)
	for end := at + 60*day; at < end; at += hour {
		id.Enrich(nginx(at, victimAddr, victim, victim))
		id.Enrich(nginx(at, forgerAddr, "forger.example", victim))
		id.Enrich(nginx(at, forgerAddr, "forger.example", "forger.example"))
		id.Enrich(nginx(at, forgerAddr, victim, "forger.example"))
		id.Enrich(with(rails(at, victim), func(e *pipeline.Event) { e.AgentHost = "forger.example" }))
		id.Enrich(with(nginx(at, victimAddr, "forger.example", victim), func(e *pipeline.Event) { e.Status = 401 }))
		id.Enrich(with(nginx(at, victimAddr, "forger.example", victim), func(e *pipeline.Event) { e.Verified = pipeline.VerdictNo }))
	}
	want(t, "the forger's agent", levelOf(id, nginx(at, victimAddr, "forger.example", victim)), pipeline.Claimed)
	for i := range 10 {
		split(id, at, 10*24, hour, victimAddr, string(rune('a'+i))+".example")
		at += 10 * day
	}
	if n := len(id.table.find(id.cache.host(victim)).aliases.list); n != maxAliases {
		t.Errorf("aliases: got %d, want %d", n, maxAliases)
	}
}
