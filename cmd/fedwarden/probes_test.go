package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/runner"
)

// A reading source says that it is not ready.
type reading struct {
	pipeline.Source
	why string
}

func (r *reading) NotReady() string { return r.why }

// TestReady: why a service is not ready, which is what its status says then, too.
func TestReady(t *testing.T) {
	f := func(change func(*session), wantHealthy bool, want string) {
		t.Helper()
		s := &service{}
		n := &session{last: runner.Status{At: time.Now()}, following: following{sources: []pipeline.Source{&reading{}}}}
		change(n)
		s.current.Store(n)
		if err := s.Healthy(); (err == nil) != wantHealthy {
			t.Errorf("healthy: got %v, want %t", err, wantHealthy)
		}
		err := s.Ready()
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("ready: got %v, want %q", err, want)
		}
		if got := s.line(&rate{}); want != "" && got != want {
			t.Errorf("status: got %q, want %q", got, want)
		}
	}
	f(func(*session) {}, true, "")
	f(func(n *session) { n.sources = append(n.sources, &reading{why: "reading history: 43 %"}) }, true, "reading history: 43 %")
	f(func(n *session) { n.last.Streams = []runner.StreamStatus{{Stream: "file:/x", Err: "no"}} }, true, "file:/x: no")
	f(func(n *session) { n.last.Engine.Streams = []engine.StreamStats{{Stream: "file:/x", Lost: true}} }, true, "file:/x: can't be read")
	f(func(n *session) { n.last.Save.Err = "disk full" }, true, "the state can't be saved, 0 alerts wait: disk full")
	f(func(n *session) { n.last.At = time.Now().Add(-2*time.Minute - 100*time.Millisecond) }, false, "the loop has not come round for 2m0s")
	f(func(n *session) { n.last.Sinks = []runner.SinkStatus{{Name: "slack", Err: "503", Failures: 9}} }, true, "")
}

// TestLine: what is wrong with saving and with the configuration comes first.
func TestLine(t *testing.T) {
	s := &service{}
	n := &session{last: runner.Status{At: time.Now(), Unsaved: 3}}
	n.last.Save.Err = "disk full"
	s.current.Store(n)
	if got, want := s.line(&rate{}), "the state can't be saved, 3 alerts wait: disk full"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	n.last.Save.Err = ""
	s.refused.Store(&refusal{time.Unix(0, 0), usageError{errors.Join(errors.New("a: bad\n  1 | a"), errors.New("b: worse"))}})
	if got, want := s.line(&rate{}), "the new configuration has mistakes, the old one is in effect; 0 streams, "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "the configuration was not reloaded at 1970-01-01T00:00:00Z, the old one is in effect: a: bad; b: worse"
	if got := s.notes(n); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
