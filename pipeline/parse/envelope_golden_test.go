package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestEnvelopes accounts for every record of the shippers' examples: what the envelope tells, and what
// became of the line in it. Each line has a Parser of its own, since the examples are of many streams;
// the pieces of one have the same, made anew from its state for each.
func TestEnvelopes(t *testing.T) {
	files, err := filepath.Glob("testdata/envelopes/*.log")
	if err != nil || len(files) == 0 {
		t.Fatalf("envelopes: got %d files, %v", len(files), err)
	}
	var got bytes.Buffer
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var o Opener
		p := newParser(t, Options{})
		for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			for _, rec := range o.Open(line) {
				fmt.Fprintf(&got, "%s:%d%s\n", filepath.Base(file), i+1, describeRecord(&rec))
				unfold(t, &got, p, &rec)
				state, held := p.State(), len(p.pieces[0])+len(p.pieces[1]) > 0
				p = newParser(t, Options{})
				if held {
					p.Restore(state)
				}
			}
		}
	}
	const golden = "testdata/envelopes.golden"
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
		t.Errorf("envelopes differ from %s (-want +got); see them, then run with -rewrite:\n%s", golden, diff)
	}
}

// envelopeLines returns every line of the examples.
func envelopeLines(t testing.TB) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/envelopes/*.log")
	if err != nil || len(files) == 0 {
		t.Fatalf("envelopes: got %d files, %v", len(files), err)
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

// unfold writes what became of a record's text.
func unfold(t *testing.T, out *bytes.Buffer, p *Parser, rec *Record) {
	if rec.Suppressed > 0 {
		return
	}
	var e pipeline.Event
	skip, err := p.Parse(rec.Text, recordEnv(rec), &e)
	checkEvent(t, rec.Text, &e)
	switch {
	case skip != "":
		fmt.Fprintf(out, "\tskipped: %s\n", skip)
	case err != nil:
		fmt.Fprintf(out, "\trejected: column %d: %s: %q\n", err.Column, err.Reason, e.Sample)
	default:
		fmt.Fprintf(out, "\t%s event%s\n", e.Format, describe(&e))
	}
}

// recordEnv is what a caller makes of a record; a line that has no other time was read at readAt.
func recordEnv(rec *Record) Env {
	env := Env{Time: rec.Time, Read: rec.Read, Cut: rec.Cut, Err: rec.Err}
	if env.Read == 0 {
		env.Read = readAt
	}
	return env
}

// describeRecord writes what an envelope tells, and how its text begins.
func describeRecord(r *Record) string {
	var b strings.Builder
	add := func(name, s string) {
		if s != "" {
			fmt.Fprintf(&b, " %s=%s", name, s)
		}
	}
	if r.Time != 0 {
		add("time", r.Time.String())
	}
	if r.Read != 0 {
		add("read", r.Read.String())
	}
	add("host", r.Origin.Host)
	add("file", r.Origin.File)
	add("unit", r.Origin.Unit)
	add("container", r.Origin.Container)
	add("service", r.Origin.Service)
	add("program", r.Origin.Program)
	if r.Cut {
		b.WriteString(" cut")
	}
	if r.Err {
		b.WriteString(" stderr")
	}
	if r.Suppressed > 0 {
		fmt.Fprintf(&b, " suppressed=%d", r.Suppressed)
	}
	fmt.Fprintf(&b, " %.60q", r.Text)
	return b.String()
}
