package runner

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestYield: the run saves and ends, without the grace that a stop would give; what hangs in a sink then is
// in the checkpoint that the next run goes on from.
func TestYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := newSink("hung", func(ctx context.Context, _ *pipeline.Alert) error { <-ctx.Done(); return ctx.Err() })
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"))}, hung)
		s.Grace = time.Minute
		r, err := New(s.Config)
		if err != nil {
			t.Fatal(err)
		}
		result := make(chan error, 1)
		go func() { result <- r.Run(t.Context()) }()
		wait(10 * time.Second)
		start := time.Now()
		if err := r.Yield(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-result; err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(start); took > yieldGrace+lastWait {
			t.Errorf("yielding took %v, want no grace", took)
		}
		if n := len(s.store.checkpoint().Outbox); n == 0 {
			t.Error("the delivery that was under way is not in the checkpoint")
		}
		if err := r.Yield(t.Context()); !errors.Is(err, errOver) {
			t.Errorf("of a run that is over: got %v", err)
		}
	})
}

// TestYieldUnsaved: a run whose state can't be saved goes on.
func TestYieldUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{live(at(5*time.Second, 1, "/a"))}, sink)
		r, stop := s.run(t)
		wait(time.Second)
		full := errors.New("full")
		s.store.set(full)
		if err := r.Yield(t.Context()); !errors.Is(err, full) {
			t.Errorf("got %v, want what the store said", err)
		}
		s.store.set(nil)
		wait(30 * time.Second)
		if got := sink.order(); !strings.HasPrefix(got, "/a 1 firing") {
			t.Errorf("after that: got %q, want the alert", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestRenew: gauges of what is no more go, counters stay.
func TestRenew(t *testing.T) {
	m := NewMetrics(Build{})
	m.gauge(labels("fedwarden_outbox_alerts", "sink", "gone"), 5)
	m.send("gone", outcomeDelivered)
	m.stream("file:x").lag.Set(7)
	m.stream("file:x").lines.Set(9)
	m.Renew()
	m.Configured(time.Unix(5, 0), true)
	m.Configured(time.Unix(9, 0), false)
	var out bytes.Buffer
	if err := m.WritePrometheus(&out); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, line := range []string{
		`fedwarden_sends_total{sink="gone",outcome="delivered"} 1`,
		`fedwarden_lines_total{stream="file:x"} 9`,
		"fedwarden_config_last_reload_successful 0",
		"fedwarden_config_last_reload_success_timestamp_seconds 5\n",
	} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("got no line %s", line)
		}
	}
	for _, name := range []string{"fedwarden_outbox_alerts", "fedwarden_watermark_lag_seconds"} {
		if strings.Contains(got, name) {
			t.Errorf("%s is still there", name)
		}
	}
}
