//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
)

// configure writes the configuration that a live's runs read.
func (l *live) configure(text string) string {
	l.t.Helper()
	path := filepath.Join(filepath.Dir(l.log), "fedwarden.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	return path
}

// said returns what the run has logged.
func (l *live) said() string {
	b, _ := os.ReadFile(filepath.Join(filepath.Dir(l.log), "fedwarden.out"))
	return string(b)
}

const (
	reloadedText = `msg="configuration reloaded"`
	refusedText  = `msg="configuration not reloaded`
)

// hangup sends SIGHUP and waits until the log says what came of it.
func (l *live) hangup(p *process, outcome string) {
	l.t.Helper()
	before := strings.Count(l.said(), outcome)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		l.t.Fatal(err)
	}
	p.await(outcome, func() bool { return strings.Count(l.said(), outcome) > before })
}

// history returns the ids of all episodes that there were.
func (l *live) history() (ids []string) {
	l.t.Helper()
	out, err := exec.Command(l.binary, "alerts", "list", "--state", l.state, "--output", "json").Output()
	if err != nil {
		l.t.Fatalf("alerts list: %v", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var a pipeline.Alert
		if err := d.Decode(&a); err == io.EOF {
			return ids
		} else if err != nil {
			l.t.Fatalf("alerts list: %v in %s", err, out)
		}
		ids = append(ids, a.ID)
	}
}

// TestReloadUnderLoad reloads a run again and again in a flood: every line is counted once, and the flood
// stays one episode, of which every sink hears once.
func TestReloadUnderLoad(t *testing.T) {
	l := newLive(t)
	p := l.start()
	p.await("the first state", func() bool { _, ok := l.report(); return ok })
	l.write(400)
	p.await("an alert", func() bool { return len(l.alerts()) > 0 })
	for i := range 6 {
		l.write(150)
		l.configure(strings.Replace(l.text("off"), "social.example", fmt.Sprintf("social%d.example", i), 1))
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for strings.Count(l.said(), reloadedText) <= i {
			l.write(20)
			p.await("the lines or the reload", func() bool { return l.read() || strings.Count(l.said(), reloadedText) > i })
		}
	}
	p.await("all lines", l.read)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	r, ok := l.report()
	if !ok || len(r.Streams) != 1 {
		t.Fatalf("state: got %+v", r)
	}
	if s := r.Streams[0]; s.Lines != uint64(l.written) || s.Events != s.Lines || s.Lost != 0 {
		t.Errorf("state: got %+v, want %d lines, each counted once", s, l.written)
	}
	firing := map[string]int{}
	for _, a := range l.alerts() {
		if a.Status == pipeline.StatusFiring {
			firing[a.Fingerprint]++
		}
	}
	for fingerprint, n := range firing {
		if n != 1 {
			t.Errorf("%s fired %d times, want once: the flood never ended", fingerprint, n)
		}
	}
	if n := len(l.history()); n != len(firing) {
		t.Errorf("the history has %d episodes, the sink heard of %d", n, len(firing))
	}
	l.checkHistory()
}

// TestReloadKeepsWindows: of a flood one half comes before a reload and the other after it. Each is too
// small to tell of.
func TestReloadKeepsWindows(t *testing.T) {
	const half = 100 // of the 150 in 10 s that are a flood while learning
	l := newLive(t)
	p := l.start()
	p.await("the first state", func() bool { _, ok := l.report(); return ok })
	l.write(half)
	p.await("the first half", l.read)
	l.hangup(p, reloadedText)
	if n := len(l.alerts()); n != 0 {
		t.Fatalf("got %d alerts of the first half, want none", n)
	}
	l.write(half)
	p.await("an alert", func() bool { return len(l.alerts()) > 0 })
}

// TestReloadRefused: a configuration with mistakes changes nothing, and all of them are said. Then a good one
// takes effect: a sink that it adds hears of what comes later, and not again of what was.
func TestReloadRefused(t *testing.T) {
	l := newLive(t)
	addr, other := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	input := fmt.Sprintf("inputs: [{path: %q, format: nginx}]\n", l.log)
	config := l.configure(input + "sinks: {stdout: {format: json}}\nlisten: " + addr + "\n")
	p := start(t, filepath.Join(filepath.Dir(l.log), "fedwarden.out"), nil, l.binary, "run", "--config", config, "--state", l.state)
	p.await("fedwarden to be ready", func() bool { return isReady(addr) })
	l.write(300)
	p.await("an alert", func() bool { return strings.Contains(l.said(), `"status":"firing"`) })

	l.configure("inputs: [{format: apache}]\nmemory: much\nlisten: " + other + "\n")
	l.hangup(p, refusedText)
	p.await("all mistakes", func() bool { return strings.Count(l.said(), refusedText) == 4 })
	for _, want := range []string{"inputs[0].format: must be nginx", "inputs[0].path: is missing", "memory: must be a size"} {
		if !strings.Contains(l.said(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	r, ok := l.report()
	if !ok || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "the old one is in effect: ") }) {
		t.Errorf("state: got notes %q, want that the configuration was not reloaded", r.Notes)
	}
	if m := metrics(t, addr); !strings.Contains(m, "\nfedwarden_config_last_reload_successful 0\n") {
		t.Errorf("metrics: got\n%s", m)
	}

	l.configure(input + fmt.Sprintf("sinks: {file: {path: %q}}\nlisten: %s\nmemory: 64MiB\nstate: /elsewhere\ndetectors: {off: [ip_flood]}\n", l.out, other))
	l.hangup(p, reloadedText)
	if m := metrics(t, other); !strings.Contains(m, "\nfedwarden_source_rotations_total{stream=") {
		t.Errorf("no metrics of the source itself:\n%s", m)
	}
	if m := metrics(t, other); !strings.Contains(m, "\nfedwarden_config_last_reload_successful 1\n") || strings.Contains(m, `outbox_alerts{sink="stdout"}`) {
		t.Errorf("metrics: got\n%s", m)
	}
	if listens("tcp", addr) {
		t.Errorf("%s is still listened on", addr)
	}
	r, ok = l.report()
	if !ok || r.MemoryLimit != 64<<20 || r.OpenAlerts == 0 {
		t.Errorf("state: got %+v, want 64 MiB and the open alert", r)
	}
	if len(l.alerts()) != 0 {
		t.Errorf("the new sink heard of an alert that another was told of: %+v", l.alerts())
	}
	l.probe(400)
	p.await("a later alert", func() bool { return len(l.alerts()) > 0 })
}

// probe appends sign-ins that fail.
func (l *live) probe(n int) {
	l.t.Helper()
	l.written += n
	appendFile(l.t, l.log, strings.Repeat(fmt.Sprintf("198.51.100.9 - - [%s] \"POST /auth/sign_in HTTP/1.1\" 200 512 \"-\" \"curl/8.5\"\n",
		time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700")), n))
}

func appendFile(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func metrics(t *testing.T, addr string) string {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReplaceRevives: a session that can't begin when the one before has yielded already. One like that
// goes on, with all that it had read.
func TestReplaceRevives(t *testing.T) {
	dir := t.TempDir()
	l := &live{t: t, log: filepath.Join(dir, "access.log"), out: filepath.Join(dir, "alerts.jsonl")}
	cfg, err := loadConfig(l.config("off"))
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := cfg.liveInputs(t.Context(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := newService(&runCommand{}, &console{ctx: ctx, out: io.Discard, err: io.Discard}, filepath.Join(dir, "state"))
	defer s.close()
	if s.store, err = checkpoint.Open(s.dir, checkpoint.Options{}); err != nil {
		t.Fatal(err)
	}
	first, err := s.prepare(cfg, inputs)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.begin(first); err != nil {
		t.Fatal(err)
	}
	over := s.launch(ctx)
	l.write(10)
	read := func(n uint64) func() bool {
		return func() bool {
			r, err := s.State(ctx)
			return err == nil && len(r.Streams) == 1 && r.Streams[0].Lines == n
		}
	}
	await(t, "the lines", read(10))
	next, err := s.prepare(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	over, err = s.replace(ctx, over, next)
	if err == nil || err.Error() != "no inputs" {
		t.Fatalf("a session without inputs: got %v, want that there are none", err)
	}
	if s.current.Load() == next {
		t.Error("the session that could not begin is the current one")
	}
	l.write(10)
	await(t, "more lines", read(20))
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// TestStopIsQuick: a sink that never answers holds a stop up, but not for the 10 s after which containers
// are killed. What it was not told waits in the state directory.
func TestStopIsQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a whole grace")
	}
	asked, done := make(chan struct{}, 100), make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-done
	}))
	defer hung.Close()
	defer close(done)
	l := newLive(t)
	config := l.configure(fmt.Sprintf("inputs: [{path: %q}]\nlisten: off\nsinks: {webhook: {url: %q}}\n", l.log, hung.URL))
	p := start(t, filepath.Join(filepath.Dir(l.log), "fedwarden.out"), nil, l.binary, "run", "--config", config, "--state", l.state)
	p.await("the first state", func() bool { _, ok := l.report(); return ok })
	l.write(400)
	p.await("an attempt", func() bool { return len(asked) > 0 })
	began := time.Now()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it stopped after %v, want less than 10 s", took)
	}
	if r, ok := l.report(); !ok || r.Outbox == 0 {
		t.Errorf("state: got %+v, want a delivery that waits", r)
	}
}
