package sinks

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestNumber(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := number(v); got != want {
			t.Errorf("number(%v): got %q, want %q", v, got, want)
		}
	}
	f(0, "0")
	f(412, "412")
	f(3.1, "3.1")
	f(2.96, "3")
	f(0.25, "0.2")
	f(0.0123, "0.012")
	f(1234567.89, "1234568")
	f(-4.5, "-4.5")
	f(1e15, "1e+15")
	f(math.NaN(), "unknown")
	f(math.Inf(-1), "unknown")
}

func TestSpan(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := span(d); got != want {
			t.Errorf("span(%s): got %q, want %q", d, got, want)
		}
	}
	f(-time.Hour, "0 s")
	f(1500*time.Millisecond, "1 s")
	f(60*time.Second, "1 min")
	f(61*time.Second, "1 min 1 s")
	f(time.Hour, "1 h")
	f(90*time.Minute, "1 h 30 min")
	f(49*time.Hour, "2 d 1 h")
	f(math.MaxInt64, "106751 d 23 h")
}

// Every word of the vocabulary has words for people; an unknown one, of a later version, is shown.
func TestVocabulary(t *testing.T) {
	for _, c := range []pipeline.Context{pipeline.ContextRecovery, pipeline.ContextRelay, pipeline.ContextViral,
		pipeline.ContextDeleteStorm, pipeline.ContextAccountMove, pipeline.ContextBackfill, pipeline.ContextCrawler,
		pipeline.ContextKeyRotation, pipeline.ContextRollout, pipeline.ContextMaintenance, pipeline.ContextLearning} {
		if got := benignWord(c); got == humanize(string(c)) && c != pipeline.ContextMaintenance {
			t.Errorf("context %s: got no words of its own", c)
		}
	}
	for _, k := range []pipeline.EntityType{pipeline.EntityDomain, pipeline.EntitySite, pipeline.EntityActor, pipeline.EntityIP,
		pipeline.EntityPrefix, pipeline.EntityAccount, pipeline.EntityJobClass, pipeline.EntityQueue, pipeline.EntityPath,
		pipeline.EntityTemplate, pipeline.EntitySource, pipeline.EntityInstance, "of_later"} {
		if got := kindWord(k); got == "" || strings.Contains(got, "_") {
			t.Errorf("entity type %s: got %q", k, got)
		}
	}
	for _, h := range []pipeline.Threat{pipeline.ThreatDoS, pipeline.ThreatMaliciousInstance, pipeline.ThreatExploit,
		pipeline.ThreatLeak, pipeline.ThreatTakeover, pipeline.ThreatHealth, "of_later"} {
		if got := threatWord(h); got == "" || strings.Contains(got, "_") {
			t.Errorf("threat %s: got %q", h, got)
		}
	}
	for at := pipeline.IPOnly; at <= pipeline.Verified; at++ {
		got := sure(pipeline.AlertEntity{Attribution: &at})
		if certain := at >= pipeline.Corroborated; certain == strings.Contains(got, "only") {
			t.Errorf("attribution %s: got %q", at, got)
		}
	}
}

// An innocent's name beside an address must not read as if it had done it.
func TestClaimedNamesSaySo(t *testing.T) {
	for _, out := range []string{string(AppendText(nil, updated(), false)), checkSlack(t, updated()).All()} {
		if !strings.Contains(out, "claimed: ") || !strings.Contains(out, "no proof") {
			t.Errorf("got %s, want names marked as claimed", out)
		}
	}
	if out := string(AppendText(nil, firing(), false)); strings.Contains(out, "claimed") {
		t.Errorf("got %s, want no claims beside a corroborated name", out)
	}
}
