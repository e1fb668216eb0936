package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/source/discover"
)

// Whatever a path or a log_format holds, the configuration that detect prints says the same, and what is printed
// before it stays a comment.
func TestDetectedConfig(t *testing.T) {
	for _, odd := range []string{"plain", "it's", `a "b" 'c'`, "#x", "a: b", "{x}", "[x, y]", "*", "&a", "null", " lead", "ä", "tab\there", "line\nbreak", "\x1b[31m", `back\slash`, "'", `"`, "\u2028"} {
		format := odd + " $request $status"
		found := &discover.Found{Files: []discover.File{{Path: "/" + odd, Format: pipeline.FormatNginx, LogFormat: format, Lateness: 15 * time.Second, Servers: []string{odd}}}}
		found.Warnings = []discover.Warning{{Subject: odd, Text: odd, Mend: odd}}
		found.Problems = []discover.Problem{{Subject: odd, Reason: odd, Mend: odd}}
		var text bytes.Buffer
		foundText(&text, found)
		for line := range strings.Lines(text.String()) {
			if !strings.HasPrefix(line, "# ") || strings.ContainsAny(line, "\x1b\t") {
				t.Errorf("%q: got %q, want a comment", odd, line)
			}
		}
		text.WriteString(foundConfig(found))
		var cfg Config
		d := &decoder{file: "x"}
		d.decode(text.Bytes(), &cfg)
		if err := d.err(); err != nil || len(cfg.Inputs) != 1 {
			t.Errorf("%q: got %v of\n%s", odd, err, text.String())
			continue
		}
		if in := cfg.Inputs[0]; in.Path != "/"+odd || in.LogFormat != format || in.Format != "nginx" || in.Lateness.std() != 15*time.Second {
			t.Errorf("%q: got %+v of\n%s", odd, in, text.String())
		}
	}
}

// The journal and Docker stand in the configuration in one entry each.
func TestDetectedSources(t *testing.T) {
	found := &discover.Found{Units: []discover.Unit{{Name: "mastodon-web.service"}, {Name: "mastodon-sidekiq@push.service"}}, Journal: "/host/var/log/journal",
		Containers: []discover.Container{{Name: "a", Service: "web"}, {Name: "b", Service: "web"}, {Name: "c", Service: "sidekiq"}}, Docker: "/var/lib/docker/containers"}
	const want = `inputs:
  - {journald: [mastodon-web.service, 'mastodon-sidekiq*.service'], directory: /host/var/log/journal}
  - {docker: /var/lib/docker/containers, services: [web, sidekiq]}
`
	if got := foundConfig(found); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
