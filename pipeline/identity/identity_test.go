package identity

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestEnrichNames(t *testing.T) {
	f := func(e *pipeline.Event, domain, site, actor string, by pipeline.Claim, level pipeline.Attribution) {
		t.Helper()
		e.Domain, e.Actor, e.Level = "stale.example", "stale", pipeline.Verified
		New(Options{}).Enrich(e)
		if string(e.Domain) != domain || string(e.Site) != site || string(e.Actor) != actor || e.ClaimedBy != by || e.Level != level {
			t.Errorf("agent %q, key %q: got %q %q %q %v %v, want %q %q %q %v %v", e.AgentHost, e.KeyID,
				e.Domain, e.Site, e.Actor, e.ClaimedBy, e.Level, domain, site, actor, by, level)
		}
	}
	f(nginx(t0, forgerAddr, "Social.A.Example:443", ""), "social.a.example", "a.example", "", pipeline.ClaimUserAgent, pipeline.Claimed)
	f(nginx(t0, forgerAddr, "b.example", "social.a.example"), "social.a.example", "a.example",
		"https://social.a.example/users/u", pipeline.ClaimKeyID, pipeline.Claimed)
	f(nginx(t0, forgerAddr, "b.example", "localhost"), "b.example", "b.example", "", pipeline.ClaimUserAgent, pipeline.Claimed)
	f(nginx(t0, forgerAddr, "", ""), "", "", "", pipeline.ClaimNone, pipeline.IPOnly)
	f(nginx(t0, forgerAddr, "192.0.2.1", "[::1]"), "", "", "", pipeline.ClaimNone, pipeline.IPOnly)
	f(&pipeline.Event{Time: t0, Kind: pipeline.KindJob, RemoteHost: "a.example"}, "", "", "", pipeline.ClaimNone, pipeline.AttributionNone)
	f(&pipeline.Event{Time: t0, Kind: pipeline.KindJobError, RemoteHost: "Social.A.Example"}, "social.a.example", "a.example", "", pipeline.ClaimNone, pipeline.AttributionNone)
	f(&pipeline.Event{Time: t0, Kind: pipeline.KindJobError, RemoteHost: "127.0.0.1"}, "", "", "", pipeline.ClaimNone, pipeline.AttributionNone)
	f(&pipeline.Event{AgentHost: "a.example"}, "a.example", "a.example", "", pipeline.ClaimUserAgent, pipeline.Claimed)
}

func TestVerdicts(t *testing.T) {
	id, at := known(t)
	said := func(e *pipeline.Event, v pipeline.Verdict) pipeline.Attribution {
		e.Verified = v
		return levelOf(id, e)
	}
	want(t, "verified", said(rails(at, "new.example"), pipeline.VerdictYes), pipeline.Verified)
	want(t, "refuted", said(rails(at, "new.example"), pipeline.VerdictNo), pipeline.Claimed)
	want(t, "refuted, from the victim's address", said(nginx(at, victimAddr, victim, victim), pipeline.VerdictNo), pipeline.Claimed)
	want(t, "an agent is never verified", said(with(rails(at, ""), func(e *pipeline.Event) { e.AgentHost = "a.example" }),
		pipeline.VerdictYes), pipeline.Claimed)
	want(t, "unsaid", said(rails(at, "new.example"), pipeline.VerdictUnsaid), pipeline.Claimed)
}

func TestAnswers(t *testing.T) {
	id, at := known(t)
	f := func(method pipeline.Method, endpoint pipeline.Endpoint, status uint16, level pipeline.Attribution) {
		t.Helper()
		e := nginx(at, victimAddr, victim, "")
		e.Method, e.Endpoint, e.Status = method, endpoint, status
		if got := levelOf(id, e); got != level {
			t.Errorf("%v %v %d: got %v, want %v", method, endpoint, status, got, level)
		}
	}
	for _, status := range []uint16{200, 202} {
		f(pipeline.MethodPost, pipeline.EndpointInbox, status, pipeline.Corroborated)
		f(pipeline.MethodPost, pipeline.EndpointUserInbox, status, pipeline.Corroborated)
	}
	for _, status := range []uint16{0, 301, 400, 401, 403, 404, 410, 413, 429, 499, 500, 502, 503} {
		f(pipeline.MethodPost, pipeline.EndpointInbox, status, pipeline.Claimed)
	}
	for _, status := range []uint16{400, 401, 403, 503} {
		f(pipeline.MethodGet, pipeline.EndpointActor, status, pipeline.Claimed)
	}
	f(pipeline.MethodGet, pipeline.EndpointActor, 200, pipeline.Corroborated)
	f(pipeline.MethodGet, pipeline.EndpointActor, 404, pipeline.Corroborated)
}

func TestLevelOfFinding(t *testing.T) {
	f := func(typ pipeline.EntityType, part, level pipeline.Attribution) {
		t.Helper()
		find := &pipeline.Finding{Key: pipeline.Entity{Type: typ}, Evidence: pipeline.Proof{Part: part}}
		id := New(Options{})
		if got := id.Level(find, t0); got != level || id.Provable(find) {
			t.Errorf("%s of part %v: got %v, want %v", typ, part, got, level)
		}
	}
	for _, name := range []pipeline.EntityType{pipeline.EntityDomain, pipeline.EntitySite, pipeline.EntityActor} {
		f(name, pipeline.Verified, pipeline.Verified)
		f(name, pipeline.Corroborated, pipeline.Corroborated)
		f(name, pipeline.Claimed, pipeline.Claimed)
		f(name, pipeline.IPOnly, pipeline.Claimed)
		f(name, pipeline.AttributionNone, pipeline.Claimed)
	}
	for _, network := range []pipeline.EntityType{pipeline.EntityIP, pipeline.EntityPrefix, pipeline.EntityAccount} {
		f(network, pipeline.Verified, pipeline.IPOnly)
	}
	f(pipeline.EntityInstance, pipeline.Verified, pipeline.AttributionNone)
	f(pipeline.EntityQueue, pipeline.Verified, pipeline.AttributionNone)
}
