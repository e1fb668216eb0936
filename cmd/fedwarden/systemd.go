package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// A supervisor is the systemd that started us. It is told how we are by datagrams, as sd_notify(3) has it;
// without $NOTIFY_SOCKET nobody listens, and all of it does nothing.
type supervisor struct {
	send     func(text string) // nil: nobody listens
	watchdog time.Duration     // how long it waits for a sign of life before it kills us; zero: for ever
}

const (
	lookEvery   = time.Second
	statusEvery = 5 * time.Second // unless something but a number has changed
	maxStatus   = 400             // bytes
)

// newSupervisor reads what systemd left in the environment. An address in @ is one in the kernel's abstract
// name space.
func newSupervisor(getenv func(string) string, log *slog.Logger) *supervisor {
	path := getenv("NOTIFY_SOCKET")
	if path == "" {
		return &supervisor{}
	}
	var mu sync.Mutex // a signal, a reload and the status are told from three goroutines
	failing := ""
	s := &supervisor{send: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		err := sendDatagram(path, text)
		was := failing
		failing = ""
		if err == nil {
			return
		}
		if failing = err.Error(); failing != was {
			log.Warn("tell systemd", "err", err)
		}
	}}
	usec, err := strconv.ParseUint(getenv("WATCHDOG_USEC"), 10, 42)
	if pid := getenv("WATCHDOG_PID"); err == nil && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.watchdog = time.Duration(usec) * time.Microsecond
	}
	return s
}

func sendDatagram(path, text string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(text))
	return err
}

func (s *supervisor) tell(lines ...string) {
	if s.send != nil {
		s.send(strings.Join(lines, "\n"))
	}
}

func (s *supervisor) ready()    { s.tell("READY=1") }
func (s *supervisor) stopping() { s.tell("STOPPING=1", "STATUS=stopping") }

// reloading says so; ready ends it. The time is how systemd knows that this answers its own signal.
func (s *supervisor) reloading() {
	usec, err := monotonicUsec()
	if err != nil {
		return
	}
	s.tell("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", usec))
}

func monotonicUsec() (int64, error) {
	var now unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano() / 1000, err
}

// attend tells the status until ctx ends and, with a watchdog, that we live: once for a round of the loop,
// at most twice in the watchdog's time. It has no opinion of its own: no new round, no sign of life.
func (s *supervisor) attend(ctx context.Context, status func() string, round func() time.Time) {
	if s.send == nil {
		return
	}
	every := lookEvery
	if s.watchdog > 0 {
		every = min(every, s.watchdog/4)
	}
	tick := time.NewTicker(max(every, time.Millisecond))
	defer tick.Stop()
	var told telling
	for {
		if lines := told.due(time.Now(), status(), round(), s.watchdog); len(lines) > 0 {
			s.tell(lines...)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// A telling is what systemd was told, and when.
type telling struct {
	status   string
	statusAt time.Time
	round    time.Time
	lifeAt   time.Time
}

// due returns what is to be told now.
func (t *telling) due(now time.Time, status string, round time.Time, watchdog time.Duration) (lines []string) {
	status = oneLine(status)
	if status != t.status && (now.Sub(t.statusAt) >= statusEvery || withoutNumbers(status) != withoutNumbers(t.status)) {
		t.status, t.statusAt = status, now
		lines = append(lines, "STATUS="+status)
	}
	if watchdog > 0 && round.After(t.round) && now.Sub(t.lifeAt) >= watchdog/2-lookEvery/2 {
		t.round, t.lifeAt = round, now
		lines = append(lines, "WATCHDOG=1")
	}
	return lines
}

// oneLine makes text fit for a line of the protocol, which allows no control characters.
func oneLine(text string) string {
	clean := func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}
	text = strings.Join(strings.Fields(strings.Map(clean, strings.ToValidUTF8(text, "\uFFFD"))), " ")
	if len(text) > maxStatus {
		text = strings.ToValidUTF8(text[:maxStatus], "") + "…"
	}
	return text
}

func withoutNumbers(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}
