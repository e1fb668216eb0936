//go:build linux

package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// requireServers makes a test that needs real servers fail, instead of being skipped, without them.
const requireServers = "FEDWARDEN_REQUIRE_SERVERS"

// program returns where the program is; without it the test is skipped, or fails where servers are
// required.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	if os.Getenv(requireServers) == "1" {
		t.Fatalf("%s is not installed (apt-get install %s), and %s=1", name, pkg, requireServers)
	}
	t.Skipf("%s is not installed (apt-get install %s)", name, pkg)
	return ""
}

// A process is a program that runs beside the test, and no longer than it.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	exited chan struct{}
	err    error
}

// start starts a program that writes what it says to the file out.
func start(t *testing.T, out string, env []string, path string, args ...string) *process {
	t.Helper()
	f, err := os.OpenFile(out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), tail(out))
		}
	})
	return p
}

// stopTime is how long a program may take to stop.
const stopTime = 30 * time.Second

// stop asks the program to end, waits until it has, and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopTime):
		p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("%s did not stop within %s of SIGTERM", filepath.Base(p.cmd.Path), stopTime)
	}
	return p.cmd.ProcessState.ExitCode()
}

// await returns when ok says so; the test ends if the program ends first.
func (p *process) await(what string, ok func() bool) {
	p.t.Helper()
	ended := false
	await(p.t, what, func() bool {
		select {
		case <-p.exited:
			ended = true
			return true
		default:
			return ok()
		}
	})
	if ended {
		p.t.Fatalf("%s ended at once: %v", filepath.Base(p.cmd.Path), p.err)
	}
}

// tail returns the end of a file.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4096):])
}

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// await returns when ok says so, or ends the test after patience.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// freePort returns a TCP port of the loopback that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// listens reports whether somebody accepts connections at addr.
func listens(network, addr string) bool {
	conn, err := net.Dial(network, addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// fill writes the template file to path with words replaced: old, new, old, new …
func fill(t *testing.T, template, path string, words ...string) {
	t.Helper()
	b, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(words...).Replace(string(b))), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lines returns how many lines the files have in all; a file that is not there has none.
func lines(t *testing.T, paths ...string) (n uint64) {
	t.Helper()
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		n += uint64(strings.Count(string(b), "\n"))
	}
	return n
}
