package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/fedwarden/fedwarden/pipeline/notify"
	"github.com/fedwarden/fedwarden/pipeline/runner"
)

// line is an access log's line that carries a number.
func line(at time.Time, n int) string {
	return fmt.Sprintf(`203.0.113.7 - - [%s] "GET /n/%d HTTP/2.0" 200 12 "-" "Mastodon/4.3.1; +https://peer.example/"`,
		at.UTC().Format("02/Jan/2006:15:04:05 -0700"), n)
}

// lines are the records of lines with the numbers from to to, without to, written now by the scene's clock.
func (s *scene) lines(from, to int) []kafkago.Message {
	var list []kafkago.Message
	for n := from; n < to; n++ {
		list = append(list, kafkago.Message{Value: []byte(line(s.cfg.Now(), n))})
	}
	return list
}

// A tally is a detector that counts how often it has seen each number: its snapshot is the proof.
type tally struct {
	pipeline.Stateless
	seen []uint32
}

func (c *tally) Observe(e *pipeline.Event, _ pipeline.Report) {
	n, err := strconv.Atoi(strings.TrimPrefix(e.Path, "/n/"))
	if e.Kind != pipeline.KindRequest || err != nil {
		return
	}
	for n >= len(c.seen) {
		c.seen = append(c.seen, 0)
	}
	c.seen[n]++
}

func (c *tally) Snapshot(w io.Writer) error { return binary.Write(w, binary.LittleEndian, c.seen) }

func (c *tally) Restore(r io.Reader) error {
	b, err := io.ReadAll(r)
	c.seen = make([]uint32, len(b)/4)
	return errors.Join(err, binary.Read(bytes.NewReader(b), binary.LittleEndian, c.seen))
}

// A scene is a state directory and what reads topics into it: runs follow each other, and may be killed.
type scene struct {
	t      testing.TB
	cfg    Config
	dir    string
	ahead  atomic.Int64 // how far the clock is set forward
	full   bool         // with all detectors
	logged syncBuffer
}

func newScene(t testing.TB, b *broker, topics ...string) *scene {
	s := &scene{t: t, dir: t.TempDir()}
	s.cfg = Config{Brokers: []string{b.addr}, Topics: topics, Group: topicName("group"), Start: "earliest", Identity: "scene",
		Session: time.Second, Look: 200 * time.Millisecond, Lateness: time.Minute}
	s.cfg.Now = func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	s.cfg.Log = slog.New(slog.NewTextHandler(&s.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return s
}

// release sets the clock forward, so that what is held until nothing older can come is applied.
func (s *scene) release() { s.ahead.Add(int64(2 * s.cfg.Lateness)) }

// A killable store saves until the process is killed.
type killable struct {
	*checkpoint.Store
	dead atomic.Bool
}

var errKilled = errors.New("killed")

func (k *killable) Save(cp *pipeline.Checkpoint) error {
	if k.dead.Load() {
		return errKilled
	}
	return k.Store.Save(cp)
}

// A run is one process's life.
type run struct {
	scene  *scene
	group  *Group
	runner *runner.Runner
	store  *killable
	tally  *tally
	cancel context.CancelFunc
	done   chan error
}

// start begins a run on what was saved.
func (s *scene) start() *run {
	s.t.Helper()
	store, err := checkpoint.Open(s.dir, checkpoint.Options{Timeout: 5 * time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	cp, _, err := store.Load()
	if err != nil {
		s.t.Fatal(err)
	}
	r := &run{scene: s, store: &killable{Store: store}, tally: &tally{}, done: make(chan error, 1)}
	if r.group, err = Open(s.t.Context(), s.cfg); err != nil {
		s.t.Fatal(err)
	}
	list := []engine.Registered{{Spec: pipeline.Spec{Name: "tally", Space: pipeline.SpaceInstance}, Detector: r.tally}}
	config := engine.Config{}
	if s.full {
		config.Identifier = identity.New(identity.Options{Secret: store.Secret()})
		for _, d := range detectors.Build(detectors.Options{Secret: store.Secret()}) {
			list = append(list, engine.Registered{Spec: d.Spec, Detector: d.Detector})
		}
	}
	config.Detectors = list
	e := engine.New(config)
	r.runner, err = runner.New(runner.Config{Engine: e, Notifier: notify.New(notify.Config{}), Sources: r.group.Sources(), Found: r.group.Found(),
		Store: r.store, Restored: cp, SaveEvery: 200 * time.Millisecond, Log: s.cfg.Log})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	r.cancel = cancel
	go func() { r.done <- r.runner.Run(ctx) }()
	return r
}

// stop ends the run as SIGTERM does.
func (r *run) stop() {
	r.scene.t.Helper()
	if err := r.end(); err != nil {
		r.scene.t.Fatal(err)
	}
}

// kill ends it as SIGKILL does: nothing more is saved, and nothing committed.
func (r *run) kill() {
	r.store.dead.Store(true)
	r.group.member.forget()
	r.end()
}

func (r *run) end() error {
	r.cancel()
	err := <-r.done
	return errors.Join(err, r.group.Close(), r.store.Close())
}

// forget drops what has not been committed.
func (m *member) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gen = nil
}

// marks returns what the engine knows of its streams.
func (r *run) marks() map[pipeline.StreamID]pipeline.StreamMark {
	list := map[pipeline.StreamID]pipeline.StreamMark{}
	err := r.runner.Do(r.scene.t.Context(), func(e *engine.Engine) {
		for _, m := range e.Marks() {
			list[m.Stream] = m
		}
	})
	if err != nil {
		r.scene.t.Fatal(err)
	}
	return list
}

// until waits until the numbers up to n, without it, were seen as often as want says.
func (r *run) until(n int, want func(int) uint32) {
	r.scene.t.Helper()
	r.scene.release()
	eventually(r.scene.t, fmt.Sprintf("%d numbers are seen", n), func() (wrong error) {
		err := r.runner.Do(r.scene.t.Context(), func(*engine.Engine) { wrong = r.tally.check(n, want) })
		return errors.Join(err, wrong)
	})
}

// untilLines waits until that many lines have been read and applied, be it as late ones: a stream that is found
// joins at the engine's time.
func (r *run) untilLines(n uint64) {
	r.scene.t.Helper()
	r.scene.release()
	eventually(r.scene.t, fmt.Sprintf("%d lines are counted", n), func() error {
		if sum := total(r.marks()); sum.Lines != n {
			return fmt.Errorf("%+v", sum)
		}
		return nil
	})
}

// check returns what differs, nil if nothing does.
func (c *tally) check(n int, want func(int) uint32) error {
	for i := range n {
		got := uint32(0)
		if i < len(c.seen) {
			got = c.seen[i]
		}
		if got != want(i) {
			return fmt.Errorf("number %d was seen %d times, not %d", i, got, want(i))
		}
	}
	if len(c.seen) > n {
		return fmt.Errorf("number %d was seen", len(c.seen)-1)
	}
	return nil
}

func once(int) uint32 { return 1 }

// total adds up what all marks say.
func total(marks map[pipeline.StreamID]pipeline.StreamMark) (sum pipeline.StreamMark) {
	for _, m := range marks {
		sum.Lines += m.Lines
		sum.Events += m.Events
		sum.Skipped += m.Skipped
		sum.Rejected += m.Rejected
		sum.Late += m.Late
		sum.Lost += m.Lost
	}
	return sum
}

// A syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
