package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fedwarden/fedwarden/pipeline"
)

var errRefused = errors.New("connection refused")

func TestOneSinkNeverDelaysAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newSink("slow", func(ctx context.Context, _ *pipeline.Alert) error {
			pause(ctx, 7*time.Second)
			return ctx.Err()
		})
		hung := newSink("hung", func(ctx context.Context, _ *pipeline.Alert) error { <-ctx.Done(); return ctx.Err() })
		dead := newSink("dead", func(context.Context, *pipeline.Alert) error { return errRefused })
		busy := newSink("busy", func(context.Context, *pipeline.Alert) error {
			return &pipeline.RetryAfterError{Err: errors.New("429"), After: 90 * time.Second}
		})
		never := newSink("never", func(context.Context, *pipeline.Alert) error {
			return &pipeline.PermanentError{Err: errors.New("404")}
		})
		good := newSink("good", nil)
		var steps []step
		for i := range 20 {
			steps = append(steps, at(time.Duration(i+1)*2*time.Second, uint64(i+1), fmt.Sprintf("/%d", i)))
		}
		s := newScene([]pipeline.Source{live(steps...)}, slow, hung, dead, busy, never, good)
		r, stop := s.run(t)
		wait(50 * time.Second)
		if n := strings.Count(good.got(), "\n") + 1; n != 40 {
			t.Errorf("good sink: got %d transitions, want 40", n)
		}
		for i, line := range strings.Split(good.got(), "\n")[:3] {
			if want := fmt.Sprintf("%ds /%d 1 firing", 2*(i+1), i); line != want {
				t.Errorf("good sink: got %q, want %q", line, want)
			}
		}
		if n := strings.Count(slow.got(), "\n") + 1; n != 6 {
			t.Errorf("slow sink: got %d transitions in 48 s of 7 s each, want 6", n)
		}
		for _, k := range r.Status().Sinks {
			f := func(ok bool) {
				t.Helper()
				if !ok {
					t.Errorf("got %+v", k)
				}
			}
			switch k.Name {
			case "never":
				f(k.Dropped == 40 && k.Queued == 0 && k.Err == "404")
			case "busy":
				f(k.Failures == 1 && k.Queued > 0)
			case "dead":
				f(k.Failures > 1 && k.Failures < 6 && k.Err == errRefused.Error())
			case "hung":
				f(k.Failures == 1)
			case "good":
				f(k.Failures == 0 && k.Queued == 0 && k.Err == "" && !k.Success.IsZero())
			}
		}
		began := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > s.Grace+2*time.Second {
			t.Errorf("stopping took %v, want at most the grace of %v and a little", took, s.Grace)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		sink := newSink("slack", func(context.Context, *pipeline.Alert) error {
			if n++; n == 1 {
				return &pipeline.RetryAfterError{Err: errors.New("429"), After: 90 * time.Second}
			}
			return nil
		})
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"), at(20*time.Second, 2, "/b"))}, sink)
		_, stop := s.run(t)
		wait(2 * time.Minute)
		// Of /a its end is all that is left to say, and so it waits no longer than the sink asked.
		want(t, "sink", sink.got(), "1m31s /a 2 resolved\n1m31s /b 1 firing\n1m31s /b 2 resolved")
		stop()
	})
}

func TestRetrySchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Duration
		start := time.Now()
		sink := newSink("slack", func(context.Context, *pipeline.Alert) error {
			tries = append(tries, time.Since(start))
			return errRefused
		})
		long := at(0, 1, "/a")
		long.events[0].Duration = 100 * time.Hour
		s := newScene([]pipeline.Source{live(long)}, sink)
		r, stop := s.run(t)
		wait(25 * time.Hour)
		last := time.Duration(0)
		for i, at := range tries[1:10] {
			gap := at - tries[i]
			ideal := min(firstRetry<<i, lastRetry)
			if gap < ideal*79/100 || gap > ideal*121/100 {
				t.Errorf("try %d: got %v after the one before, want about %v", i+2, gap, ideal)
			}
			last = max(last, at)
		}
		if n := len(tries); n < 250 || n > 350 {
			t.Errorf("got %d attempts in a day, want about 290", n)
		}
		if got := tries[len(tries)-1]; got < 23*time.Hour+50*time.Minute || got > 24*time.Hour+time.Second {
			t.Errorf("got the last attempt after %v, want a day", got)
		}
		if st := r.Status(); st.Outbox != 0 || st.Sinks[0].Dropped != 1 {
			t.Errorf("got %+v, want it given up", st.Sinks)
		}
		if n := strings.Count(s.logged(), "connection refused"); n != 2 {
			t.Errorf("got %d log lines, want one of the error and one of giving up:\n%s", n, s.logged())
		}
		stop()
	})
}

func TestResolvedBeforeItWasDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		sink := newSink("slack", func(context.Context, *pipeline.Alert) error {
			if time.Since(start) < time.Minute {
				return errRefused
			}
			return nil
		})
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"))}, sink)
		r, stop := s.run(t)
		wait(3 * time.Minute)
		want(t, "sink", sink.order(), "/a 2 resolved")
		if n := r.Status().Outbox; n != 0 {
			t.Errorf("got %d deliveries left", n)
		}
		stop()
		if got := len(s.store.acked); got != 2 {
			t.Errorf("got %d deliveries taken out of the store, want both", got)
		}
	})
}

func TestSinkThatNeverReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		hung := newSink("hung", func(context.Context, *pipeline.Alert) error { <-forever; return nil })
		good := newSink("good", nil)
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"))}, hung, good)
		_, stop := s.run(t)
		wait(10 * time.Second)
		want(t, "good sink", good.order(), "/a 1 firing, /a 2 resolved")
		began := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > s.Grace+3*time.Second {
			t.Errorf("stopping took %v", took)
		}
		close(forever)
	})
}

func TestGraceLetsDeliveriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newSink("slow", func(ctx context.Context, _ *pipeline.Alert) error {
			if !pause(ctx, 2*time.Second) {
				return ctx.Err()
			}
			return nil
		})
		s := newScene([]pipeline.Source{live(at(time.Second, 1, "/a"), at(1100*time.Millisecond, 2, "/b"))}, slow)
		_, stop := s.run(t)
		wait(1200 * time.Millisecond) // the second is not even saved
		if err := stop(); err != nil {
			t.Error(err)
		}
		want(t, "sink", slow.order(), "/a 1 firing, /b 1 firing")
		if got := len(s.store.acked); got != 2 {
			t.Errorf("got %d acknowledged, want 2", got)
		}
	})
}

// testOutbox is an outbox with one sink, and no goroutine.
func testOutbox() (*outbox, *queue) {
	o := newOutbox([]pipeline.Sink{newSink("s", nil)}, NewMetrics(Build{}), slog.New(slog.DiscardHandler))
	return o, o.queues[0]
}

func transition(id string, seq uint64, status pipeline.Status) *pipeline.Alert {
	return &pipeline.Alert{ID: id, Seq: seq, Status: status}
}

func TestOutboxIsBounded(t *testing.T) {
	o, q := testOutbox()
	now := time.Unix(1e9, 0)
	for i := range maxQueued {
		status := pipeline.StatusFiring
		if i == 5 || i == 7 {
			status = pipeline.StatusResolved
		} else if i == 3 {
			status = pipeline.StatusUpdated
		}
		o.add("s", transition(fmt.Sprint(i), 1, status), pipeline.TimeOf(now))
	}
	o.release()
	flying, _, _ := q.take(now)
	var dropped []string
	for i := range 5 {
		before := map[string]bool{}
		for _, it := range q.items {
			before[it.Alert.ID] = true
		}
		o.add("s", transition(fmt.Sprint("new", i), 1, pipeline.StatusFiring), pipeline.TimeOf(now))
		for _, it := range q.items {
			delete(before, it.Alert.ID)
		}
		for id := range before {
			dropped = append(dropped, id)
		}
	}
	want(t, "dropped", strings.Join(dropped, " "), "5 7 3 1 2") // 0 is being tried
	if len(q.items) != maxQueued || flying.Alert.ID != "0" || q.dropped != 5 {
		t.Errorf("got %d queued, %s flying, %d dropped", len(q.items), flying.Alert.ID, q.dropped)
	}
}

func TestSameTransitionIsQueuedOnce(t *testing.T) {
	o, q := testOutbox()
	o.restore([]pipeline.Delivery{
		{ID: 7, Sink: "s", Created: 1, Alert: *transition("a", 1, pipeline.StatusFiring)},
		{ID: 8, Sink: "gone", Alert: *transition("a", 1, pipeline.StatusFiring)},
	}, 1)
	o.add("s", transition("a", 1, pipeline.StatusFiring), 1)
	o.add("s", transition("a", 2, pipeline.StatusResolved), 1)
	if len(q.items) != 2 || q.items[1].ID != 9 {
		t.Errorf("got %d queued, want the restored one and delivery 9", len(q.items))
	}
	if got := fmt.Sprint(o.takeRemoved()); got != "[8]" {
		t.Errorf("got %s removed, want that of the sink which there is no more", got)
	}
}

func TestClockSetBack(t *testing.T) {
	o, q := testOutbox()
	now := time.Unix(1e9, 0)
	later := pipeline.TimeOf(now.Add(1000 * time.Hour))
	o.restore([]pipeline.Delivery{{ID: 1, Sink: "s", Attempts: 3, Due: later, Created: later}}, pipeline.TimeOf(now))
	if it, wait, _ := q.take(now); it != nil || wait != lastRetry {
		t.Errorf("got %v and a wait of %v, want %v", it, wait, lastRetry)
	}
	if it, _, _ := q.take(now.Add(giveUpAfter)); it != nil || q.dropped != 1 {
		t.Errorf("got %v, want it given up after a day", it)
	}
}

// Whatever a sink does: it never sees an earlier transition of an episode after a later one, never one that
// was not saved, and once it is well, the last transition of each episode arrives.
func TestQueueModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, q := testOutbox()
		now := time.Unix(1e9, 0)
		seqs, saved, seen := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
		check := func(it *item) {
			a := &it.Alert
			if a.Seq <= seen[a.ID] || a.Seq > saved[a.ID] {
				t.Fatalf("got %s/%d after %d, with %d saved", a.ID, a.Seq, seen[a.ID], saved[a.ID])
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
				seqs[id]++
				o.add("s", transition(id, seqs[id], pipeline.StatusUpdated), pipeline.TimeOf(now))
			},
			"save": func(*rapid.T) {
				for id, seq := range seqs {
					saved[id] = seq
				}
				o.release()
			},
			"restart": func(*rapid.T) {
				list := o.pending() // of the last save
				o, q = testOutbox()
				o.restore(list, pipeline.TimeOf(now))
				for id, seq := range seqs {
					saved[id] = seq
				}
			},
			"later": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "seconds")) * time.Second)
			},
			"try": func(t *rapid.T) {
				it, wait, _ := q.take(now)
				if it == nil {
					if wait == 0 {
						t.Fatal("got neither a delivery nor how long to wait")
					}
					return
				}
				check(it)
				if rapid.Bool().Draw(t, "new one meanwhile") {
					seqs[it.Alert.ID]++
					o.add("s", transition(it.Alert.ID, seqs[it.Alert.ID], pipeline.StatusUpdated), pipeline.TimeOf(now))
					saved[it.Alert.ID] = seqs[it.Alert.ID]
					for id, seq := range seqs {
						saved[id] = seq
					}
					o.release()
				}
				if rapid.Bool().Draw(t, "fails") {
					q.finish(it, errRefused, false, now)
					return
				}
				seen[it.Alert.ID] = it.Alert.Seq
				q.finish(it, nil, false, now)
			},
		})
		o.release()
		for id, seq := range seqs {
			saved[id] = seq
		}
		for range 1000 {
			it, _, _ := q.take(now)
			if it == nil {
				now = now.Add(lastRetry)
				continue
			}
			check(it)
			seen[it.Alert.ID] = it.Alert.Seq
			q.finish(it, nil, false, now)
		}
		for id, seq := range seqs {
			if seen[id] != seq {
				t.Fatalf("got %s/%d last, want %d", id, seen[id], seq)
			}
		}
	})
}
