//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	peerDelivery = "198.51.100.7 - - [%s] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://peer.example/)\"\n"
	oldDelivery  = "198.51.100.9 - - [%s] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://old.example/)\"\n"
	somebody     = "203.0.%d.%d - - [%s] \"GET /api/v1/timelines/home?limit=40 HTTP/2.0\" 200 48213 \"https://social.example/home\" \"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\"\n"
)

func stampOf(at time.Time) string { return at.UTC().Format("02/Jan/2006:15:04:05 -0700") }

// yesterdays writes four days of rotated logs, as Debian's logrotate leaves them, and the log of today: a peer that
// delivers all the time, people, and two days ago a flood. It returns how many lines that are.
func (l *live) yesterdays() int {
	l.t.Helper()
	perHour := 600
	if os.Getenv(tortureFull) == "1" {
		perHour = 10_000
	}
	now, total := time.Now(), 0
	for day := 4; day >= 0; day-- {
		var b bytes.Buffer
		begin := now.Add(-time.Duration(day)*24*time.Hour - 23*time.Hour)
		for hour := range 23 {
			total += hourOf(&b, begin.Add(time.Duration(hour)*time.Hour), perHour)
			if day == 2 && hour == 5 {
				for i := range 600 {
					fmt.Fprintf(&b, oldDelivery, stampOf(begin.Add(6*time.Hour-time.Minute+time.Duration(i/20)*time.Second)))
					total++
				}
			}
		}
		l.rotated(day, b.Bytes(), begin.Add(23*time.Hour))
	}
	return total
}

// hourOf writes an hour of a log.
func hourOf(b *bytes.Buffer, begin time.Time, n int) int {
	for i := range n {
		at := stampOf(begin.Add(time.Duration(i) * 59 * time.Minute / time.Duration(n)))
		if i%(n/20) == 0 {
			fmt.Fprintf(b, peerDelivery, at)
			continue
		}
		fmt.Fprintf(b, somebody, i/250%250, i%250, at)
	}
	return n
}

// rotated writes what the log was some rotations ago: the log itself, .1, .2.gz and so on.
func (l *live) rotated(n int, text []byte, written time.Time) {
	l.t.Helper()
	path := l.log
	if n > 0 {
		path = fmt.Sprintf("%s.%d", l.log, n)
	}
	if n > 1 {
		path += ".gz"
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(text) //nolint:errcheck // to memory
		z.Close()     //nolint:errcheck // to memory
		text = b.Bytes()
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Chtimes(path, written, written); err != nil {
		l.t.Fatal(err)
	}
}

// startReady starts a run and waits until it is ready. It returns what /readyz said on the way.
func (l *live) startReady() (p *process, said []string) {
	l.t.Helper()
	listen := "127.0.0.1:" + freePort(l.t)
	p = start(l.t, filepath.Join(filepath.Dir(l.log), "fedwarden.out"), nil, l.binary, "run", "--config", l.config(listen), "--state", l.state)
	ready := func() bool {
		resp, err := http.Get("http://" + listen + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		said = append(said, fmt.Sprintf("%d %s", resp.StatusCode, strings.TrimSpace(string(text))))
		return resp.StatusCode == http.StatusOK
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ready(); <-tick.C {
		if time.Now().After(deadline) {
			l.t.Fatalf("not ready: %q", said)
		}
	}
	return p, slices.Compact(said)
}

// loud writes a flood by the peer, now, and waits for the alert of its domain.
func (l *live) loud(p *process) pipeline.Alert {
	l.t.Helper()
	var found pipeline.Alert
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	p.await("an alert of peer.example", func() bool {
		<-tick.C
		appendFile(l.t, l.log, strings.Repeat(fmt.Sprintf(peerDelivery, stampOf(time.Now())), 20))
		l.written += 20
		list := l.alerts()
		i := slices.IndexFunc(list, func(a pipeline.Alert) bool { return a.Detector == "domain_flood" && a.Entity.Value == "peer.example" })
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	})
	return found
}

// TestFirstStart learns from rotated logs who a peer is: a flood right after the first start is told under the
// peer's name. Nothing of the past is told, and until it is read nothing is ready.
func TestFirstStart(t *testing.T) {
	if testing.Short() {
		t.Skip("reads days of logs")
	}
	l := newLive(t)
	l.written = l.yesterdays()
	began := time.Now()
	p, said := l.startReady()
	took := time.Since(began)
	t.Logf("%d lines of five days in %s, %.0f lines/s; readyz said %q", l.written, took.Round(time.Millisecond), float64(l.written)/took.Seconds(), said)
	if len(said) < 2 || !strings.HasPrefix(said[0], "503 ") || !strings.Contains(strings.Join(said, ""), "reading history: ") {
		t.Errorf("readyz: got %q, want 503 and how far history was read, then 200", said)
	}
	a := l.loud(p)
	if a.Entity.Attribution == nil || *a.Entity.Attribution != pipeline.Corroborated {
		t.Errorf("attribution: got %v, want corroborated", a.Entity.Attribution)
	}
	for _, x := range l.alerts() {
		if x.StartsAt.Time < pipeline.TimeOf(began.Add(-time.Minute)) {
			t.Errorf("told of the past: %s %s of %s, %q", x.Detector, x.Status, x.StartsAt, x.Summary)
		}
	}
	p.await("all lines", l.read)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	l.exact()
}

// exact checks that every line was counted once, none late.
func (l *live) exact() {
	l.t.Helper()
	r, ok := l.report()
	if !ok || len(r.Streams) != 1 {
		l.t.Fatalf("state: got %+v", r)
	}
	if s := r.Streams[0]; s.Lines != uint64(l.written) || s.Events != s.Lines || s.Lost+s.Late != 0 {
		l.t.Errorf("state: got %+v, want %d events", s, l.written)
	}
}

// TestDamagedPart damages what is known of sites, in both checkpoints that there are. The run says so, learns anew
// from the rotated logs, knows the peer again, and tells nothing of what was told before.
func TestDamagedPart(t *testing.T) {
	if testing.Short() {
		t.Skip("reads days of logs twice")
	}
	l := newLive(t)
	l.written = l.yesterdays()
	p, _ := l.startReady()
	l.loud(p)
	p.await("all lines", l.read)
	p.stop()
	before := len(l.alerts())
	if n := l.damage("space.site"); n != 2 {
		t.Fatalf("damaged %d checkpoints, want both", n)
	}
	began := time.Now()
	p, said := l.startReady()
	t.Logf("ready again after %s; readyz said %q", time.Since(began).Round(time.Millisecond), said)
	p.await("all lines again", func() bool {
		r, ok := l.report()
		return ok && len(r.Streams) == 1 && r.Streams[0].Lines >= uint64(l.written)
	})
	r, _ := l.report()
	notes := strings.Join(r.Notes, "\n")
	t.Logf("notes: %s", notes)
	for _, want := range []string{"space.site", "can't be read", "learned anew"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes: got %q, want %q", notes, want)
		}
	}
	for _, a := range l.alerts()[before:] {
		if a.Status == pipeline.StatusFiring {
			t.Errorf("told again: %s %s of %s at %s, %q", a.Detector, a.Status, a.StartsAt, a.At, a.Summary)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	l.exact()
}

// damage flips a bit of a part in every checkpoint that the state directory holds, and returns in how many.
func (l *live) damage(part string) (n int) {
	l.t.Helper()
	db, err := bolt.Open(filepath.Join(l.state, "fedwarden.db"), 0o600, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		for _, slot := range []string{"a", "b"} {
			b := tx.Bucket([]byte("checkpoints")).Bucket([]byte(slot))
			if b == nil {
				continue
			}
			key, err := chunkOf(b.Get([]byte("head")), part)
			if err != nil {
				return err
			}
			v := bytes.Clone(b.Get([]byte(key)))
			v[len(v)/2] ^= 1
			if err := b.Put([]byte(key), v); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

// chunkOf returns the key of the first chunk of a part, by the head of its checkpoint.
func chunkOf(head []byte, part string) (string, error) {
	var h struct {
		Streams struct{ Chunks int }
		Parts   []struct {
			Name   string
			Chunks int
		}
	}
	const seal = 4
	if err := json.Unmarshal(head[min(seal, len(head)):], &h); err != nil {
		return "", err
	}
	at := h.Streams.Chunks
	for _, p := range h.Parts {
		if p.Name == part {
			return fmt.Sprintf("%08d", at), nil
		}
		at += p.Chunks
	}
	return "", fmt.Errorf("no part %s in %s", part, head)
}
