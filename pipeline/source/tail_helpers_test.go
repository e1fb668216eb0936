package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A claim is one CaughtUp and how many events had come before it.
type claim struct {
	at     pipeline.Time
	events int
}

// A follower reads a Tail in a goroutine and writes down what it gives.
type follower struct {
	tail *Tail
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every batch
	got     transcript
	claims  []claim
	reasons []string
	lost    []string // reasons of Lost
}

func follow(t testing.TB, cfg TailConfig, cursor pipeline.Cursor) *follower {
	t.Helper()
	tl, err := NewTail(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if cursor != "" {
		if err := tl.Seek(tl.Streams()[0], cursor); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &follower{tail: tl, stop: stop, done: make(chan struct{}), changed: make(chan struct{})}
	go f.run(ctx)
	t.Cleanup(f.close)
	return f
}

func (f *follower) run(ctx context.Context) {
	defer close(f.done)
	for {
		b, err := f.tail.Read(ctx)
		if err != nil {
			return
		}
		f.add(b)
		if b.Release != nil {
			b.Release()
		}
	}
}

func (f *follower) add(b pipeline.Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got.add(b)
	if b.CaughtUp != 0 {
		f.claims = append(f.claims, claim{b.CaughtUp, len(f.got.Events)})
	}
	if b.Lost {
		f.lost = append(f.lost, b.Reason)
	} else if b.Reason != "" {
		f.reasons = append(f.reasons, b.Reason)
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

// until waits for a condition, and fails when it does not come.
func (f *follower) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	often := time.NewTicker(10 * time.Millisecond)
	defer often.Stop()
	for {
		f.mu.Lock()
		done, changed := ok(), f.changed
		n := len(f.got.Events)
		f.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-often.C:
		case <-deadline.C:
			t.Fatalf("%s: waited in vain; got %d events, %s", what, n, f.gaps())
		}
	}
}

func (f *follower) events(t testing.TB, n int) {
	t.Helper()
	f.until(t, fmt.Sprintf("%d events", n), func() bool { return len(f.got.Events) >= n })
}

// caughtUp waits for n more claims.
func (f *follower) caughtUp(t testing.TB, n int) {
	t.Helper()
	f.mu.Lock()
	want := len(f.claims) + n
	f.mu.Unlock()
	f.until(t, "claims", func() bool { return len(f.claims) >= want })
}

func (f *follower) cursor() pipeline.Cursor { return f.got.Cursors[len(f.got.Cursors)-1] }

func (f *follower) close() {
	f.stop()
	<-f.done
	f.tail.Close()
}

// numbers checks that exactly the lines first to last have come, in order.
func (f *follower) numbers(t testing.TB, first, last int) {
	t.Helper()
	want := first
	for _, e := range f.got.Events {
		if line(e) != want {
			t.Fatalf("got event %+v, want line %d", e, want)
		}
		want++
	}
	if want != last+1 {
		t.Fatalf("got lines up to %d, want %d", want-1, last)
	}
}

// once checks that exactly the lines first to last have come, in any order.
func (f *follower) once(t testing.TB, first, last int) {
	t.Helper()
	slices.SortFunc(f.got.Events, func(a, b seen) int { return line(a) - line(b) })
	f.numbers(t, first, last)
}

func line(e seen) int {
	n, err := strconv.Atoi(strings.TrimPrefix(e.Path, "/n/"))
	if err != nil {
		return -1
	}
	return n
}

// A writer writes numbered lines as a server does: into the file that it has open.
type writer struct {
	t    testing.TB
	path string
	file *os.File
	n    int
	at   []time.Time // when line i+1 was surely in the file
}

func newWriter(t testing.TB, path string) *writer {
	w := &writer{t: t, path: path}
	w.reopen()
	t.Cleanup(func() { w.file.Close() })
	return w
}

func (w *writer) reopen() {
	if w.file != nil {
		w.file.Close()
	}
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		w.t.Fatal(err)
	}
	w.file = f
}

func (w *writer) lines(n int) {
	for range n {
		w.n++
		w.raw(nginxLine(w.n/1000, w.n) + "\n")
		w.at = append(w.at, time.Now())
	}
}

func (w *writer) raw(s string) {
	if _, err := w.file.WriteString(s); err != nil {
		w.t.Fatal(err)
	}
}

// rotate renames as logrotate does: every number up by one, then the log to .1.
func (w *writer) rotate() {
	for i := 200; i > 0; i-- {
		os.Rename(w.path+"."+strconv.Itoa(i), w.path+"."+strconv.Itoa(i+1))
	}
	if err := os.Rename(w.path, w.path+".1"); err != nil {
		w.t.Fatal(err)
	}
}

func logPath(t testing.TB) string { return filepath.Join(t.TempDir(), "access.log") }

// pause lets some time go by.
func pause(d time.Duration) { <-time.After(d) }

// patience is how long a test waits for what must come.
const patience = 90 * time.Second

// gaps says where the numbers of the lines jump.
func (f *follower) gaps() string {
	var b strings.Builder
	last := 0
	for _, e := range f.got.Events {
		n := line(e)
		if n != last+1 {
			fmt.Fprintf(&b, "%d to %d, ", last, n)
		}
		last = n
	}
	return fmt.Sprintf("%sup to %d", b.String(), last)
}
