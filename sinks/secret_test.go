package sinks

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	type config struct {
		Open   Secret  `json:"open" yaml:"open"`
		Ptr    *Secret `json:"ptr" yaml:"ptr"`
		hidden Secret
	}
	const planted = "pl4nted-s3cret"
	s := NewSecret(planted)
	c := config{s, &s, s}
	var shown []string
	for _, v := range []any{s, &s, c, &c, []Secret{s}, map[string]Secret{"k": s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%t"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		y, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(j), string(y), fmt.Sprint(v), slogLine(v))
	}
	text, _ := encoding.TextMarshaler(s).MarshalText()
	shown = append(shown, s.String(), s.GoString(), string(text))
	for _, out := range shown {
		if strings.Contains(out, planted) || strings.Contains(out, fmt.Sprintf("%x", planted)) {
			t.Errorf("got %q, which shows the secret", out)
		}
	}
	if got := fmt.Sprintf("%s %v %q", s, s, s); got != "<secret> <secret> <secret>" {
		t.Errorf("got %q, want <secret> three times", got)
	}
	if c.hidden.Reveal() != planted {
		t.Errorf("got %q, want the secret when asked for it", c.hidden.Reveal())
	}
}

func slogLine(v any) string {
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	return b.String()
}

func TestSecretFromConfiguration(t *testing.T) {
	var c struct {
		URL   Secret   `yaml:"url"`
		Keys  []Secret `yaml:"keys"`
		Unset Secret   `yaml:"unset"`
	}
	if err := yaml.UnmarshalWithOptions([]byte("url: https://x.example/a\nkeys: [whsec_a, \"b\"]\n"), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if c.URL.Reveal() != "https://x.example/a" || len(c.Keys) != 2 || c.Keys[1].Reveal() != "b" || !c.Unset.IsZero() {
		t.Errorf("got %q and %d keys", c.URL.Reveal(), len(c.Keys))
	}
	if !c.URL.Equal(NewSecret("https://x.example/a")) || c.URL.Equal(c.Unset) {
		t.Error("got secrets that differ or are equal wrongly")
	}
}

func TestRedactURL(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := RedactURL(in); got != want {
			t.Errorf("RedactURL(%q): got %q, want %q", in, got, want)
		}
	}
	f("https://hooks.slack.com/services/T/B/X", "hooks.slack.com")
	f("http://user:pw@127.0.0.1:8080/x?y#z", "127.0.0.1:8080")
	f("no url at all", "<secret>")
	f("https://a b/", "<secret>")
	f("", "<secret>")
}

func TestScrub(t *testing.T) {
	u, err := url.Parse("https://bob:passw0rd@h.example/services/T0FEDWARD/B0WEBHOOK/s3cr3t%2FPath?token=abcdefgh1&x=1")
	if err != nil {
		t.Fatal(err)
	}
	s := newScrubber(u, "whsec_QUJD")
	f := func(in, want string) {
		t.Helper()
		if got := s.scrub(in); got != want {
			t.Errorf("scrub(%q): got %q, want %q", in, got, want)
		}
	}
	f("at "+u.String()+" end", "at <secret> end")
	f("no "+u.EscapedPath(), "no <secret>")
	f("no "+u.Path, "no <secret>")
	f("only t0fedward and B0WEBHOOK", "only <secret> and <secret>")
	f("ABCDEFGH1 passw0rd WHSEC_qujd", "<secret> <secret> <secret>")
	f("h.example said no", "h.example said no")
	f("", "")
}
