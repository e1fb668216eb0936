//go:build linux

package source

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkJournald reads a real journal of Rails' and Sidekiq's lines, a third of them coloured, and a third of
// another unit's, through journalctl. A line is an entry of the journal.
func BenchmarkJournald(b *testing.B) {
	remote := installed(b, "systemd-journal-remote", "/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")
	installed(b, "systemd", "journalctl")
	const n = 60_000
	dir := b.TempDir()
	var text strings.Builder
	for i := range n {
		unit := []string{webUnit, "mastodon-sidekiq.service", "ssh.service"}[i%3]
		fmt.Fprintf(&text, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_TRANSPORT=stdout\nPRIORITY=6\n"+
			"SYSLOG_IDENTIFIER=bundle\n_PID=812\n_UID=998\n_GID=998\n_COMM=ruby\n_EXE=/home/mastodon/.rbenv/versions/3.4/bin/ruby\n_CAP_EFFECTIVE=0\n"+
			"_SYSTEMD_CGROUP=/system.slice/%s\n_SYSTEMD_UNIT=%s\n_MACHINE_ID=3d1219c7c4c5404aaa1f6d2a48adfda4\n_HOSTNAME=web1\n", day.UnixMicro()+int64(i)*1000, i+1, unit, unit)
		if i%3 == 1 {
			text.WriteString(binaryField("MESSAGE", fmt.Sprintf("\x1b[1;34mINFO \x1b[0m 2026-11-18T14:00:00.622Z pid=28388 tid=lv8 jid=%024x class=ActivityPub::ProcessingWorker elapsed=0.03: done", i)))
		} else {
			text.WriteString("MESSAGE=" + nginxLine(0, i) + "\n")
		}
		text.WriteString("\n")
	}
	cmd := exec.Command(remote, "--output="+filepath.Join(dir, "remote.journal"), "--split-mode=none", "-")
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for b.Loop() {
		s, err := NewJournald(JournaldConfig{Directory: dir, History: 10 * 365 * 24 * time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		for s.Stats().Entries < n {
			batch, err := s.Read(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			if batch.Release != nil {
				batch.Release()
			}
		}
		s.Close()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
