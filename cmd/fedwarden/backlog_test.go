//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
)

const outage = 40 * time.Minute

// TestBacklog stops a run, lets a log be written and rotated for 40 minutes, with a flood in them, and starts it again.
// The backlog is worked off at full speed and in bounded memory, the alert says that it comes from a backlog and
// when that was, and every line was counted once.
func TestBacklog(t *testing.T) {
	if testing.Short() {
		t.Skip("reads much")
	}
	total := 100_000
	if os.Getenv(tortureFull) == "1" {
		total = 1_500_000
	}
	l := newLive(t)
	stopped := time.Now().Add(-outage)
	half := l.before(stopped)
	flood := stopped.Add(10 * time.Minute).Truncate(time.Second)
	l.backlog(total, stopped, flood, half)

	began := time.Now()
	p := l.start()
	p.await("all lines", l.read)
	took := time.Since(began)
	peak := highWater(t, p.cmd.Process.Pid)
	t.Logf("%d lines in %s, %.0f lines/s; %d MB resident at most", total, took.Round(time.Millisecond), float64(total)/took.Seconds(), peak>>20)
	if peak > 256<<20 { // what is configured
		t.Errorf("resident memory: got %d MB", peak>>20)
	}
	p.await("an alert", func() bool { return len(l.alerts()) > 0 })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	l.exact()
	for _, a := range l.alerts() {
		if a.Status != pipeline.StatusFiring {
			continue
		}
		t.Logf("%s at %s, from %s: %s %v", a.Status, a.At, a.StartsAt, a.Summary, a.Context)
		if !slices.Contains(a.Context, pipeline.ContextBackfill) {
			t.Errorf("context: got %v, want backfill", a.Context)
		}
		if a.At.Time < pipeline.TimeOf(flood) || a.At.Time > pipeline.TimeOf(flood.Add(2*time.Minute)) {
			t.Errorf("at: got %s, want the time of the flood, %s", a.At, flood)
		}
	}
}

// before runs on what the log had when the outage began. Its last line is half written, so that the run does not
// take the log for quiet: its time stays that of the log. It returns the half that is missing.
func (l *live) before(stopped time.Time) (half string) {
	l.t.Helper()
	var b bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&b, somebody, 113, i%250, stampOf(stopped.Add(time.Duration(i-1000)*time.Second)))
	}
	last := fmt.Sprintf(somebody, 113, 7, stampOf(stopped))
	appendFile(l.t, l.log, b.String()+last[:20])
	l.written = 1000
	config := l.configure(strings.Replace(l.text("off"), "format: nginx", "format: nginx, lateness: 1m", 1))
	p := start(l.t, l.log+".out", nil, l.binary, "run", "--config", config, "--state", l.state)
	p.await("what was there", l.read)
	p.stop()
	l.older(stopped.Add(-time.Hour))
	return last[20:]
}

var historyUntil = regexp.MustCompile(`"history_until":\d+`)

// older makes the first start one of long ago: what came before it would not be told.
func (l *live) older(began time.Time) {
	l.t.Helper()
	s, err := checkpoint.Open(l.state, checkpoint.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.Close()
	cp, _, err := s.Load()
	if err != nil {
		l.t.Fatal(err)
	}
	changed := false
	for i := range cp.Parts {
		data := cp.Parts[i].Data
		if cp.Parts[i].Name == "notify" {
			changed = historyUntil.Match(data)
			data = historyUntil.ReplaceAll(data, fmt.Appendf(nil, `"history_until":%d`, pipeline.TimeOf(began)))
		}
		cp.Parts[i].Write = func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		}
	}
	if err := s.Save(cp); err != nil || !changed {
		l.t.Fatalf("save: %v; the first start was found: %t", err, changed)
	}
}

// backlog writes what comes in an outage, over five rotations.
func (l *live) backlog(total int, stopped, flood time.Time, half string) {
	l.t.Helper()
	const files = 6
	b := bytes.NewBufferString(half)
	l.written++
	flooded := 0
	for i := 1; i < total; i++ {
		at := stopped.Add(time.Duration(i) * outage / time.Duration(total))
		l.written++
		if at.After(flood) && flooded < 1000 {
			flooded++
			fmt.Fprintf(b, oldDelivery, stampOf(at))
		} else {
			fmt.Fprintf(b, somebody, i/250%250, i%250, stampOf(at))
		}
		if i%(total/files) == 0 && i/(total/files) < files {
			appendFile(l.t, l.log, b.String())
			b.Reset()
			if err := os.Chtimes(l.log, at, at); err != nil {
				l.t.Fatal(err)
			}
			l.logrotate()
		}
	}
	appendFile(l.t, l.log, b.String())
}

// logrotate moves the log, and what it was before, one number on.
func (l *live) logrotate() {
	l.t.Helper()
	name := func(n int) string {
		if n == 0 {
			return l.log
		}
		return fmt.Sprintf("%s.%d", l.log, n)
	}
	last := 0
	for _, err := os.Stat(name(last)); err == nil; _, err = os.Stat(name(last)) {
		last++
	}
	for n := last; n > 0; n-- {
		if err := os.Rename(name(n-1), name(n)); err != nil {
			l.t.Fatal(err)
		}
	}
}
