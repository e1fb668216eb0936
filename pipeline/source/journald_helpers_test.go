//go:build linux

package source

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// requireServers makes a test that needs real programs fail, instead of being skipped, without them.
const requireServers = "FEDWARDEN_REQUIRE_SERVERS"

// missingServer skips the test, or fails it where servers are required.
func missingServer(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(requireServers) == "1" {
		t.Fatalf("%s, and %s=1", why, requireServers)
	}
	t.Skip(why)
}

// installed returns where a program is.
func installed(t testing.TB, pkg string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missingServer(t, fmt.Sprintf("%s is not installed (apt-get install %s)", filepath.Base(names[0]), pkg))
	return ""
}

// A journal is a real systemd-journald with directories of its own.
type journal struct {
	t    testing.TB
	dir  string
	proc *exec.Cmd
}

const journalNamespace = "fw"

// newJournal starts a systemd-journald in a mount namespace in which /run and its configuration are of the
// test's own. Conf is the [Journal] part of its configuration.
func newJournal(t testing.TB, conf string) *journal {
	t.Helper()
	installed(t, "systemd", "journalctl")
	daemon := installed(t, "systemd", "/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald")
	if os.Getuid() != 0 {
		missingServer(t, "a private systemd-journald needs root")
	}
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		missingServer(t, fmt.Sprintf("no mount namespace can be made: %s", out))
	}
	dir, err := os.MkdirTemp("", "fw") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{"run/systemd/journal", "run/log/journal", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "etc", "journald@"+journalNamespace+".conf"), "[Journal]\nStorage=volatile\nForwardToSyslog=no\n"+conf)
	j := &journal{t: t, dir: dir}
	j.proc = exec.Command("unshare", "-m", "sh", "-ec",
		`mount --bind "$1/run" /run; mount --bind "$1/etc" /etc/systemd; exec "$2" "$3"`, "sh", dir, daemon, journalNamespace)
	j.proc.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := j.proc.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		j.proc.Process.Signal(syscall.SIGTERM)
		j.proc.Wait()
	})
	eventually(t, "journald's socket", func() bool { _, err := os.Stat(j.socket()); return err == nil })
	eventually(t, "journald's files", func() bool { return j.files() != "" })
	return j
}

func (j *journal) socket() string {
	return filepath.Join(j.dir, "run/systemd/journal."+journalNamespace, "stdout")
}

// files returns the directory of its files, empty before there is one.
func (j *journal) files() string {
	found, _ := filepath.Glob(filepath.Join(j.dir, "run/log/journal/*."+journalNamespace, "system.journal"))
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[0])
}

// rotate makes journald begin new files.
func (j *journal) rotate() {
	j.t.Helper()
	archived := func() int {
		found, _ := filepath.Glob(filepath.Join(j.files(), "system@*"))
		return len(found)
	}
	before := archived()
	j.proc.Process.Signal(syscall.SIGUSR2)
	eventually(j.t, "a rotated file", func() bool { return archived() > before && j.files() != "" })
}

// removeArchived removes the files that are no longer written, as a vacuum does.
func (j *journal) removeArchived() {
	j.t.Helper()
	out, err := exec.Command("journalctl", "--directory="+j.files(), "--vacuum-files=1").CombinedOutput()
	if err != nil {
		j.t.Fatalf("vacuum: %v: %s", err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(j.files(), "system@*")); len(left) > 0 {
		j.t.Fatalf("vacuum: left %v: %s", left, out)
	}
}

// A feeder writes to the journal as a service's standard output does: in a process of its own, in a control
// group of the unit's name, which is how journald knows it.
type feeder struct {
	io.WriteCloser
	t   testing.TB
	cmd *exec.Cmd
	n   int
}

const (
	feedSocket = "FEDWARDEN_TEST_FEED_SOCKET"
	feedGroups = "FEDWARDEN_TEST_FEED_GROUPS"
)

// feed is what that process does.
func feed() {
	err := func() error {
		for _, dir := range filepath.SplitList(os.Getenv(feedGroups)) {
			if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0o644); err != nil {
				return err
			}
		}
		c, err := net.Dial("unix", os.Getenv(feedSocket))
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "bundle\n\n6\n0\n0\n0\n0\n"); err != nil {
			return err
		}
		_, err = io.Copy(c, os.Stdin)
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// groups makes the control groups of a unit, in every hierarchy that journald may look at.
func groups(t testing.TB, unit string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for m := range strings.Lines(string(mounts)) {
		f := strings.Fields(m)
		if f[2] != "cgroup2" && !strings.HasSuffix(f[3], "name=systemd") {
			continue
		}
		dir := filepath.Join(f[1], "system.slice", unit)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			missingServer(t, fmt.Sprintf("no control group can be made: %v", err))
		}
		t.Cleanup(func() { os.Remove(dir) })
		dirs = append(dirs, dir)
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// unit starts a service.
func (j *journal) unit(name string) *feeder {
	j.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), feedSocket+"="+j.socket(), feedGroups+"="+groups(j.t, name))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		j.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	f := &feeder{WriteCloser: in, t: j.t, cmd: cmd}
	j.t.Cleanup(f.stop)
	eventually(j.t, "a line that journald knows the unit of", func() bool { // its first ones may have none
		f.raw("hello\n")
		out, _ := exec.Command("journalctl", "--directory="+j.files(), "--output=cat", "--lines=1", "_SYSTEMD_UNIT="+name).Output()
		return len(out) > 0
	})
	return f
}

// stop ends the service.
func (f *feeder) stop() {
	if f.cmd == nil {
		return
	}
	f.Close()
	if err := f.cmd.Wait(); err != nil {
		f.t.Errorf("feed the journal: %v", err)
	}
	f.cmd = nil
}

// lines writes the next n numbered lines.
func (f *feeder) lines(n int) {
	f.t.Helper()
	var b strings.Builder
	for range n {
		f.n++
		b.WriteString(nginxLine(f.n/1000, f.n) + "\n")
	}
	f.raw(b.String())
}

func (f *feeder) raw(s string) {
	f.t.Helper()
	if _, err := io.WriteString(f, s); err != nil {
		f.t.Fatal(err)
	}
}

// A book is what a run wrote down of the streams it read, and all a next one needs to go on.
type book struct {
	numbers map[pipeline.StreamID][]int
	errors  map[pipeline.StreamID][]string // what lines that could not be read were
	lines   map[pipeline.StreamID]uint64
	cursors map[pipeline.StreamID]pipeline.Cursor
	lost    map[pipeline.StreamID]uint64
	claims  map[pipeline.StreamID]pipeline.Time
	ended   map[pipeline.StreamID]bool
	reasons []string
	dead    []string // reasons of Lost
}

func newBook() *book {
	return &book{numbers: map[pipeline.StreamID][]int{}, errors: map[pipeline.StreamID][]string{}, lines: map[pipeline.StreamID]uint64{},
		cursors: map[pipeline.StreamID]pipeline.Cursor{}, lost: map[pipeline.StreamID]uint64{}, claims: map[pipeline.StreamID]pipeline.Time{},
		ended: map[pipeline.StreamID]bool{}}
}

func (k *book) clone() *book {
	c := *k
	c.numbers, c.errors, c.lines = maps.Clone(k.numbers), maps.Clone(k.errors), maps.Clone(k.lines)
	c.cursors, c.lost, c.claims, c.ended = maps.Clone(k.cursors), maps.Clone(k.lost), maps.Clone(k.claims), maps.Clone(k.ended)
	for id, list := range c.numbers {
		c.numbers[id] = list[:len(list):len(list)]
	}
	return &c
}

func (k *book) add(b *pipeline.Batch) {
	id := b.Stream
	if b.Opened && (k.cursors[id] == "" || k.ended[id]) && b.Begin != "" {
		k.cursors[id], k.ended[id] = b.Begin, false
	}
	for i := range b.Events {
		e := &b.Events[i]
		k.lines[id] += uint64(e.Lines)
		if e.Kind == pipeline.KindRejected {
			k.errors[id] = append(k.errors[id], strings.Clone(e.Sample))
			continue
		}
		k.numbers[id] = append(k.numbers[id], line(seen{Path: e.Path}))
	}
	k.lines[id] += uint64(b.Skipped)
	k.lost[id] += b.LostLines
	k.claims[id] = max(k.claims[id], b.CaughtUp)
	k.ended[id] = k.ended[id] || b.Ended
	if b.Cursor != "" {
		k.cursors[id] = b.Cursor
	}
	if b.Lost {
		k.dead = append(k.dead, b.Reason)
	} else if b.Reason != "" {
		k.reasons = append(k.reasons, b.Reason)
	}
}

// A listener reads a Source in a goroutine and keeps its book.
type listener struct {
	t      testing.TB
	source pipeline.Source
	stop   context.CancelFunc
	done   chan struct{}
	slow   func() // called before each Read

	mu    sync.Mutex
	book  *book
	saved *book // of some moment, as a checkpoint is
}

// listen reads a Source, behind what stands in the book.
func listen(t testing.TB, s pipeline.Source, k *book, slow func()) *listener {
	t.Helper()
	for id, c := range k.cursors {
		if err := s.Seek(id, c); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &listener{t: t, source: s, stop: stop, done: make(chan struct{}), slow: slow, book: k, saved: k.clone()}
	go l.run(ctx)
	t.Cleanup(l.close)
	return l
}

func (l *listener) run(ctx context.Context) {
	defer close(l.done)
	for n := 0; ; n++ {
		if l.slow != nil {
			l.slow()
		}
		b, err := l.source.Read(ctx)
		if err != nil {
			return
		}
		l.mu.Lock()
		l.book.add(&b)
		if n%7 == 0 {
			l.saved = l.book.clone()
		}
		l.mu.Unlock()
		if b.Release != nil {
			b.Release()
		}
	}
}

func (l *listener) close() {
	l.stop()
	<-l.done
	l.source.Close()
}

// until waits for what the book must say.
func (l *listener) until(what string, ok func(k *book) bool) {
	l.t.Helper()
	var short string
	defer func() {
		if l.t.Failed() {
			l.t.Logf("the book says: %s", short)
		}
	}()
	eventually(l.t, what, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		short = l.book.String()
		return ok(l.book)
	})
}

func (k *book) String() string {
	var b strings.Builder
	for id, list := range k.numbers {
		fmt.Fprintf(&b, "%s %d events: %s; ", id, len(list), jumps(list))
	}
	return fmt.Sprintf("claims %v %slines %v, errors %q, lost %v, reasons %q, dead %q", k.claims, b.String(), k.lines, k.errors, k.lost, k.reasons, k.dead)
}

// jumps says where numbers jump.
func jumps(list []int) string {
	var b strings.Builder
	last := 0
	for _, n := range list {
		if n != last+1 {
			fmt.Fprintf(&b, "%d to %d, ", last, n)
		}
		last = n
	}
	return fmt.Sprintf("%sup to %d", b.String(), last)
}

// exactly checks that the numbers first to last came once each, in order.
func (k *book) exactly(t testing.TB, id pipeline.StreamID, first, last int) {
	t.Helper()
	want := first
	for i, n := range k.numbers[id] {
		if n != want {
			t.Fatalf("%s: number %d at place %d, want %d", id, n, i, want)
		}
		want++
	}
	if want != last+1 {
		t.Fatalf("%s: got numbers up to %d, want %d", id, want-1, last)
	}
}

// eventually polls for a condition, and fails when it does not come.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: waited in vain", what)
		}
		pause(10 * time.Millisecond)
	}
}
