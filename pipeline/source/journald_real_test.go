//go:build linux

package source

import (
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	webUnit     = "mastodon-web.service"
	sidekiqUnit = "mastodon-sidekiq.service"
)

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
		if strings.HasSuffix(string(id), ":"+unit) {
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
	const runs, each = 12, 600
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
