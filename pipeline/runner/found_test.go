package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An owning source knows its streams again by name.
type owning struct{ *fakeSource }

func (o owning) Streams() []pipeline.StreamID { return nil }

func (o owning) Owns(id pipeline.StreamID) bool { return strings.HasPrefix(string(id), "nginx:") }

// TestFound reads a source that comes while running, and another of the same stream when that has ended: it
// goes on where the first one ended.
func TestFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found := make(chan pipeline.Source)
		sink := newSink("slack", nil)
		s := newScene(nil, sink)
		s.Found = found
		r, stop := s.run(t)
		first := live(at(3*time.Second, 1, "/a"))
		first.ends = true
		found <- owning{first}
		wait(10 * time.Second)
		if !first.closed || len(r.Status().Streams) != 0 {
			t.Errorf("closed %v, %d streams left; want an ended source to be forgotten", first.closed, len(r.Status().Streams))
		}
		again := live(at(0, 1, "/a"), at(3*time.Second, 2, "/b"))
		found <- owning{again}
		wait(30 * time.Second)
		want(t, "sink", sink.order(), "/a 1 firing, /a 2 resolved, /b 1 firing, /b 2 resolved")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := s.store.checkpoint().Streams; len(got) != 1 || got[0].Lines != 2 {
			t.Errorf("got %+v, want one stream of two lines", got)
		}
	})
}

// TestOwned seeks what a source owns but does not name.
func TestOwned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{owning{live(at(0, 1, "/a"), at(3*time.Second, 2, "/b"))}}, sink)
		s.Restored = &pipeline.Checkpoint{Streams: []pipeline.StreamMark{{Stream: "nginx:1", Cursor: "1", Seq: 1, From: 1, Lines: 1, Events: 1}}}
		_, stop := s.run(t)
		wait(10 * time.Second)
		want(t, "sink", sink.order(), "/b 1 firing, /b 2 resolved")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestStreamsThatEnd are not kept for ever: neither as a stream of the source, nor as metrics.
func TestStreamsThatEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pods := &podSource{fakeSource: live()}
		s := newScene([]pipeline.Source{pods})
		s.Metrics = NewMetrics(Build{})
		r, stop := s.run(t)
		wait(3000 * time.Second)
		if got := len(r.Status().Streams); got > 3 {
			t.Errorf("got %d streams of the source, want those that are left", got)
		}
		if got := len(r.Status().Engine.Streams); got > 1100 {
			t.Errorf("got %d streams in the engine", got)
		}
		if got := len(s.Metrics.streams); got > 1100 {
			t.Errorf("got metrics of %d streams", got)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// A podSource is a carrier of which a stream comes and goes each second.
type podSource struct {
	*fakeSource
	n int
}

func (p *podSource) Owns(pipeline.StreamID) bool { return true }

func (p *podSource) Read(ctx context.Context) (pipeline.Batch, error) {
	if p.n++; p.n%2 == 0 {
		id := pipeline.StreamID(fmt.Sprintf("pod%d", p.n))
		e := bad(pipeline.TimeOf(time.Now()), 1, "/a", pipeline.SeverityLow)
		e.Status = 200
		return pipeline.Batch{Stream: id, Opened: true, Events: []pipeline.Event{e}, Cursor: "1", Ended: true}, nil
	}
	return p.fakeSource.Read(ctx)
}

// TestBackfill marks what is told late, and nothing else.
func TestBackfill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := bad(pipeline.TimeOf(time.Now().Add(-time.Hour)), 1, "/old", pipeline.SeverityHigh)
		s := newScene([]pipeline.Source{live(step{0, []pipeline.Event{old}}, at(3*time.Second, 2, "/new"))})
		_, stop := s.run(t)
		wait(time.Second)
		saved := slices.Clone(s.store.checkpoint().Transitions)
		wait(10 * time.Second)
		saved = append(saved, s.store.checkpoint().Transitions...)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		for _, a := range saved {
			late := slices.Contains(a.Context, pipeline.ContextBackfill)
			if late != (a.Entity.Value == "/old" && a.Status == pipeline.StatusFiring) && a.Status == pipeline.StatusFiring {
				t.Errorf("%s %s: got context %v", a.Entity.Value, a.Status, a.Context)
			}
		}
		if len(saved) < 2 {
			t.Errorf("got %d transitions, want those of two episodes", len(saved))
		}
	})
}
