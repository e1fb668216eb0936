package parse

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// TestCaptures accounts for every line of the captures by name, one Parser per file: an event with all
// its fields, or skipped or rejected and why.
func TestCaptures(t *testing.T) {
	files, err := filepath.Glob("testdata/captures/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("captures: got %d files, %v", len(files), err)
	}
	var got bytes.Buffer
	for _, file := range files {
		account(t, &got, file)
	}
	const golden = "testdata/captures.golden"
	if *rewrite {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("captures differ from %s (-want +got); see them, then run with -rewrite:\n%s", golden, diff)
	}
}

// readAt is when the captures were read, for lines without a stamp.
const readAt = 1795500000 * pipeline.Second

// captured returns the lines of the captures of a name.
func captured(t testing.TB, pattern string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/captures/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("captures %s: got %d files, %v", pattern, len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
	}
	return lines
}

func account(t *testing.T, out *bytes.Buffer, file string) {
	p := newParser(t, Options{})
	for i, line := range captured(t, filepath.Base(file)) {
		var e pipeline.Event
		skip, perr := p.Parse(line, Env{Read: readAt}, &e)
		fmt.Fprintf(out, "%s:%d %s ", filepath.Base(file), i+1, e.Format)
		switch {
		case skip != "":
			fmt.Fprintf(out, "skipped: %s\n", skip)
		case perr != nil:
			fmt.Fprintf(out, "rejected: column %d: %s: %q\n", perr.Column, perr.Reason, e.Sample)
		default:
			fmt.Fprintf(out, "event%s\n", describe(&e))
		}
		checkEvent(t, line, &e)
	}
}

// describe writes the fields of an event that are known, in the order of their declaration.
func describe(e *pipeline.Event) string {
	var b strings.Builder
	add := func(name string, known bool, format string, v ...interface{}) {
		if known {
			fmt.Fprintf(&b, " %s="+format, append([]interface{}{name}, v...)...)
		}
	}
	text := func(name, s string) {
		if len(s) > 120 {
			s = fmt.Sprintf("%s…(%d)", s[:100], len(s))
		}
		add(name, s != "", "%q", s)
	}
	add("time", true, "%s", pipeline.Stamp{Time: e.Time, Digits: e.Digits})
	add("kind", true, "%s", e.Kind)
	add("ip", e.IP.IsValid(), "%s", e.IP)
	add("method", e.Method != 0, "%s", e.Method)
	add("endpoint", e.Method != 0 || e.Endpoint != 0, "%s", e.Endpoint)
	add("status", e.Status != 0, "%d", e.Status)
	text("path", e.Path)
	add("bytes", e.Bytes != 0, "%d", e.Bytes)
	add("request_bytes", e.RequestBytes != 0, "%d", e.RequestBytes)
	add("duration", e.Duration != 0, "%s", e.Duration)
	add("upstream", e.Upstream != 0, "%s", e.Upstream)
	text("user", e.LocalUser)
	text("agent", e.UserAgent)
	text("software", e.Software)
	text("version", e.Version)
	text("agent_host", e.AgentHost)
	text("key_id", e.KeyID)
	text("key_host", e.KeyHost)
	add("verified", e.Verified != 0, "%d", e.Verified)
	text("job", e.JobClass)
	text("jid", e.JobID)
	add("state", e.JobState != 0, "%s", e.JobState)
	text("pid", e.PID)
	text("tid", e.TID)
	text("error", e.Error)
	text("remote_host", e.RemoteHost)
	return b.String()
}

func newParser(t testing.TB, o Options) *Parser {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return p
}
