//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
	"github.com/fedwarden/fedwarden/pipeline/source/discover"
)

// What must not be in a log: a token of a query, and a signature.
const (
	token     = "TOKEN0123456789"
	signature = "U0lHTkFUVVJFMDEyMzQ1Njc4OQ"
)

// onTheWire are requests as they go over the wire, and what fedwarden must read of each.
var onTheWire = []struct {
	line    string
	headers []string
	want    pipeline.Event // Method, Path, Status, KeyID and KeyHost
}{
	{"POST /inbox HTTP/1.1", []string{`Signature: keyId="https://a.example/users/u#main-key",algorithm="rsa-sha256",headers="(request-target) host date",signature="` + signature + `=="`},
		pipeline.Event{Method: pipeline.MethodPost, Path: "/inbox", Status: 202, KeyID: "https://a.example/users/u#main-key", KeyHost: "a.example"}},
	{"POST /users/alice/inbox HTTP/1.1", []string{`Signature-Input: sig1=("@method" "@target-uri" "content-digest");created=1795000000;keyid="https://b.example/actor#main-key"`, "Signature: sig1=:" + signature + ":"},
		pipeline.Event{Method: pipeline.MethodPost, Path: "/users/alice/inbox", Status: 202, KeyID: "https://b.example/actor#main-key", KeyHost: "b.example"}},
	{"POST /inbox HTTP/1.1", []string{`Signature-Input: sig1=("@method");created=1795000000; keyid="https://c.example/actor"`, `Signature: keyId="https://victim.example/u",signature="` + signature + `"`},
		pipeline.Event{Method: pipeline.MethodPost, Path: "/inbox", Status: 202, KeyID: "https://c.example/actor", KeyHost: "c.example"}},
	{"POST /inbox HTTP/1.1", []string{`Signature: signature="` + signature + `",headers="date", keyId="https://d.example/ status=401 key=\"`},
		pipeline.Event{Method: pipeline.MethodPost, Path: "/inbox", Status: 202, KeyID: `https://d.example/ status=401 key=\`, KeyHost: "d.example"}},
	{"POST /inbox HTTP/1.1", []string{"Signature: sig1=:" + signature + ":", "Signature-Input: sig1=()"}, pipeline.Event{Method: pipeline.MethodPost, Path: "/inbox", Status: 202}},
	{"POST /inbox HTTP/1.1", []string{`Signature: x="` + signature + `",notkeyId="https://e.example/"`}, pipeline.Event{Method: pipeline.MethodPost, Path: "/inbox", Status: 202}},
	{"POST /inbox HTTP/1.1", []string{`Signature: keyId="https://e.example/` + strings.Repeat("x", 600) + `",signature="` + signature + `"`}, pipeline.Event{Method: pipeline.MethodPost, Path: "/inbox", Status: 202}},
	{"GET /api/v1/streaming?access_token=" + token + "&stream=user HTTP/1.1", nil, pipeline.Event{Method: pipeline.MethodGet, Path: "/api/v1/streaming", Status: 202}},
	{"GET http://other.example/abs?code=" + token + " HTTP/1.1", nil, pipeline.Event{Method: pipeline.MethodGet, Path: "/abs", Status: 202}},
	{"GET /%22%0A\"}/x?" + token + " HTTP/1.1", []string{"User-Agent: a\"b\\c\x1b[31m\xff", "X-Forwarded-For: 198.51.100.1\",\"status\":200"},
		pipeline.Event{Method: pipeline.MethodGet, Path: `/%22%0A"}/x`, Status: 400}},
	{"\x16\x03\x01\x02", nil, pipeline.Event{Status: 400}},
	{"GET /sp ace?" + token + " HTTP/1.1", nil, pipeline.Event{Status: 400}},
}

// TestNginxLogFormat asks a real nginx that has the recommended log_format, and reads what it logs.
func TestNginxLogFormat(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a real server")
	}
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(answers.Close)
	dir := t.TempDir()
	s := &site{dir: dir, access: filepath.Join(dir, "access.log"), backend: &backend{addr: answers.Listener.Addr().String()}}
	s.startNginx(t, program(t, "nginx", "nginx-light"))
	for i := range onTheWire {
		ask(t, strings.TrimPrefix(s.url, "http://"), onTheWire[i].line, onTheWire[i].headers)
	}
	s.nginx.stop()
	log, err := os.ReadFile(s.access)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{token, signature} {
		if strings.Contains(string(log), secret) {
			t.Errorf("the log holds %s:\n%s", secret, log)
		}
	}
	lines := strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")
	if len(lines) != len(onTheWire) {
		t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(onTheWire), log)
	}
	for _, o := range []parse.Options{{}, {Format: pipeline.FormatNginx, LogFormat: detected(t, s, log)}} {
		checkLines(t, o, lines)
	}
}

// detected returns the log_format that is found in the configuration of the site's nginx, as that of its log.
func detected(t *testing.T, s *site, log []byte) string {
	t.Helper()
	conf, err := os.ReadFile(filepath.Join(s.dir, "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for name, content := range map[string][]byte{"/etc/nginx/nginx.conf": conf, s.access: log} {
		name = filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, content, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	found := discover.Find(t.Context(), discover.Options{Root: root, Now: pipeline.TimeOf(time.Now())})
	if len(found.Files) != 1 || len(found.Problems) != 0 || found.Files[0].Path != filepath.Join(root, s.access) ||
		found.Files[0].LogFormat == "" || found.Files[0].Sample.Events != len(onTheWire) {
		t.Fatalf("got %+v, want nginx's log, its format, %d events and no problem", found, len(onTheWire))
	}
	return found.Files[0].LogFormat
}

func checkLines(t *testing.T, o parse.Options, lines []string) {
	t.Helper()
	p, err := parse.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		var e pipeline.Event
		skip, err := p.Parse(line, parse.Env{}, &e)
		if want := onTheWire[i].want; skip != "" || err != nil || e.Method != want.Method || e.Path != want.Path || e.Status != want.Status ||
			e.KeyID != want.KeyID || e.KeyHost != want.KeyHost || e.Digits != 3 || e.IP.String() != "127.0.0.1" {
			t.Errorf("%s\ngot %s %q %d by %q of %q from %s (%q, %v), want %s %q %d by %q of %q from 127.0.0.1", line, e.Method, e.Path, e.Status,
				e.KeyID, e.KeyHost, e.IP, skip, err, want.Method, want.Path, want.Status, want.KeyID, want.KeyHost)
		}
	}
}

// ask sends a request as it stands, and waits for the answer's end.
func ask(t *testing.T, addr, line string, headers []string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	all := append([]string{line, "Host: social.example", "Connection: close"}, headers...)
	if _, err := io.WriteString(conn, strings.Join(all, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatal(err)
	}
}
