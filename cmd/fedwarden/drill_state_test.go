//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestDrillStateDisk fills the state directory's file system while there is something to tell. Nothing is told that
// is not saved; that is said; and when there is room again, all is saved and told.
func TestDrillStateDisk(t *testing.T) {
	d := newDrill(t)
	disk := filepath.Join(filepath.Dir(d.logs), "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m,mode=777", "tmpfs", disk).Run(); err != nil {
		missing(t, "nothing can be mounted")
	}
	t.Cleanup(func() { exec.Command("umount", "--lazy", disk).Run() })
	d.state = filepath.Join(disk, "state")
	d.open()
	d.both(20)
	d.begin(input(d.log), input(d.other))
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<20), 0o644); err == nil {
		t.Fatal("the file system is not full")
	}
	flooded := func() bool {
		return slices.ContainsFunc(d.alerts(), func(a pipeline.Alert) bool { return a.Detector == "ip_flood" || a.Detector == "domain_flood" })
	}
	d.p.await("readyz to say so", func() bool {
		d.flood(500)
		return strings.Contains(d.ready(), "the state can't be saved")
	})
	t.Logf("readyz: %s", strings.TrimSpace(d.ready()))
	d.p.await("all lines, saved or not", func() bool { return d.counted(d.log) })
	d.p.await("a note", func() bool {
		r, _ := d.report()
		return slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "transitions are not saved") })
	})
	if flooded() {
		t.Error("an alert was told that is not saved")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	d.p.await("the alert", flooded)
	d.p.await("readyz", func() bool { return d.ready() == "" })
	d.both(15)
	d.p.await("all lines", func() bool { return d.counted(d.log) && d.counted(d.other) })
	if code := d.p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s, _ := d.stream(d.log)
	if s.Lines != uint64(d.written[d.log]) || s.Events != s.Lines || s.Late+s.Lost != 0 {
		t.Errorf("got %+v, want %d events", s, d.written[d.log])
	}
	d.checkHistory()
}

// flood writes n deliveries by as many domains, and as many by one.
func (d *drill) flood(n int) {
	d.t.Helper()
	var b bytes.Buffer
	now := time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700")
	for range n {
		d.written[d.log] += 2
		i := d.written[d.log]
		fmt.Fprintf(&b, "203.0.%d.%d - - [%s] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://d%d.example/)\"\n", i/250%250, i%250, now, i)
		fmt.Fprintf(&b, "192.0.2.66 - - [%s] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://loud.example/)\"\n", now)
	}
	if _, err := d.writer.Write(b.Bytes()); err != nil {
		d.t.Fatal(err)
	}
}
