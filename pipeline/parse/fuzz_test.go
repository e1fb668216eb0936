package parse

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// seed adds every line of the captures of that name, and what is no line at all.
func seed(f *testing.F, pattern string) {
	f.Helper()
	for _, line := range captured(f, pattern) {
		if len(line) < 2000 {
			f.Add(line)
		}
	}
	for _, line := range []string{"", "{", `"`, "[", "\\", "\x00", strings.Repeat(`{"a":`, 40), `] "`} {
		f.Add(line)
	}
}

// hold parses a line under all Options that change how, and checks what comes out.
func hold(t *testing.T, format pipeline.Format, line string) {
	trusted := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	for _, o := range []Options{{Format: format}, {}, {Format: format, TrustedProxies: trusted}} {
		p := newParser(t, o)
		for range 2 {
			var e pipeline.Event
			skip, err := p.Parse(line, Env{}, &e)
			checkEvent(t, line, &e)
			if (err != nil) != (e.Kind == pipeline.KindRejected) || (skip != "") != (e.Kind == pipeline.KindUnknown) {
				t.Errorf("line %q: got kind %s, skip %q, error %v", line, e.Kind, skip, err)
			}
			if err != nil && (err.Column < 1 || err.Column > len(line)+1 || err.Reason == "") {
				t.Errorf("line %q: got error %v, want a column within and a reason", line, err)
			}
		}
	}
}

func FuzzNginx(f *testing.F) {
	seed(f, "nginx-[^j]*.log")
	f.Fuzz(func(t *testing.T, line string) { hold(t, pipeline.FormatNginx, line) })
}

func FuzzJSON(f *testing.F) {
	seed(f, "nginx-json.log")
	f.Fuzz(func(t *testing.T, line string) { hold(t, pipeline.FormatNginx, line) })
}

func FuzzLogFormat(f *testing.F) {
	f.Add(combinedFormat, nginxLine)
	f.Add("log_format x escape=json '$status \"$request\"' ' $http_a $http_b';", `200 "GET / HTTP/1.1" a b c`)
	f.Add(`{"a":"$request","b":$status}`, `{"a":"GET / HTTP/1.1","b":200}`)
	f.Fuzz(func(t *testing.T, format, line string) {
		p, err := New(Options{Format: pipeline.FormatNginx, LogFormat: format})
		if err != nil {
			return
		}
		var e pipeline.Event
		p.Parse(line, Env{}, &e)
		checkEvent(t, line, &e)
	})
}

func FuzzAgent(f *testing.F) {
	f.Add("Mastodon/4.5.3 (http.rb/5.3.1; +https://techhub.example/)")
	f.Add("Pleroma 2.6.2; https://pleroma.example <admin@pleroma.example>")
	f.Add("Ghost/0.1.0 (Fedify/1.4.0; Node.js/v22.1.0; +https://blog.example/)")
	f.Add("Friendica 'Giant Rhubarb' 2023.05-1518; https://[::1]:80")
	f.Fuzz(func(t *testing.T, s string) {
		var c agents
		var e, again pipeline.Event
		c.set(&e, s)
		c.set(&again, s)
		checkEvent(t, s, &e)
		if e != again {
			t.Errorf("agent %q: got %+v, from memory %+v", s, e, again)
		}
	})
}

func FuzzKeyID(f *testing.F) {
	f.Add("https://host.example/users/x#main-key")
	f.Add("acct:user@host.example")
	f.Add(`keyId="https://[2001:db8::1]:443/?x#k",signature="=="`)
	f.Fuzz(func(t *testing.T, s string) {
		var e pipeline.Event
		setKey(&e, s)
		checkEvent(t, s, &e)
		e = pipeline.Event{}
		setSignature(&e, s, s)
		checkEvent(t, s, &e)
	})
}

func FuzzRedact(f *testing.F) {
	seed(f, "nginx-combined.log")
	f.Fuzz(func(t *testing.T, s string) {
		e := pipeline.Event{Sample: redact(s)}
		checkEvent(t, s, &e)
		if strings.Contains(e.Sample, "?") {
			t.Errorf("redact %q: got a query in %q", s, e.Sample)
		}
		if start, end := findMail(e.Sample, 0); end != 0 {
			t.Errorf("redact %q: got an address %q", s, e.Sample[start:end])
		}
	})
}

func FuzzState(f *testing.F) {
	f.Add("p1;nginx;1795418462000000000;3;7;")
	f.Add("p1;rails;1795418462000000000;6;0;x")
	f.Add("p1;sidekiq;0;0;0;x")
	f.Add("p2;rails;1795418462000000000;6;0;8;5;3;I, [2{}\nrails 3 8")
	f.Fuzz(func(t *testing.T, state string) {
		p := newParser(t, Options{})
		p.Restore(state)
		told := p.State()
		q := newParser(t, Options{})
		q.Restore(told)
		if got := q.State(); got != told {
			t.Errorf("state %q: got %q, told again %q", state, told, got)
		}
		for _, line := range []string{nginxLine, railsLine, sidekiqLine} {
			var e pipeline.Event
			p.Parse(line, Env{}, &e)
			checkEvent(t, line, &e)
		}
	})
}
