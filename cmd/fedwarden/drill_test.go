//go:build linux

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// nobody is a user who may read nothing that is not open to all.
const nobody = 65534

// hasty is for how long a log must be unreadable in a drill to be lost; it is a minute in the field.
const hasty = 1500 * time.Millisecond

// A drill is a run on two logs. One of them is made unreadable while both are written, and readable again.
type drill struct {
	*live
	p       *process
	listen  string
	logs    string // the directory of the log that is made unreadable
	other   string // the log that nothing happens to
	writer  *os.File
	written map[string]int // by log
	http    *http.Client
	field   bool // nothing is hastened
}

// newDrill makes the logs, and a home that a user who is nobody may write to.
func newDrill(t *testing.T) *drill {
	t.Helper()
	if testing.Short() {
		t.Skip("waits until a log is lost")
	}
	t.Parallel() // it waits most of the time
	dir := openTempDir(t)
	d := &drill{live: newLive(t), logs: filepath.Join(dir, "logs"), other: filepath.Join(dir, "other", "access.log"),
		listen: "127.0.0.1:" + freePort(t), written: map[string]int{}, http: http.DefaultClient}
	home := filepath.Join(dir, "home")
	for _, one := range []string{d.logs, filepath.Dir(d.other), home} {
		if err := os.Mkdir(one, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(home, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	d.log, d.state, d.out = filepath.Join(d.logs, "access.log"), filepath.Join(home, "state"), filepath.Join(home, "alerts.jsonl")
	d.binary = filepath.Join(dir, "fedwarden")
	exe, err := os.Executable() // which is fedwarden, called by that name
	if err != nil {
		t.Fatal(err)
	}
	// Not by this process: a child that is forked meanwhile would hold it open for writing.
	if out, err := exec.Command("cp", exe, d.binary).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return d
}

// begin starts the run, not as root, and returns when it has read what both logs have.
func (d *drill) begin(inputs ...string) {
	d.t.Helper()
	config := filepath.Join(filepath.Dir(d.logs), "fedwarden.yaml")
	text := fmt.Sprintf("inputs: [%s]\nsinks: {file: {path: %q}}\nlisten: %q\n", strings.Join(inputs, ", "), d.out, d.listen)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
	args := []string{d.binary, "run", "--config", config, "--state", d.state}
	if os.Geteuid() == 0 {
		args = append([]string{program(d.t, "setpriv", "util-linux"), "--reuid=65534", "--regid=65534", "--clear-groups", "--"}, args...)
	}
	d.launch(args)
}

func (d *drill) launch(args []string) {
	d.t.Helper()
	d.p = start(d.t, filepath.Join(filepath.Dir(d.logs), "fedwarden.out"), d.environment(), args[0], args[1:]...)
	d.p.await("both logs", func() bool { return d.counted(d.log) && d.counted(d.other) })
	d.p.await("readyz", func() bool { return d.ready() == "" })
}

func (d *drill) environment() []string {
	if d.field {
		return []string{"HOME=/"}
	}
	return []string{hastyEnv + "=" + hasty.String(), "HOME=/"}
}

// linger lets pass, in the field, the minute for which a log must be unreadable to be lost, and readable to be well.
// Meanwhile the other log is written.
func (d *drill) linger() {
	if !d.field {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range 65 {
		<-tick.C
		d.watched(1)
	}
}

// over waits for the end of the alert.
func (d *drill) over() {
	d.t.Helper()
	d.linger()
	d.p.await("the end of the alert", func() bool { return len(d.told(pipeline.StatusResolved)) > 0 })
}

// input is a log of nginx as the configuration names it.
func input(path string) string { return fmt.Sprintf("{path: %q, format: nginx}", path) }

// open opens the log that is made unreadable, anew after a rotation.
func (d *drill) open() {
	d.t.Helper()
	f, err := os.OpenFile(d.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		d.t.Fatal(err)
	}
	if d.writer != nil {
		d.writer.Close()
	}
	d.writer = f
	d.t.Cleanup(func() { f.Close() })
}

// rotate gives the log to another file, which has the mode that is given.
func (d *drill) rotate(mode os.FileMode) {
	d.t.Helper()
	if err := os.Rename(d.log, d.log+".1"); err != nil {
		d.t.Fatal(err)
	}
	d.open()
	if err := d.writer.Chmod(mode); err != nil {
		d.t.Fatal(err)
	}
}

// lines returns the next n lines of a log, stamped now.
func (d *drill) lines(log string, n int) string {
	var b strings.Builder
	for range n {
		d.written[log]++
		fmt.Fprintf(&b, "203.0.113.%d - - [%s] \"GET /n/%d HTTP/1.1\" 200 5 \"-\" \"x\"\n", d.written[log]%250,
			time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), d.written[log])
	}
	return b.String()
}

// both writes n lines to each of the logs.
func (d *drill) both(n int) {
	d.t.Helper()
	if _, err := d.writer.WriteString(d.lines(d.log, n)); err != nil {
		d.t.Fatal(err)
	}
	d.watched(n)
}

// watched writes to the log that nothing happens to.
func (d *drill) watched(n int) {
	d.t.Helper()
	appendFile(d.t, d.other, d.lines(d.other, n))
}

// stream returns what the run knows of the one of its streams whose name ends with that of the log.
func (d *drill) stream(log string) (s streamReport, ok bool) {
	r, _ := d.report()
	for _, s = range r.Streams {
		if strings.HasSuffix(string(s.Stream), log) {
			return s, true
		}
	}
	return s, false
}

func (d *drill) counted(log string) bool {
	s, ok := d.stream(log)
	return ok && s.Lines == uint64(d.written[log])
}

// told returns the transitions of detectors of fedwarden's own health that the sink has got.
func (d *drill) told(status pipeline.Status) (list []pipeline.Alert) {
	for _, a := range d.alerts() {
		if a.Threat == pipeline.ThreatHealth && a.Status == status {
			list = append(list, a)
		}
	}
	return list
}

// ready returns why the run is not.
func (d *drill) ready() string {
	resp, err := d.http.Get("http://" + d.listen + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return ""
	}
	var b [1 << 10]byte
	n, _ := resp.Body.Read(b[:])
	return string(b[:n])
}

// lost waits until the log is, which one alert tells, with what it must say. The other log is watched meanwhile.
func (d *drill) lost(want ...string) pipeline.Alert {
	d.t.Helper()
	d.linger()
	d.p.await("an alert", func() bool { d.watched(1); return len(d.told(pipeline.StatusFiring)) > 0 })
	d.p.await("the log that nothing happened to", func() bool { return d.counted(d.other) })
	a := d.told(pipeline.StatusFiring)[0]
	if a.Detector != "source_silent" || a.Severity != pipeline.SeverityHigh {
		d.t.Errorf("got %s, %s, want source_silent, high", a.Detector, a.Severity)
	}
	for _, word := range want {
		if !strings.Contains(a.Summary, word) {
			d.t.Errorf("summary: got %q, want %q", a.Summary, word)
		}
	}
	d.p.await("readyz to say so", func() bool { return strings.Contains(d.ready(), "can't be read") })
	return a
}

var lateText = regexp.MustCompile(`can be read again; (\d+) lines of the time between came too late to be judged`)

// recovered waits until the log is read again, and checks that every line was counted once, and that what came too
// late is stated. Between is what was written while the log was lost.
func (d *drill) recovered(fired pipeline.Alert, between int) {
	d.t.Helper()
	d.over()
	a := d.told(pipeline.StatusResolved)[0]
	m := lateText.FindStringSubmatch(a.Summary)
	if a.ID != fired.ID || m == nil {
		d.t.Fatalf("got %s %q, want the end of %s", a.ID, a.Summary, fired.ID)
	}
	late, _ := strconv.Atoi(m[1])
	d.both(15)
	d.p.await("all lines", func() bool { return d.counted(d.log) && d.counted(d.other) })
	d.p.await("readyz", func() bool { return d.ready() == "" })
	if code := d.p.stop(); code != 0 {
		d.t.Errorf("exit code %d", code)
	}
	d.check(late, between)
	d.t.Logf("firing: %s", fired.Summary)
	d.t.Logf("resolved: %s", a.Summary)
}

// check compares the counts of a run that has ended with what was written.
func (d *drill) check(late, between int) {
	d.t.Helper()
	if f, r := d.told(pipeline.StatusFiring), d.told(pipeline.StatusResolved); len(f) != 1 || len(r) != 1 {
		d.t.Errorf("got %d alerts of which %d ended, want one: %+v", len(f), len(r), f)
	}
	s, _ := d.stream(d.log)
	if s.Lines != uint64(d.written[d.log]) || s.Lost != 0 || s.Late != uint64(late) || s.Events+s.Late != s.Lines {
		d.t.Errorf("got %+v, want %d lines, of which %d are late", s, d.written[d.log], late)
	}
	if late < between || late > between+50 {
		d.t.Errorf("%d late lines were stated, %d were written while the log was lost", late, between)
	}
	o, _ := d.stream(d.other)
	if o.Events != uint64(d.written[d.other]) || o.Lines != o.Events || o.Late+o.Lost != 0 {
		d.t.Errorf("the other log: got %+v, want %d events", o, d.written[d.other])
	}
	d.t.Logf("%d lines of %d, %d lost, %d late; the other log: %d lines of %d, none late", s.Lines, d.written[d.log], s.Lost, s.Late, o.Lines, d.written[d.other])
}

// TestDrillPermission: logrotate makes the new log for others than fedwarden, then its directory is closed.
func TestDrillPermission(t *testing.T) {
	for name, fault := range map[string]struct{ make, mend func(d *drill) }{
		"of a new log": {func(d *drill) { d.rotate(0) }, func(d *drill) { os.Chmod(d.log, 0o644) }},
		"of the directory": {func(d *drill) { os.Chmod(d.logs, 0); d.both(5) },
			func(d *drill) { os.Chmod(d.logs, 0o755) }},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrill(t)
			d.field = os.Getenv(tortureFull) == "1"
			d.open()
			d.both(20)
			d.begin(input(d.log), input(d.other))
			d.both(10)
			fault.make(d)
			a := d.lost("permission denied", "usermod -aG")
			d.both(30)
			d.p.await("the other log", func() bool { return d.counted(d.other) })
			fault.mend(d)
			d.recovered(a, 30)
		})
	}
}

// TestDrillDisk: the directory is moved away, or its file system unmounted while somebody writes there.
func TestDrillDisk(t *testing.T) {
	t.Run("moved", func(t *testing.T) {
		if os.Getenv(tortureFull) != "1" {
			t.Skip("is like unmounted, which is tried always")
		}
		d := newDrill(t)
		d.open()
		d.both(20)
		d.begin(input(d.log), input(d.other))
		d.both(10)
		away := d.logs + ".away"
		if err := os.Rename(d.logs, away); err != nil {
			t.Fatal(err)
		}
		d.both(10) // the file is open, to both of us
		a := d.lost("no such file", "mounted")
		d.both(30)
		d.p.await("the other log", func() bool { return d.counted(d.other) })
		if err := os.Rename(away, d.logs); err != nil {
			t.Fatal(err)
		}
		d.recovered(a, 30)
	})
	t.Run("unmounted", func(t *testing.T) {
		d := newDrill(t)
		disk := d.logs + ".disk"
		mount := func() error {
			return exec.Command("mount", "--bind", disk, d.logs).Run()
		}
		if err := os.Mkdir(disk, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := mount(); err != nil {
			missing(t, "nothing can be mounted")
		}
		unmount := func() { exec.Command("umount", "--lazy", d.logs).Run() }
		t.Cleanup(unmount)
		d.open()
		d.both(20)
		d.begin(input(d.log), input(d.other))
		d.both(10)
		unmount()
		d.both(10)
		a := d.lost("no such file", "mounted")
		d.both(30)
		if err := mount(); err != nil {
			t.Fatal(err)
		}
		d.rotate(0o644) // and the service begins a new log at once
		d.recovered(a, 30)
	})
}

// TestDrillContainer: the folder of a container's log is closed, as Docker's is to all but root, and Docker rotates it.
func TestDrillContainer(t *testing.T) {
	d := newDrill(t)
	w := &world{t: t, dir: filepath.Dir(d.logs)}
	log := w.container(1, "nginx")
	d.log = "docker:mastodon-nginx-1@000000000000"
	write := func(n int) {
		for line := range strings.Lines(d.lines(d.log, n)) {
			appendFile(t, log, dockerLines(time.Now().UTC().Format(time.RFC3339Nano), strings.TrimSuffix(line, "\n")))
		}
	}
	write(20)
	d.watched(20)
	d.begin(fmt.Sprintf("{docker: %q, lateness: 1s}", filepath.Dir(filepath.Dir(log))), input(d.other))
	write(10)
	os.Chmod(filepath.Dir(log), 0)
	write(10)
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	write(10)
	a := d.lost("permission denied", "DAC_READ_SEARCH")
	write(30)
	os.Chmod(filepath.Dir(log), 0o711)
	d.over()
	write(15)
	d.p.await("all lines", func() bool { return d.counted(d.log) && d.counted(d.other) })
	end := d.told(pipeline.StatusResolved)[0]
	if m := lateText.FindStringSubmatch(end.Summary); end.ID != a.ID || m == nil || m[1] != "40" {
		t.Errorf("got %s %q, want the end of %s with 40 late lines", end.ID, end.Summary, a.ID)
	}
	d.p.stop()
	d.check(40, 30)
}
