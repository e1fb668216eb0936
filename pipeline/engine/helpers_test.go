package engine_test

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// base is the zero of the times in these tests, which are written in seconds after it.
const base = pipeline.Time(1_800_000_000) * pipeline.Second

func at(sec float64) pipeline.Time { return base + pipeline.Time(sec*1e9) }

func secs(t pipeline.Time) string {
	if t == 0 {
		return "?"
	}
	return strconv.FormatFloat(float64(t-base)/1e9, 'f', -1, 64)
}

// A recorder writes down what a detector is told.
type recorder struct {
	log   []string
	ticks bool
}

func (r *recorder) Observe(e *pipeline.Event, _ pipeline.Report) {
	who := fmt.Sprintf("%s%d", e.Stream, e.Seq)
	switch e.Kind {
	case pipeline.KindStream:
		who = fmt.Sprintf("%s %s", e.Stream, states[e.Fact.State])
		if e.Fact.Lines != 0 {
			who += fmt.Sprintf(" %d %s", e.Fact.Lines, e.Fact.Reason)
		}
		if e.Fact.Late != 0 {
			who += " " + e.Fact.Late.String()
		}
	case pipeline.KindSignal:
		who = fmt.Sprintf("%s(%s)=%d", e.Signal.Name, e.Signal.Key, e.Signal.Count)
	case pipeline.KindRejected:
		who += " rejected"
	}
	r.log = append(r.log, secs(e.Time)+" "+who)
}

var states = [...]string{"", "opened", "caughtup", "late", "leap", "rebased", "lost", "rejoined", "ended", "gap"}

func (r *recorder) Advance(now pipeline.Time, _ pipeline.Report) {
	if r.ticks {
		r.log = append(r.log, "tick "+secs(now))
	}
}
func (r *recorder) Snapshot(io.Writer) error { return nil }
func (r *recorder) Restore(io.Reader) error  { return nil }

func (r *recorder) take() []string {
	log := r.log
	r.log = nil
	return log
}

const everything = pipeline.SpaceSite | pipeline.SpaceNetwork | pipeline.SpaceInstance

func recording(ticks bool) (*engine.Engine, *recorder) {
	r := &recorder{ticks: ticks}
	e := engine.New(engine.Config{Detectors: []engine.Registered{{Spec: pipeline.Spec{Name: "recorder", Space: everything}, Detector: r}}})
	return e, r
}

// A feeder hands batches to an engine, numbering events.
type feeder struct {
	e        *engine.Engine
	lateness time.Duration
	seqs     map[string]uint64
	alerts   []pipeline.Alert
}

func feed(e *engine.Engine) *feeder {
	return &feeder{e: e, lateness: 2 * time.Second, seqs: map[string]uint64{}}
}

// batch processes what is written: numbers are events at that second, "?" is a rejected line, "=n" a claim,
// "lost" and "ended" are what they say, "sn" are n skipped lines, "gn" are n lost ones, "open" opens again.
func (f *feeder) batch(stream, script string) {
	_, known := f.seqs[stream]
	b := pipeline.Batch{Stream: pipeline.StreamID(stream), Opened: !known, Lateness: f.lateness}
	for _, w := range strings.Fields(script) {
		switch {
		case w == "lost":
			b.Lost = true
		case w == "open":
			b.Opened = true
		case w == "ended":
			b.Ended = true
		case w[0] == '=':
			n, _ := strconv.ParseFloat(w[1:], 64)
			b.CaughtUp = at(n)
		case w[0] == 'g':
			n, _ := strconv.Atoi(w[1:])
			b.LostLines, b.Reason = uint64(n), "truncated"
		case w[0] == 's':
			n, _ := strconv.Atoi(w[1:])
			b.Skipped = uint32(n)
		default:
			f.seqs[stream]++
			b.Events = append(b.Events, event(w, f.seqs[stream]))
		}
	}
	f.seqs[stream] += 0
	b.Cursor = pipeline.Cursor(strconv.FormatUint(f.seqs[stream], 10))
	f.alerts = append(f.alerts, slices.Clone(f.e.Process(&b))...)
}

func event(w string, seq uint64) pipeline.Event {
	ev := pipeline.Event{Kind: pipeline.KindRequest, Seq: seq, Lines: 1}
	if w == "?" {
		ev.Kind = pipeline.KindRejected
		return ev
	}
	n, err := strconv.ParseFloat(w, 64)
	if err != nil {
		panic(err)
	}
	ev.Time = at(n)
	return ev
}

func diff[T any](t *testing.T, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got + want -:\n%s", d)
	}
}
