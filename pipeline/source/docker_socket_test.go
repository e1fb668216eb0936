package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestSocketFollowsALog(t *testing.T) {
	for _, tty := range []bool{false, true} {
		t.Run(fmt.Sprint("tty ", tty), func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			b := d.box(1, "web", tty)
			b.lines(500)
			f := d.follow(t, b, SocketLogConfig{}, "")
			f.events(t, 500)
			f.caughtUp(t, 2)
			b.lines(100)
			f.events(t, 600)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, 1, 600)
			f.trueClaims(t, b)
			if f.got.Opened != 1 || f.got.Lost != 0 {
				t.Errorf("got %d opened, %d lost, want 1 and 0", f.got.Opened, f.got.Lost)
			}
		})
	}
}

// However answers are cut, and the daemon and the reader are started anew, every line comes once.
func TestSocketLosesNothing(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			d.rng = rand.New(rand.NewPCG(seed, 1))
			d.old = seed%3 == 2
			b := d.box(1, "web", seed%2 == 1)
			own := rand.New(rand.NewPCG(seed, 2))
			var cursor pipeline.Cursor
			done := 0
			for range 8 {
				f := d.follow(t, b, SocketLogConfig{}, cursor)
				b.lines(20 + own.IntN(60))
				if own.IntN(3) == 0 {
					d.stop()
					b.lines(10)
					d.start()
				}
				f.events(t, own.IntN(b.n-done+1))
				f.close()
				f.got.Events, f.claims = keepTo(f), nil
				f.numbers(t, done+1, done+len(f.got.Events))
				for i, e := range f.got.Events {
					if e.Seq == 0 || i > 0 && e.Seq <= f.got.Events[i-1].Seq {
						t.Fatalf("got Seq %d after %d", e.Seq, f.got.Events[max(i-1, 0)].Seq)
					}
				}
				if f.got.Lost != 0 {
					t.Fatalf("got %d lost: %q", f.got.Lost, f.reasons)
				}
				done += len(f.got.Events)
				if len(f.got.Cursors) > 0 {
					cursor = f.cursor()
				}
			}
			d.do(func() { d.rng = nil })
			f := d.follow(t, b, SocketLogConfig{}, cursor)
			f.events(t, b.n-done)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, done+1, b.n)
		})
	}
}

// keepTo returns the events before the last cursor.
func keepTo(f *socketFollower) []seen {
	if n := len(f.got.After); n > 0 {
		return f.got.Events[:f.got.After[n-1]]
	}
	return nil
}

func TestSocketGoesOnAtAnyCursor(t *testing.T) {
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	f := d.follow(t, b, SocketLogConfig{}, "")
	for n := range 12 {
		b.lines(n + 1)
		f.events(t, b.n)
	}
	f.close()
	for i, c := range f.got.Cursors {
		again := d.follow(t, b, SocketLogConfig{}, c)
		again.events(t, b.n-f.got.After[i])
		again.caughtUp(t, 1)
		again.close()
		again.numbers(t, f.got.After[i]+1, b.n)
		if again.got.Lost != 0 {
			t.Errorf("cursor %d: got %d lost", i, again.got.Lost)
		}
	}
}

// Pieces of a line have its first stamp, and other lines stand between them.
func TestSocketStampsThatFall(t *testing.T) {
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	long := strings.Replace(nginxLine(0, 2), "curl", strings.Repeat("y", 20_000), 1) + "\n"
	early, late := day, day.Add(time.Second)
	d.do(func() {
		b.said = []fakeMessage{{early, false, long[:dockerPiece]}, {late, true, nginxLine(0, 1) + "\n"}}
	})
	f := d.follow(t, b, SocketLogConfig{}, "")
	f.events(t, 1)
	f.caughtUp(t, 1)
	f.close()
	d.do(func() { b.said = append(b.said, fakeMessage{early, false, long[dockerPiece:]}) })
	f = d.follow(t, b, SocketLogConfig{}, f.cursor())
	f.events(t, 1)
	f.caughtUp(t, 1)
	f.close()
	f.numbers(t, 2, 2)
	last := d.follow(t, b, SocketLogConfig{}, f.cursor())
	last.caughtUp(t, 2)
	last.close()
	if len(last.got.Events) != 0 || f.got.Lost+last.got.Lost != 0 {
		t.Errorf("got %v again, %d lost", last.got.Events, f.got.Lost+last.got.Lost)
	}
}

func TestSocketPlaceIsGone(t *testing.T) {
	for _, keep := range []int{5, 0} {
		d := newFakeDaemon(t)
		b := d.box(1, "web", false)
		b.lines(10)
		f := d.follow(t, b, SocketLogConfig{}, "")
		f.events(t, 10)
		f.close()
		b.lines(20)
		b.rotate(keep)
		f = d.follow(t, b, SocketLogConfig{}, f.cursor())
		f.caughtUp(t, 1)
		f.until(t, "the loss", func() bool { return f.got.Lost == 1 })
		f.close()
		f.numbers(t, 31-keep, 30)
		if len(f.reasons) != 1 || !strings.Contains(f.reasons[0], "gone") {
			t.Errorf("got reasons %q", f.reasons)
		}
		if keep > 0 && f.got.Events[0].Seq <= seqGap {
			t.Errorf("got Seq %d, which may have been given before", f.got.Events[0].Seq)
		}
	}
}

func TestSocketDaemonGoesAway(t *testing.T) {
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	b.lines(10)
	f := d.follow(t, b, SocketLogConfig{LostAfter: 300 * time.Millisecond}, "")
	f.events(t, 10)
	f.caughtUp(t, 1)
	d.stop()
	f.until(t, "lost", func() bool { return len(f.lost) == 1 })
	if !strings.Contains(f.lost[0], "is Docker running") {
		t.Errorf("got reason %q", f.lost[0])
	}
	d.do(func() { d.refuse = http.StatusForbidden })
	d.start()
	b.lines(5)
	d.do(func() { d.refuse = 0 })
	f.events(t, 15)
	f.caughtUp(t, 1)
	f.close()
	f.numbers(t, 1, 15)
	f.trueClaims(t, b)
	if f.got.Lost != 0 {
		t.Errorf("got %d lost: %q", f.got.Lost, f.reasons)
	}
}

func TestSocketContainerStopsAndIsRemoved(t *testing.T) {
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	b.lines(3)
	f := d.follow(t, b, SocketLogConfig{EndAfter: 300 * time.Millisecond}, "")
	f.events(t, 3)
	b.lines(3)
	d.do(func() { b.stopped = true })
	f.events(t, 6)
	f.caughtUp(t, 2)
	d.do(func() { b.stopped = false })
	b.lines(3)
	f.events(t, 9)
	d.do(func() { delete(d.boxes, b.id) })
	f.until(t, "the end", func() bool { return f.got.Ended == 1 })
	<-f.done
	f.numbers(t, 1, 9)
	if !errors.Is(f.end, io.EOF) || f.got.Lost != 0 || len(f.lost) != 0 {
		t.Errorf("got %v, %d lost, %q", f.end, f.got.Lost, f.lost)
	}
}

func TestSocketWatch(t *testing.T) {
	d := newFakeDaemon(t)
	d.box(1, "web", false)
	d.box(2, "db", false)
	s, err := NewSocket(SocketConfig{Socket: d.path, Every: 10 * time.Millisecond, Reading: SocketLogConfig{EndAfter: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	found, done := make(chan pipeline.Source), make(chan error)
	go func() { done <- s.Watch(ctx, found) }()
	for i, want := range []string{"docker:live-web-1@000000000000", "docker:live-sidekiq-push-1@000000000000", "docker:live-web-1@000000000000"} {
		src := <-found
		if got := src.Streams()[0]; string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
		src.Close()
		d.do(func() {
			delete(d.boxes, fmt.Sprintf("%064x", 1))
		})
		d.box(3+i, []string{"sidekiq-push", "web", "other"}[i], false)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSocketErrors(t *testing.T) {
	for _, c := range []struct{ socket, want string }{
		{"relative.sock", "must be a path"},
		{"https://x:1", "must be a path"},
		{"tcp://x", "a host and a port"},
		{"http://x:1/v1.24", "a host and a port"},
	} {
		if _, err := NewSocket(SocketConfig{Socket: c.socket}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.socket, err, c.want)
		}
	}
	d := newFakeDaemon(t)
	d.do(func() { d.refuse = http.StatusInternalServerError })
	check := func(socket, want string) {
		t.Helper()
		s, err := NewSocket(SocketConfig{Socket: socket})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 600 {
			t.Errorf("%s: got %v, want %q", socket, err, want)
		}
	}
	check(d.path, "Internal Server Error (status 500)") // what it says is too long to be read
	check(filepath.Join(t.TempDir(), "none"), "is Docker running")
	d.do(func() { d.refuse = 0 })
	s, _ := NewSocket(SocketConfig{Socket: "tcp://" + strings.TrimPrefix(httpOver(t, d), "http://")})
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("over TCP: %v", err)
	}
}

// What is claimed while lines come is as true as what is claimed when none do.
func TestSocketClaimsWhileBusy(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	f := d.follow(t, b, SocketLogConfig{}, "")
	f.log.Urgent(true)
	often := time.NewTicker(2 * time.Millisecond)
	defer often.Stop()
	f.until(t, "claims", func() bool {
		f.mu.Unlock() // the lines are the daemon's
		<-often.C
		b.lines(1 + b.n%5)
		f.mu.Lock()
		return len(f.claims) >= 8
	})
	f.events(t, b.n)
	f.close()
	f.numbers(t, 1, b.n)
	f.trueClaims(t, b)
	if b.n < 100 {
		t.Errorf("got %d lines: it was not busy", b.n)
	}
}

// A daemon that tells of a line and does not send it is left, and said to be lost.
func TestSocketStandsStill(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	b.lines(3)
	f := d.follow(t, b, SocketLogConfig{stall: 200 * time.Millisecond, LostAfter: time.Second}, "")
	f.events(t, 3)
	d.do(func() { // its clock was set back, and what lay before was thrown away
		b.base += len(b.said)
		b.said = []fakeMessage{{day.Add(-time.Hour), false, nginxLine(0, 4) + "\n"}}
	})
	f.close()
	f = d.follow(t, b, SocketLogConfig{stall: 200 * time.Millisecond, LostAfter: time.Second}, f.cursor())
	f.until(t, "lost", func() bool { return len(f.lost) > 0 })
	if !strings.Contains(f.lost[0], "stands still") {
		t.Errorf("got reason %q", f.lost[0])
	}
}

func TestSocketCloseEndsRead(t *testing.T) {
	d := newFakeDaemon(t)
	b := d.box(1, "web", false)
	f := d.follow(t, b, SocketLogConfig{}, "")
	f.caughtUp(t, 1)
	start := time.Now()
	f.log.Close()
	<-f.done
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}
