//go:build linux

package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A dockerd writes containers' folders and json-file logs as Docker's daemon does: the encoding is that of
// moby's daemon/logger/jsonfilelog/jsonlog, rotation that of daemon/logger/loggerutils/logfile.go.
type dockerd struct {
	t   testing.TB
	dir string
}

// A box is one container and its log.
type box struct {
	d        *dockerd
	id, path string
	file     *os.File
	size     int64
	n        int

	maxSize  int64 // zero: never rotated
	maxFiles int
	compress bool
}

// run makes a container.
func (d *dockerd) run(id, name, project, service string) *box {
	d.t.Helper()
	home := filepath.Join(d.dir, id)
	if err := os.MkdirAll(home, 0o710); err != nil {
		d.t.Fatal(err)
	}
	write(d.t, filepath.Join(home, "config.v2.json"), fmt.Sprintf(
		`{"StreamConfig":{},"State":{"Running":true,"Pid":4242},"ID":%q,"Created":"2026-11-01T00:00:00Z","Managed":false,"Path":"bundle","Args":["exec","puma"],`+
			`"Config":{"Hostname":"x","Image":"ghcr.io/mastodon/mastodon:v4.5.3","Labels":{"com.docker.compose.project":%q,"com.docker.compose.service":%q,"com.docker.compose.container-number":"1"}},`+
			`"LogPath":"/var/lib/docker/containers/%s/%s-json.log","Name":"/%s","Driver":"overlay2"}`, id, project, service, id, id, name))
	b := &box{d: d, id: id, path: filepath.Join(home, id+"-json.log"), maxFiles: 1}
	b.open()
	d.t.Cleanup(func() { b.file.Close() })
	return b
}

func (b *box) open() {
	f, err := os.OpenFile(b.path, os.O_WRONLY|os.O_TRUNC|os.O_CREATE, 0o640)
	if err != nil {
		b.d.t.Fatal(err)
	}
	b.file, b.size = f, 0
}

// say writes one message; what is longer than 16 KiB is split, and only the last part ends its line.
func (b *box) say(stream, line string) {
	b.d.t.Helper()
	const most = 16 << 10
	for line += "\n"; line != ""; {
		part := line[:min(most, len(line))]
		line = line[len(part):]
		if b.maxSize > 0 && b.size >= b.maxSize {
			b.rotate()
		}
		var buf bytes.Buffer
		buf.WriteString(`{"log":`)
		dockerString(&buf, part)
		fmt.Fprintf(&buf, `,"stream":%q,"time":%q}`+"\n", stream, day.Add(time.Duration(b.n)*time.Millisecond).Format(time.RFC3339Nano))
		n, err := b.file.Write(buf.Bytes())
		if err != nil {
			b.d.t.Fatal(err)
		}
		b.size += int64(n)
	}
}

// lines writes numbered lines, to both streams.
func (b *box) lines(n int) {
	b.d.t.Helper()
	for range n {
		b.n++
		b.say([]string{"stdout", "stderr"}[b.n%2], nginxLine(b.n/1000, b.n))
	}
}

// rotate closes, renames every file by one, and begins a new one.
func (b *box) rotate() {
	b.file.Close()
	ext := ""
	if b.compress {
		ext = ".gz"
	}
	if b.maxFiles < 2 {
		os.Remove(b.path)
	} else {
		os.Remove(fmt.Sprintf("%s.%d%s", b.path, b.maxFiles-1, ext))
		for i := b.maxFiles - 1; i > 1; i-- {
			os.Rename(fmt.Sprintf("%s.%d%s", b.path, i-1, ext), fmt.Sprintf("%s.%d%s", b.path, i, ext))
		}
		if err := os.Rename(b.path, b.path+".1"); err != nil {
			b.d.t.Fatal(err)
		}
	}
	b.open()
	if b.compress && b.maxFiles > 1 {
		b.pack(b.path + ".1")
	}
}

func (b *box) pack(name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		b.d.t.Fatal(err)
	}
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	z.Header.Extra = []byte(`{"lastTime":"2026-11-18T14:00:00Z"}`)
	z.Write(text)
	if err := errors.Join(z.Close(), os.WriteFile(name+".gz", buf.Bytes(), 0o640), os.Remove(name)); err != nil {
		b.d.t.Fatal(err)
	}
}

// remove removes the container.
func (b *box) remove() {
	b.file.Close()
	if err := os.RemoveAll(filepath.Dir(b.path)); err != nil {
		b.d.t.Fatal(err)
	}
}

// dockerString writes a string as moby's ffjsonWriteJSONBytesAsString does.
func dockerString(buf *bytes.Buffer, s string) {
	buf.WriteByte('"')
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			buf.WriteString(`\ufffd`)
		case r == '\\' || r == '"':
			buf.WriteByte('\\')
			buf.WriteByte(byte(r))
		case r == '\n':
			buf.WriteString(`\n`)
		case r == '\r':
			buf.WriteString(`\r`)
		case r < ' ' || r == '<' || r == '>' || r == '&':
			fmt.Fprintf(buf, `\u00%02x`, r)
		case r == '\u2028' || r == '\u2029':
			fmt.Fprintf(buf, `\u%04x`, r)
		default:
			buf.WriteString(s[:size])
		}
		s = s[size:]
	}
	buf.WriteByte('"')
}

func newContainers(t testing.TB, cfg DockerConfig) *Containers {
	t.Helper()
	c, err := NewContainers(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestContainers finds what is asked for, once, and tells why it can't.
func TestContainers(t *testing.T) {
	d := &dockerd{t: t, dir: t.TempDir()}
	d.run("aaaa0000bbbb1111cccc", "live-web-1", "live", "web")
	d.run("bb", "live-sidekiq-push-1", "live", "sidekiq-push")
	d.run("cc", "live-db-1", "live", "db")
	d.run("dd", "forum-web-1", "forum", "web")
	d.run("ee", "proxy", "", "")
	find := func(c *Containers, most int) string {
		var names []string
		for _, p := range c.Next(most) {
			names = append(names, c.TailConfig(p, TailConfig{}).Name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	c := newContainers(t, DockerConfig{Dir: d.dir})
	if got, want := find(c, 100), "docker:forum-web-1@dd docker:live-sidekiq-push-1@bb docker:live-web-1@aaaa0000bbbb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := find(c, 100); got != "" {
		t.Errorf("found again: %s", got)
	}
	if got, want := find(newContainers(t, DockerConfig{Dir: d.dir, Projects: []string{"live"}, Services: []string{"web"}, Names: []string{"prox*"}}), 100),
		"docker:live-web-1@aaaa0000bbbb docker:proxy@ee"; got != want {
		t.Errorf("by project and name: got %s, want %s", got, want)
	}
	if got := find(newContainers(t, DockerConfig{Dir: d.dir}), 1); strings.Contains(got, " ") {
		t.Errorf("one at most: got %s", got)
	}
	write(t, filepath.Join(d.dir, "bb", "config.v2.json"), "{bad")
	c = newContainers(t, DockerConfig{Dir: d.dir})
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "bb/config.v2.json") {
		t.Errorf("bad configuration: got %v", err)
	}
	if got := find(c, 100); !strings.Contains(got, "live-web-1") {
		t.Errorf("one bad configuration hides the others: %s", got)
	}
	err := newContainers(t, DockerConfig{Dir: filepath.Join(d.dir, "nowhere")}).Check()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: got %v", err)
	}
	if err := mendDocker(fs.ErrPermission); !strings.Contains(err.Error(), "DAC_READ_SEARCH") {
		t.Errorf("no permission: got %v, want what mends it", err)
	}
	if _, err := NewContainers(DockerConfig{Services: []string{"web["}}); err == nil {
		t.Error("a bad pattern is taken")
	}
}

// A harbour watches a folder of containers and reads all of them into one book.
type harbour struct {
	t     testing.TB
	c     *Containers
	ticks chan time.Time
	stop  func()

	mu    sync.Mutex
	lists map[pipeline.StreamID]*listener
}

func openHarbour(t testing.TB, dir string, base TailConfig) *harbour {
	h := &harbour{t: t, c: newContainers(t, DockerConfig{Dir: dir}), ticks: make(chan time.Time), lists: map[pipeline.StreamID]*listener{}}
	base.Tick, base.Grace = 10*time.Millisecond, 100*time.Millisecond
	base.EndAfter = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	found := make(chan pipeline.Source)
	var wg sync.WaitGroup
	wg.Go(func() {
		Watch(ctx, WatchConfig{Find: h.c, Ticks: h.ticks, Tail: func(p string) TailConfig { return h.c.TailConfig(p, base) }}, found)
		close(found)
	})
	wg.Go(func() {
		for s := range found {
			l := listen(t, s, newBook(), nil)
			h.mu.Lock()
			h.lists[s.Streams()[0]] = l
			h.mu.Unlock()
		}
	})
	h.stop = func() { cancel(); wg.Wait() }
	t.Cleanup(h.stop)
	return h
}

// look lets the watch look until a stream is there, and returns who reads it.
func (h *harbour) look(id pipeline.StreamID) (l *listener) {
	h.t.Helper()
	eventually(h.t, string(id), func() bool {
		select {
		case h.ticks <- time.Time{}:
		default:
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		l = h.lists[id]
		return l != nil
	})
	return l
}

// TestDocker follows containers whose logs are rotated by size, that split long messages, and that are
// recreated under another id.
func TestDocker(t *testing.T) {
	for _, c := range []struct {
		name     string
		maxFiles int
		compress bool
	}{{"three files", 3, false}, {"compressed", 3, true}} {
		t.Run(c.name, func(t *testing.T) {
			d := &dockerd{t: t, dir: t.TempDir()}
			web := d.run("0123456789abcdef", "live-web-1", "live", "web")
			web.maxSize, web.maxFiles, web.compress = 100_000, c.maxFiles, c.compress
			web.lines(100)
			h := openHarbour(t, d.dir, TailConfig{})
			l := h.look("docker:live-web-1@0123456789ab")
			for i := range 20 {
				web.lines(100)
				l.until("lines", func(k *book) bool { return len(k.numbers["docker:live-web-1@0123456789ab"]) >= 100*i })
			}
			web.say("stdout", "long "+strings.Repeat("x", 40_000))
			web.lines(1)
			l.until("all lines", func(k *book) bool { return len(k.numbers["docker:live-web-1@0123456789ab"]) == 2101 })

			again := d.run("fedcba9876543210", "live-web-1", "live", "web")
			again.lines(10)
			next := h.look("docker:live-web-1@fedcba987654")
			next.until("the new one's lines", func(k *book) bool { return len(k.numbers["docker:live-web-1@fedcba987654"]) == 10 })
			web.lines(5)
			web.remove()
			l.until("the old one's end", func(k *book) bool { return k.ended["docker:live-web-1@0123456789ab"] })
			h.stop()
			l.close()
			l.book.exactly(t, "docker:live-web-1@0123456789ab", 1, 2106)
			if bad := l.book.errors["docker:live-web-1@0123456789ab"]; len(bad) != 1 {
				t.Errorf("the long message is %d lines, want one", len(bad))
			}
			if lost := l.book.lost["docker:live-web-1@0123456789ab"]; lost != 0 {
				t.Errorf("lost %d: %q", lost, l.book.reasons)
			}
		})
	}
}
