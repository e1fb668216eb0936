package runner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/notify"
)

// wait lets virtual time go on.
func wait(d time.Duration) { <-time.After(d) }

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

func TestDeliversWhatWasSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := live(at(3*time.Second, 1, "/a"), at(3200*time.Millisecond, 2, "/b"))
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{src}, sink)
		r, stop := s.run(t)
		wait(30 * time.Second)
		want(t, "sink", sink.got(), "3s /a 1 firing\n4s /b 1 firing\n9.2s /a 2 resolved\n10.2s /b 2 resolved")
		st := r.Status()
		if st.Outbox != 0 || st.Engine.Open != 0 || st.Lag > 2*time.Second || time.Since(st.At) > time.Second {
			t.Errorf("got %+v", st)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if len(s.store.acked) != 4 || len(s.store.checkpoint().Outbox) != 0 {
			t.Errorf("got acks %v and outbox %v", s.store.acked, s.store.checkpoint().Outbox)
		}
		if got := src.committed[len(src.committed)-1]; got != "2" {
			t.Errorf("got cursor %s committed, want 2", got)
		}
		if !src.closed {
			t.Error("the source was not closed")
		}
	})
}

func TestSaveCadence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(takes, length time.Duration, want string, steps ...step) {
			t.Helper()
			s := newScene([]pipeline.Source{live(steps...)})
			s.store.takes = takes
			_, stop := s.run(t)
			wait(length)
			got := s.store.times()
			if got != want {
				t.Errorf("saves of %v: got\n%s\nwant\n%s", takes, got, want)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		f(0, 50*time.Second, "15s:0 30s:0 45s:0")
		// A transition at once; those that come within a second of it together; then 15 s after the last. An
		// episode ends six seconds after its event.
		f(0, 26*time.Second, "3s:1 4s:2 9.9s:1 10.9s:2 25.9s:0",
			at(3*time.Second, 1, "/a"), at(3200*time.Millisecond, 2, "/b"), at(3900*time.Millisecond, 3, "/c"))
		// A save of half a second: the next begins five seconds after its end.
		f(500*time.Millisecond, 16*time.Second, "3s:1 8.5s:1 14s:2",
			at(3*time.Second, 1, "/a"), at(3200*time.Millisecond, 2, "/b"))
	})
}

func TestFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := live(at(2*time.Second, 1, "/a"), at(4500*time.Millisecond, 2, "/b"))
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{src}, sink)
		s.store.fail = errors.New("no space left on device")
		r, stop := s.run(t)
		wait(5500 * time.Millisecond)
		want(t, "saves", s.store.times(), "2s:1! 3s:1! 4s:1! 5s:2!")
		want(t, "sink", sink.got(), "")
		if st := r.Status(); st.Save.Err == "" || st.Unsaved != 2 || st.Outbox != 2 {
			t.Errorf("got %+v, want what waits and why", st)
		}
		if len(src.committed) > 0 {
			t.Errorf("got %v committed before it was saved", src.committed)
		}
		s.store.set(nil)
		wait(time.Second)
		want(t, "sink", sink.got(), "6s /a 1 firing\n6s /b 1 firing")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(s.logged(), "no space left"); n != 1 {
			t.Errorf("got %d log lines, want 1:\n%s", n, s.logged())
		}
		if st := r.Status(); st.Save.Err != "" {
			t.Errorf("got %q after it was well again", st.Save.Err)
		}
	})
}

func TestStopsReadingWhenTooMuchIsUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := live()
		s := newScene([]pipeline.Source{src})
		s.store.fail = errors.New("no space left on device")
		r, stop := s.run(t)
		wait(time.Second)
		r.Do(t.Context(), func(*engine.Engine) { r.transitions = make([]pipeline.Alert, maxUnsaved) })
		wait(5 * time.Second)
		before := src.reads()
		wait(10 * time.Second)
		if got := src.reads(); got != before {
			t.Errorf("got %d more batches while nothing can be saved", got-before)
		}
		s.store.set(nil)
		wait(20 * time.Second)
		if got := src.reads(); got < before+5 {
			t.Errorf("got %d more batches after it could be saved", got-before)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// reads returns how many batches were processed.
func (f *fakeSource) reads() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.released
}

func TestFinalSaveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"))})
		s.store.fail = errors.New("no space left on device")
		_, stop := s.run(t)
		wait(2500 * time.Millisecond)
		began := time.Now()
		if err := stop(); !errors.Is(err, s.store.fail) {
			t.Errorf("got %v, want the store's error", err)
		}
		if took := time.Since(began); took > 7*time.Second || took < 3*time.Second {
			t.Errorf("stopping took %v, want about the grace of %v", took, s.Grace)
		}
	})
}

func TestAllSourcesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := live(at(time.Second, 1, "/a"))
		src.ends = true
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{src}, sink)
		r, err := New(s.Config)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "sink", sink.got(), "1s /a 1 firing")
		if cp := s.store.checkpoint(); len(cp.Streams) != 1 || cp.Streams[0].Events != 1 {
			t.Errorf("got %+v", cp.Streams)
		}
		if err := r.Do(t.Context(), func(*engine.Engine) {}); !errors.Is(err, errOver) {
			t.Errorf("got %v from Do, want %v", err, errOver)
		}
	})
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := func(context.Context, *pipeline.Alert) error { return errors.New("connection refused") }
		steps := []step{at(time.Second, 1, "/a"), at(30*time.Second, 2, "/b")}
		s := newScene([]pipeline.Source{live(steps...)}, newSink("slack", dead))
		_, stop := s.run(t)
		wait(3 * time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		cp := s.store.checkpoint()
		if len(cp.Outbox) != 1 || cp.Outbox[0].Attempts != 1 || cp.Streams[0].Cursor != "1" {
			t.Fatalf("got %+v", cp)
		}

		sink, src := newSink("slack", nil), live(steps...)
		src.start = s.store.start
		next := newScene([]pipeline.Source{src}, sink)
		next.Restored = cp
		r, stop := next.run(t)
		wait(40 * time.Second)
		want(t, "sink", sink.order(), "/a 1 firing, /a 2 resolved, /b 1 firing, /b 2 resolved")
		if st := r.Status(); st.Engine.Streams[0].Mark.Events != 2 || len(st.Notices) > 0 {
			t.Errorf("got %+v, want two events since ever", st)
		}
		stop()
	})
}

func TestDamagedPartsAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene([]pipeline.Source{live()})
		s.Restored = &pipeline.Checkpoint{Parts: []pipeline.Part{
			{Name: "engine", Version: 99}, {Name: "notify", Version: 1, Data: []byte("{")}, {Name: "gone", Version: 1},
		}}
		r, stop := s.run(t)
		got := strings.Join(r.Status().Notices, "\n")
		for _, part := range []string{"part engine starts empty", "part notify starts empty", "part gone starts empty"} {
			if !strings.Contains(got, part) {
				t.Errorf("got %q, want %q", got, part)
			}
		}
		stop()
	})
}

// TestVitalPartIsLearnedAnew gives the run another engine and reads the log from its beginning, when a part that
// can't be done without is damaged or gone; what lies in the past is not told again.
func TestVitalPartIsLearnedAnew(t *testing.T) {
	for _, parts := range [][]pipeline.Part{
		{{Name: "engine", Version: 99}, {Name: "toy", Version: 1}},
		{{Name: "toy", Version: 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			sink := newSink("slack", nil)
			s := newScene([]pipeline.Source{live(at(-time.Minute, 1, "/past"), at(3*time.Second, 2, "/new"))}, sink)
			s.Restored = &pipeline.Checkpoint{
				Streams: []pipeline.StreamMark{{Stream: "nginx:1", Cursor: "1", Seq: 1, From: 1, Lines: 1, Events: 1}}, Parts: parts,
			}
			s.Anew, s.Vital = newEngine, func(part string) bool { return part == "engine" }
			r, stop := s.run(t)
			wait(30 * time.Second)
			want(t, "sink", sink.order(), "/new 1 firing, /new 2 resolved")
			if got := r.Status().Engine.Streams[0].Mark.Lines; got != 2 {
				t.Errorf("got %d lines, want 2: the log is read from its beginning", got)
			}
			if got := strings.Join(r.Status().Notices, "\n"); !strings.Contains(got, "learned anew") {
				t.Errorf("got notices %q", got)
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestCannotSeek(t *testing.T) {
	s := newScene([]pipeline.Source{live()})
	s.Restored = &pipeline.Checkpoint{Streams: []pipeline.StreamMark{
		{Stream: "of another run", Cursor: "x"}, {Stream: "nginx:1", Cursor: "x"},
	}}
	if _, err := New(s.Config); err == nil || !strings.Contains(err.Error(), "seek stream nginx:1") {
		t.Errorf("got %v, want an error that names the stream", err)
	}
	s.Sources = nil
	if _, err := New(s.Config); err == nil {
		t.Error("got no error without inputs")
	}
}

func TestSourceErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, well := live(), live(at(100*time.Second, 1, "/a"))
		broken.id, broken.fail = "rails:1", errors.New("input/output error")
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{broken, well}, sink)
		r, stop := s.run(t)
		wait(50 * time.Second)
		if st := r.Status(); st.Streams[0].Err == "" || st.Engine.Streams[1].Lost {
			t.Errorf("got %+v, want an error, not yet lost", st)
		}
		wait(70 * time.Second)
		want(t, "sink, which the lost stream does not hold back", sink.got(), "1m40s /a 1 firing\n1m46s /a 2 resolved")
		broken.mu.Lock()
		broken.fail = nil
		broken.mu.Unlock()
		wait(30 * time.Second)
		if st := r.Status(); st.Streams[0].Err != "" || st.Engine.Streams[1].Lost {
			t.Errorf("got %+v, want it well again", st)
		}
		if n := strings.Count(s.logged(), "input/output error"); n != 2 {
			t.Errorf("got %d log lines, want one of the error and one of the loss:\n%s", n, s.logged())
		}
		stop()
	})
}

func TestUrgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet, busy := live(), live(at(10*time.Second, 1, "/a"))
		quiet.id, quiet.silent = "rails:1", true
		s := newScene([]pipeline.Source{quiet, busy})
		_, stop := s.run(t)
		wait(11 * time.Second)
		if !quiet.isUrgent() || busy.isUrgent() {
			t.Errorf("got urgent %v and %v, want the quiet one told", quiet.isUrgent(), busy.isUrgent())
		}
		quiet.mu.Lock()
		quiet.silent = false
		quiet.mu.Unlock()
		wait(5 * time.Second)
		if quiet.isUrgent() {
			t.Error("got urgent when nothing is held any more")
		}
		stop()
	})
}

func (f *fakeSource) isUrgent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.urgent
}

func TestHistoryIsHeldUntilItPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := pipeline.TimeOf(time.Now())
		old := step{time.Second, []pipeline.Event{
			bad(now-100*pipeline.Second, 1, "/over", pipeline.SeverityHigh),
			bad(now-pipeline.Second, 2, "/open", pipeline.SeverityHigh),
		}}
		sink := newSink("slack", nil)
		s := newScene([]pipeline.Source{live(old)}, sink)
		s.Notifier = notify.New(notify.Config{HistoryUntil: now, Routes: []notify.Route{{Sink: "slack", Min: pipeline.SeverityMedium}}})
		_, stop := s.run(t)
		wait(10 * time.Second)
		want(t, "sink", sink.got(), "2s /open 1 firing\n5s /open 2 resolved")
		stop()
	})
}

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"))})
		r, stop := s.run(t)
		wait(2 * time.Second)
		open := 0
		if err := r.Do(t.Context(), func(e *engine.Engine) { open = len(e.Open()) }); err != nil || open != 1 {
			t.Errorf("got %d open, %v, want 1", open, err)
		}
		stop()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Do(over, func(*engine.Engine) {}); err == nil {
			t.Error("got no error after the run")
		}
	})
}

func TestAheadGetsNoCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet, busy := live(), live()
		quiet.id, quiet.silent = "rails:1", true
		for i := range 4000 {
			busy.steps = append(busy.steps, at(time.Duration(i)*10*time.Millisecond, uint64(i+1), "/"+strings.Repeat("x", 400)))
		}
		s := newScene([]pipeline.Source{quiet, busy})
		s.Engine = engine.New(engine.Config{Memory: 1 << 20})
		r, stop := s.run(t)
		wait(39 * time.Second)
		read, st := busy.reads(), r.Status()
		if read > 1000 || st.Engine.Held > 2*st.Engine.HeldLimit {
			t.Errorf("got %d batches read and %d bytes held, limit %d", read, st.Engine.Held, st.Engine.HeldLimit)
		}
		quiet.mu.Lock()
		quiet.silent = false
		quiet.mu.Unlock()
		wait(20 * time.Second)
		if got := busy.reads(); got < 4000 {
			t.Errorf("got %d batches when it was let go, want all", got)
		}
		stop()
	})
}

func TestBatchesAreReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := live()
		s := newScene([]pipeline.Source{src})
		_, stop := s.run(t)
		wait(10500 * time.Millisecond)
		stop()
		if got := src.reads(); got < 10 || got > 12 {
			t.Errorf("got %d batches released, want those of ten seconds", got)
		}
	})
}
