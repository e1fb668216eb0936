package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

var noon = time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)

// open opens dir to write, at noon, and closes it when the test ends.
func open(t *testing.T, dir string) *Store {
	t.Helper()
	return openAt(t, dir, noon)
}

func openAt(t *testing.T, dir string, now time.Time) *Store {
	t.Helper()
	s, err := Open(dir, Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// part is a part whose snapshot is data.
func part(name string, data []byte) pipeline.Part {
	return pipeline.Part{Name: name, Version: 3, Write: func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}
}

// alert is transition seq of the n-th episode.
func alert(n int, seq uint64) pipeline.Alert {
	at := pipeline.TimeOf(noon).Add(time.Duration(n) * time.Minute)
	a := pipeline.Alert{
		Schema: pipeline.Schema, ID: fmt.Sprintf("FW-%010d", n), Fingerprint: "9f2c51d0a1b2c3d4", Seq: seq,
		Status: pipeline.StatusUpdated, Severity: pipeline.SeverityHigh, Threat: pipeline.ThreatDoS,
		Detector: "domain_flood", Entity: pipeline.AlertEntity{Type: pipeline.EntityIP, Value: "203.0.113.7"},
		Related:  pipeline.AlertRelated{Domains: []string{}, Actors: []string{}, IPs: []string{}},
		StartsAt: pipeline.Stamp{Time: at},
		At:       pipeline.Stamp{Time: at.Add(time.Duration(seq) * time.Second), Digits: 3},
		Context:  []pipeline.Context{}, Suggestions: []pipeline.Suggestion{},
		Evidence: pipeline.AlertEvidence{Total: 7, Samples: []pipeline.AlertSample{{Source: "nginx", Line: "GET /"}}},
	}
	if seq == 1 {
		a.Status = pipeline.StatusFiring
	}
	return a
}

func resolved(a pipeline.Alert) pipeline.Alert {
	a.Seq++
	a.At.Time += pipeline.Second
	a.Status, a.EndsAt = pipeline.StatusResolved, a.At
	return a
}

func delivery(id uint64) pipeline.Delivery {
	return pipeline.Delivery{ID: id, Sink: "slack", Alert: alert(int(id), 1)}
}

// random is n bytes that can't be compressed.
func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// sample is the n-th checkpoint of a run, different in everything from the one before.
func sample(n int) *pipeline.Checkpoint {
	return &pipeline.Checkpoint{
		Streams: []pipeline.StreamMark{
			{Stream: "nginx:1", Cursor: pipeline.Cursor(fmt.Sprint("place ", n)), Seq: uint64(n), Lines: uint64(n)},
			{Stream: "rails:1", Cursor: "\x00\xff"},
		},
		Parts: []pipeline.Part{
			part("engine", bytes.Repeat([]byte(fmt.Sprintln("state", n)), 1000)),
			part("space.site", random(uint64(n), 700_000)),
			part("empty", nil),
		},
		Outbox:      []pipeline.Delivery{delivery(uint64(n)), delivery(uint64(n) + 1)},
		Transitions: []pipeline.Alert{alert(n, 1)},
	}
}

// asLoaded is cp as Load returns it.
func asLoaded(s *Store, cp *pipeline.Checkpoint) *pipeline.Checkpoint {
	want := &pipeline.Checkpoint{Streams: cp.Streams, Outbox: cp.Outbox, Secret: cp.Secret}
	if want.Secret == (pipeline.Secret{}) {
		want.Secret = s.Secret()
	}
	for _, p := range cp.Parts {
		var b bytes.Buffer
		p.Write(&b)
		want.Parts = append(want.Parts, pipeline.Part{Name: p.Name, Version: p.Version, Data: b.Bytes()})
	}
	return want
}

var equalParts = cmp.Options{
	cmp.Comparer(func(a, b pipeline.Part) bool {
		return a.Name == b.Name && a.Version == b.Version && bytes.Equal(a.Data, b.Data)
	}),
}

func save(t *testing.T, s *Store, cp *pipeline.Checkpoint) {
	t.Helper()
	if err := s.Save(cp); err != nil {
		t.Fatal(err)
	}
}

// load returns what Load does, and fails if there is a notice.
func load(t *testing.T, s *Store) *pipeline.Checkpoint {
	t.Helper()
	cp, notices, err := s.Load()
	if err != nil || len(notices) > 0 {
		t.Fatalf("got %v, %v, want no notice and no error", notices, err)
	}
	return cp
}

func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	secret := s.Secret()
	if secret == (pipeline.Secret{}) {
		t.Fatal("got no secret in a new directory")
	}
	if diff := cmp.Diff(&pipeline.Checkpoint{Secret: secret}, load(t, s)); diff != "" {
		t.Fatalf("new directory (-want +got):\n%s", diff)
	}
	for n := 1; n <= 5; n++ {
		save(t, s, sample(n))
		s.Close()
		s = open(t, dir)
		if diff := cmp.Diff(asLoaded(s, sample(n)), load(t, s), equalParts); diff != "" {
			t.Fatalf("checkpoint %d (-want +got):\n%s", n, diff)
		}
		if s.Secret() != secret {
			t.Fatalf("got another secret after checkpoint %d", n)
		}
	}
	if info := s.Info(); info.Generation != 5 || info.Outbox != 2 || info.Episodes != 5 || len(info.Parts) != 3 ||
		info.Parts[1].Bytes != 700_000 || info.FileBytes == 0 || !info.Saved.Equal(noon) {
		t.Errorf("got %+v", info)
	}
}

func TestSecretMovesWithTheCheckpoint(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	cp := sample(1)
	cp.Secret = pipeline.Secret{1, 2, 3}
	save(t, s, cp)
	s.Close()
	if got := open(t, dir).Secret(); got != cp.Secret {
		t.Errorf("got %v, want %v", got, cp.Secret)
	}
}

func TestAck(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, sample(1))
	if err := s.Ack([]uint64{1, 99}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	if got := load(t, s).Outbox; len(got) != 1 || got[0].ID != 2 {
		t.Errorf("got %+v, want delivery 2", got)
	}
}

func TestOutboxKeepsAttempts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	cp := sample(1)
	save(t, s, cp)
	cp.Outbox[1].Attempts, cp.Outbox[1].Due = 3, pipeline.TimeOf(noon)
	save(t, s, cp)
	s.Close()
	s = open(t, dir) // and without Load: what is stored is not known then
	cp.Outbox[0].Attempts = 1
	save(t, s, cp)
	s.Close()
	if diff := cmp.Diff(cp.Outbox, load(t, open(t, dir)).Outbox); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
}

func TestPartThatCannotBeWritten(t *testing.T) {
	s := open(t, t.TempDir())
	save(t, s, sample(1))
	cp := sample(2)
	cp.Parts[1].Write = func(io.Writer) error { return errors.New("no") }
	err := s.Save(cp)
	if err == nil || !strings.Contains(err.Error(), "space.site: no") {
		t.Errorf("got %v, want an error that names the part", err)
	}
	if got := load(t, s); got.Streams[0].Seq != 1 {
		t.Errorf("got checkpoint %d, want 1", got.Streams[0].Seq)
	}
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(dir, Options{Timeout: 30 * time.Millisecond})
	var held *HeldError
	if !errors.As(err, &held) || held.Holder.PID != os.Getpid() || !held.Holder.Since.Equal(noon) {
		t.Fatalf("got %v, want who holds it", err)
	}
	host, _ := os.Hostname()
	want := fmt.Sprintf("state directory %s is held by process %d on %s since 2026-11-18T14:00:00Z", dir, os.Getpid(), host)
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if _, err := Open(dir, Options{ReadOnly: true}); !errors.As(err, &held) {
		t.Errorf("got %v to read, want who holds it", err)
	}
	s.Close()
	open(t, dir)
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, Options{ReadOnly: true}); !errors.Is(err, ErrNone) {
		t.Fatalf("got %v in an empty directory, want ErrNone", err)
	}
	s := open(t, dir)
	save(t, s, sample(1))
	s.Close()
	before, _ := os.ReadFile(filepath.Join(dir, fileName))
	for range 2 {
		r, err := Open(dir, Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if cp := load(t, r); cp.Streams[0].Seq != 1 {
			t.Errorf("got checkpoint %d, want 1", cp.Streams[0].Seq)
		}
		if got, err := r.History(Query{}); len(got) != 1 || err != nil {
			t.Errorf("got %d episodes, %v, want 1", len(got), err)
		}
	}
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("got in to write while others read, want an error")
	}
	after, _ := os.ReadFile(filepath.Join(dir, fileName))
	if !bytes.Equal(before, after) {
		t.Error("reading changed the file")
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	open(t, dir)
	f := func(path string, want os.FileMode) {
		t.Helper()
		fi, err := os.Stat(path)
		if err != nil || fi.Mode().Perm() != want {
			t.Errorf("got %v, %v, want %v", fi.Mode().Perm(), err, want)
		}
	}
	f(dir, 0o700)
	f(filepath.Join(dir, fileName), 0o600)
	f(filepath.Join(dir, lockName), 0o600)
}

func TestBadDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	if _, err := Open(file, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error that names %s", err, file)
	}
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, fileName), 0o700)
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v, want an error that says what is wrong", err)
	}
}

func TestClosed(t *testing.T) {
	s := open(t, t.TempDir())
	s.Close()
	if err := s.Save(sample(1)); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want %v", err, errClosed)
	}
	if err := s.Close(); err != nil {
		t.Errorf("got %v from the second Close", err)
	}
}

// Whoever asks while it saves gets whole answers.
func TestAskedWhileSaving(t *testing.T) {
	s := open(t, t.TempDir())
	save(t, s, small(1))
	over, done := make(chan struct{}), make(chan error)
	for range 3 {
		go func() { done <- ask(s, over) }()
	}
	for n := 2; n < 20; n++ {
		save(t, s, small(n))
		if err := s.Ack([]uint64{uint64(n)}); err != nil {
			t.Fatal(err)
		}
	}
	close(over)
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// ask asks until it is over.
func ask(s *Store, over <-chan struct{}) error {
	for {
		list, err := s.History(Query{})
		if err != nil {
			return err
		}
		if info := s.Info(); info.Episodes < len(list) || s.Secret() == (pipeline.Secret{}) {
			return fmt.Errorf("got %d episodes, then %d", len(list), info.Episodes)
		}
		if _, err := s.Episode(alert(1, 1).ID); err != nil {
			return err
		}
		select {
		case <-over:
			return nil
		default:
		}
	}
}
