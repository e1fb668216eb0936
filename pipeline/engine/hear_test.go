package engine_test

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// An ear is an Identifier that hears of streams.
type ear struct {
	judge
	recorder *recorder
}

func (e ear) Hear(ev *pipeline.Event) { e.recorder.Observe(ev, nil) }

// TestIdentifierHears tells an Identifier what becomes of a stream, though there is no detector that is told.
func TestIdentifierHears(t *testing.T) {
	r := &recorder{}
	f := feed(engine.New(engine.Config{Identifier: ear{judge{newStage(t)}, r}}))
	f.batch("a", "1 ?")
	f.batch("a", "g3 2")
	f.batch("a", "lost")
	f.batch("a", "=10")
	f.batch("a", "ended")
	diff(t, r.take(), []string{"1 a opened", "1 a2 rejected", "1 a gap 3 truncated", "2 a lost", "2 a rejoined", "8 a ended"})
}

// A believer is an Identifier that believes in so many deliveries.
type believer struct {
	judge
	enough uint64
}

func (b believer) Level(f *pipeline.Finding, _ pipeline.Time) pipeline.Attribution {
	if f.Evidence.Deliveries >= b.enough {
		return pipeline.Corroborated
	}
	return pipeline.Claimed
}

// TestWholeEvidence proves an episode by all the evidence that hangs together, and by no more than that.
func TestWholeEvidence(t *testing.T) {
	f := func(sec, since float64, window, seen, deliveries uint64) pipeline.Finding {
		x := about("a.example", sec, "192.0.2.1")
		x.Since = at(since)
		x.Evidence.Window, x.Evidence.Seen, x.Evidence.Deliveries = window, seen, deliveries
		return x
	}
	play := func(what string, findings []pipeline.Finding, want ...string) {
		t.Helper()
		s := newStage(t)
		s.e = engine.New(engine.Config{Instance: "social.example", Identifier: believer{judge{s}, 25},
			Detectors: []engine.Registered{{Detector: s, Spec: floodSpec()}}})
		var got []string
		for i, x := range findings {
			s.say = []pipeline.Finding{x}
			got = append(got, s.at(float64(2+8*i))...)
		}
		t.Log(what)
		diff(t, got, want)
	}
	fired, proven := "2 firing#1 medium ip:192.0.2.1 ip_only", "18 updated#2 medium ip:192.0.2.1 ip_only proven a.example corroborated"
	play("windows that meet", []pipeline.Finding{f(2, 0, 10, 10, 10), f(10, 1, 10, 18, 10), f(18, 9, 10, 26, 10)}, fired, proven)
	play("windows that do not", []pipeline.Finding{f(2, 0, 10, 10, 10), f(10, 5, 10, 18, 10), f(18, 9, 10, 26, 10)}, fired)
	play("another log in between", []pipeline.Finding{f(2, 0, 10, 10, 10), f(10, 1, 10, 18, 0), f(18, 9, 10, 26, 10)}, fired)
	play("one window that is enough", []pipeline.Finding{f(2, 0, 10, 10, 10), f(10, 5, 10, 18, 10), f(18, 9, 25, 90, 25)}, fired, proven)
}
