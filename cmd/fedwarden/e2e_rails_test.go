//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// A railsRequest is one that the Rails of testdata/e2e/rails.rb answers, and what fedwarden must read of it.
type railsRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`

	status  uint16
	verdict pipeline.Verdict
	host    string // of the key id
}

// What a stranger would like to stand in the log as a line of its own, as Rails of each version writes it.
const (
	forgedRecord = "method=POST path=/inbox format=html controller=ActivityPub::InboxesController action=create status=202 duration=1.00 view=0.00 verified=yes key=https://victim.example/u"
	forgedID     = "[521303bc-6a6b-4558-8b5c-66c94ca4b9ac] "
	forgedPrefix = "I, [2026-11-23T07:31:41.765496 #29854]  INFO -- : "
)

// post returns a delivery whose signature is good, or says that it is bad, or is none.
func post(kind, text, key string, good bool, want railsRequest) railsRequest {
	body, _ := json.Marshal(map[string]string{"type": kind, "text": text})
	want.Method, want.Path, want.Body, want.Headers = "POST", "/inbox", string(body), map[string]string{}
	if key != "" {
		want.Headers["Signature"] = fmt.Sprintf(`keyId="%s",signature="%s"`, key, map[bool]string{true: "good", false: "bad"}[good])
	}
	return want
}

func railsRequests() []railsRequest {
	const a = "https://a.example/users/u#main-key"
	list := []railsRequest{
		post("Create", "", a, true, railsRequest{status: 202, verdict: pipeline.VerdictYes, host: "a.example"}),
		post("Create", "", a, false, railsRequest{status: 401, verdict: pipeline.VerdictNo, host: "a.example"}),
		post("Delete", "", a, true, railsRequest{status: 202, verdict: pipeline.VerdictNo, host: "a.example"}), // nobody checked it
		post("Create", "", "", false, railsRequest{status: 401}),
		post("Create", "", "https://b.example/ verified=yes status=202 key=https://victim.example/u", false, railsRequest{status: 401, verdict: pipeline.VerdictNo, host: "b.example"}),
		post("Create", "", " verified=yes key=https://victim.example/u", false, railsRequest{status: 401, verdict: pipeline.VerdictNo}),
		post("Create", "", "https://b.example/\n"+forgedPrefix+forgedID+forgedRecord, false, railsRequest{status: 401, verdict: pipeline.VerdictNo, host: "b.example"}),
	}
	list = append(list, post("Create", "", "https://ä.example/\x1b[31m\x00"+forgedRecord, false, railsRequest{status: 401, verdict: pipeline.VerdictNo}),
		post("Raise", "ä\u2028\u0085\x1b[31m\x00\n"+forgedRecord, a, true, railsRequest{status: 500}))
	for _, forged := range []string{forgedRecord, forgedID + forgedRecord, forgedPrefix + forgedID + forgedRecord, "' duration=1.00 view=0.00 verified=yes key=https://victim.example/u"} {
		for _, br := range []string{"\n", "\r\n", "\r", "' \n"} {
			text := "x" + br + forged + br
			list = append(list,
				post("Raise", text, a, true, railsRequest{status: 500}), // of what follows an error nothing is believed
				post("Reject", text, a, true, railsRequest{status: 202, verdict: pipeline.VerdictYes, host: "a.example"}))
		}
		// as long as it takes to make whoever splits long lines begin a line with it
		for _, size := range []int{12_000, 16 << 10, 48 << 10} {
			list = append(list, post("Raise", strings.Repeat("x", size-200)+"\n"+strings.Repeat(forged+"\n", 100), a, true, railsRequest{status: 500}))
		}
	}
	accept := post("Create", "", a, false, railsRequest{status: 401, verdict: pipeline.VerdictNo, host: "a.example"})
	accept.Headers["Accept"] = "a/b; action=x; status=202"
	broken := post("Create", "", a, true, railsRequest{status: 400})
	broken.Body = "{broken\n" + forgedPrefix + forgedID + forgedRecord
	to := railsRequest{Method: "GET", Path: "/?to=https://x.example/%20verified=yes%20key=https://victim.example/u", status: 302, host: "victim.example"}
	return append(list, accept, broken, to)
}

// TestRailsInitializer asks a real Rails the same with the initializer and without: it answers the same, and with it
// no stranger writes a record or a verdict.
func TestRailsInitializer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a real Rails")
	}
	ruby := program(t, "ruby", "ruby")
	requireGems(t, ruby, "rails", "ruby-railties", "action_controller/railtie", "ruby-actionpack", "lograge", "ruby-lograge")
	requests := railsRequests()
	for _, env := range [][]string{{"VERSION=4.5"}, {"VERSION=4.5", "FORMATTER=json"}, {"VERSION=3.5"}} {
		t.Run(strings.Join(env, " "), func(t *testing.T) {
			plain, before := askRails(t, ruby, env, "", requests)
			log, after := askRails(t, ruby, env, railsInitializer, requests)
			if !bytes.Equal(before, after) {
				t.Errorf("the answers differ:\n%s\nwith the initializer:\n%s", before, after)
			}
			checked := func(log []byte) int { return bytes.Count(log, []byte("checked /inbox")) }
			if checked(plain) == 0 || checked(log) != checked(plain) {
				t.Errorf("signatures were checked %d times, with the initializer %d times", checked(plain), checked(log))
			}
			if bytes.Contains(plain, []byte("verified=no")) {
				t.Error("verified=no without the initializer")
			}
			checkRails(t, log, requests, strings.HasSuffix(env[len(env)-1], "json"))
		})
	}
}

// requireGems skips the test, or fails it, without the libraries: name, package …
func requireGems(t *testing.T, ruby string, gems ...string) {
	t.Helper()
	for i := 0; i < len(gems); i += 2 {
		if exec.Command(ruby, "-e", "require 'logger'; require ARGV[0]", gems[i]).Run() == nil {
			continue
		}
		if os.Getenv(requireServers) == "1" {
			t.Fatalf("ruby has no %s (apt-get install %s), and %s=1", gems[i], gems[i+1], requireServers)
		}
		t.Skipf("ruby has no %s (apt-get install %s)", gems[i], gems[i+1])
	}
}

// askRails returns the log of the requests and how they were answered.
func askRails(t *testing.T, ruby string, env []string, initializer string, requests []railsRequest) (log, answers []byte) {
	t.Helper()
	root := t.TempDir()
	if initializer != "" {
		dir := filepath.Join(root, "config", "initializers")
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "fedwarden.rb"), []byte(initializer), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	var in, out, talk bytes.Buffer
	for i := range requests {
		if err := json.NewEncoder(&in).Encode(&requests[i]); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(root, "answers.json")
	cmd := exec.Command(ruby, filepath.Join("testdata", "e2e", "rails.rb"), root, file)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = append(os.Environ(), append(env, "RAILS_ENV=production")...), &in, &out, &talk
	if err := cmd.Run(); err != nil {
		t.Fatalf("rails: %v\n%s", err, talk.String())
	}
	answers, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), answers
}

// checkRails reads the log: one record for each request, as wanted, and nothing that can't be read.
func checkRails(t *testing.T, log []byte, requests []railsRequest, isJSON bool) {
	t.Helper()
	p, err := parse.New(parse.Options{Format: pipeline.FormatRails, Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(log)) {
		var e pipeline.Event
		skip, err := p.Parse(line, parse.Env{Read: pipeline.Second * 1795500000}, &e)
		if len(line) > 12_001 {
			t.Errorf("a line of %d bytes: %.200s", len(line), line)
		}
		if err != nil {
			t.Errorf("can't be read: %v: %.400s", err, line)
		}
		if skip != "" || e.Kind != pipeline.KindRequest {
			continue
		}
		if n == len(requests) {
			t.Fatalf("a record too many: %.400s", line)
		}
		want := requests[n]
		if isJSON {
			want.inJSON()
		}
		if n++; e.Status != want.status || e.Verified != want.verdict || want.host != "" && e.KeyHost != want.host {
			t.Errorf("%.400s\nof %.200q %.200q\ngot %d, verdict %d, key of %q; want %d, %d, %q", line, want.Headers, want.Body,
				e.Status, e.Verified, e.KeyHost, want.status, want.verdict, want.host)
		}
	}
	if n != len(requests) {
		t.Errorf("got %d records, want %d", n, len(requests))
	}
}

// inJSON makes r what a JSON record tells: in JSON an error's text has an end, unless the line was cut off.
func (r *railsRequest) inJSON() {
	switch {
	case r.status == 500 && len(r.Body) < 10_000:
		r.verdict = pipeline.VerdictYes
	case r.status == 400: // before the signature was looked at
		r.verdict = pipeline.VerdictNo
	}
	if r.Method == "GET" {
		r.host = ""
	}
}
