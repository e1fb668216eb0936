package identity

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	minute = pipeline.Time(time.Minute)
	hour   = pipeline.Time(time.Hour)
	day    = 24 * hour
)

// t0 is no whole hour, for nothing may depend on that.
var t0 = pipeline.TimeOf(time.Date(2026, 11, 1, 10, 17, 5, 0, time.UTC))

const (
	victim     = "victim.example"
	victimAddr = "198.51.100.7"
	forgerAddr = "203.0.113.66"
)

// nginx returns an accepted delivery as nginx tells it.
func nginx(at pipeline.Time, ip, agent, key string) *pipeline.Event {
	e := &pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointInbox, Status: 202, AgentHost: agent, IP: netip.MustParseAddr(ip)}
	return signed(e, key)
}

// rails returns an accepted delivery as Rails' stock log tells it.
func rails(at pipeline.Time, key string) *pipeline.Event {
	e := &pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatRails, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointInbox, Status: 202}
	return signed(e, key)
}

func signed(e *pipeline.Event, key string) *pipeline.Event {
	if key != "" {
		e.KeyID, e.KeyHost = "https://"+key+"/users/u#main-key", key
	}
	return e
}

func with(e *pipeline.Event, change func(e *pipeline.Event)) *pipeline.Event {
	change(e)
	return e
}

// levelOf shows e to id and returns its level.
func levelOf(id *Identity, e *pipeline.Event) pipeline.Attribution {
	id.Enrich(e)
	return e.Level
}

// known returns an Identity to which the victim has delivered twice an hour for four days, and the time then.
func known(t testing.TB) (*Identity, pipeline.Time) {
	t.Helper()
	id := New(Options{})
	at := t0
	for ; at < t0+4*day; at += hour / 2 {
		levelOf(id, nginx(at, victimAddr, victim, ""))
	}
	want(t, "the victim", levelOf(id, nginx(at, victimAddr, victim, "")), pipeline.Corroborated)
	return id, at
}

func want(t testing.TB, what string, got, want pipeline.Attribution) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
