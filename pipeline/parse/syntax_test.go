package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

// said reads lines with one parser of the named format and returns what each became: the fields of an
// event without its time, or why not.
func said(t *testing.T, f pipeline.Format, lines ...string) []string {
	t.Helper()
	p := newParser(t, Options{Format: f})
	got := make([]string, len(lines))
	for i, line := range lines {
		got[i] = become(t, p, line)
	}
	return got
}

func become(t *testing.T, p *Parser, line string) string {
	t.Helper()
	var e pipeline.Event
	skip, err := p.Parse(line, Env{Read: 1_795_418_560 * pipeline.Second}, &e)
	checkEvent(t, line, &e)
	switch {
	case skip != "":
		return "skipped: " + skip
	case err != nil:
		return fmt.Sprintf("rejected: column %d: %s", err.Column, err.Reason)
	}
	_, fields, _ := strings.Cut(describe(&e), " kind=")
	if e.Kind == pipeline.KindRequest && e.Status == 0 {
		fields += " status=0"
	}
	return fields
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
