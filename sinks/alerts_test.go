package sinks

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func stampAt(s string) pipeline.Stamp {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return pipeline.Stamp{Time: pipeline.TimeOf(t)}
}

func ptr[T any](v T) *T { return &v }

// firing is the flood of the public contract's example.
func firing() *pipeline.Alert {
	return &pipeline.Alert{
		Schema: pipeline.Schema, ID: "FW-7K2Q9M4XTB", Fingerprint: "9f2c51d0a1b2c3d4",
		Instance: ptr("social.example"), Seq: 1, Status: pipeline.StatusFiring,
		Severity: pipeline.SeverityHigh, Threat: pipeline.ThreatDoS, Detector: "domain_flood",
		Entity: pipeline.AlertEntity{Type: pipeline.EntityDomain, Value: "spam-wave.example", Attribution: ptr(pipeline.Corroborated)},
		Related: pipeline.AlertRelated{
			Actors: []string{"https://spam-wave.example/users/a81"},
			IPs:    []string{"203.0.113.7"},
			Counts: pipeline.RelatedCounts{Domains: 1, Actors: 214, IPs: 2},
		},
		StartsAt: stampAt("2026-11-18T14:02:00Z"), At: stampAt("2026-11-18T14:02:07Z"),
		Summary: "Inbox flood from spam-wave.example: 412 requests/min, usually 3",
		Measure: pipeline.Measure{Name: "requests", Value: 412, Expected: ptr(3.1), Threshold: 120, Window: "1m", Surprise: ptr(31.2)},
		Context: []pipeline.Context{pipeline.ContextRecovery},
		Evidence: pipeline.AlertEvidence{Total: 2471, Samples: []pipeline.AlertSample{
			{Source: "nginx", Time: stampAt("2026-11-18T14:02:05Z"), Line: `203.0.113.7 - - [18/Nov/2026:14:02:05 +0000] "POST /inbox HTTP/1.1" 202 0 "-" "Mastodon/4.3.1; +https://spam-wave.example/"`},
			{Source: "nginx", Time: stampAt("2026-11-18T14:02:06Z"), Line: `203.0.113.9 - - "POST /inbox HTTP/1.1" 202 0 key=https://spam-wave.example/users/a81#main-key`},
		}},
		Suggestions: []pipeline.Suggestion{
			{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx", Text: "If load is the problem, limit 203.0.113.7: `deny 203.0.113.7;`"},
			{Kind: "mastodon.domain_limit", Undo: "delete the domain block", Text: "Limit spam-wave.example in Mastodon (domain block with severity silence)."},
			{Kind: "mastodon.domain_suspend", Destructive: true, Undo: "delete the domain block; severed follows stay severed", Text: "Suspend spam-wave.example only after a person has looked."},
		},
	}
}

// updated fired on an address; a name was proven after that.
func updated() *pipeline.Alert {
	a := firing()
	a.Seq, a.Status, a.Severity = 2, pipeline.StatusUpdated, pipeline.SeverityCritical
	a.At = stampAt("2026-11-18T15:09:07Z")
	a.Entity = pipeline.AlertEntity{Type: pipeline.EntityIP, Value: "203.0.113.7", Attribution: ptr(pipeline.Claimed)}
	a.Proven = &pipeline.AlertEntity{Type: pipeline.EntityDomain, Value: "xn--bcher-kva.example", Attribution: ptr(pipeline.Verified)}
	a.Related.Domains = []string{"spam-wave.example", "xn--bcher-kva.example"}
	a.Related.Counts.Domains = 12
	a.Summary = "Inbox flood from 203.0.113.7: 4120 requests/min, usually 0"
	a.Measure.Value, a.Measure.Expected, a.Measure.Surprise = 4120, nil, nil
	a.Context, a.Campaign = nil, ptr("FW-0000000001")
	return a
}

func resolved() *pipeline.Alert {
	a := firing()
	a.Seq, a.Status = 3, pipeline.StatusResolved
	a.At, a.EndsAt = stampAt("2026-11-18T14:43:00Z"), stampAt("2026-11-18T14:33:00Z")
	a.Evidence.Total = 14903
	return a
}

// campaign is what many addresses of one network do.
func campaign() *pipeline.Alert {
	a := firing()
	a.Threat, a.Detector = pipeline.ThreatTakeover, "login_bruteforce"
	a.Entity = pipeline.AlertEntity{Type: pipeline.EntityPrefix, Value: "203.0.113.0/24", Attribution: ptr(pipeline.IPOnly)}
	a.Related = pipeline.AlertRelated{IPs: []string{"203.0.113.7", "203.0.113.8", "203.0.113.9"}, Counts: pipeline.RelatedCounts{IPs: 40}}
	a.Summary = "Login guessing: 40 addresses of 203.0.113.0/24"
	a.Measure = pipeline.Measure{Name: "alerts", Value: 40, Threshold: 3, Window: "10m"}
	return a
}

// member was told before it became one.
func member() *pipeline.Alert {
	a := resolved()
	a.Campaign = ptr("FW-0000000001")
	return a
}

// health is about no party, and knows next to nothing.
func health() *pipeline.Alert {
	return &pipeline.Alert{
		Schema: pipeline.Schema, ID: "FW-HEALTH0000", Fingerprint: "1", Seq: 1, Status: pipeline.StatusFiring,
		Severity: pipeline.SeverityLow, Threat: pipeline.ThreatHealth, Detector: "source_silent",
		Entity:   pipeline.AlertEntity{Type: pipeline.EntitySource, Value: "nginx"},
		StartsAt: stampAt("2026-11-18T14:02:00Z"), At: stampAt("2026-11-18T14:02:00Z"),
		Summary: "nginx is silent: access.log brought nothing for 10m",
		Measure: pipeline.Measure{Name: "quiet_seconds", Value: 600, Threshold: 600},
	}
}
