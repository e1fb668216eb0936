//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/runner"
)

// A manager is systemd's end of the socket.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T, addr string) *manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: addr, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &manager{t, conn}
}

// next returns the next datagram that ok likes; others are passed over.
func (m *manager) next(what string, ok func(text string) bool) string {
	m.t.Helper()
	m.conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 4096)
	for {
		n, err := m.conn.Read(b)
		if err != nil {
			m.t.Fatalf("%s: %v", what, err)
		}
		if text := string(b[:n]); ok(text) {
			return text
		}
	}
}

func has(line string) func(string) bool {
	return func(text string) bool { return slices.Contains(strings.Split(text, "\n"), line) }
}

func TestSupervisorSends(t *testing.T) {
	for _, addr := range []string{filepath.Join(t.TempDir(), "notify"), fmt.Sprintf("@fedwarden-test-%d", os.Getpid())} {
		m := newManager(t, addr)
		env := map[string]string{"NOTIFY_SOCKET": addr, "WATCHDOG_USEC": "60000000"}
		s := newSupervisor(func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
		s.ready()
		if got := m.next("READY=1", has("READY=1")); got != "READY=1" {
			t.Errorf("%s: got %q, want READY=1", addr, got)
		}
		if s.watchdog != time.Minute {
			t.Errorf("watchdog: got %v, want 1m", s.watchdog)
		}
	}
	env := map[string]string{"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}
	s := newSupervisor(func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
	s.ready() // nobody is there, and nothing happens
	if s.watchdog != 0 {
		t.Errorf("watchdog: got %v, want none: it is another process's", s.watchdog)
	}
	newSupervisor(func(string) string { return "" }, nil).attend(t.Context(), nil, nil) // returns at once
}

// TestAttend: signs of life stop with the loop; a status is told every 5 s, or at once when more than a
// number changes.
func TestAttend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var told []string
		s := &supervisor{watchdog: 20 * time.Second, send: func(text string) {
			told = append(told, fmt.Sprintf("%v %s", time.Since(start), text))
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second-time.Nanosecond)
		defer cancel()
		status := func() string {
			if time.Since(start) > 11*time.Second {
				return "the state can't be saved:\n full"
			}
			return fmt.Sprintf("%d events/s", int(time.Since(start).Seconds()))
		}
		round := func() time.Time { return start.Add(min(time.Since(start), 25*time.Second)) } // then it hangs
		s.attend(ctx, status, round)
		want := []string{
			"0s STATUS=0 events/s\nWATCHDOG=1",
			"5s STATUS=5 events/s",
			"10s STATUS=10 events/s\nWATCHDOG=1",
			"12s STATUS=the state can't be saved: full",
			"20s WATCHDOG=1",
			"30s WATCHDOG=1", // of the round at 25 s, the last
		}
		if !slices.Equal(told, want) {
			t.Errorf("got %q, want %q", told, want)
		}
	})
}

func TestStatusIsOneLine(t *testing.T) {
	got := oneLine("a\nREADY=1\x00\xff\x9b " + strings.Repeat("é", 400))
	if strings.ContainsAny(got, "\n\x00") || len(got) > maxStatus+len("…") || !strings.HasPrefix(got, "a READY=1") {
		t.Errorf("got %q", got)
	}
}

func TestFigures(t *testing.T) {
	at := time.Unix(1000, 0)
	st := runner.Status{At: at, Lag: 8 * time.Second, Engine: engine.Stats{Open: 2, Streams: make([]engine.StreamStats, 1)},
		Streams: []runner.StreamStatus{{}, {}, {}, {Ended: true}}}
	var r rate
	for i := range 11 {
		st.At = at.Add(time.Duration(i) * time.Second)
		st.Engine.Streams[0].Mark = pipeline.StreamMark{Events: uint64(41 * i)}
		r.of(&st)
	}
	if got, want := figures(&st, r.of(&st)), "3 streams, 41 events/s, 2 alerts open, 8 s behind"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSystemd runs a service as systemd does, and listens to what it tells.
func TestSystemd(t *testing.T) {
	l := newLive(t)
	addr := filepath.Join(filepath.Dir(l.log), "notify")
	m := newManager(t, addr)
	config := l.config("off")
	p := start(t, filepath.Join(filepath.Dir(l.log), "fedwarden.out"), []string{"NOTIFY_SOCKET=" + addr, "WATCHDOG_USEC=3000000"},
		l.binary, "run", "--config", config, "--state", l.state)
	m.next("READY=1", has("READY=1"))
	if _, ok := l.report(); !ok {
		t.Error("it is ready, and does not answer")
	}
	m.next("a first sign of life", has("WATCHDOG=1"))
	m.next("a second", has("WATCHDOG=1"))
	l.write(10)
	m.next("the events", func(text string) bool {
		return strings.Contains(text, "STATUS=1 stream, ") && !strings.Contains(text, ", 0 events/s")
	})

	l.configure("memory: much\n")
	before, _ := monotonicUsec()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	reloading := m.next("RELOADING=1", has("RELOADING=1"))
	_, rest, _ := strings.Cut(reloading, "MONOTONIC_USEC=")
	number, _, _ := strings.Cut(rest, "\n")
	after, _ := monotonicUsec()
	if usec, err := strconv.ParseInt(number, 10, 64); err != nil || usec < before || usec > after {
		t.Errorf("got %q, want the time since the signal", reloading)
	}
	m.next("READY=1", has("READY=1"))
	m.next("the mistake", func(text string) bool { return strings.Contains(text, "STATUS=the new configuration has mistakes") })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.next("STOPPING=1", has("STOPPING=1"))
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}
