package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// A stage is an engine whose one detector says what the test tells it to say.
type stage struct {
	t      *testing.T
	e      *engine.Engine
	say    []pipeline.Finding
	levels map[string]pipeline.Attribution
	prove  bool
	seq    uint64
	alerts []pipeline.Alert
}

func (s *stage) Observe(_ *pipeline.Event, r pipeline.Report) {
	voice{s, ""}.Observe(nil, r)
}
func (s *stage) Advance(pipeline.Time, pipeline.Report) {}
func (s *stage) Due(pipeline.Time) pipeline.Time        { return 0 }
func (s *stage) Snapshot(io.Writer) error               { return nil }
func (s *stage) Restore(io.Reader) error                { return nil }

// A judge is the Identifier of a stage.
type judge struct{ s *stage }

func (j judge) Enrich(*pipeline.Event)          {}
func (j judge) Provable(*pipeline.Finding) bool { return j.s.prove }
func (j judge) Advance(pipeline.Time)           {}
func (j judge) Due(pipeline.Time) pipeline.Time { return 0 }
func (j judge) Snapshot(io.Writer) error        { return nil }
func (j judge) Restore(io.Reader) error         { return nil }
func (j judge) Level(f *pipeline.Finding, _ pipeline.Time) pipeline.Attribution {
	return max(j.s.levels[f.Key.Value], pipeline.Claimed)
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, levels: map[string]pipeline.Attribution{}}
	s.e = s.engine()
	return s
}

func (s *stage) engine() *engine.Engine {
	return engine.New(engine.Config{
		Instance: "social.example", Identifier: judge{s}, Detectors: append(voices(s), engine.Registered{Detector: s, Spec: floodSpec()}),
	})
}

func floodSpec() pipeline.Spec {
	return pipeline.Spec{
		Name: "flood", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceSite, Quiet: 60,
		Suggest: []pipeline.Suggestion{
			{Kind: "mastodon.domain_limit", Text: "limit %s", Undo: "undo"}, {Kind: "nginx.rate_limit", Text: "slow %s down"},
		},
	}
}

// find lets the detector state fs at that second.
func (s *stage) find(sec float64, fs ...pipeline.Finding) []string {
	s.say = fs
	defer func() { s.say = nil }()
	return s.at(sec)
}

// at lets time go on to that second, and returns the alerts, in short.
func (s *stage) at(sec float64) []string {
	s.t.Helper()
	s.seq++
	ev := pipeline.Event{Kind: pipeline.KindRequest, Time: at(sec), Seq: s.seq, Digits: 1}
	var out []string
	for _, a := range s.e.Process(&pipeline.Batch{Stream: "a", Events: []pipeline.Event{ev}, Lateness: time.Second}) {
		s.alerts = append(s.alerts, a)
		out = append(out, short(a))
	}
	return out
}

func (s *stage) last() pipeline.Alert { return s.alerts[len(s.alerts)-1] }

// restart goes on with a new engine.
func (s *stage) restart() {
	s.t.Helper()
	old := s.e
	s.e = s.engine()
	restore(s.t, s.e, old)
	s.e.Expect([]pipeline.StreamID{"a"})
}

func short(a pipeline.Alert) string {
	text := fmt.Sprintf("%s %s#%d %s %s:%s", secs(a.At.Time), a.Status, a.Seq, a.Severity, a.Entity.Type, a.Entity.Value)
	if a.Entity.Attribution != nil {
		text += " " + a.Entity.Attribution.String()
	}
	if a.Proven != nil {
		text += " proven " + a.Proven.Value + " " + a.Proven.Attribution.String()
	}
	return text
}

// about returns a finding about a domain, from an address, that holds for ten seconds.
func about(name string, sec float64, from ...string) pipeline.Finding {
	f := pipeline.Finding{
		Key:      pipeline.Entity{Type: pipeline.EntityDomain, Value: name},
		Until:    at(sec + 10),
		Severity: pipeline.SeverityMedium,
		Measure:  pipeline.Measure{Name: "requests", Value: 10, Threshold: 5, Window: "10s"},
		Summary:  "flood from %s",
		Evidence: pipeline.Proof{Window: 10, Seen: 10, Part: pipeline.Claimed},
	}
	for _, ip := range from {
		f.Evidence.Addresses = append(f.Evidence.Addresses, pipeline.Share{Addr: netip.MustParseAddr(ip), Count: 10 / uint64(len(from))})
	}
	return f
}

func TestEpisode(t *testing.T) {
	s := newStage(t)
	s.levels["a.example"] = pipeline.Corroborated
	f := about("a.example", 1)
	f.Since = at(-3.5)
	diff(t, s.find(1.5, f), []string{"1.5 firing#1 medium domain:a.example corroborated"})
	first := s.last()
	diff(t, secs(first.StartsAt.Time), "-4")
	diff(t, s.find(5, about("a.example", 5)), nil) // never for time alone
	diff(t, s.at(74), nil)
	diff(t, s.find(74.5, about("a.example", 74)), nil) // a pulse within the quiet time belongs to it
	diff(t, s.at(143.9), nil)
	diff(t, s.at(144), []string{"144 resolved#2 medium domain:a.example corroborated"})
	diff(t, secs(s.last().EndsAt.Time), "144")
	diff(t, []string{s.last().ID, s.last().Fingerprint}, []string{first.ID, first.Fingerprint})
	diff(t, s.at(1000), nil)

	g := about("a.example", 1000)
	g.Since = at(143) // before the end of the episode before
	s.find(1000, g)
	next := s.last()
	diff(t, next.Fingerprint, first.Fingerprint)
	diff(t, secs(next.StartsAt.Time), "145")
	if next.ID == first.ID {
		t.Errorf("got id %s twice, want another one", next.ID)
	}
}

func TestResolving(t *testing.T) {
	s := newStage(t)
	s.levels["a.example"] = pipeline.Verified
	f := about("a.example", 1)
	f.Until = at(5000)
	s.find(1, f)
	f.Resolving = true
	diff(t, s.find(20, f), nil)
	diff(t, s.at(79), nil)
	diff(t, s.at(80), []string{"80 resolved#2 medium domain:a.example verified"})
	diff(t, s.find(90, f), nil) // nothing to end
}

func TestUpdates(t *testing.T) {
	s := newStage(t)
	s.levels["a.example"] = pipeline.Corroborated
	f := about("a.example", 1)
	s.find(1, f)
	f.Severity, f.Until = pipeline.SeverityHigh, at(20)
	diff(t, s.find(2, f), []string{"2 updated#2 high domain:a.example corroborated"})
	f.Severity = pipeline.SeverityLow
	diff(t, s.find(3, f), nil)
	f.Measure.Value = 100
	diff(t, s.find(4, f), []string{"4 updated#3 high domain:a.example corroborated"})
	f.Measure.Value = 10000
	diff(t, s.find(5, f), nil) // tenfold scope is told once
	f.Measure.Value = 10
	f.Severity = pipeline.SeverityCritical
	s.restart()
	diff(t, s.find(6, f), []string{"6 updated#4 critical domain:a.example corroborated"})
}

// A longer window holds more: that is no larger scope.
func TestTenfoldOfAnotherWindow(t *testing.T) {
	s := newStage(t)
	s.levels["a.example"] = pipeline.Corroborated
	f := about("a.example", 1)
	s.find(1, f)
	f.Measure.Value, f.Measure.Window = 100, "10m"
	diff(t, s.find(2, f), nil)
	f.Measure.Window = "10s"
	diff(t, len(s.find(3, f)), 1)
}

// TestNoUpdateForTimeAlone lets events add up at a steady pace: that is no tenfold scope.
func TestNoUpdateForTimeAlone(t *testing.T) {
	s := newStage(t)
	s.levels["a.example"] = pipeline.Corroborated
	f := about("a.example", 1)
	s.find(1, f)
	f.Evidence.Seen = 99
	diff(t, s.find(2, f), nil)
	f.Evidence.Seen = 1000
	diff(t, s.find(3, f), nil)
}

func TestNaming(t *testing.T) {
	for _, c := range []struct {
		name string
		f    pipeline.Finding
		want string
	}{
		{"one address", about("a.example", 1, "203.0.113.7"), "ip:203.0.113.7 ip_only"},
		{"mapped", about("a.example", 1, "::ffff:203.0.113.7"), "ip:203.0.113.7 ip_only"},
		{"80 % from one", about("a.example", 1, "203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.7", "192.0.2.1"), "ip:203.0.113.7 ip_only"},
		{"one /24", about("a.example", 1, "203.0.113.7", "203.0.113.8"), "prefix:203.0.113.0/24 ip_only"},
		{"IPv6 is its /64", about("a.example", 1, "2001:db8:1::1"), "prefix:2001:db8:1::/64 ip_only"},
		{"many of a /64", about("a.example", 1, "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3%eth0"), "prefix:2001:db8:1::/64 ip_only"},
		{"spread", about("a.example", 1, "203.0.113.7", "192.0.2.1"), "instance:social.example"},
		{"no addresses", about("a.example", 1), "instance:social.example"},
		{"counts too low", func() pipeline.Finding {
			f := about("a.example", 1, "203.0.113.7")
			f.Evidence.Window = 13
			return f
		}(), "instance:social.example"},
	} {
		s := newStage(t)
		got := s.find(1, c.f)
		diff(t, got, []string{"1 firing#1 medium " + c.want})
		a := s.last()
		diff(t, a.Related.Domains, []string{"a.example"})
		diff(t, a.Related.Counts.Domains, 1)
		diff(t, len(a.Suggestions), 1) // nothing about domains
	}
}

func TestNamingOfOtherKeys(t *testing.T) {
	for _, c := range []struct {
		typ   pipeline.EntityType
		value string
		part  pipeline.Attribution
		want  string
	}{
		{pipeline.EntityIP, "192.0.2.1", 0, "ip:192.0.2.1 ip_only"},
		{pipeline.EntityPrefix, "192.0.2.0/24", pipeline.Verified, "prefix:192.0.2.0/24 ip_only"},
		{pipeline.EntityAccount, "acct-1", 0, "account:acct-1 ip_only"},
		{pipeline.EntityAccount, "acct-1", pipeline.Claimed, "account:acct-1 claimed"},
		{pipeline.EntityQueue, "push", pipeline.Verified, "queue:push"},
		{pipeline.EntityInstance, "", 0, "instance:social.example"},
	} {
		s := newStage(t)
		s.prove = true // of no use for what is no name
		f := about(c.value, 1)
		f.Key.Type, f.Evidence.Part = c.typ, c.part
		diff(t, s.find(1, f), []string{"1 firing#1 medium " + c.want})
	}
}

func TestWaitingForProof(t *testing.T) {
	t.Run("comes", func(t *testing.T) {
		s := newStage(t)
		s.prove = true
		diff(t, s.find(1.5, about("a.example", 1, "192.0.2.1")), nil)
		s.restart()
		diff(t, s.at(2.5), nil)
		s.levels["a.example"] = pipeline.Verified
		diff(t, s.at(3.1), []string{"3 firing#1 medium domain:a.example verified"})
		diff(t, secs(s.last().StartsAt.Time), "1")
	})
	t.Run("does not", func(t *testing.T) {
		s := newStage(t)
		s.prove = true
		s.find(1.5, about("a.example", 1, "192.0.2.1"))
		f := about("a.example", 1, "192.0.2.1")
		f.Severity = pipeline.SeverityHigh
		diff(t, s.find(3.5, f), nil)
		diff(t, s.at(3.9), nil)
		diff(t, s.at(4.5), []string{"4 firing#1 high ip:192.0.2.1 ip_only"}) // not at 5: that were 3.5 s
	})
	t.Run("whole seconds", func(t *testing.T) {
		s := newStage(t)
		s.prove = true
		s.find(1, about("a.example", 1, "192.0.2.1"))
		diff(t, s.at(3), nil)
		diff(t, s.at(4), []string{"4 firing#1 medium ip:192.0.2.1 ip_only"})
	})
	t.Run("refuted", func(t *testing.T) {
		s := newStage(t)
		s.prove = true
		f := about("a.example", 1, "192.0.2.1")
		s.find(1, f)
		f.Evidence.Refuted = true
		diff(t, s.find(1.5, f), []string{"1.5 firing#1 medium ip:192.0.2.1 ip_only"})
	})
}

func TestLaterProof(t *testing.T) {
	s := newStage(t)
	f := about("a.example", 1, "192.0.2.1")
	s.find(1, f)
	s.levels["a.example"] = pipeline.Corroborated
	diff(t, s.find(2, f), []string{"2 updated#2 medium ip:192.0.2.1 ip_only proven a.example corroborated"})
	diff(t, s.last().Suggestions[0].Text, "limit a.example")
	s.levels["a.example"] = pipeline.Claimed
	f.Severity = pipeline.SeverityHigh
	diff(t, s.find(3, f), []string{"3 updated#3 high ip:192.0.2.1 ip_only proven a.example corroborated"}) // once given it stands
	s.at(200)
	s.levels["a.example"] = pipeline.Verified
	f.Until = at(310)
	diff(t, s.find(300, f), []string{"300 firing#1 high domain:a.example verified"}) // the next episode uses it
}

// An honest peer's proven traffic proves nothing about who forged its name elsewhere.
func TestProofIsNotBorrowed(t *testing.T) {
	s := newStage(t)
	forged := about("a.example", 1, "192.0.2.66")
	s.find(1, forged)
	honest := about("a.example", 1, "203.0.113.7")
	honest.Evidence.Part = pipeline.Verified
	s.levels["a.example"] = pipeline.Verified
	diff(t, s.find(2, honest), []string{"2 firing#1 medium domain:a.example verified"})
	s.levels["a.example"] = pipeline.Claimed
	forged.Severity = pipeline.SeverityHigh
	diff(t, s.find(3, forged), []string{"3 updated#2 high ip:192.0.2.66 ip_only"})
}

func TestProofFromTheSameAddressJoins(t *testing.T) {
	s := newStage(t)
	s.find(1, about("a.example", 1, "192.0.2.1"))
	s.find(1.2, about("a.example", 1, "192.0.2.1")) // proof was looked for in this second
	proven := about("a.example", 1, "192.0.2.1")
	proven.Evidence.Part = pipeline.Corroborated
	s.levels["a.example"] = pipeline.Corroborated
	diff(t, s.find(1.5, proven), []string{"1.5 updated#2 medium ip:192.0.2.1 ip_only proven a.example corroborated"})
	diff(t, s.last().Evidence.Total, 20)
}

func TestRefuted(t *testing.T) {
	s := newStage(t)
	s.levels["a.example"] = pipeline.Corroborated
	f := about("a.example", 1, "192.0.2.1")
	s.find(1, f)
	f.Evidence.Refuted = true
	diff(t, s.find(2.5, f), []string{
		"2.5 resolved#2 medium domain:a.example corroborated",
		"2.5 firing#1 medium ip:192.0.2.1 ip_only",
	})
	diff(t, len(s.e.Open()), 1)
	diff(t, s.find(3, f), nil)
	diff(t, s.at(100), []string{"71 resolved#2 medium ip:192.0.2.1 ip_only"})
}

func TestRefutedProof(t *testing.T) {
	s := newStage(t)
	f := about("a.example", 1, "192.0.2.1")
	s.find(1, f)
	s.levels["a.example"] = pipeline.Corroborated
	s.find(2, f)
	f.Evidence.Refuted = true
	diff(t, s.find(3.5, f), []string{
		"3.5 resolved#3 medium ip:192.0.2.1 ip_only proven a.example corroborated",
		"3.5 firing#1 medium ip:192.0.2.1 ip_only",
	})
	diff(t, secs(s.last().StartsAt.Time), "4") // later than the second of the end
}

// The proof was of the whole episode: without it another one begins, whoever else was part of it.
func TestRefutedProofOfSeveralNames(t *testing.T) {
	s := newStage(t)
	f, g := about("a.example", 1, "192.0.2.1"), about("b.example", 1, "192.0.2.1")
	s.find(1, f, g)
	s.levels["a.example"] = pipeline.Corroborated
	s.find(2, f)
	f.Evidence.Refuted = true
	diff(t, s.find(3.5, f), []string{
		"3.5 resolved#3 medium ip:192.0.2.1 ip_only proven a.example corroborated",
		"3.5 firing#1 medium ip:192.0.2.1 ip_only",
	})
	diff(t, s.find(4, g), nil) // joins
	diff(t, len(s.e.Open()), 1)
}

func TestNamesOfOneAddressAreOneEpisode(t *testing.T) {
	s := newStage(t)
	f, g := about("a.example", 1, "192.0.2.1"), about("b.example", 1, "192.0.2.1")
	g.Severity = pipeline.SeverityHigh
	g.Evidence.Window = 11
	g.Evidence.Addresses[0].Count = 11
	diff(t, s.find(1, g, f), []string{"1 firing#1 medium ip:192.0.2.1 ip_only", "1 updated#2 high ip:192.0.2.1 ip_only"})
	diff(t, s.last().Related.Domains, []string{"b.example", "a.example"})
	diff(t, s.last().Evidence.Total, 21)
	for i := range 200 { // more names than an episode tells apart
		s.find(2, about(fmt.Sprint(i, ".example"), 2, "192.0.2.1"))
	}
	diff(t, len(s.e.Open()), 1)
	diff(t, len(s.alerts), 3) // and ten names
	g.Severity = pipeline.SeverityCritical
	s.find(2.5, g)
	diff(t, len(s.last().Related.Domains), 20)
	s.restart()
	diff(t, len(s.at(100)), 1)
}

func TestAlertIsComplete(t *testing.T) {
	s := newStage(t)
	f := about("a.example", 1, "192.0.2.1")
	f.Summary = "flood from %s, 100%% %s\xff"
	x := math.Inf(1)
	f.Measure.Expected, f.Measure.Value, f.Measure.Surprise = &x, math.NaN(), nil
	f.Context = []pipeline.Context{pipeline.ContextRelay, pipeline.ContextRelay}
	f.Related.IPs = []string{"192.0.2.1", "192.0.2.2"}
	f.Evidence.Samples = []pipeline.Sample{{Source: pipeline.FormatNginx, At: pipeline.Stamp{Time: at(0.123456), Digits: 3}, Line: "x\xff"}}
	s.find(1.25, f)
	got, err := json.Marshal(s.last())
	if err != nil {
		t.Fatal(err)
	}
	id := s.last().ID
	want := `{"schema":"fedwarden.alert.v1","id":"` + id + `","fingerprint":"` + s.last().Fingerprint + `","instance":"social.example","seq":1,"status":"firing","severity":"medium","threat":"dos","detector":"flood",` +
		`"entity":{"type":"ip","value":"192.0.2.1","attribution":"ip_only"},"proven":null,` +
		`"related":{"domains":["a.example"],"actors":[],"ips":["192.0.2.2"],"counts":{"domains":1,"actors":0,"ips":1}},` +
		`"starts_at":"2027-01-15T08:00:01Z","at":"2027-01-15T08:00:01.2Z","ends_at":null,"summary":"flood from 192.0.2.1, 100%% %s�",` +
		`"measure":{"name":"requests","value":0,"expected":1.7976931348623157e+308,"threshold":5,"window":"10s","surprise":null},` +
		`"context":["relay"],"campaign":null,"evidence":{"total":10,"samples":[{"source":"nginx","time":"2027-01-15T08:00:00.123Z","line":"x�"}]},` +
		`"suggestions":[{"kind":"nginx.rate_limit","destructive":false,"undo":"","text":"slow 192.0.2.1 down"}]}`
	diff(t, string(got), want)
	if len(id) != 13 || strings.Trim(id[3:], "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		t.Errorf("got id %q, want FW- and ten of Crockford's digits", id)
	}
}

func TestFingerprint(t *testing.T) {
	print := func(instance string, secret byte, typ pipeline.EntityType) string {
		s := newStage(t)
		s.e = engine.New(engine.Config{Instance: instance, Secret: pipeline.Secret{secret}, Identifier: judge{s},
			Detectors: []engine.Registered{{Detector: s, Spec: floodSpec()}}})
		f := about("x", 1)
		f.Key.Type = typ
		s.find(1, f)
		return s.last().Fingerprint
	}
	diff(t, print("a", 1, pipeline.EntityIP), print("a", 2, pipeline.EntityIP))
	if a, b := print("a", 1, pipeline.EntityAccount), print("a", 2, pipeline.EntityAccount); a == b {
		t.Errorf("got fingerprint %s of an account with two secrets, want two", a)
	}
	if a, b := print("a", 1, pipeline.EntityIP), print("b", 1, pipeline.EntityIP); a == b {
		t.Errorf("got fingerprint %s for two instances, want two", a)
	}
	diff(t, print("a", 1, pipeline.EntityIP), "03df42961b07e56b") // it must never change
}

func TestOpenEpisodesAreBounded(t *testing.T) {
	s := newStage(t)
	flood := func(typ string, severity pipeline.Severity) {
		var fs []pipeline.Finding
		for i := range 11_000 {
			f := about(fmt.Sprint(typ, i), 1)
			f.Key.Type, f.Severity = pipeline.EntityPath, severity
			fs = append(fs, f)
		}
		s.find(1, fs...)
	}
	for _, c := range []struct {
		severity pipeline.Severity
		open     int
	}{{pipeline.SeverityLow, 5000}, {pipeline.SeverityMedium, 7500}, {pipeline.SeverityHigh, 9000}, {pipeline.SeverityCritical, 10000}} {
		flood(c.severity.String(), c.severity)
		diff(t, s.e.Stats().Open, c.open)
	}
	diff(t, s.e.Stats().Refused, 4*11_000-10_000+1) // one is the campaign of all that is medium and worse
	s.at(100)
	diff(t, s.e.Stats().Open, 0)
}

// TestNoRoomIsKnown fills the tracker: the next tick tells how many were not admitted, also after a restart, and
// what is about fedwarden itself has room.
func TestNoRoomIsKnown(t *testing.T) {
	s := newStage(t)
	r := &recorder{}
	build := func() *engine.Engine {
		return engine.New(engine.Config{Identifier: judge{s}, Detectors: append(voices(s),
			engine.Registered{Detector: s, Spec: floodSpec()}, engine.Registered{Detector: r, Spec: pipeline.Spec{Name: "recorder", Space: everything}})})
	}
	s.e = build()
	var fs []pipeline.Finding
	for i := range 10_050 {
		f := about(fmt.Sprintf("%05d", i), 1)
		f.Key.Type, f.Severity = pipeline.EntityPath, pipeline.SeverityCritical
		fs = append(fs, f)
	}
	s.find(1.5, fs...)
	old := s.e
	s.e = build()
	restore(t, s.e, old)
	s.e.Expect([]pipeline.StreamID{"a"})
	r.take()
	health := by("silence", about("x", 3.5))
	health.Severity = pipeline.SeverityHigh
	diff(t, s.find(3.5, health), []string{"3.5 firing#1 high instance:this server"})
	diff(t, r.take(), []string{"2 alerts_refused()=51", "3.5 a2"}) // one more: the campaign has a place too
	s.find(4.5, fs[0], fs[10_040], fs[10_049])
	s.at(6)
	diff(t, r.take(), []string{"4.5 a3", "5 alerts_refused()=2", "6 a4"})
}

// TestRelatedCountsEachNameOnce claims one name by two facts, as a domain and as a site, and another by one
// that stands between them.
func TestRelatedCountsEachNameOnce(t *testing.T) {
	s := newStage(t)
	site, other := about("a.example", 1, "203.0.113.7"), about("b.example", 1, "203.0.113.7")
	site.Key.Type = pipeline.EntitySite
	site.Evidence.Window, site.Evidence.Addresses[0].Count = 30, 30
	other.Evidence.Window, other.Evidence.Addresses[0].Count = 20, 20
	s.find(1, site, other, about("a.example", 1, "203.0.113.7"))
	worse := about("a.example", 2, "203.0.113.7")
	worse.Severity = pipeline.SeverityHigh
	s.find(2, worse)
	diff(t, s.last().Related.Domains, []string{"a.example", "b.example"})
	diff(t, s.last().Related.Counts.Domains, 2)
}
