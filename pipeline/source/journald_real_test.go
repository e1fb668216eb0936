//go:build linux

package source

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const sidekiqUnit = "mastodon-sidekiq.service"

// open returns a Journald on j's files.
func (j *journal) open(cfg JournaldConfig) *Journald {
	j.t.Helper()
	cfg.Directory, cfg.Name = j.files(), "journald"
	cfg.Log = slog.New(slog.NewTextHandler(j.t.Output(), nil))
	s, err := NewJournald(cfg)
	if err != nil {
		j.t.Fatal(err)
	}
	return s
}

// stream finds the stream of a unit; its host is this machine's.
func (k *book) stream(unit string) pipeline.StreamID {
	for id := range k.lines {
		if strings.HasSuffix(string(id), ":"+unit) || strings.HasSuffix(string(id), "/"+unit) {
			return id
		}
	}
	return ""
}

// TestJournald follows three units, of which one appears later, among one that is nobody's business.
func TestJournald(t *testing.T) {
	j := newJournal(t, "")
	web, other := j.unit(webUnit), j.unit("ssh.service")
	web.lines(500)
	other.lines(500)
	s := j.open(JournaldConfig{History: 24 * time.Hour})
	l := listen(t, s, newBook(), nil)
	l.until("what was there", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 500 })
	later := j.unit("mastodon-sidekiq@2.service")
	for range 20 {
		web.lines(25)
		later.lines(25)
		other.lines(25)
	}
	l.until("what came", func(k *book) bool {
		return len(k.numbers[k.stream(webUnit)]) == 1000 && len(k.numbers[k.stream("mastodon-sidekiq@2.service")]) == 500
	})
	at := pipeline.TimeOf(time.Now())
	l.until("claims", func(k *book) bool { return k.claims[k.stream(webUnit)] > at && k.claims["journald"] > at })
	l.close()
	l.book.exactly(t, l.book.stream(webUnit), 1, 1000)
	l.book.exactly(t, l.book.stream("mastodon-sidekiq@2.service"), 1, 500)
	if len(l.book.lines) != 3 {
		t.Errorf("got streams %v, want the journal's and two units'", l.book.lines)
	}
	if s.NotReady() != "" {
		t.Errorf("not ready: %s", s.NotReady())
	}
}

// TestJournaldCrashes ends the source and journalctl again and again while two units write, with rotations
// between, and goes on from what was saved some time before: every number is counted once.
func TestJournaldCrashes(t *testing.T) {
	j := newJournal(t, "RateLimitIntervalSec=0\n")
	web, sidekiq := j.unit(webUnit), j.unit(sidekiqUnit)
	k := newBook()
	kills := 0
	runs, each := 12, 600
	if os.Getenv(tortureLong) == "1" {
		runs, each = 100, 6000
	}
	for run := range runs {
		s := j.open(JournaldConfig{History: 24 * time.Hour})
		l := listen(t, s, k, nil)
		for range 3 {
			web.lines(each / 3)
			sidekiq.lines(each / 3)
			eventually(t, "journalctl", s.killChild)
			kills++
		}
		if run%3 == 1 {
			j.rotate()
		}
		enough := (run + 1) * each / 2
		l.until("some lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) >= enough })
		l.close()
		k = l.saved
	}
	l := listen(t, j.open(JournaldConfig{}), k, nil)
	l.until("all lines", func(k *book) bool {
		return len(k.numbers[k.stream(webUnit)]) >= runs*each && len(k.numbers[k.stream(sidekiqUnit)]) >= runs*each
	})
	l.close()
	l.book.exactly(t, l.book.stream(webUnit), 1, runs*each)
	l.book.exactly(t, l.book.stream(sidekiqUnit), 1, runs*each)
	if lost := l.book.lost; lost["journald"] != 0 {
		t.Errorf("lost %v: %q", lost, l.book.reasons)
	}
	t.Logf("%d children were killed", kills)
}

// killChild kills the running journalctl, as the kernel may.
func (j *Journald) killChild() bool {
	pid := int(j.pid.Load())
	return pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// TestJournaldQuiet goes on in a journal to which nothing is added: its streams are claimed all the same.
func TestJournaldQuiet(t *testing.T) {
	j := newJournal(t, "")
	j.unit(webUnit).lines(10)
	first := listen(t, j.open(JournaldConfig{History: time.Hour}), newBook(), nil)
	first.until("lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 10 })
	first.close()
	again := listen(t, j.open(JournaldConfig{}), first.book, nil)
	at := pipeline.TimeOf(time.Now())
	again.until("claims", func(k *book) bool { return k.claims[k.stream(webUnit)] > at && k.claims["journald"] > at })
	again.close()
	again.book.exactly(t, again.book.stream(webUnit), 1, 10)
}

// TestJournaldSuppressed exceeds a real journald's rate limit: what it drops is counted as lost, and with what
// it keeps it is all there was. The capture in testdata was made alike.
func TestJournaldSuppressed(t *testing.T) {
	j := newJournal(t, "RateLimitIntervalSec=1s\nRateLimitBurst=50\n")
	web := j.unit(webUnit)
	s := j.open(JournaldConfig{History: time.Hour})
	l := listen(t, s, newBook(), nil)
	for range 40 {
		web.lines(100)
	}
	l.until("an end of the flood", func(k *book) bool { return k.claims[k.stream(webUnit)] > pipeline.TimeOf(time.Now().Add(-time.Second)) })
	pause(1100 * time.Millisecond) // journald's interval: it tells with the first message after
	web.lines(10)
	l.until("what was dropped", func(k *book) bool {
		id := k.stream(webUnit)
		return k.lost[id] > 0 && len(k.numbers[id])+int(k.lost[id]) >= 4010
	})
	l.close()
	got, lost := len(l.book.numbers[l.book.stream(webUnit)]), l.book.lost[l.book.stream(webUnit)]
	if uint64(got)+lost != 4010 || s.Stats().Suppressed != lost {
		t.Errorf("got %d lines and %d lost, want 4010 together; %+v", got, lost, s.Stats())
	}
	t.Logf("%d lines, %d dropped by journald: %q", got, lost, l.book.reasons)
}

// TestJournaldVacuum removes entries before they are read: while the source is down, while its reader is slow,
// and up to the very place it goes on from, which is no loss.
func TestJournaldVacuum(t *testing.T) {
	j := newJournal(t, "RateLimitIntervalSec=0\n")
	web := j.unit(webUnit)
	web.lines(300)
	first := listen(t, j.open(JournaldConfig{History: time.Hour}), newBook(), nil)
	first.until("the first lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 300 })
	at := pipeline.TimeOf(time.Now())
	first.until("a claim", func(k *book) bool { return k.claims["journald"] > at })
	first.close()

	j.rotate()
	j.removeArchived()
	web.lines(200)
	second := listen(t, j.open(JournaldConfig{}), first.book, nil)
	second.until("what is left", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 500 })
	second.close()
	second.book.exactly(t, second.book.stream(webUnit), 1, 500)
	if n := second.book.lost["journald"]; n != 0 {
		t.Errorf("nothing was lost, but %d are said to be: %q", n, second.book.reasons)
	}

	web.lines(300)
	j.settle(800)
	j.rotate()
	j.removeArchived()
	web.lines(100)
	s := j.open(JournaldConfig{})
	third := listen(t, s, second.book, nil)
	third.until("what is left", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 600 })
	third.close()
	if got := third.book.numbers[third.book.stream(webUnit)]; got[500] != 801 || got[599] != 900 {
		t.Errorf("after the loss: got %s", jumps(got))
	}
	if third.book.lost["journald"] == 0 || s.Stats().Gaps != 1 {
		t.Errorf("300 lines were lost, got %v, %+v", third.book.lost, s.Stats())
	}
	t.Logf("%q", third.book.reasons)
}

// settle waits until journald has written line n.
func (j *journal) settle(n int) {
	j.t.Helper()
	want := fmt.Sprintf("GET /n/%d ", n)
	eventually(j.t, want, func() bool {
		out, err := exec.Command("journalctl", "--directory="+j.files(), "--output=cat", "--lines=1").Output()
		return err == nil && strings.Contains(string(out), want)
	})
}

// TestJournaldSlow reads slowly: nothing is lost, and what is held does not grow.
func TestJournaldSlow(t *testing.T) {
	j := newJournal(t, "RateLimitIntervalSec=0\n")
	web := j.unit(webUnit)
	l := listen(t, j.open(JournaldConfig{History: time.Hour}), newBook(), func() { pause(5 * time.Millisecond) })
	for i := range 20 {
		web.lines(500)
		if i%8 == 7 {
			j.rotate()
		}
	}
	l.until("all lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 10_000 })
	l.close()
	l.book.exactly(t, l.book.stream(webUnit), 1, 10_000)
	if n := l.book.lost["journald"]; n != 0 {
		t.Errorf("lost %d: %q", n, l.book.reasons)
	}
}

// TestJournaldStops ends a Read at once, by its context and by Close, and leaves no process.
func TestJournaldStops(t *testing.T) {
	j := newJournal(t, "")
	s := j.open(JournaldConfig{History: time.Hour})
	l := listen(t, s, newBook(), nil)
	l.until("a claim", func(k *book) bool { return k.claims["journald"] != 0 })
	pid := int(s.pid.Load())
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-l.done
	if took := time.Since(began); took > time.Second {
		t.Errorf("closing took %v", took)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("journalctl %d: got %v, want it gone and reaped", pid, err)
	}
}

// TestJournaldForbidden reads as a user who may not, neither the directory nor the files in it.
func TestJournaldForbidden(t *testing.T) {
	setpriv := installed(t, "util-linux", "setpriv")
	j := newJournal(t, "")
	for _, mode := range []os.FileMode{0o700, 0o755} {
		if err := errors.Join(os.Chmod(j.dir, 0o755), os.Chmod(j.files(), mode)); err != nil {
			t.Fatal(err)
		}
		s := j.open(JournaldConfig{History: time.Hour, LostAfter: 300 * time.Millisecond, Program: setpriv,
			Args: []string{"--reuid=65534", "--regid=65534", "--clear-groups", "journalctl"}})
		l := listen(t, s, newBook(), nil)
		l.until("it is lost", func(k *book) bool { return len(k.dead) > 0 })
		l.close()
		if !strings.Contains(l.book.dead[0], "usermod -aG systemd-journal") {
			t.Errorf("mode %v: got %q, want what mends it", mode, l.book.dead[0])
		}
	}
}
