package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A toy finds something wherever the status is 500: the path is who did it, RequestBytes its severity,
// Duration how long it is true.
type toy struct{ pipeline.Stateless }

func (toy) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Status != 500 {
		return
	}
	r.Find(pipeline.Finding{
		Key:      pipeline.Entity{Type: pipeline.EntityPath, Value: e.Path},
		Since:    e.Time,
		Until:    e.Time.Add(e.Duration),
		Severity: pipeline.Severity(e.RequestBytes),
		Measure:  pipeline.Measure{Name: "errors", Value: 1, Threshold: 1, Window: "1s"},
		Summary:  "errors at %s",
		Evidence: pipeline.Proof{Window: 1, Seen: 1},
	})
}

func newEngine() *engine.Engine {
	return engine.New(engine.Config{Instance: "social.example", Detectors: []engine.Registered{{
		Spec: pipeline.Spec{
			Name: "toy", Title: "Toy", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceInstance, Quiet: 5,
		},
		Detector: toy{},
	}}})
}

// bad is an event that the toy finds.
func bad(at pipeline.Time, seq uint64, path string, severity pipeline.Severity) pipeline.Event {
	return pipeline.Event{
		Time: at, Seq: seq, Lines: 1, Kind: pipeline.KindRequest, Status: 500, Path: path,
		RequestBytes: int64(severity), Duration: time.Second,
	}
}

// A scene is a Config with fakes in it.
type scene struct {
	Config
	store *fakeStore
	log   *bytes.Buffer
	logMu sync.Mutex
}

func (s *scene) Write(b []byte) (int, error) {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return s.log.Write(b)
}

func (s *scene) logged() string {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return s.log.String()
}

func newScene(sources []pipeline.Source, sinks ...pipeline.Sink) *scene {
	s := &scene{store: &fakeStore{start: time.Now()}, log: new(bytes.Buffer)}
	var routes []notify.Route
	for _, k := range sinks {
		routes = append(routes, notify.Route{Sink: k.Name(), Min: pipeline.SeverityMedium})
	}
	s.Config = Config{
		Engine: newEngine(), Notifier: notify.New(notify.Config{Routes: routes}), Sources: sources, Sinks: sinks,
		Store: s.store, Grace: 5 * time.Second, Log: slog.New(slog.NewTextHandler(s, nil)),
	}
	return s
}

// run builds a Runner and runs it until stop is called, which returns what Run did.
func (s *scene) run(t *testing.T) (r *Runner, stop func() error) {
	t.Helper()
	r, err := New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- r.Run(ctx) }()
	return r, func() error {
		cancel()
		return <-result
	}
}

// A fakeStore remembers what it was given.
type fakeStore struct {
	start time.Time
	takes time.Duration // how long a save takes

	mu    sync.Mutex
	fail  error
	saves []savedAt
	last  *pipeline.Checkpoint
	acked []uint64
}

type savedAt struct {
	at          time.Duration // since start
	transitions int
	err         bool
}

func (f *fakeStore) Save(cp *pipeline.Checkpoint) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.saves = append(f.saves, savedAt{time.Since(f.start), len(cp.Transitions), f.fail != nil})
	if f.takes > 0 {
		<-time.After(f.takes)
	}
	if f.fail != nil {
		return f.fail
	}
	whole := *cp
	whole.Parts = nil
	for _, p := range cp.Parts {
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			return err
		}
		whole.Parts = append(whole.Parts, pipeline.Part{Name: p.Name, Version: p.Version, Data: b.Bytes()})
	}
	f.last = &whole
	return nil
}

func (f *fakeStore) Ack(ids []uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.acked = append(f.acked, ids...)
	return nil
}

func (f *fakeStore) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

func (f *fakeStore) checkpoint() *pipeline.Checkpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *fakeStore) times() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, s := range f.saves {
		text := fmt.Sprintf("%v:%d", s.at, s.transitions)
		if s.err {
			text += "!"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

// A fakeSource is a live source of one stream: it brings each step at its time, and claims each second that
// there is nothing else. Its cursor is the number of steps before.
type fakeSource struct {
	id    pipeline.StreamID
	start time.Time
	steps []step
	ends  bool // with io.EOF after the last step

	mu        sync.Mutex
	pos       int
	opened    bool
	closed    bool
	released  int
	urgent    bool
	committed []pipeline.Cursor
	fail      error // of every Read
	lateness  time.Duration
	silent    bool // no claims
}

type step struct {
	at     time.Duration
	events []pipeline.Event
}

func (f *fakeSource) Streams() []pipeline.StreamID { return []pipeline.StreamID{f.id} }

func (f *fakeSource) Seek(_ pipeline.StreamID, c pipeline.Cursor) (err error) {
	f.pos, err = strconv.Atoi(string(c))
	return err
}

func (f *fakeSource) Read(ctx context.Context) (pipeline.Batch, error) {
	b := pipeline.Batch{Stream: f.id, Lateness: f.lateness}
	wait := time.Second
	f.mu.Lock()
	more := f.pos < len(f.steps)
	if more {
		wait = min(wait, time.Until(f.start.Add(f.steps[f.pos].at)))
	}
	b.Opened, f.opened = !f.opened, true
	fail := f.fail
	f.mu.Unlock()
	if fail != nil {
		return pipeline.Batch{}, fail
	}
	if !more && f.ends {
		return pipeline.Batch{}, io.EOF
	}
	before := pipeline.TimeOf(time.Now().Add(max(wait, 0)))
	if !pause(ctx, max(wait, 0)) {
		return pipeline.Batch{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if more && !time.Now().Before(f.start.Add(f.steps[f.pos].at)) {
		b.Events = append(b.Events, f.steps[f.pos].events...)
		f.pos++
	} else if !f.silent {
		b.CaughtUp = before
	}
	b.Cursor = pipeline.Cursor(strconv.Itoa(f.pos))
	b.Release = func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.released++
	}
	return b, nil
}

func (f *fakeSource) Commit(_ context.Context, _ pipeline.StreamID, c pipeline.Cursor) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errors.New("closed")
	}
	f.committed = append(f.committed, c)
	return nil
}

func (f *fakeSource) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *fakeSource) Urgent(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.urgent = yes
}

// live returns a source of the given steps, which begins now.
func live(steps ...step) *fakeSource {
	return &fakeSource{id: "nginx:1", start: time.Now(), steps: steps}
}

// at is a step at which one path fails, with high severity.
func at(d time.Duration, seq uint64, path string) step {
	return step{d, []pipeline.Event{bad(pipeline.TimeOf(time.Now().Add(d)), seq, path, pipeline.SeverityHigh)}}
}

// A fakeSink writes down what it was sent.
type fakeSink struct {
	name  string
	start time.Time
	send  func(ctx context.Context, a *pipeline.Alert) error // nil: take it

	mu   sync.Mutex
	seen []string // "when path seq status", of what was taken
}

func newSink(name string, send func(context.Context, *pipeline.Alert) error) *fakeSink {
	return &fakeSink{name: name, start: time.Now(), send: send}
}

func (f *fakeSink) Name() string { return f.name }

func (f *fakeSink) Send(ctx context.Context, a *pipeline.Alert) error {
	if f.send != nil {
		if err := f.send(ctx, a); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, fmt.Sprintf("%v %s %d %s", time.Since(f.start).Truncate(100*time.Millisecond), a.Entity.Value, a.Seq, a.Status))
	return nil
}

func (f *fakeSink) got() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.seen, "\n")
}

// order is got without times.
func (f *fakeSink) order() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, s := range f.seen {
		_, rest, _ := strings.Cut(s, " ")
		list = append(list, rest)
	}
	return strings.Join(list, ", ")
}
