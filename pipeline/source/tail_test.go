package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestTailFollowsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(3)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 3)
		w.lines(500)
		f.events(t, 503)
		f.close()
		f.numbers(t, 1, 503)
		if f.got.Opened != 1 || f.got.Lines != 503 {
			t.Errorf("got %d opened, %d lines", f.got.Opened, f.got.Lines)
		}
		for i, e := range f.got.Events {
			if e.Seq != uint64(i+1) {
				t.Fatalf("line %d: got Seq %d", i+1, e.Seq)
			}
		}
		if want := []pipeline.StreamID{pipeline.StreamID("file:" + w.path)}; !cmp.Equal(f.tail.Streams(), want) {
			t.Errorf("got %v, want %v", f.tail.Streams(), want)
		}
	})
}

// A rotation style is when the new file comes, and how long the old one is still written.
type rotation struct {
	name   string
	create bool          // the new file is there at once, though the server writes the old one
	gap    int           // lines that go into the old file after the rename
	pause  time.Duration // while it does so
	files  int
	lines  int
}

func TestTailRotationByRename(t *testing.T) {
	for _, r := range []rotation{
		{"create, unpaced", true, 0, 0, 40, 1000},
		{"create, then reopen", true, 20, 20 * time.Millisecond, 25, 300},
		{"the new file comes on reopen", false, 20, 20 * time.Millisecond, 25, 300},
		{"a short log", true, 1, 5 * time.Millisecond, 60, 3},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := newWriter(t, logPath(t))
			f := follow(t, TailConfig{Path: w.path, Tick: 10 * time.Millisecond, Grace: 250 * time.Millisecond}, "")
			w.lines(1)
			f.events(t, 1)
			for range r.files {
				w.lines(r.lines)
				w.rotate()
				if r.create {
					write(t, w.path, "")
				}
				w.lines(r.gap / 2)
				pause(r.pause)
				w.lines(r.gap - r.gap/2)
				w.reopen()
			}
			w.lines(r.lines)
			f.events(t, w.n)
			f.caughtUp(t, 1)
			f.close()
			if r.pause > 0 {
				f.numbers(t, 1, w.n)
			}
			f.once(t, 1, w.n)
			f.trueClaims(t, w)
			if f.got.Lost != 0 {
				t.Errorf("got %d lost lines", f.got.Lost)
			}
		})
	}
}

// trueClaims checks that whatever came after a claim was not in the file before it.
func (f *follower) trueClaims(t *testing.T, w *writer) {
	t.Helper()
	for _, c := range f.claims {
		if c.events < len(w.at) && pipeline.TimeOf(w.at[c.events]) < c.at {
			t.Errorf("claimed %s, but line %d was there at %s", c.at, c.events+1, w.at[c.events].UTC())
		}
	}
}

func TestTailRotationByLogrotate(t *testing.T) {
	needLogrotate(t)
	w := newWriter(t, logPath(t))
	dir := filepath.Dir(w.path)
	conf := write(t, filepath.Join(t.TempDir(), "conf"),
		fmt.Sprintf("%s {\n  rotate 4\n  create 0644\n  compress\n  delaycompress\n  missingok\n}\n", w.path))
	f := follow(t, TailConfig{Path: w.path, Tick: 20 * time.Millisecond, Grace: 300 * time.Millisecond}, "")
	for i := range 6 {
		w.lines(200)
		f.events(t, w.n)
		out, err := exec.Command(logrotatePath(), "--force", "--state", filepath.Join(t.TempDir(), "state"), conf).CombinedOutput()
		if err != nil {
			t.Fatalf("logrotate: %v\n%s", err, out)
		}
		f.until(t, "the rotation to be seen", func() bool { return f.tail.Stats().Rotations > uint64(i) })
		w.lines(50) // the server has not been told yet
		w.reopen()
	}
	w.lines(200)
	f.events(t, w.n)
	f.close()
	f.numbers(t, 1, w.n)
	if packed, _ := filepath.Glob(filepath.Join(dir, "*.gz")); len(packed) == 0 {
		t.Error("logrotate has packed nothing: the test does not test what it should")
	}
}

func TestTailReadsTheOldFileWhileItGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		f := follow(t, TailConfig{Path: w.path}, "")
		w.lines(10)
		f.events(t, 10)
		w.rotate()
		write(t, w.path, "")
		for range 8 { // longer than Grace in all, never quiet for so long
			pause(2 * time.Second)
			w.lines(1)
		}
		w.raw("half a line at the end of the old file")
		w.reopen()
		w.lines(5)
		f.events(t, 24)
		f.close()
		half := f.got.Events[18]
		if half.Kind != pipeline.KindRejected || half.Seq != 19 {
			t.Errorf("got %+v for the half line, want a rejected line 19", half)
		}
		f.got.Events = append(f.got.Events[:18], f.got.Events[19:]...)
		f.numbers(t, 1, w.n)
	})
}

func TestTailReadsWhatComesIntoAFileThatWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		f := follow(t, TailConfig{Path: w.path}, "")
		w.lines(10)
		f.events(t, 10)
		w.rotate()
		write(t, w.path, nginxLine(0, 11)+"\n")
		f.events(t, 11)
		w.n++
		w.lines(1) // the server still has the old one open, long after Grace
		f.events(t, 12)
		w.reopen()
		w.lines(1)
		f.events(t, 13)
		f.close()
		f.numbers(t, 1, 13)
	})
}

func TestTailGoesOnAtAnyCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		f := follow(t, TailConfig{Path: w.path}, "")
		for range 4 {
			for range 5 {
				w.lines(40)
				pause(300 * time.Millisecond)
			}
			w.rotate()
			w.lines(7)
			w.reopen()
			pause(10 * time.Second)
		}
		w.lines(100)
		f.caughtUp(t, 2)
		f.close()
		f.numbers(t, 1, w.n)
		if len(f.got.Cursors) < 20 {
			t.Fatalf("got %d cursors", len(f.got.Cursors))
		}
		for i, c := range f.got.Cursors {
			rest := f.got.Events[f.got.After[i]:]
			again := follow(t, TailConfig{Path: w.path}, c)
			again.events(t, len(rest))
			again.caughtUp(t, 1)
			again.close()
			if d := cmp.Diff(rest, again.got.Events); d != "" && len(rest)+len(again.got.Events) > 0 {
				t.Fatalf("cursor %d %s, after %d events (-want +got):\n%.1500s", i, c, f.got.After[i], d)
			}
		}
	})
}

// resume reads what is there, stops, does what happens while nobody reads, and goes on.
func resume(t *testing.T, w *writer, cfg TailConfig, meanwhile func()) *follower {
	t.Helper()
	cfg.Path = w.path
	f := follow(t, cfg, "")
	f.events(t, w.n)
	f.close()
	meanwhile()
	return follow(t, cfg, f.cursor())
}

func TestTailResumesAfterRotations(t *testing.T) {
	for n := range 4 {
		synctest.Test(t, func(t *testing.T) {
			w := newWriter(t, logPath(t))
			write(t, w.path+".1", "what is older is not read, and is known when it is seen\n")
			w.lines(10)
			f := resume(t, w, TailConfig{}, func() {
				for range n {
					w.lines(5)
					w.rotate()
					pause(20 * time.Millisecond)
					w.reopen()
				}
				w.lines(5)
			})
			f.events(t, w.n-10)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, 11, w.n)
			if f.got.Lost != 0 || f.got.Events[0].Seq != 11 {
				t.Errorf("%d rotations: got %d lost, first Seq %d, want 0 and 11", n, f.got.Lost, f.got.Events[0].Seq)
			}
		})
	}
}

func TestTailResumeWhenThePlaceIsGone(t *testing.T) {
	gone := func(what string, meanwhile func(w *writer)) {
		synctest.Test(t, func(t *testing.T) {
			w := newWriter(t, logPath(t))
			w.lines(10)
			f := resume(t, w, TailConfig{}, func() { meanwhile(w) })
			f.events(t, 3)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, 11, 13)
			if f.got.Lost == 0 || len(f.reasons) != 1 || !strings.Contains(f.reasons[0], "gone") {
				t.Errorf("%s: got %d lost lines, reasons %q", what, f.got.Lost, f.reasons)
			}
			if seq := f.got.Events[0].Seq; seq <= seqGap {
				t.Errorf("%s: got Seq %d, which may have been given before", what, seq)
			}
		})
	}
	gone("truncated", func(w *writer) { os.Truncate(w.path, 0); w.lines(3) })
	gone("removed", func(w *writer) { os.Remove(w.path); w.reopen(); w.lines(3) })
	gone("another file of the same inode", func(w *writer) {
		w.n += 3
		text := ""
		for i := 11; i <= 13; i++ {
			text += strings.Replace(nginxLine(0, i), "curl", strings.Repeat("y", 500), 1) + "\n"
		}
		os.WriteFile(w.path, []byte(text), 0o644)
	})
}

func TestTailDoesNotReadACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(10)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 10)
		text, err := os.ReadFile(w.path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, w.path+".bak", string(text))
		w.rotate()
		w.reopen()
		w.lines(10)
		f.events(t, 20)
		pause(10 * time.Second)
		f.close()
		f.numbers(t, 1, 20)
	})
}

func TestTailTruncation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(100)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.caughtUp(t, 1)
		os.Truncate(w.path, 0)
		f.caughtUp(t, 2)
		w.lines(10)
		f.caughtUp(t, 2)
		os.Truncate(w.path, 0)
		w.lines(200) // larger than before at once
		f.events(t, 310)
		f.caughtUp(t, 1)
		f.close()
		f.numbers(t, 1, 310)
		if s := f.tail.Stats(); s.Truncations != 2 || len(f.reasons) != 2 || !strings.Contains(f.reasons[0], "truncated") {
			t.Errorf("got %+v, reasons %q", s, f.reasons)
		}
	})
}

func TestTailMissingFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := logPath(t)
		start := time.Now()
		f := follow(t, TailConfig{Path: path}, "")
		f.until(t, "lost", func() bool { return len(f.lost) > 0 })
		if d := time.Since(start); d < time.Minute || d > 61*time.Second {
			t.Errorf("lost after %s, want a minute", d)
		}
		if want := []string{"stat " + path + ": no such file or directory: see whether its disk is mounted and its service writes it"}; !cmp.Equal(f.lost, want) {
			t.Errorf("got reasons %q, want %q", f.lost, want)
		}
		if f.got.Opened != 1 || len(f.claims) != 0 {
			t.Errorf("got %d opened, %d claims, want 1 and none", f.got.Opened, len(f.claims))
		}
		w := newWriter(t, path)
		w.lines(5)
		f.events(t, 5)
		f.caughtUp(t, 1)
		f.close()
		f.numbers(t, 1, 5)
		if len(f.lost) != 1 {
			t.Errorf("got %d claims of loss, want 1", len(f.lost))
		}
	})
}

func TestTailUnreadableFile(t *testing.T) {
	f := func(what, reason string, spoil func(path string) error) {
		synctest.Test(t, func(t *testing.T) {
			path := logPath(t)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			f := follow(t, TailConfig{Path: path}, "")
			f.until(t, "lost", func() bool { return len(f.lost) > 0 })
			if !strings.Contains(f.lost[0], reason) {
				t.Errorf("%s: got reason %q, want %q", what, f.lost[0], reason)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			w := newWriter(t, path)
			w.lines(3)
			f.events(t, 3)
		})
	}
	f("directory", "no regular file", func(p string) error { return os.Mkdir(p, 0o755) })
	f("symlink to itself", "too many levels", func(p string) error { return os.Symlink(p, p) })
	if os.Geteuid() != 0 { // root may read anything
		f("permission", "permission denied", func(p string) error { return os.WriteFile(p, nil, 0) })
	}
}

func TestTailKeepsReadingWhenPermissionIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(3)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 3)
		os.Chmod(w.path, 0)
		w.lines(3)
		f.events(t, 6)
		os.Chmod(filepath.Dir(w.path), 0)
		w.lines(3)
		f.events(t, 9)
		os.Chmod(filepath.Dir(w.path), 0o755)
		f.close()
		f.numbers(t, 1, 9)
	})
}

func TestTailFollowsASymlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a, b := newWriter(t, filepath.Join(dir, "a")), newWriter(t, filepath.Join(dir, "b"))
		link := filepath.Join(dir, "log")
		os.Symlink("a", link)
		a.lines(5)
		f := follow(t, TailConfig{Path: link}, "")
		f.events(t, 5)
		os.Remove(link)
		os.Symlink("b", link)
		b.n = 5
		b.lines(5)
		f.events(t, 10)
		f.close()
		f.numbers(t, 1, 10)
	})
}

func TestTailHalfALineIsNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(1)
		line := nginxLine(0, 2)
		w.raw(line[:40])
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 1)
		f.caughtUp(t, 3)
		w.raw(line[40:])
		f.caughtUp(t, 3)
		if n := len(f.got.Events); n != 1 {
			t.Errorf("got %d events before the line's end, want 1", n)
		}
		w.raw("\r\n\n")
		f.events(t, 2)
		w.n = 2
		w.lines(1)
		f.events(t, 3)
		f.close()
		f.numbers(t, 1, 3)
		if f.got.Lines != 4 {
			t.Errorf("got %d lines, want 4", f.got.Lines)
		}
	})
}

func TestTailVeryLongLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(1)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 1)
		long := strings.Repeat("x", 10<<20)
		w.raw(long + "\n")
		w.lines(1)
		f.events(t, 3)
		for range 30 { // grows for a while before it ends
			w.raw(long[:1<<20])
			pause(150 * time.Millisecond)
		}
		w.raw("\n")
		w.lines(1)
		f.events(t, 5)
		f.close()
		got := f.got.Events
		if got[1].Kind != pipeline.KindRejected || got[3].Kind != pipeline.KindRejected || got[4].Seq != 5 {
			t.Errorf("got %+v", got)
		}
		if n := f.tail.Stats().Long; n != 2 {
			t.Errorf("got %d long lines, want 2", n)
		}
	})
}

func TestTailBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(50_000)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 100)
		w.lines(5000)
		f.events(t, 55_000)
		f.caughtUp(t, 1)
		w.lines(10)
		f.events(t, 55_010)
		f.close()
		f.numbers(t, 1, 55_010)
	})
}

func TestTailClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(1)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.caughtUp(t, 10)
		f.tail.Urgent(true)
		f.caughtUp(t, 10)
		f.close()
		pace := func(claims []claim, least, most time.Duration) {
			t.Helper()
			for i := 1; i < len(claims); i++ {
				if d := claims[i].at.Sub(claims[i-1].at); d < least || d > most {
					t.Errorf("claim %d came after %s, want %s to %s", i, d, least, most)
				}
			}
		}
		const look = 125 * time.Millisecond // what is due is seen at the next look
		pace(f.claims[:10], time.Second, time.Second+look)
		pace(f.claims[11:], 250*time.Millisecond, 250*time.Millisecond+look)
	})
}

func TestTailSurvivesTheDeathOfTheLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		tl, err := NewTail(TailConfig{Path: w.path})
		if err != nil {
			t.Fatal(err)
		}
		defer tl.Close()
		var x transcript
		deaths := 0
		for range 5 {
			w.lines(3 * batchEvents)
			for len(x.Events) < w.n {
				b, err := tl.Read(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				x.add(b)
				if b.Release != nil {
					b.Release()
				}
				if len(tl.gens) > 0 && tl.gens[0].lib != nil && len(x.Events)%(3*batchEvents) == batchEvents {
					tl.gens[0].lib.Kill(errors.New("killed")) // in the middle of what it reads
					deaths++
				}
			}
		}
		if deaths < 2 {
			t.Fatalf("killed the library %d times, want 2 or more: it does not read", deaths)
		}
		f := &follower{got: x}
		f.numbers(t, 1, w.n)
		if n := tl.Stats().Restarts; n == 0 {
			t.Error("got no restart counted")
		}
	})
}

func TestTailCloseEndsRead(t *testing.T) {
	f := follow(t, TailConfig{Path: logPath(t)}, "")
	f.until(t, "opened", func() bool { return f.got.Opened == 1 })
	f.tail.Close()
	<-f.done
	if _, err := f.tail.Read(context.Background()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v, want closed", err)
	}
}

func TestTailSeekRefusesWhatIsNoPlace(t *testing.T) {
	tl, err := NewTail(TailConfig{Path: "x", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []pipeline.Cursor{"", "[]", `{"v":7}`} {
		if err := tl.Seek("web", c); err == nil {
			t.Errorf("cursor %q: got no error", c)
		}
	}
	if err := tl.Seek("other", `{"v":1}`); err == nil {
		t.Error("another stream: got no error")
	}
}
