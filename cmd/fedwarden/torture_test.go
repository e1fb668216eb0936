//go:build linux

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A rack is a log that is written at speed and rotated, while the run that follows it is killed.
type rack struct {
	*live
	rotations, kills int
	chunks           int // between two rotations
	file             *os.File
	number           int // of the last line
	rotated          int
}

// TestTorture writes numbered lines at 50,000 a second through rotations of each kind, while the run is killed with
// SIGKILL at random. In the end each line was counted once: one in three as an event, one as rejected, one as
// skipped, so that a line lost can't make up for another that was read twice.
func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	for name, rotate := range map[string]func(*rack){
		"rename and create":           (*rack).rename,
		"create 20 ms later":          (*rack).renameLate,
		"logrotate create":            func(r *rack) { r.logrotate("create") },
		"logrotate create compressed": func(r *rack) { r.logrotate("create", "compress", "delaycompress") },
		"logrotate compressed dates":  func(r *rack) { r.logrotate("create", "compress", "dateext", "dateformat -%Y%m%d-%s") },
		"logrotate copytruncate":      func(r *rack) { r.logrotate("copytruncate") },
	} {
		t.Run(name, func(t *testing.T) {
			r := &rack{live: newLive(t), rotations: 8, kills: 5, chunks: chunksEach}
			if os.Getenv(tortureFull) == "1" {
				r.rotations, r.kills = 200, 100
			} else if strings.Contains(name, "dates") {
				r.rotations, r.kills = 3, 3
			}
			if strings.Contains(name, "dates") {
				r.chunks = int(1100 * time.Millisecond / chunkEvery) // a name for each second
			}
			r.torture(rotate)
			r.check(strings.Contains(name, "copytruncate"))
		})
	}
}

const (
	chunk      = 500
	chunkEvery = 10 * time.Millisecond
	chunksEach = 10 // between two rotations
)

func (r *rack) torture(rotate func(*rack)) {
	r.open()
	p := r.start()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	began := time.Now()
	tick := time.NewTicker(chunkEvery)
	defer tick.Stop()
	total := r.rotations * r.chunks
	for i := range total {
		r.chunk()
		<-tick.C
		if i%r.chunks == r.chunks-1 {
			rotate(r)
		}
		if rng.IntN(total) < r.kills+r.kills/4 {
			p.cmd.Process.Signal(syscall.SIGKILL)
			<-p.exited
			p = r.start()
		}
	}
	r.t.Logf("%d lines in %s, %d rotations", r.number, time.Since(began).Round(time.Millisecond), r.rotated)
	r.file.Close()
	p.await("a state", func() bool { _, ok := r.report(); return ok })
	r.settle(p)
	if code := p.stop(); code != 0 {
		r.t.Errorf("exit code %d", code)
	}
}

// settle returns when nothing more is counted for a while: longer than a file that was rotated away is waited for.
func (r *rack) settle(p *process) {
	last, since := uint64(0), time.Now()
	p.await("all lines", func() bool {
		st, ok := r.report()
		if !ok || len(st.Streams) != 1 {
			return false
		}
		if n := st.Streams[0].Lines; n != last {
			last, since = n, time.Now()
		}
		return last >= uint64(r.number) || last > 0 && time.Since(since) > 12*time.Second
	})
}

func (r *rack) open() {
	f, err := os.OpenFile(r.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.file != nil {
		r.file.Close()
	}
	r.file = f
}

// chunk writes the next lines.
func (r *rack) chunk() {
	var b bytes.Buffer
	now := time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700")
	for range chunk {
		r.number++
		switch r.number % 3 {
		case 0:
			fmt.Fprintf(&b, "203.0.113.7 - - [%s] \"GET /n/%d HTTP/1.1\" 200 5 \"-\" \"x\"\n", now, r.number)
		case 1:
			fmt.Fprintf(&b, "no line of any log, number /n/%d\n", r.number)
		case 2:
			b.WriteString("2026/11/23 07:21:39 [error] 1#1: of another log, number /n/" + strconv.Itoa(r.number) + " \n")
		}
	}
	if _, err := r.file.Write(b.Bytes()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rack) away() {
	r.rotated++
	if err := os.Rename(r.log, r.log+"."+strconv.Itoa(1000-r.rotated)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rack) rename() {
	r.away()
	r.open()
}

// renameLate goes on writing to the old file for a while, as a server does until it is told.
func (r *rack) renameLate() {
	r.away()
	tick := time.NewTicker(chunkEvery)
	defer tick.Stop()
	for range 2 {
		r.chunk()
		<-tick.C
	}
	r.open()
}

// logrotate rotates while lines are written. Where it renames, its script waits until the log was reopened, before
// anything is compressed: what is written to a file that was compressed and deleted is in no file at all.
func (r *rack) logrotate(options ...string) {
	r.rotated++
	dir := filepath.Dir(r.log)
	conf := filepath.Join(dir, "logrotate.conf")
	reopen := filepath.Join(dir, "reopen")
	if options[0] == "create" {
		options = append(options, "postrotate", ": >"+reopen+"; while [ -e "+reopen+" ]; do sleep 0.01; done", "endscript")
	}
	text := fmt.Sprintf("%s {\n\trotate 1000\n\tsu %s\n\t%s\n}\n", r.log, owner(), strings.Join(options, "\n\t"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	done := make(chan error, 1)
	cmd := exec.Command(program(r.t, "logrotate", "logrotate"), "--force", "--state", filepath.Join(dir, "logrotate.state"), conf)
	go func() {
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("logrotate: %w\n%s", err, out)
		}
		done <- err
	}()
	tick := time.NewTicker(chunkEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				r.t.Fatal(err)
			}
			return
		case <-tick.C:
			r.chunk()
			if _, err := os.Stat(reopen); err == nil {
				r.open()
				os.Remove(reopen)
			}
		}
	}
}

func owner() string {
	if os.Getuid() == 0 {
		return "root root"
	}
	return strconv.Itoa(os.Getuid()) + " " + strconv.Itoa(os.Getgid())
}

// check compares what was counted with what was written. Where lines are gone from the files, because they were
// written between copying and truncating, a reader may or may not have seen them; the loss must be told.
func (r *rack) check(copied bool) {
	st, ok := r.report()
	if !ok || len(st.Streams) != 1 {
		r.t.Fatalf("state: got %+v", st)
	}
	s := st.Streams[0]
	var want [3]int // by number modulo 3
	for n := 1; n <= r.number; n++ {
		want[n%3]++
	}
	kept := r.kept()
	if !copied && kept != want {
		r.t.Errorf("the files hold %d lines, want %d: the writer itself has lost some", kept, want)
	}
	r.t.Logf("counted %d of %d lines (%d are in the files); lost %d, late %d", s.Lines, r.number, kept[0]+kept[1]+kept[2], s.Lost, s.Late)
	for i, got := range []uint64{s.Events + s.Late, s.Rejected, s.Skipped} {
		if got < uint64(kept[i]) || got > uint64(want[i]) {
			r.t.Errorf("lines of kind %d: got %d, want %d to %d", i, got, kept[i], want[i])
		}
	}
	if missing := uint64(r.number) - s.Lines; !copied && s.Lost != 0 || missing > 0 && s.Lost == 0 {
		r.t.Errorf("%d lines are missing, and %d are told as lost", missing, s.Lost)
	}
	if s.Late != 0 {
		r.t.Errorf("%d lines are late", s.Late)
	}
}

// kept counts the numbers that are in the log and in what it was rotated to.
func (r *rack) kept() (n [3]int) {
	seen := make([]bool, r.number+1)
	paths, err := filepath.Glob(r.log + "*")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, path := range paths {
		for line := range r.linesOf(path) {
			_, rest, ok := strings.Cut(line, "/n/")
			number, err := strconv.Atoi(strings.SplitN(rest, " ", 2)[0])
			if ok && err == nil && !seen[number] {
				seen[number] = true
				n[number%3]++
			}
		}
	}
	return n
}

func (r *rack) linesOf(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		f, err := os.Open(path)
		if err != nil {
			r.t.Fatal(err)
		}
		defer f.Close()
		var text io.Reader = f
		if strings.HasSuffix(path, ".gz") {
			if text, err = gzip.NewReader(f); err != nil {
				r.t.Fatal(err)
			}
		}
		for s := bufio.NewScanner(text); s.Scan(); {
			if !yield(s.Text()) {
				return
			}
		}
	}
}
