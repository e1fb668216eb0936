package kafka

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRsyslog: a real rsyslog follows a log and writes it to a real Kafka, as omkafka does by default.
func TestRsyslog(t *testing.T) {
	if testing.Short() {
		t.Skip("a real broker takes a while")
	}
	program := rsyslog(t)
	b := startReal(t)
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	const n = 2000
	var text strings.Builder
	for _, m := range s.lines(0, n) {
		fmt.Fprintf(&text, "%s\n", m.Value)
	}
	if err := os.WriteFile(log, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "rsyslog.conf")
	err := os.WriteFile(config, fmt.Appendf(nil, `global(workDirectory=%q)
module(load="imfile")
module(load="omkafka")
input(type="imfile" file=%q tag="nginx:")
action(type="omkafka" topic=%q broker=[%q] confParam=["compression.codec=none"])
`, dir, log, topic, b.addr), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command(program, "-n", "-f", config, "-i", filepath.Join(dir, "pid"))
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	daemon.Stdout, daemon.Stderr = out, out
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		daemon.Process.Kill()
		daemon.Wait()
	})
	r := s.start()
	r.until(n, once)
	found := false
	for id, m := range r.marks() {
		found = found || strings.HasSuffix(string(id), "nginx") && m.Events == n
		if m.Rejected+m.Late+m.Lost > 0 {
			t.Errorf("%s: %+v", id, m)
		}
	}
	if !found {
		t.Errorf("no stream has them all: %+v", r.marks())
	}
	r.stop()
}

// rsyslog returns the program, or ends the test.
func rsyslog(t *testing.T) string {
	t.Helper()
	program := "/usr/sbin/rsyslogd"
	modules, _ := filepath.Glob("/usr/lib/*/rsyslog/omkafka.so")
	if _, err := os.Stat(program); err == nil && len(modules) > 0 {
		return program
	}
	const why = "no rsyslogd with omkafka (apt-get install rsyslog rsyslog-kafka)"
	if os.Getenv("FEDWARDEN_REQUIRE_SERVERS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}
