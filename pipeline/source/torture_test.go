package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// FEDWARDEN_TORTURE=1 makes the torture as long as it was meant to be; it takes some minutes then.
const tortureLong = "FEDWARDEN_TORTURE"

// TestTorture writes numbered lines, 100,000 a second, through rotations of each kind, while the log is
// followed by Tails that are killed at random and go on at a checkpoint that is older than what they had
// read. Every line that is on the disk at the end must have come once, no other more than once, and if one
// that is not there has not come, a loss was told.
func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("torture takes some seconds")
	}
	rotations := 5
	if os.Getenv(tortureLong) == "1" {
		rotations = 200
	}
	kinds := []struct {
		name   string
		rotate func(*server, int)
	}{
		{"rename and create", func(s *server, _ int) { s.shift(); s.rename(".1"); write(s.t, s.path, ""); s.reopen() }},
		{"rename, create later", func(s *server, _ int) {
			s.shift()
			s.rename(".1")
			pause(20 * time.Millisecond)
			write(s.t, s.path, "")
			s.reopen()
		}},
		{"create on reopen", func(s *server, _ int) { s.shift(); s.rename(".1"); pause(10 * time.Millisecond); s.reopen() }},
		{"dates", func(s *server, i int) {
			s.rename(fmt.Sprintf("-20261118-%06d", i))
			write(s.t, s.path, "")
			s.reopen()
		}},
		{"copy and truncate", func(s *server, _ int) { s.copyTruncate() }},
		{"logrotate", logrotate("create\ncompress\ndelaycompress")},
		{"logrotate, compressing at once", logrotate("create\ncompress")},
		{"logrotate with dates", logrotate("create\ndateext\ndateformat -%Y%m%d-%s\ncompress\ndelaycompress")},
		{"logrotate, copy and truncate", logrotate("copytruncate")},
		{"logrotate, copy, truncate, compress later", logrotate("copytruncate\ncompress\ndelaycompress")},
		{"logrotate, copy, truncate, compress", logrotate("copytruncate\ncompress")},
	}
	for i, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if strings.HasPrefix(k.name, "logrotate") {
				needLogrotate(t)
			}
			n := rotations
			if n == 5 && strings.Contains(k.name, "logrotate with dates") {
				n = 2 // a second each
			}
			torture(t, n, int64(i), k.rotate)
		})
	}
}

func torture(t *testing.T, rotations int, seed int64, rotate func(*server, int)) {
	s := newServer(t)
	v := &victim{t: t, dice: rand.New(rand.NewSource(seed)), path: s.path}
	for v.cursor == "" { // a stream that never had a place begins with the live file
		v.live(false)
	}
	written := make(chan int)
	go func() {
		for i := range rotations {
			pause(60 * time.Millisecond)
			rotate(s, i)
		}
		written <- s.stop()
	}()
	last, until := 0, time.Now().Add(patience*time.Duration(1+rotations/20))
	for {
		select {
		case last = <-written:
		default:
		}
		if v.live(last > 0); last > 0 && v.caughtUp || time.Now().After(until) {
			break
		}
	}
	v.check(last, s.onDisk())
	t.Logf("%d lines, %d kills, %d told lost", last, v.kills, v.lost)
}

// A server writes its log in a goroutine.
type server struct {
	*writer
	mu   sync.Mutex // held while lines are written
	quit chan struct{}
	done chan struct{}
}

func newServer(t *testing.T) *server {
	s := &server{writer: newWriter(t, logPath(t)), quit: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

func (s *server) run() {
	defer close(s.done)
	start := time.Now()
	for {
		select {
		case <-s.quit:
			return
		case <-time.After(time.Millisecond):
		}
		for n := int(time.Since(start)/(10*time.Microsecond)) - s.n; n > 0; n -= 100 {
			s.write(100)
		}
		if _, err := os.Stat(s.bell()); err == nil {
			s.reopen()
			os.Remove(s.bell())
		}
	}
}

// bell is a file that asks the server to reopen its log, and is gone when it has.
func (s *server) bell() string { return filepath.Join(filepath.Dir(filepath.Dir(s.path)), "bell") }

func (s *server) write(n int) {
	var b strings.Builder
	for range n {
		s.n++
		b.WriteString(nginxLine(s.n/100_000, s.n) + "\n")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw(b.String())
}

func (s *server) reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer.reopen()
}

// stop ends the writing and returns the number of the last line.
func (s *server) stop() int {
	close(s.quit)
	<-s.done
	return s.n
}

func (s *server) shift() {
	for i := 300; i > 0; i-- {
		os.Rename(s.path+"."+strconv.Itoa(i), s.path+"."+strconv.Itoa(i+1))
	}
}

func (s *server) rename(suffix string) {
	if err := os.Rename(s.path, s.path+suffix); err != nil {
		s.t.Error(err)
	}
}

func (s *server) copyTruncate() {
	s.shift()
	in, err := os.Open(s.path)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer in.Close()
	out, err := os.Create(s.path + ".1")
	if err != nil {
		s.t.Error(err)
		return
	}
	defer out.Close()
	io.Copy(out, in)
	os.Truncate(s.path, 0)
}

// logrotate returns what rotates by the real program.
func logrotate(directives string) func(*server, int) {
	return func(s *server, _ int) {
		dir := filepath.Dir(filepath.Dir(s.path))
		conf, state := filepath.Join(dir, "conf"), filepath.Join(dir, "state")
		text := fmt.Sprintf("%s {\nsu root root\nrotate 1000\n%s\npostrotate\n", s.path, directives)
		if os.Geteuid() != 0 {
			text = strings.Replace(text, "su root root\n", "", 1)
		}
		if strings.Contains(directives, "create") {
			text += fmt.Sprintf("touch %[1]s\nwhile [ -e %[1]s ]; do sleep 0.01; done\n", s.bell())
		}
		if err := os.WriteFile(conf, []byte(text+"endscript\n}\n"), 0o644); err != nil {
			s.t.Error(err)
		}
		if strings.Contains(directives, "%s") {
			pause(time.Second) // its dates have no finer grain
		}
		out, err := exec.Command(logrotatePath(), "--force", "--state", state, conf).CombinedOutput()
		if err != nil {
			s.t.Errorf("logrotate: %v\n%s", err, out)
		}
	}
}

// logrotatePath returns where the program is, empty when it is not installed.
func logrotatePath() string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		path := filepath.Join(dir, "logrotate")
		if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// needLogrotate skips a test, or fails it where all programs must be there.
func needLogrotate(t *testing.T) {
	t.Helper()
	if logrotatePath() != "" {
		return
	}
	if os.Getenv("FEDWARDEN_REQUIRE_SERVERS") == "1" {
		t.Fatal("logrotate is not installed (apt-get install logrotate), and FEDWARDEN_REQUIRE_SERVERS=1")
	}
	t.Skip("logrotate is not installed (apt-get install logrotate)")
}

// onDisk returns the numbers of the whole lines that are in the log and in what rotation made of it.
func (s *server) onDisk() map[int]bool {
	out := map[int]bool{}
	names, _ := filepath.Glob(s.path + "*")
	for _, name := range names {
		text, err := openText(Input{Path: name}, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		b, err := io.ReadAll(text)
		text.close()
		if err != nil {
			s.t.Fatal(err)
		}
		for l := range strings.Lines(string(b)) {
			if n := numberIn(l); n > 0 && strings.HasSuffix(l, "\n") {
				out[n] = true
			}
		}
	}
	return out
}

func numberIn(l string) int {
	_, l, _ = strings.Cut(l, "/n/")
	l, _, _ = strings.Cut(l, " ")
	n, _ := strconv.Atoi(l)
	return n
}

// A victim follows a log by one Tail after the other. What a Tail reads after the last checkpoint is
// forgotten when it is killed, as a process forgets it.
type victim struct {
	t    *testing.T
	dice *rand.Rand
	path string

	got      []int // the numbers up to the checkpoint; -1 for lines that were rejected
	cursor   pipeline.Cursor
	lost     uint64
	reasons  []string
	kills    int
	caughtUp bool
}

// live lets one Tail read until it is killed, or, when no more is written, until it has caught up.
func (v *victim) live(over bool) {
	tl, err := NewTail(TailConfig{Path: v.path, Tick: 5 * time.Millisecond, Grace: 100 * time.Millisecond, Backlog: 1 << uint(12+v.dice.Intn(12))})
	if err != nil {
		v.t.Fatal(err)
	}
	defer tl.Close()
	if v.cursor != "" {
		if err := tl.Seek(tl.id, v.cursor); err != nil {
			v.t.Fatal(err)
		}
	}
	life := time.Duration(2+v.dice.Intn(1+v.dice.Intn(150))) * time.Millisecond
	if over {
		life = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(v.t.Context(), life)
	defer cancel()
	v.kills++
	every := 1 + v.dice.Intn(50)
	var fresh victim
	for i := 1; ; i++ {
		b, err := tl.Read(ctx)
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				v.t.Error(err)
			}
			return
		}
		fresh.add(b)
		if b.Cursor != "" && (i%every == 0 || over) {
			v.save(&fresh, b.Cursor)
		}
		if v.caughtUp = over && b.CaughtUp != 0; v.caughtUp {
			return
		}
	}
}

func (v *victim) add(b pipeline.Batch) {
	for i := range b.Events {
		n := -1
		if b.Events[i].Kind == pipeline.KindRequest {
			n, _ = strconv.Atoi(strings.TrimPrefix(b.Events[i].Path, "/n/"))
		}
		v.got = append(v.got, n)
	}
	v.lost += b.LostLines
	if b.Reason != "" {
		v.reasons = append(v.reasons, b.Reason)
	}
	if b.Release != nil {
		b.Release()
	}
}

// save makes a checkpoint of what was read since the last one.
func (v *victim) save(fresh *victim, c pipeline.Cursor) {
	v.got = append(v.got, fresh.got...)
	v.lost += fresh.lost
	v.reasons = append(v.reasons, fresh.reasons...)
	v.cursor = c
	*fresh = victim{}
}

func (v *victim) check(last int, must map[int]bool) {
	if last < 1000 {
		v.t.Errorf("got %d lines written: the torture was none", last)
	}
	count := make([]int, last+1)
	rejected := 0
	for _, n := range v.got {
		if n < 1 || n > last {
			rejected++
			continue
		}
		count[n]++
	}
	missing, twice, gone, example := 0, 0, 0, 0
	for n := 1; n <= last; n++ {
		switch {
		case count[n] > 1:
			twice++
			example = n
		case count[n] == 0 && must[n]:
			missing++
			example = n
		case count[n] == 0:
			gone++
		}
	}
	if missing > 0 || twice > 0 {
		v.t.Errorf("got %d lines missing, %d twice, line %d for one; %d told lost, reasons %q", missing, twice, example, v.lost, v.reasons)
	}
	if gone > 0 && v.lost == 0 {
		v.t.Errorf("%d lines are neither on the disk nor were they read, and no loss was told", gone)
	}
	if torn := last - len(must); rejected > 0 && torn == 0 {
		v.t.Errorf("got %d lines rejected, and none was torn", rejected)
	}
	v.t.Logf("%d lines lost by rotation itself, %d rejected", gone, rejected)
}
