//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A live is a run that a test starts, kills and starts again on one log.
type live struct {
	t                       *testing.T
	binary, log, state, out string
	written                 int
}

// newLive finds the command that TestMain put on the path.
func newLive(t *testing.T) *live {
	t.Helper()
	binary, err := exec.LookPath("fedwarden")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &live{t: t, binary: binary, log: filepath.Join(dir, "access.log"), state: filepath.Join(dir, "state"), out: filepath.Join(dir, "alerts.jsonl")}
}

// config writes a configuration with a file as sink and returns its path.
func (l *live) config(listen string) string {
	l.t.Helper()
	return l.configure(l.text(listen))
}

func (l *live) text(listen string) string {
	return fmt.Sprintf("instance: {domain: social.example}\ninputs: [{path: %q, format: nginx}]\nsinks: {file: {path: %q}}\nlisten: %q\n", l.log, l.out, listen)
}

func (l *live) start() *process {
	l.t.Helper()
	return start(l.t, filepath.Join(filepath.Dir(l.log), "fedwarden.out"), nil, l.binary, "run", "--config", l.config("off"), "--state", l.state)
}

// write appends n deliveries by one flooding domain, stamped now.
func (l *live) write(n int) {
	l.t.Helper()
	var b bytes.Buffer
	for range n {
		l.written++
		fmt.Fprintf(&b, "203.0.113.7 - - [%s] \"POST /inbox HTTP/1.1\" 202 %d \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://loud.example/)\"\n",
			time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), l.written)
	}
	appendFile(l.t, l.log, b.String())
}

// report asks the run or, when none runs, its directory; ok is false while there is nothing to ask.
func (l *live) report() (r stateReport, ok bool) {
	out, err := exec.Command(l.binary, "state", "--state", l.state, "--output", "json").Output()
	return r, err == nil && json.Unmarshal(out, &r) == nil
}

func (l *live) read() bool {
	r, ok := l.report()
	return ok && len(r.Streams) == 1 && r.Streams[0].Lines >= uint64(l.written)
}

// alerts returns what the file sink got.
func (l *live) alerts() []pipeline.Alert {
	l.t.Helper()
	b, err := os.ReadFile(l.out)
	if err != nil {
		return nil
	}
	var list []pipeline.Alert
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		var a pipeline.Alert
		if json.Unmarshal(lines.Bytes(), &a) == nil { // a line that was cut by a kill is followed by a whole one
			list = append(list, a)
		}
	}
	return list
}

// TestKilledRun kills a run with SIGKILL at random moments of a flood. In the end every line was counted
// exactly once, and every transition that the sink saw stands in the history under the same id.
func TestKilledRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	l := newLive(t)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	p := l.start()
	p.await("the first state", func() bool { _, ok := l.report(); return ok })
	for range 12 {
		l.write(100 + rng.IntN(200))
		if rng.IntN(3) == 0 {
			p.await("all lines so far", l.read)
		}
		timer := time.NewTimer(time.Duration(rng.IntN(400)) * time.Millisecond)
		<-timer.C
		p.cmd.Process.Kill()
		<-p.exited
		p = l.start()
	}
	l.write(100)
	p.await("all lines", l.read)
	p.await("an alert", func() bool { return len(l.alerts()) > 0 })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	r, ok := l.report()
	if !ok || r.Running || len(r.Streams) != 1 {
		t.Fatalf("state: got %+v", r)
	}
	if s := r.Streams[0]; s.Lines != uint64(l.written) || s.Lines != s.Events+s.Skipped+s.Rejected+s.Late || s.Lost != 0 {
		t.Errorf("state: got %+v, want %d lines, each counted once", s, l.written)
	}
	l.checkHistory()
}

func (l *live) checkHistory() {
	l.t.Helper()
	for _, a := range l.alerts() {
		out, err := exec.Command(l.binary, "alerts", "show", "--state", l.state, "--output", "json", a.ID).CombinedOutput()
		if err != nil {
			l.t.Errorf("an alert that the sink saw is not in the history: %s: %s", a.ID, out)
			continue
		}
		if want := fmt.Sprintf("%q,\"fingerprint\":%q", a.ID, a.Fingerprint); !strings.Contains(string(out), want) {
			l.t.Errorf("alert %s: the history has another: %s", a.ID, out)
		}
	}
}

// TestRunRefuses names what and where: a directory that another run holds, a port in use, a directory as
// input, a file as state directory.
func TestRunRefuses(t *testing.T) {
	l := newLive(t)
	l.write(1)
	p := l.start()
	p.await("the first state", func() bool { _, ok := l.report(); return ok })
	f := func(wantCode int, want string, args ...string) {
		t.Helper()
		cmd := exec.Command(l.binary, args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != wantCode || !strings.Contains(string(out), want) {
			t.Errorf("%v: got exit code %d and %q, want %d and %q", args, code, out, wantCode, want)
		}
	}
	f(1, fmt.Sprintf("%s is held by process %d", l.state, p.cmd.Process.Pid), "run", "--config", l.config("off"), "--state", l.state)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	f(1, "address already in use", "run", "--config", l.config(busy.Addr().String()), "--state", l.state+"2")
	f(2, "is a directory", "run", "--state", l.state+"3", filepath.Dir(l.log))
	f(2, "run follows files", "run", "--state", l.state+"3", "-")
	f(1, l.log, "run", "--config", l.config("off"), "--state", l.log)
}

// TestRunWaitsForItsLog starts before the log is there, and reads it from its first line.
func TestRunWaitsForItsLog(t *testing.T) {
	l := newLive(t)
	p := l.start()
	p.await("the first state", func() bool { _, ok := l.report(); return ok })
	l.write(10)
	p.await("the lines", l.read)
}

// TestHangup renames the file sink's file: after SIGHUP alerts go to a new one.
func TestHangup(t *testing.T) {
	l := newLive(t)
	p := l.start()
	p.await("the sink's file", func() bool { _, err := os.Stat(l.out); return err == nil })
	if err := os.Rename(l.out, l.out+".1"); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.await("a new file", func() bool { _, err := os.Stat(l.out); return err == nil })
}

// maxResident is the bound of a small server's resident memory.
const maxResident = 64 << 20

// TestRunIsSmall follows the sample logs to their ends and looks at the most memory that it ever had.
func TestRunIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which is run with -short, takes memory of its own")
	}
	dir := t.TempDir()
	args := []string{"run", "--state", filepath.Join(dir, "state")}
	var want uint64
	for _, name := range samples {
		data, err := os.ReadFile(sample(name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
		want += uint64(bytes.Count(data, []byte("\n")))
	}
	l := newLive(t)
	l.state = filepath.Join(dir, "state")
	config := filepath.Join(dir, "fedwarden.yaml")
	if err := os.WriteFile(config, []byte("listen: off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, filepath.Join(dir, "fedwarden.out"), []string{"FEDWARDEN_CONFIG=" + config}, l.binary, args...)
	p.await("all lines", func() bool {
		r, ok := l.report()
		var n uint64
		for _, s := range r.Streams {
			n += s.Lines
		}
		return ok && n == want
	})
	peak := highWater(t, p.cmd.Process.Pid)
	t.Logf("%d lines, %d MB resident at most", want, peak>>20)
	if peak > maxResident {
		t.Errorf("resident memory: got %d MB, want at most %d", peak>>20, maxResident>>20)
	}
}

// highWater returns the most memory that a process has had resident.
func highWater(t *testing.T, pid int) (bytes int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "VmHWM:")
	if !ok {
		t.Skip("the kernel does not tell a process's resident memory")
	}
	var kilobytes int
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
