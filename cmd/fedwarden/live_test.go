//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tortureFull makes what is small in every run its full size.
const tortureFull = "FEDWARDEN_TORTURE"

// A feedlot is a run on logs that are written while it follows them.
type feedlot struct {
	*live
	p     *process
	files []*os.File
	lines uint64
}

// newFeedlot starts a run on n logs of nginx.
func newFeedlot(t *testing.T, n int) *feedlot {
	t.Helper()
	l := &feedlot{live: newLive(t)}
	dir := filepath.Dir(l.log)
	args := []string{"run", "--state", l.state}
	for i := range n {
		path := filepath.Join(dir, "access"+strconv.Itoa(i)+".log")
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		l.files = append(l.files, f)
		args = append(args, path)
		t.Cleanup(func() { f.Close() })
	}
	config := filepath.Join(dir, "fedwarden.yaml")
	if err := os.WriteFile(config, []byte("listen: off\nsinks: {file: {path: "+l.out+"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.p = start(t, filepath.Join(dir, "fedwarden.out"), []string{"FEDWARDEN_CONFIG=" + config}, l.binary, args...)
	l.p.await("a state", func() bool { _, ok := l.report(); return ok })
	return l
}

// write appends n lines, stamped now, to one of the logs: deliveries of many domains, and people's requests.
func (l *feedlot) write(log, n int) {
	l.t.Helper()
	var b bytes.Buffer
	now := time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700")
	for range n {
		l.lines++
		d := l.lines * 2654435761 % 3000
		if l.lines%2 == 0 {
			fmt.Fprintf(&b, "203.0.%d.%d - - [%s] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://d%d.example/)\"\n", d/250, d%250, now, d)
			continue
		}
		fmt.Fprintf(&b, "198.51.%d.%d - - [%s] \"GET /api/v1/timelines/home?limit=40 HTTP/2.0\" 200 48213 \"https://social.example/home\" \"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\"\n", d/250, d%250, now)
	}
	if _, err := l.files[log].Write(b.Bytes()); err != nil {
		l.t.Fatal(err)
	}
}

// counted returns how many lines the run has applied, and that none was lost or late.
func (l *feedlot) counted() uint64 {
	r, ok := l.report()
	var n uint64
	for _, s := range r.Streams {
		n += s.Lines
		if s.Lost+s.Rejected != 0 {
			l.t.Errorf("got %+v, want none lost or rejected", s)
		}
	}
	if !ok {
		return 0
	}
	return n
}

// TestMemoryIsFlat follows a log for long: the last lines take no more memory than the first.
func TestMemoryIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads for long")
	}
	total := uint64(600_000)
	if os.Getenv(tortureFull) == "1" {
		total = 10_000_000
	}
	l := newFeedlot(t, 1)
	var early int
	for l.lines < total {
		l.write(0, 20_000)
		if l.lines == total/3 || early == 0 && l.lines > total/3 {
			l.p.await("a third of the lines", func() bool { return l.counted() == l.lines })
			early = highWater(t, l.p.cmd.Process.Pid)
		}
	}
	l.p.await("all lines", func() bool { return l.counted() == l.lines })
	late := highWater(t, l.p.cmd.Process.Pid)
	t.Logf("resident at most: %d MB after a third of %d lines, %d MB after all", early>>20, total, late>>20)
	if late > early+early/4 {
		t.Errorf("resident memory grew from %d to %d MB", early>>20, late>>20)
	}
}

// TestLiveRate follows logs that are written as fast as they can be, through the whole of run, and reports
// lines a second; which is no measure of a busy machine, so only a tenth of the target is asked for.
func TestLiveRate(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads as fast as it can")
	}
	total := uint64(400_000)
	if os.Getenv(tortureFull) == "1" {
		total = 3_000_000
	}
	for _, logs := range []int{1, 4} {
		l := newFeedlot(t, logs)
		began := time.Now()
		for l.lines < total {
			l.write(int(l.lines/5000)%logs, 5000)
		}
		l.p.await("all lines", func() bool { return l.counted() == l.lines })
		rate := float64(l.lines) / time.Since(began).Seconds()
		t.Logf("%d logs: %.0f lines/s from the first write until all are counted", logs, rate)
		if rate < 15_000 {
			t.Errorf("%d logs: got %.0f lines/s", logs, rate)
		}
		l.p.stop()
	}
}

// TestIdle reports how much of a core a run takes at 50 lines a second on three logs.
func TestIdle(t *testing.T) {
	if testing.Short() {
		t.Skip("waits")
	}
	seconds := 5
	if os.Getenv(tortureFull) == "1" {
		seconds = 60
	}
	l := newFeedlot(t, 3)
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	for range 50 { // until it has started
		l.write(0, 1)
		<-tick.C
	}
	before := cpuTime(t, l.p.cmd.Process.Pid)
	for i := range 50 * seconds {
		l.write(i%3, 1)
		<-tick.C
	}
	share := float64(cpuTime(t, l.p.cmd.Process.Pid)-before) / float64(time.Duration(seconds)*time.Second)
	t.Logf("%.2f %% of a core", 100*share)
	if share > 0.10 {
		t.Errorf("got %.1f %% of a core at 50 lines/s", 100*share)
	}
}

// cpuTime returns the user and system time that a process has spent.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+2:]))
	user, err1 := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	if err1 != nil || err2 != nil {
		t.Fatalf("/proc/%d/stat: %s", pid, b)
	}
	const ticks = 100 // a second, on every Linux that Go runs on
	return time.Duration(user+system) * time.Second / ticks
}
