package sinks

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/sinks/sinktest"
)

func newSlack(t *testing.T, url string) *Slack {
	t.Helper()
	s, err := NewSlack(SlackOptions{URL: NewSecret(url)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSlackMessage(t *testing.T) {
	var all []byte
	for _, a := range []*pipeline.Alert{firing(), updated(), resolved(), campaign(), member(), health()} {
		var w bytes.Buffer
		enc := json.NewEncoder(&w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(slackMessage(a)); err != nil {
			t.Fatal(err)
		}
		all = append(all, w.Bytes()...)
	}
	golden(t, "slack.golden", all)
}

func TestSlackSend(t *testing.T) {
	fake := sinktest.NewSlack(t)
	s := newSlack(t, fake.URL())
	for _, a := range []*pipeline.Alert{firing(), updated(), resolved()} {
		if err := s.Send(context.Background(), a); err != nil {
			t.Fatal(err)
		}
	}
	got := fake.Taken()
	if len(got) != 3 {
		t.Fatalf("got %d messages, want 3", len(got))
	}
	for _, m := range got {
		if m.UnfurlLinks == nil || *m.UnfurlLinks || m.UnfurlMedia == nil || *m.UnfurlMedia {
			t.Errorf("got a message that lets Slack fetch links: %s", m.Text)
		}
		if !strings.Contains(m.Text, "FW-7K2Q9M4XTB") || m.Text != m.Attachments[0].Fallback {
			t.Errorf("got text %q and fallback %q, want one that stands alone", m.Text, m.Attachments[0].Fallback)
		}
	}
	if got := got[2].Attachments[0]; got.Color != "#1E8449" || len(got.Blocks) != 2 {
		t.Errorf("got %d blocks in %s when resolved, want 2 in green", len(got.Blocks), got.Color)
	}
}

func TestSlackButtons(t *testing.T) {
	f := func(change func(*pipeline.Alert), want ...string) {
		t.Helper()
		a := firing()
		change(a)
		m := checkSlack(t, a)
		if got := strings.Join(m.Buttons(), " "); got != strings.Join(want, " ") {
			t.Errorf("got buttons %q, want %q", got, want)
		}
	}
	entity := func(k pipeline.EntityType, value string, at pipeline.Attribution) func(*pipeline.Alert) {
		return func(a *pipeline.Alert) { a.Entity = pipeline.AlertEntity{Type: k, Value: value, Attribution: &at} }
	}
	links := func(domain string) []string {
		return []string{"https://social.example/admin/instances/" + domain,
			"https://social.example/admin/domain_blocks/new?_domain=" + domain}
	}
	f(entity(pipeline.EntityDomain, "a.example", pipeline.Corroborated), links("a.example")...)
	f(entity(pipeline.EntitySite, "a.example", pipeline.Verified), links("a.example")...)
	f(entity(pipeline.EntityDomain, "a.example", pipeline.Claimed))
	f(entity(pipeline.EntityActor, "https://a.example/u", pipeline.Verified))
	f(entity(pipeline.EntityIP, "203.0.113.7", pipeline.IPOnly))
	f(entity(pipeline.EntityDomain, "a.example/../x?y", pipeline.Verified))
	f(entity(pipeline.EntityDomain, "..", pipeline.Verified))
	f(entity(pipeline.EntityDomain, "", pipeline.Verified))
	f(func(a *pipeline.Alert) { a.Instance = nil })
	f(func(a *pipeline.Alert) { a.Instance = ptr("social.example/evil") })
	f(func(a *pipeline.Alert) { *a = *updated() }, links("xn--bcher-kva.example")...)
	f(func(a *pipeline.Alert) { *a = *resolved() })
}

// checkSlack returns a's message as Slack takes it, within our own total of 10,000 characters.
func checkSlack(t interface {
	Helper()
	Fatalf(string, ...any)
}, a *pipeline.Alert) sinktest.Message {
	t.Helper()
	raw, err := json.Marshal(slackMessage(a))
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	m, err := sinktest.CheckSlack(raw)
	if err != nil {
		t.Fatalf("Slack refuses %s: %v", raw, err)
	}
	if n := units(m.All()) + units(m.Attachments[0].Fallback); n >= 10_000 {
		t.Fatalf("got a message of %d characters, want less than 10,000", n)
	}
	return m
}

func TestSlackHostile(t *testing.T) {
	for _, evil := range hostile {
		m := checkSlack(t, everyField(evil))
		for _, bad := range []string{"<!channel", "<@U", "https://evil", "evil.example", "\u202e", "\x1b"} {
			if strings.Contains(m.All(), bad) {
				t.Errorf("got %q in the message of %.40q: %s", bad, evil, m.All())
			}
		}
	}
	checkSlack(t, &pipeline.Alert{})
}

// hostile are strings that somebody could want to see in a chat or a terminal.
var hostile = []string{
	"<!channel> <@U012> <https://evil.example|click> <!date^1^x|y>",
	"```\n*hi* `x` ~~ __ https://evil.example evil.example",
	"\x1b[31mred\x1b[0m\x1b]0;t\a\u202egnp.exe\u2066",
	"\xff\xfe\xc3(",
	strings.Repeat("A", 100_000),
	strings.Repeat("&", 100_000),
	strings.Repeat("<!channel>", 10_000),
	strings.Repeat("`", 100_000),
	strings.Repeat("😀", 50_000),
	strings.Repeat("https://evil.example ", 5_000),
	"%s %d %!", "\x00", " ", "\n", "`", "``", "&lt;!here&gt;",
}

// everyField is an alert with s wherever a string can be, twenty-five of each list.
func everyField(s string) *pipeline.Alert {
	e := pipeline.AlertEntity{Type: pipeline.EntityDomain, Value: s, Attribution: ptr(pipeline.Verified)}
	a := firing()
	a.ID, a.Fingerprint, a.Instance, a.Detector, a.Summary, a.Campaign = s, s, &s, s, s, &s
	a.Threat, a.Schema, a.Entity, a.Proven = pipeline.Threat(s), s, e, &pipeline.AlertEntity{Type: pipeline.EntityType(s), Value: s}
	a.Measure.Name, a.Measure.Window = s, s
	for range 25 {
		a.Related.Domains = append(a.Related.Domains, s)
		a.Related.Actors = append(a.Related.Actors, s)
		a.Related.IPs = append(a.Related.IPs, s)
		a.Context = append(a.Context, pipeline.Context(s))
		a.Evidence.Samples = append(a.Evidence.Samples, pipeline.AlertSample{Source: s, Time: a.At, Line: s})
		a.Suggestions = append(a.Suggestions, pipeline.Suggestion{Kind: s, Text: s, Undo: s, Destructive: true})
	}
	a.Suggestions, a.Evidence.Samples = a.Suggestions[3:], a.Evidence.Samples[2:]
	a.Related.Counts = pipeline.RelatedCounts{Domains: 1 << 63, Actors: 1 << 63, IPs: 1 << 63}
	return a
}

func TestTextHostile(t *testing.T) {
	for _, evil := range hostile {
		out := string(AppendText(nil, everyField(evil), false))
		for _, bad := range []string{"https://evil", "evil.example", "\u202e", "\x1b", "\x00", "\u2066"} {
			if strings.Contains(out, bad) {
				t.Errorf("got %q in the text of %.40q: %.2000s", bad, evil, out)
			}
		}
		if len(out) > 150_000 {
			t.Errorf("got %d bytes from %.40q, want a bounded text", len(out), evil)
		}
	}
}

// Whatever an alert holds, Slack takes its message.
func TestSlackTakesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAlert(t)
		checkSlack(t, a)
		AppendText(nil, a, true)
		var back pipeline.Alert
		if err := json.Unmarshal(AppendJSON(nil, a), &back); err != nil {
			t.Fatalf("JSON: %v", err)
		}
	})
}

// anyAlert draws an alert in which only statuses, severities and attributions keep their sets.
func anyAlert(t *rapid.T) *pipeline.Alert {
	word := rapid.OneOf(
		rapid.SampledFrom(hostile),
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.StringMatching("[<>&`*_~!@#|^.:/a-z0-9 -]{0,400}"),
		rapid.SampledFrom([]string{"", "a.example", "https://xn--bcher-kva.example/x", "203.0.113.7", "social.example"}),
	)
	kind := rapid.OneOf(rapid.SampledFrom([]string{"domain", "site", "actor", "ip", "path", ""}), word)
	text := func(l string) string { return word.Draw(t, l) }
	list := rapid.SliceOfN(word, 0, 22)
	num := rapid.Float64()
	stamp := func(l string) pipeline.Stamp {
		return pipeline.Stamp{Time: pipeline.Time(rapid.Int64().Draw(t, l)), Digits: rapid.Uint8Range(0, 9).Draw(t, l)}
	}
	entity := func() pipeline.AlertEntity {
		e := pipeline.AlertEntity{Value: text("value"), Type: pipeline.EntityType(kind.Draw(t, "type"))}
		if n := rapid.Uint8Range(0, 4).Draw(t, "attribution"); n > 0 {
			e.Attribution = ptr(pipeline.Attribution(n))
		}
		return e
	}
	a := &pipeline.Alert{
		ID: text("id"), Fingerprint: text("fingerprint"), Detector: text("detector"), Threat: pipeline.Threat(text("threat")),
		Status:   rapid.SampledFrom([]pipeline.Status{"firing", "updated", "resolved"}).Draw(t, "status"),
		Severity: pipeline.Severity(rapid.Uint8Range(0, 4).Draw(t, "severity")),
		Entity:   entity(), Summary: text("summary"),
		StartsAt: stamp("starts"), At: stamp("at"), EndsAt: stamp("ends"),
		Related: pipeline.AlertRelated{Domains: list.Draw(t, "domains"), Actors: list.Draw(t, "actors"), IPs: list.Draw(t, "ips"),
			Counts: pipeline.RelatedCounts{Domains: rapid.Uint64().Draw(t, "n"), Actors: rapid.Uint64().Draw(t, "n")}},
		Measure:  pipeline.Measure{Name: text("name"), Value: num.Draw(t, "v"), Threshold: num.Draw(t, "t"), Window: text("window")},
		Evidence: pipeline.AlertEvidence{Total: rapid.Uint64().Draw(t, "total")},
	}
	if rapid.Bool().Draw(t, "more") {
		e := entity()
		a.Proven, a.Instance, a.Campaign = &e, ptr(text("instance")), ptr(text("campaign"))
		a.Measure.Expected, a.Measure.Surprise = ptr(num.Draw(t, "e")), ptr(num.Draw(t, "s"))
	}
	for _, s := range list.Draw(t, "lines") {
		a.Context = append(a.Context, pipeline.Context(s))
		a.Evidence.Samples = append(a.Evidence.Samples, pipeline.AlertSample{Source: s, Time: a.At, Line: s})
		a.Suggestions = append(a.Suggestions, pipeline.Suggestion{Text: s, Undo: s})
	}
	return a
}

func TestSlackRefusals(t *testing.T) {
	fake := sinktest.NewSlack(t)
	f := func(status int, body string, permanent bool) {
		t.Helper()
		fake.Script(sinktest.Answer{Status: status, Body: body})
		err := newSlack(t, fake.URL()).Send(context.Background(), firing())
		if err == nil || pipeline.IsPermanent(err) != permanent || !strings.Contains(err.Error(), body) {
			t.Errorf("%d %s: got %v (permanent %v), want the reason and permanent %v", status, body, err, pipeline.IsPermanent(err), permanent)
		}
	}
	f(http.StatusBadRequest, "invalid_payload", true)
	f(http.StatusForbidden, "action_prohibited", true)
	f(http.StatusNotFound, "no_service", true)
	f(http.StatusGone, "channel_is_archived", true)
	f(http.StatusInternalServerError, "rollup_error", false)
	f(http.StatusTooManyRequests, "rate_limited", false)
}

// Bursts pass, then one message per second: the time is the bubble's own.
func TestSlackWaitsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlack(t, "http://slack.example/x")
		s.to.base = roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		start := time.Now()
		for range slackBurst + 3 {
			if err := s.Send(t.Context(), firing()); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got != 3*slackEvery {
			t.Errorf("got %s for a burst and three more, want 3s", got)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
