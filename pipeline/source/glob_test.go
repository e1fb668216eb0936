package source

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestGlobFindsLogsNotWhatRotationMadeOfThem(t *testing.T) {
	dir := t.TempDir()
	g, err := NewGlob(filepath.Join(dir, "*.log*"), filepath.Join(dir, "access*"))
	if err != nil {
		t.Fatal(err)
	}
	next := func(what string, want ...string) {
		t.Helper()
		if d := cmp.Diff(inDir(dir, want...), g.Next(100)); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	put := func(names ...string) {
		for _, n := range names {
			write(t, filepath.Join(dir, n), "x\n")
		}
	}
	next("nothing there")
	put("access.log", "access.log.1", "access.log.2.gz", "access.log-20261118", "access-20261118.log", "access-shop.log", "error.log.3")
	os.Mkdir(filepath.Join(dir, "old.log"), 0o755)
	next("logs and rotated ones", "access-shop.log", "access.log")
	next("nothing new")
	os.Rename(filepath.Join(dir, "access.log"), filepath.Join(dir, "access.log-20261119"))
	next("the log is being rotated")
	put("error.log", "access.log", "access.log.zst")
	next("another log", "error.log")
	g.Forget(filepath.Join(dir, "access.log"))
	next("a log that was forgotten", "access.log")
	if _, err := NewGlob("[a"); err == nil {
		t.Error("a bad pattern: got no error")
	}
}

func TestGlobFindsNoMoreThanItMay(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a.log", "b.log", "c.log"} {
		write(t, filepath.Join(dir, n), "")
	}
	g, _ := NewGlob(filepath.Join(dir, "*.log"))
	if got := append(g.Next(2), g.Next(2)...); len(got) != 3 {
		t.Errorf("got %q, want all three once", got)
	}
}

func TestWatchGivesATailThatEndsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		found, done := make(chan pipeline.Source), make(chan error)
		go func() {
			done <- Watch(ctx, WatchConfig{Patterns: []string{filepath.Join(dir, "*.log")},
				Tail: func(string) TailConfig { return TailConfig{} }}, found)
		}()
		w := newWriter(t, filepath.Join(dir, "a.log"))
		w.lines(5)
		first := (<-found).(*Tail)
		var x transcript
		readSome(t, first, &x, 5)
		start := time.Now()
		os.Remove(w.path)
		for {
			b, err := first.Read(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			x.add(b)
		}
		if d := time.Since(start); x.Ended != 1 || d < time.Hour || d > 61*time.Minute {
			t.Errorf("got %d ended after %s, want one after an hour", x.Ended, d)
		}
		first.Close()
		w.reopen()
		w.lines(5)
		second := (<-found).(*Tail)
		readSome(t, second, &x, 10)
		second.Close()
		(&follower{got: x}).numbers(t, 1, 10)
		if x.Events[9].Seq != 10 || x.Lost != 0 || first.id != second.id {
			t.Errorf("got Seq %d, %d lost, streams %s and %s", x.Events[9].Seq, x.Lost, first.id, second.id)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
	})
}

func TestTailOfAFixedPathWaitsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(3)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 3)
		os.Remove(w.path)
		pause(30 * time.Hour)
		w.reopen()
		w.lines(3)
		f.events(t, 6)
		f.close()
		f.numbers(t, 1, 6)
		if f.got.Ended != 0 {
			t.Error("the stream has ended")
		}
	})
}
