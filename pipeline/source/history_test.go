package source

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// past writes a log with three rotated files, one of them too old, and a live one: 300 lines of 400 are
// history, or the live file's.
func past(t *testing.T) *writer {
	w := newWriter(t, logPath(t))
	now := time.Now()
	for i, name := range []string{".4.gz", ".3.zst", ".2.gz", ".1", ""} {
		age := []time.Duration{30 * 24 * time.Hour, 3 * time.Hour, 2 * time.Hour, time.Hour, 0}[i]
		first := w.n
		w.lines(100)
		if name == "" {
			break
		}
		plain := filepath.Join(filepath.Dir(w.path), "plain")
		os.Rename(w.path, plain)
		text, _ := os.ReadFile(plain)
		switch filepath.Ext(name) {
		case ".gz":
			text = []byte(gz(t, string(text)))
		case ".zst":
			text = []byte(zst(t, string(text)))
		}
		write(t, w.path+name, string(text))
		os.Chtimes(w.path+name, now.Add(-age), now.Add(-age))
		os.Remove(plain)
		w.reopen()
		if i == 0 {
			w.n = first // what is too old has the numbers of what comes next
		}
	}
	return w
}

func TestTailReadsHistoryFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := past(t)
		f := follow(t, TailConfig{Path: w.path, History: 24 * time.Hour}, "")
		if !f.tail.Stats().InHistory {
			t.Error("is not in history before the first read")
		}
		f.events(t, w.n)
		f.caughtUp(t, 1)
		f.close()
		f.numbers(t, 1, w.n)
		s := f.tail.Stats()
		if s.InHistory || s.HistoryDone != s.HistoryTotal || s.HistoryTotal == 0 || s.HistorySkipped != 0 || f.got.Lost != 0 {
			t.Errorf("got %+v, %d lost", s, f.got.Lost)
		}
		if len(f.claims) == 0 || f.claims[0].events < w.n {
			t.Errorf("got claims %v before all of history was read", f.claims)
		}
		for i, c := range f.got.Cursors { // a crash in the middle of it
			again := follow(t, TailConfig{Path: w.path, History: 24 * time.Hour}, c)
			again.events(t, w.n-f.got.After[i])
			again.caughtUp(t, 1)
			again.close()
			again.numbers(t, f.got.After[i]+1, w.n)
			if again.got.Lost != 0 {
				t.Errorf("cursor %d: got %d lost, %q", i, again.got.Lost, again.reasons)
			}
		}
	})
}

func TestTailSkipsHistoryThatTakesTooLong(t *testing.T) {
	w := past(t)
	now := time.Now()
	tl, err := NewTail(TailConfig{Path: w.path, History: 24 * time.Hour, HistoryUntil: now.Add(time.Minute), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	var x transcript
	readSome(t, tl, &x, 1)
	if s := tl.Stats(); !s.InHistory || s.HistoryDone >= s.HistoryTotal {
		t.Errorf("in history: got %+v", s)
	}
	got := len(x.Events)
	cursor := x.Cursors[len(x.Cursors)-1]
	now = now.Add(time.Hour)
	readSome(t, tl, &x, got+100)
	if n := line(x.Events[got]); n != w.n-99 || x.Lost != 0 {
		t.Errorf("got line %d behind history, %d lost, want the live file's first, %d", n, x.Lost, w.n-99)
	}
	if s := tl.Stats(); s.InHistory || s.HistorySkipped == 0 {
		t.Errorf("after history: got %+v", s)
	}
	again, err := NewTail(TailConfig{Path: w.path, History: 24 * time.Hour, HistoryUntil: now, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Seek(again.id, cursor); err != nil {
		t.Fatal(err)
	}
	var y transcript
	readSome(t, again, &y, 100)
	if n := line(y.Events[0]); n != w.n-99 || y.Lost != 0 {
		t.Errorf("resumed: got line %d first, %d lost, want %d", n, y.Lost, w.n-99)
	}
}
