//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A journalDrill is a drill on a unit in a world of its own.
type journalDrill struct {
	*drill
	world *world
	feed  string // what is written here the unit says
	bin   string // first on the path
}

func newJournalDrill(t *testing.T, conf string) *journalDrill {
	d := &journalDrill{drill: newDrill(t), world: newWorld(t)}
	d.world.journald(conf)
	d.http, d.listen = d.world.http, "127.0.0.1:9464"
	d.log, d.feed, d.bin = "/mastodon-sidekiq.service", filepath.Join(d.world.dir, "feed"), filepath.Join(d.world.dir, "bin")
	web := filepath.Join(d.world.dir, "web")
	appendFile(t, d.feed, "")
	appendFile(t, web, "* Listening on http://127.0.0.1:3000\n")
	d.world.unit("mastodon-web.service", nil, "tail", "-n", "+1", "-f", web)
	d.world.unit("mastodon-sidekiq.service", nil, "tail", "-n", "+1", "-f", d.feed)
	if err := os.Mkdir(d.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nif [ -e " + d.bin + "/broken ]; then echo 'the journal is broken' >&2; exit 1; fi\nexec " + program(t, "journalctl", "systemd") + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(d.bin, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return d
}

// begin starts the run in the world.
func (d *journalDrill) begin() {
	d.t.Helper()
	d.say(20)
	await(d.t, "the unit's lines in the journal", func() bool { return d.world.entries("mastodon-sidekiq.service") == 20 })
	config := filepath.Join(d.world.dir, "fedwarden.yaml")
	text := fmt.Sprintf("inputs: [{journald: ['mastodon-*'], lateness: 1s}, %s]\nsinks: {file: {path: %q}}\n", input(d.other), d.out)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
	d.launch(d.world.entering("env", "PATH="+d.bin+":"+os.Getenv("PATH"), d.binary, "run", "--config", config, "--state", d.state))
}

// say writes n lines to each of the logs.
func (d *journalDrill) say(n int) {
	d.t.Helper()
	var b strings.Builder
	for range n {
		d.written[d.log]++
		fmt.Fprintf(&b, "%s pid=1 tid=2ax class=ActivityPub::ProcessingWorker jid=%024x INFO: start\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), d.written[d.log])
	}
	appendFile(d.t, d.feed, b.String())
	d.watched(n)
}

// kill kills the journalctl that runs, as the kernel may.
func (d *journalDrill) kill() {
	d.t.Helper()
	d.p.await("a journalctl", func() bool {
		found, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", d.p.cmd.Process.Pid))
		killed := 0
		for _, path := range found {
			b, _ := os.ReadFile(path)
			for _, field := range strings.Fields(string(b)) {
				if pid, err := strconv.Atoi(field); err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
					killed++
				}
			}
		}
		return killed > 0
	})
}

// TestDrillJournalctl kills journalctl, which is nothing to tell, then for ever, which is.
func TestDrillJournalctl(t *testing.T) {
	d := newJournalDrill(t, "RateLimitIntervalSec=0\n")
	d.begin()
	for range 2 {
		d.say(10)
		d.kill()
		d.say(10)
		d.p.await("all lines", func() bool { return d.counted(d.log) })
	}
	if told := d.told(pipeline.StatusFiring); len(told) > 0 {
		t.Errorf("got %+v, want nothing told of a child that was started again", told)
	}
	broken := filepath.Join(d.bin, "broken")
	appendFile(t, broken, "")
	d.kill()
	d.say(10)
	a := d.lost("the journal is broken", "journalctl -n 1")
	if a.Entity.Value != "journald" {
		t.Errorf("got %q, want the journal as a whole", a.Entity.Value)
	}
	d.say(30)
	d.p.await("the other log", func() bool { return d.counted(d.other) })
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	d.over()
	d.say(15)
	d.p.await("all lines", func() bool { return d.counted(d.log) && d.counted(d.other) })
	d.p.stop()
	end := d.told(pipeline.StatusResolved)[0]
	m := lateText.FindStringSubmatch(end.Summary)
	if end.ID != a.ID || m == nil {
		t.Fatalf("got %s %q, want the end of %s", end.ID, end.Summary, a.ID)
	}
	late, _ := strconv.Atoi(m[1])
	d.check(late, 30)
	t.Logf("firing: %s", a.Summary)
	t.Logf("resolved: %s", end.Summary)
}

// TestDrillRateLimit lets journald drop what a unit says: one alert tells how much, and all else is counted once.
func TestDrillRateLimit(t *testing.T) {
	d := newJournalDrill(t, "RateLimitIntervalSec=1s\nRateLimitBurst=100\n")
	d.begin()
	d.say(20_000)
	d.p.await("an alert", func() bool {
		d.say(1) // journald tells when the next one comes
		return len(d.told(pipeline.StatusFiring)) > 0
	})
	kept := uint64(0)
	d.p.await("all that is in the journal", func() bool {
		kept = d.world.entries("mastodon-sidekiq.service")
		s, _ := d.stream(d.log)
		return s.Events == kept && d.counted(d.other)
	})
	d.p.stop()
	s, _ := d.stream(d.log)
	told := append(d.told(pipeline.StatusFiring), d.told(pipeline.StatusUpdated)...)
	if len(told) == 0 || told[0].Detector != "lines_lost" || told[len(told)-1].ID != told[0].ID {
		t.Fatalf("got %+v, want one alert of lines_lost", told)
	}
	last := told[len(told)-1]
	t.Logf("%d lines written, %d kept, %d counted, %d lost; %s: %s", d.written[d.log], kept, s.Events, s.Lost, last.Status, last.Summary)
	// What journald says of the others is a line, too, which is skipped.
	if s.Events+s.Lost != uint64(d.written[d.log]) || s.Lost == 0 || s.Rejected+s.Late > 0 {
		t.Errorf("got %+v, want %d lines, counted or lost", s, d.written[d.log])
	}
	if !strings.Contains(last.Summary, fmt.Sprintf("at least %d lines are lost", s.Lost)) {
		t.Errorf("got %q, want %d lines", last.Summary, s.Lost)
	}
}
