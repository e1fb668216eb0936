package source

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A fakeDaemon speaks the part of Docker's Engine API that is used: frames and stamps as moby writes them.
type fakeDaemon struct {
	t    testing.TB
	path string
	srv  *httptest.Server

	mu      sync.Mutex
	changed chan struct{}
	ending  chan struct{} // closed when it stops
	boxes   map[string]*fakeBox
	old     bool       // filters every message by since, as before Docker 23
	refuse  int        // status of every answer
	rng     *rand.Rand // cuts answers, if set
}

type fakeBox struct {
	d       *fakeDaemon
	id      string
	service string
	tty     bool
	stopped bool
	base    int // messages that were rotated away
	said    []fakeMessage
	n       int
	at      []time.Time // when line i+1 was surely there
}

type fakeMessage struct {
	stamp time.Time
	err   bool
	text  string
}

func newFakeDaemon(t testing.TB) *fakeDaemon {
	d := &fakeDaemon{t: t, path: filepath.Join(t.TempDir(), "docker.sock"), boxes: map[string]*fakeBox{}, changed: make(chan struct{})}
	d.start()
	t.Cleanup(d.stop)
	return d
}

func (d *fakeDaemon) start() {
	os.Remove(d.path)
	l, err := net.Listen("unix", d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	d.ending = make(chan struct{})
	d.mu.Unlock()
	d.srv = &httptest.Server{Listener: l, Config: &http.Server{Handler: d}}
	d.srv.Start()
}

func (d *fakeDaemon) stop() {
	if d.srv != nil {
		d.mu.Lock()
		close(d.ending) // for who connects between the next two
		d.mu.Unlock()
		d.srv.CloseClientConnections()
		d.srv.Close()
		d.srv = nil
	}
}

// do changes what the daemon knows.
func (d *fakeDaemon) do(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *fakeDaemon) box(n int, service string, tty bool) *fakeBox {
	b := &fakeBox{d: d, id: fmt.Sprintf("%064x", n), service: service, tty: tty}
	d.do(func() { d.boxes[b.id] = b })
	return b
}

// say adds a message, in pieces of 16 KiB of one stamp.
func (b *fakeBox) say(stamp time.Time, err bool, line string) {
	for line += "\n"; line != ""; {
		n := min(len(line), dockerPiece)
		if len(line) == n+1 && n == dockerPiece {
			n = len(line) // the newline is no part of a piece
		}
		b.said = append(b.said, fakeMessage{stamp, err, line[:n]})
		line = line[n:]
	}
}

// lines adds numbered lines; some share a stamp, and some are long.
func (b *fakeBox) lines(n int) {
	b.d.do(func() {
		for range n {
			b.n++
			line := nginxLine(b.n/1000, b.n)
			if b.n%37 == 0 {
				line = strings.Replace(line, "curl", strings.Repeat("x", 40_000), 1)
			}
			b.say(day.Add(time.Duration(b.n/3)*time.Microsecond), b.n%2 == 0, line)
			b.at = append(b.at, time.Now())
		}
	})
}

// rotate throws away all but the last messages.
func (b *fakeBox) rotate(keep int) {
	b.d.do(func() {
		gone := max(0, len(b.said)-keep)
		b.said = b.said[gone:]
		b.base += gone
	})
}

func (d *fakeDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	refuse := d.refuse
	part := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var b *fakeBox
	if len(part) == 3 {
		b = d.boxes[part[1]]
	}
	d.mu.Unlock()
	switch {
	case refuse != 0:
		w.WriteHeader(refuse)
		io.WriteString(w, `{"message":"no\u001b[31m, not now`+strings.Repeat("!", 9000)+`"}`)
	case r.URL.Path == "/containers/json":
		d.list(w)
	case b == nil:
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"message":"No such container: `+part[1]+`"}`+"\n")
	case part[2] == "json":
		json.NewEncoder(w).Encode(map[string]any{"Id": b.id, "Config": map[string]any{"Tty": b.tty}})
	default:
		d.logs(w, r, b)
	}
}

func (d *fakeDaemon) list(w io.Writer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := []map[string]any{}
	for _, b := range d.boxes {
		list = append(list, map[string]any{"Id": b.id, "Names": []string{"/live-" + b.service + "-1"},
			"Labels": map[string]string{"com.docker.compose.project": "live", "com.docker.compose.service": b.service}})
	}
	json.NewEncoder(w).Encode(list)
}

func readSince(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	sec, nano, _ := strings.Cut(s, ".")
	a, err1 := strconv.ParseInt(sec, 10, 64)
	b, err2 := strconv.ParseInt(nano, 10, 64)
	if err1 != nil || err2 != nil || len(nano) != 9 {
		panic("bad since " + s)
	}
	return time.Unix(a, b)
}

// logs writes a log as the daemon does: since= ends to matter at the first message that passes it.
func (d *fakeDaemon) logs(w http.ResponseWriter, r *http.Request, b *fakeBox) {
	q := r.URL.Query()
	if q.Get("stdout")+q.Get("stderr")+q.Get("timestamps") != "111" {
		http.Error(w, `{"message":"Bad parameters"}`, http.StatusBadRequest)
		return
	}
	since, follow := readSince(q.Get("since")), q.Get("follow") == "1"
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	d.mu.Lock()
	pos := b.base
	if q.Get("tail") == "1" {
		pos = b.base + max(0, len(b.said)-1)
	}
	d.mu.Unlock()
	for {
		d.mu.Lock()
		pos = max(pos, b.base)
		fresh, changed := b.said[pos-b.base:], d.changed
		over := !follow || b.stopped || d.boxes[b.id] != b
		old, ending := d.old, d.ending
		d.mu.Unlock()
		for _, m := range fresh {
			pos++
			if m.stamp.Before(since) {
				continue
			}
			if !old {
				since = time.Time{}
			}
			d.send(w, b, m, follow)
		}
		if over {
			return
		}
		select {
		case <-changed:
		case <-ending:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// send writes a message; at random in two parts, or not to its end.
func (d *fakeDaemon) send(w http.ResponseWriter, b *fakeBox, m fakeMessage, follow bool) {
	out := []byte(m.stamp.UTC().Format("2006-01-02T15:04:05.000000000Z07:00") + " " + m.text)
	if !b.tty {
		head := make([]byte, 8)
		head[0] = 1
		if m.err {
			head[0] = 2
		}
		binary.BigEndian.PutUint32(head[4:], uint32(len(out)))
		out = append(head, out...)
	}
	cut, dies := 0, false
	d.mu.Lock()
	if d.rng != nil && follow {
		cut, dies = d.rng.IntN(len(out)), d.rng.IntN(60) == 0
	}
	d.mu.Unlock()
	w.Write(out[:cut])
	if cut > 0 {
		w.(http.Flusher).Flush()
	}
	if dies {
		panic(http.ErrAbortHandler)
	}
	w.Write(out[cut:])
	w.(http.Flusher).Flush()
}

// A socketFollower reads a SocketLog and writes down what it gives.
type socketFollower struct {
	follower
	log *SocketLog
	end error
}

func (d *fakeDaemon) follow(t testing.TB, b *fakeBox, cfg SocketLogConfig, cursor pipeline.Cursor) *socketFollower {
	t.Helper()
	api, err := newDockerAPI(d.path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := newSocketLog(api, Container{ID: b.id, Name: "web"}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if cursor != "" {
		if err := log.Seek(log.Streams()[0], cursor); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &socketFollower{log: log}
	f.stop, f.done, f.changed = stop, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(f.done)
		for {
			got, err := log.Read(ctx)
			if err != nil {
				f.end = err
				return
			}
			f.add(got)
			if got.Release != nil {
				got.Release()
			}
		}
	}()
	t.Cleanup(f.close)
	return f
}

func (f *socketFollower) close() {
	f.stop()
	<-f.done
	f.log.Close()
}

// trueClaims checks that whatever came after a claim was not there before it.
func (f *socketFollower) trueClaims(t testing.TB, b *fakeBox) {
	t.Helper()
	for _, c := range f.claims {
		if c.events < len(b.at) && pipeline.TimeOf(b.at[c.events]) < c.at {
			t.Errorf("claimed %s, but line %d was there at %s", c.at, c.events+1, b.at[c.events].UTC())
		}
	}
}

// httpOver serves the daemon over TCP, as a proxy does.
func httpOver(t testing.TB, d *fakeDaemon) string {
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	return srv.URL
}
