package discover

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// requireServers makes a test that needs other programs fail, instead of being skipped, without them.
const requireServers = "FEDWARDEN_REQUIRE_SERVERS"

// TestJournal asks a real journalctl about a journal that systemd's own program has written.
func TestJournal(t *testing.T) {
	const writer = "/lib/systemd/systemd-journal-remote"
	_, err := exec.LookPath("journalctl")
	if _, statErr := os.Stat(writer); err != nil || statErr != nil {
		if os.Getenv(requireServers) == "1" {
			t.Fatalf("no journalctl or %s (apt-get install systemd systemd-journal-remote), and %s=1", writer, requireServers)
		}
		t.Skip("no journalctl or systemd-journal-remote (apt-get install systemd systemd-journal-remote)")
	}
	const machine = "0123456789abcdef0123456789abcdef"
	root := plant(t, "/var/log/journal/"+machine+"/.keep", "", "/var/log/mastodon/sidekiq.log", capture(t, "sidekiq-text.log"))
	var entries strings.Builder
	for i, unit := range []string{"mastodon-web.service", "mastodon-sidekiq-push.service", "mastodon-sidekiq@pull.service", "ssh.service", "mastodon-web.service", "docker.service"} {
		fmt.Fprintf(&entries, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%s\n_SYSTEMD_UNIT=%s\nMESSAGE=x\n", 1795420800000000+i*1000000, 1000+i, machine, unit)
		if unit == "docker.service" {
			entries.WriteString("CONTAINER_NAME=live-sidekiq-1\n")
		}
		entries.WriteString("\n")
	}
	cmd := exec.Command(writer, "--output", filepath.Join(root, "/var/log/journal", machine, "system.journal"), "-")
	cmd.Stdin = strings.NewReader(entries.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", writer, err, out)
	}
	got := find(t, root)
	for _, want := range []string{
		"unit mastodon-web.service 2026-11-23T08:00:04Z\n", "unit mastodon-sidekiq-push.service 2026-11-23T08:00:01Z\n", "unit mastodon-sidekiq@pull.service 2026-11-23T08:00:02Z\n",
		"warning /var/log/mastodon/sidekiq.log: may hold what the journal holds, too: each line would count twice → keep one of the two inputs\n",
		"warning container live-sidekiq-1: logs to journald, as Docker's driver has it: its lines are of docker.service → journald: [docker.service]\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got:\n%s\nwant in it: %s", got, want)
		}
	}
	if strings.Contains(got, "ssh") || strings.Contains(got, "problem") {
		t.Errorf("got:\n%s\nwant no other unit and no problem", got)
	}
}

// TestJournalctlSays holds what is made of journalctl's own words, and of its absence.
func TestJournalctlSays(t *testing.T) {
	root := plant(t, "/var/log/journal/m/system.journal", "")
	f := func(script, want string) {
		t.Helper()
		dir := t.TempDir()
		if script != "" {
			if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("PATH", dir)
		equal(t, find(t, root), "problem /var/log/journal: "+want)
	}
	f("", "there is a journal, but no journalctl to read it → run fedwarden on the host as a systemd unit")
	f("echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1", "permission denied → usermod -aG systemd-journal fedwarden")
	f("echo 'Hint: You are currently not seeing messages from other users and the system.' >&2", "permission denied → usermod -aG systemd-journal fedwarden")
	f("echo 'Journal file is corrupt' >&2; exit 1", "journalctl: Journal file is corrupt → ")
}
