package sinks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestAppendText(t *testing.T) {
	var all []byte
	for _, a := range []*pipeline.Alert{firing(), updated(), resolved(), campaign(), member(), health(), {}} {
		all = AppendText(all, a, false)
	}
	golden(t, "text.golden", all)
}

func TestAppendTextColor(t *testing.T) {
	plain, colored := AppendText(nil, firing(), false), AppendText(nil, firing(), true)
	if bytes.Contains(plain, []byte("\x1b")) {
		t.Errorf("got an escape in %q, want none without colour", plain)
	}
	if !bytes.HasPrefix(colored, []byte("\x1b[31m[HIGH]\x1b[0m FW-")) {
		t.Errorf("got %q, want a red first word", colored[:40])
	}
	uncolored := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(string(colored), "")
	if d := cmp.Diff(string(plain), uncolored); d != "" {
		t.Errorf("colour changes the text (-plain +coloured):\n%s", d)
	}
}

func TestAppendJSON(t *testing.T) {
	var all []byte
	for _, a := range []*pipeline.Alert{firing(), updated(), resolved(), campaign(), member(), health(), {}} {
		all = AppendJSON(all, a)
	}
	golden(t, "json.golden", all)
}

func TestAppendJSONReadsBack(t *testing.T) {
	a := firing()
	a.Summary = "<b>&\u2028</b> hxxps"
	line := AppendJSON(nil, a)
	if bytes.Contains(line, []byte(`\u003c`)) || bytes.Contains(line, []byte(`\u0026`)) {
		t.Errorf("got HTML escapes in %s", line)
	}
	if n := bytes.Count(line, []byte("\n")); n != 1 || line[len(line)-1] != '\n' {
		t.Errorf("got %d line ends, want one at the end", n)
	}
	var back pipeline.Alert
	if err := json.Unmarshal(line, &back); err != nil {
		t.Fatal(err)
	}
	if again := AppendJSON(nil, &back); !bytes.Equal(line, again) {
		t.Errorf("got %s after a round trip, want %s", again, line)
	}
}

func TestAppendJSONFields(t *testing.T) {
	rest := string(AppendJSON(nil, &pipeline.Alert{}))
	for _, field := range strings.Fields(`schema id fingerprint instance seq status severity threat detector
		entity proven related starts_at at ends_at summary measure context campaign evidence suggestions`) {
		_, after, ok := strings.Cut(rest, `"`+field+`":`)
		if !ok {
			t.Fatalf("got %s, want %s next", rest, field)
		}
		rest = after
	}
}

func TestAppendJSONNumbers(t *testing.T) {
	a := firing()
	a.Measure = pipeline.Measure{Value: math.NaN(), Threshold: math.Inf(1), Expected: ptr(math.Inf(-1)), Surprise: ptr(math.NaN())}
	var back pipeline.Alert
	if err := json.Unmarshal(AppendJSON(nil, a), &back); err != nil {
		t.Fatal(err)
	}
	want := pipeline.Measure{Threshold: math.MaxFloat64, Expected: ptr(-math.MaxFloat64)}
	if d := cmp.Diff(want, back.Measure); d != "" {
		t.Errorf("measure (-want +got):\n%s", d)
	}
	if !math.IsNaN(a.Measure.Value) {
		t.Error("the alert itself was changed")
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestStdout(t *testing.T) {
	ctx := context.Background()
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		s := NewStdout(&out, StdoutOptions{JSON: asJSON})
		var want []byte
		for _, a := range []*pipeline.Alert{firing(), resolved()} {
			if err := s.Send(ctx, a); err != nil {
				t.Fatal(err)
			}
			if asJSON {
				want = AppendJSON(want, a)
			} else {
				want = AppendText(want, a, false)
			}
		}
		if d := cmp.Diff(string(want), out.String()); d != "" {
			t.Errorf("json %v (-want +got):\n%s", asJSON, d)
		}
	}
	err := NewStdout(brokenWriter{}, StdoutOptions{}).Send(ctx, firing())
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "FW-7K2Q9M4XTB") {
		t.Errorf("got %v, want the writer's error with the alert's id", err)
	}
}
