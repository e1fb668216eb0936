package source

import (
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// duplicate copies the log to .1, as copytruncate does before it truncates.
func (w *writer) duplicate() {
	w.shift()
	text, err := os.ReadFile(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	write(w.t, w.path+".1", string(text))
}

// truncate ends what duplicate has begun, and packs the copy if suffix says how.
func (w *writer) truncate(suffix string) {
	if err := os.Truncate(w.path, 0); err != nil {
		w.t.Fatal(err)
	}
	if suffix != "" {
		pack(w.t, w.path+".1", suffix)
	}
}

// everyCursor goes on at each place that f has given, and expects each line behind it once.
func everyCursor(t *testing.T, w *writer, f *follower) {
	t.Helper()
	for i, c := range f.got.Cursors {
		again := follow(t, quick(w), c)
		again.events(t, w.n-f.got.After[i])
		again.caughtUp(t, 1)
		again.close()
		again.numbers(t, f.got.After[i]+1, w.n)
	}
}

func TestTailResumesBetweenCopyAndTruncation(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWriter(t, logPath(t))
			w.lines(100)
			first := follow(t, quick(w), "")
			first.events(t, 100)
			first.close()
			w.lines(50)
			w.duplicate()
			w.truncate(suffix)
			pause(5 * time.Millisecond)
			w.lines(2000)
			w.duplicate()
			f := follow(t, quick(w), first.cursor())
			f.events(t, w.n-100)
			w.truncate(suffix)
			pause(5 * time.Millisecond)
			w.lines(300)
			f.events(t, w.n-100)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, 101, w.n)
			for i := range f.got.After {
				f.got.After[i] += 100
			}
			everyCursor(t, w, f)
		})
	}
}

func TestTailSearchesAgainWhenTheNameWasTruncatedMeanwhile(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(100)
	f := follow(t, quick(w), "")
	f.events(t, 100)
	f.close()
	w.lines(50)
	tl, err := NewTail(quick(w))
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	if err := tl.Seek(tl.id, f.cursor()); err != nil {
		t.Fatal(err)
	}
	named, err := tl.openName(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.copyTruncate(nil)
	pause(5 * time.Millisecond)
	w.lines(400)
	w.duplicate()
	tl.resume(time.Now(), named)
	if tl.place == nil {
		t.Error("has gone on among files that changed meanwhile")
	}
	var x transcript
	readSome(t, tl, &x, w.n-100)
	for claimed := false; !claimed; {
		b, err := tl.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x.add(b)
		claimed = b.CaughtUp != 0
	}
	(&follower{got: x}).numbers(t, 101, w.n)
}

// A rotation that went unseen is over, and the next one has got as far as its copy, when the Tail looks again.
func TestTailAdoptsNoCopyOfWhatTheNameHolds(t *testing.T) {
	for _, suffix := range []string{"", ".gz"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWriter(t, logPath(t))
			w.lines(100)
			first := follow(t, quick(w), "")
			first.events(t, 100)
			first.close()
			w.lines(100)
			f := follow(t, TailConfig{Path: w.path, Tick: time.Second}, first.cursor())
			f.events(t, 100)
			w.lines(100)
			w.duplicate()
			w.truncate(suffix)
			pause(5 * time.Millisecond)
			w.lines(400)
			w.duplicate()
			f.events(t, 600)
			f.caughtUp(t, 1)
			f.close()
			f.numbers(t, 101, w.n)
		})
	}
}

func TestTailReadsNoCopyBesideTheLogAsHistory(t *testing.T) {
	for _, name := range []string{".1", ".save", ".bak.gz"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWriter(t, logPath(t))
			w.lines(100)
			w.duplicate()
			if name == ".bak.gz" {
				pack(t, w.path+".1", ".gz")
				os.Rename(w.path+".1.gz", w.path+name)
			} else {
				os.Rename(w.path+".1", w.path+name)
			}
			w.lines(50)
			f := follow(t, TailConfig{Path: w.path, History: 24 * time.Hour}, "")
			f.events(t, w.n)
			f.caughtUp(t, 2)
			f.close()
			f.numbers(t, 1, w.n)
		})
	}
}

// A budding reader is a file that is empty when it is looked into first, and has its text a moment later.
type budding struct {
	looked bool
	text   strings.Reader
}

func (b *budding) Read(p []byte) (int, error) {
	if !b.looked {
		b.looked = true
		return 0, io.EOF
	}
	return b.text.Read(p)
}

func TestAnArchiveIsNoTextBeforeItHasBegun(t *testing.T) {
	b := &budding{text: *strings.NewReader(gz(t, nginxLog(1, 500)))}
	text, err := unpack("access.log.1.gz", b, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if head, err := beginningOf(text); err != nil || len(head) > 0 {
		t.Errorf("got %d bytes, %.8q…, %v, want none: it is told from a text by how it begins", len(head), head, err)
	}
}
