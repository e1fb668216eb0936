package source

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// copyTruncate rotates as logrotate does with copytruncate: every number up by one, a copy to .1, then the
// log is cut to nothing. Between is called between copy and cut.
func (w *writer) copyTruncate(between func()) {
	w.duplicate()
	if between != nil {
		between()
	}
	w.truncate("")
}

// shift moves every rotated file up by one number.
func (w *writer) shift() {
	for i := 30; i > 0; i-- {
		for _, suffix := range []string{"", ".gz", ".zst"} {
			from := w.path + "." + strconv.Itoa(i) + suffix
			os.Rename(from, w.path+"."+strconv.Itoa(i+1)+suffix)
		}
	}
}

// pack makes an archive of a file, with its time, as gzip and zstd do.
func pack(t testing.TB, path, suffix string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	packed := gz(t, string(text))
	if suffix == ".zst" {
		packed = zst(t, string(text))
	}
	write(t, path+suffix, packed)
	os.Chtimes(path+suffix, fi.ModTime(), fi.ModTime())
	os.Remove(path)
}

// quick is a configuration that waits for nothing long.
func quick(w *writer) TailConfig {
	return TailConfig{Path: w.path, Tick: 5 * time.Millisecond, Grace: 20 * time.Millisecond}
}

// readSome reads until there are so many events.
func readSome(t *testing.T, tl *Tail, x *transcript, events int) {
	t.Helper()
	for len(x.Events) < events {
		b, err := tl.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x.add(b)
		if b.Release != nil {
			b.Release()
		}
	}
}

func TestTailReadsTheCopyOfWhatWasTruncated(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst"} {
		for rotations := 1; rotations <= 3; rotations++ {
			w := newWriter(t, logPath(t))
			w.lines(2000)
			tl, err := NewTail(quick(w))
			if err != nil {
				t.Fatal(err)
			}
			defer tl.Close()
			var x transcript
			readSome(t, tl, &x, batchEvents)
			for range rotations {
				w.copyTruncate(nil)
				if suffix != "" {
					pack(t, w.path+".1", suffix)
				}
				w.lines(300)
				pause(5 * time.Millisecond) // another tick of the file system's clock
			}
			readSome(t, tl, &x, w.n)
			(&follower{got: x}).numbers(t, 1, w.n)
		}
	}
}

func TestTailReadsTheCopyThatWasMadeWhileItWasDown(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst"} {
		for rotations := 1; rotations <= 3; rotations++ {
			w := newWriter(t, logPath(t))
			write(t, w.path+".1", strings.Repeat("what is older is not read\n", 10))
			pause(5 * time.Millisecond)
			w.lines(100)
			f := resume(t, w, quick(w), func() {
				for i := range rotations {
					w.lines(50)
					w.copyTruncate(nil)
					if suffix != "" && i < rotations-1 { // delaycompress
						pack(t, w.path+".1", suffix)
					}
					pause(5 * time.Millisecond)
				}
				w.lines(20)
			})
			f.events(t, w.n-100)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, 101, w.n)
			if seq := f.got.Events[0].Seq; seq != 101 {
				t.Errorf("%d rotations, packed %q: got first Seq %d, want 101", rotations, suffix, seq)
			}
			if f.got.Lost == 0 || len(f.reasons) == 0 || !strings.Contains(f.reasons[0], "copied and truncated") {
				t.Errorf("%d rotations, packed %q: got %d lost, reasons %q", rotations, suffix, f.got.Lost, f.reasons)
			}
		}
	}
}

func TestTailReadsNothingOfACopyThatItIsBeyond(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(100)
	f := follow(t, quick(w), "")
	f.events(t, 100)
	w.copyTruncate(func() {
		w.lines(50)
		f.events(t, 150)
	})
	w.lines(50)
	f.events(t, 200)
	f.caughtUp(t, 1)
	f.close()
	f.numbers(t, 1, 200)
}

func TestTailSaysWhatATruncationCost(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(1000)
	tl, err := NewTail(TailConfig{Path: w.path, Tick: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	var x transcript
	readSome(t, tl, &x, batchEvents)
	w.copyTruncate(func() {
		w.lines(1000)
		pause(2 * time.Millisecond)
		readSome(t, tl, &x, 2*batchEvents) // it has seen the size
	})
	var reason string
	for len(x.Events) < 1000 {
		b, err := tl.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Reason != "" {
			reason = b.Reason
		}
		x.add(b)
		if b.Release != nil {
			b.Release()
		}
	}
	(&follower{got: x}).numbers(t, 1, 1000)
	if x.Lost == 0 || !strings.Contains(reason, "access.log.1") || !strings.Contains(reason, "bytes of them had been seen") {
		t.Errorf("got %d lost, reason %q", x.Lost, reason)
	}
}

func TestTailWaitsForTheEndOfACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(100)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 100)
		w.lines(100)
		text, _ := os.ReadFile(w.path)
		half := len(text)/2 + 5000
		out, err := os.Create(w.path + ".1")
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text[:half])
		os.Truncate(w.path, 0)
		w.n = 200
		w.lines(10)
		for rest := text[half:]; len(rest) > 0; {
			pause(300 * time.Millisecond)
			n := min(len(rest), 1000)
			out.Write(rest[:n])
			rest = rest[n:]
		}
		out.Close()
		f.events(t, 210)
		f.close()
		f.numbers(t, 1, 210)
	})
}

func TestTailReadsNoTextTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(100)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 100)
		for range 4 {
			w.shift()
			os.Rename(w.path, w.path+".1")
			w.reopen()
			w.lines(10)
			if _, err := os.Stat(w.path + ".2"); err == nil {
				pack(t, w.path+".2", ".gz")
			}
			f.events(t, w.n)
			pause(3 * time.Minute) // nothing is held any more
		}
		pack(t, w.path+".1", ".zst")
		f.caughtUp(t, 2)
		f.close()
		f.numbers(t, 1, w.n)
		again := follow(t, TailConfig{Path: w.path}, f.cursor())
		w.lines(5)
		again.events(t, 5)
		again.caughtUp(t, 2)
		again.close()
		again.numbers(t, w.n-4, w.n)
	})
}

func TestTailResumesInAnArchive(t *testing.T) {
	for _, suffix := range []string{".gz", ".zst"} {
		w := newWriter(t, logPath(t))
		w.lines(3000)
		f := follow(t, quick(w), "")
		f.events(t, 3000)
		f.close()
		for range 3 {
			w.shift()
			os.Rename(w.path, w.path+".1")
			pack(t, w.path+".1", suffix)
			w.reopen()
			w.lines(200)
			pause(5 * time.Millisecond)
		}
		for i, c := range f.got.Cursors {
			rest := w.n - f.got.After[i]
			again := follow(t, quick(w), c)
			again.events(t, rest)
			again.caughtUp(t, 1)
			again.close()
			again.numbers(t, f.got.After[i]+1, w.n)
			if again.got.Lost != 0 {
				t.Errorf("%s: got %d lost, %q", suffix, again.got.Lost, again.reasons)
			}
		}
	}
}

func TestTailGoesOnBehindADamagedArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(10)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 10)
		f.close()
		w.lines(20_000)
		w.shift()
		os.Rename(w.path, w.path+".1")
		pack(t, w.path+".1", ".gz")
		os.Truncate(w.path+".1.gz", 20_000)
		w.reopen()
		w.lines(5)
		again := follow(t, TailConfig{Path: w.path}, f.cursor())
		again.until(t, "the last line", func() bool {
			n := len(again.got.Events)
			return n > 0 && line(again.got.Events[n-1]) == w.n
		})
		again.close()
		if again.got.Lost == 0 || !strings.Contains(strings.Join(again.reasons, ""), "cut short") {
			t.Errorf("got %d lost, reasons %q", again.got.Lost, again.reasons)
		}
		if first := line(again.got.Events[0]); first != 11 {
			t.Errorf("got line %d first, want 11", first)
		}
	})
}

func TestTailReadsAnOldCursor(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(20)
	fi, err := os.Stat(w.path)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(w.path)
	m := mark{Dev: inodeOf(fi).dev, Ino: inodeOf(fi).ino, Prefix: maxPrefix, Hash: hashOf(text[:maxPrefix]), Offset: int64(len(text))}
	old := strings.Replace(string(place{Seq: 20, Generations: []mark{m}}.cursor()), `"v":2`, `"v":1`, 1)
	w.rotate()
	w.reopen()
	w.lines(5)
	f := follow(t, TailConfig{Path: w.path, Grace: 10 * time.Millisecond}, pipeline.Cursor(old))
	f.events(t, 5)
	f.close()
	f.numbers(t, 21, 25)
	if f.got.Lost != 0 || Position(pipeline.Cursor(old)) != "byte "+strconv.Itoa(len(text)) {
		t.Errorf("got %d lost, position %s", f.got.Lost, Position(pipeline.Cursor(old)))
	}
}

func TestTailSearchesNothingTwice(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(20)
	f := follow(t, quick(w), "")
	f.events(t, 20)
	f.close()
	os.Remove(w.path)
	for _, name := range []string{".2.gz", ".3.gz"} {
		write(t, w.path+name, gz(t, "another log's text, of more bytes than are needed to know it\n"))
	}
	tl, err := NewTail(quick(w))
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	if err := tl.Seek(tl.id, f.cursor()); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		tl.look(time.Now())
	}
	if tl.searches != 1 || tl.place == nil {
		t.Errorf("searched %d times among archives that did not change, want once", tl.searches)
	}
	os.WriteFile(w.path+".1", []byte(nginxLog(1, 5)), 0o644)
	tl.look(time.Now())
	if tl.searches != 2 {
		t.Errorf("searched %d times, want again when a file has come", tl.searches)
	}
}

func TestTailQuietTruncationIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(20)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 20)
		pause(time.Minute)
		w.copyTruncate(nil)
		f.until(t, "a reason", func() bool { return len(f.reasons) == 1 })
		w.lines(5)
		f.events(t, 25)
		f.close()
		f.numbers(t, 1, 25)
		if f.got.Lost != 0 || !strings.Contains(f.reasons[0], "access.log.1") {
			t.Errorf("got %d lost, reasons %q", f.got.Lost, f.reasons)
		}
	})
}

func TestTailDoesNotReadACopyThatIsJustBeingMade(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(100)
	f := resume(t, w, quick(w), func() { write(t, w.path+".1", "") })
	f.caughtUp(t, 1)
	w.lines(10)
	text, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.path+".1", string(text))
	f.events(t, 10)
	f.caughtUp(t, 1)
	if err := os.Truncate(w.path, 0); err != nil {
		t.Fatal(err)
	}
	w.lines(10)
	f.events(t, 20)
	f.caughtUp(t, 1)
	f.close()
	f.numbers(t, 101, w.n)
}
