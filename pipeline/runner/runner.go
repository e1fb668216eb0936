package runner

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/notify"
)

const (
	defaultSaveEvery = 15 * time.Second
	credits          = 2               // of each source: one batch is read while another is processed
	maxUnsaved       = 10_000          // transitions that may wait for a save
	pulse            = time.Second / 4 // how often readers are told what is urgent
	statusEvery      = time.Second
	commitTimeout    = 10 * time.Second // for all streams together
)

// A Store keeps checkpoints.
type Store interface {
	// Save makes cp durable, or returns an error and has changed nothing.
	Save(cp *pipeline.Checkpoint) error
	// Ack takes deliveries out of the saved outbox; unknown ids are none.
	Ack(ids []uint64) error
}

// Config is what a Runner is built from. What says so may be zero.
type Config struct {
	Engine   *engine.Engine
	Notifier *notify.Notifier
	Sources  []pipeline.Source // closed by Run
	// Found brings sources that come later, as when a pattern matches a new file; nil: none. A run that has it
	// goes on when all its sources have ended.
	Found    <-chan pipeline.Source
	Sinks    []pipeline.Sink
	Store    Store
	Restored *pipeline.Checkpoint // what to go on from; nil: nothing
	// Anew returns an engine that knows nothing, for when a part of Restored that Vital names can't be read: the
	// logs' past is read again then, as at the first start. Nil: such a part starts empty, as others do.
	Anew  func() *engine.Engine
	Vital func(part string) bool

	Clock     func() time.Time // nil: time.Now
	SaveEvery time.Duration    // zero: 15 s
	Grace     time.Duration    // how long stopping may wait for deliveries; zero: not at all
	Log       *slog.Logger     // nil: none
	Metrics   *Metrics         // nil: none

	// What the runner can't know, called between batches; nil: unknown.
	Keys       func() int   // how many keys are held
	StateBytes func() int64 // how large the last checkpoint is
}

// A Runner runs one engine. Run is called once; Status and Do may be called from any goroutine.
type Runner struct {
	cfg      Config
	engine   *engine.Engine
	notifier *notify.Notifier
	store    Store
	log      *slog.Logger
	now      func() time.Time

	feeds    []*feed
	byStream map[pipeline.StreamID]*feed
	arrivals chan arrival
	calls    chan func()
	done     chan struct{} // closed when Run returns
	readers  sync.WaitGroup
	sinks    sync.WaitGroup

	outbox      *outbox
	transitions []pipeline.Alert // not saved yet
	cadence     cadence
	saving      SaveStatus
	nextAck     time.Time // not before
	ackErr      string    // why the last one failed
	committed   map[pipeline.StreamID]pipeline.Cursor
	yielded     bool // everything is saved, and another run goes on from there
	notices     []string
	started     time.Time
	nextPulse   time.Time
	nextStatus  time.Time
	status      atomic.Pointer[Status]
}

// New restores what c.Restored holds and seeks the sources. A part that can't be restored starts empty,
// which Status says; a stream that can't be sought is an error.
func New(c Config) (*Runner, error) {
	if len(c.Sources) == 0 && c.Found == nil {
		return nil, errors.New("no inputs")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.SaveEvery <= 0 {
		c.SaveEvery = defaultSaveEvery
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(Build{})
	}
	r := &Runner{
		cfg: c, engine: c.Engine, notifier: c.Notifier, store: c.Store, log: c.Log, now: c.Clock,
		byStream:  map[pipeline.StreamID]*feed{},
		arrivals:  make(chan arrival),
		calls:     make(chan func()),
		done:      make(chan struct{}),
		committed: map[pipeline.StreamID]pipeline.Cursor{},
		outbox:    newOutbox(c.Sinks, c.Metrics, c.Log),
	}
	r.cadence.every = c.SaveEvery
	for _, s := range c.Sources {
		r.addFeed(s)
	}
	if err := r.restore(c.Restored); err != nil {
		return nil, err
	}
	if c.Restored != nil {
		r.cfg.Restored = &pipeline.Checkpoint{Secret: c.Restored.Secret} // the rest is large, and taken
	}
	r.started = r.now()
	r.cadence.last = r.started
	r.publish(r.started)
	return r, nil
}

// Run reads until ctx ends or all sources have, then stops as the package says. The error says what is not
// durable: nil if everything is.
func (r *Runner) Run(ctx context.Context) error {
	defer close(r.done)
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	// Deliveries go on while stopping, so they don't hang on ctx.
	delivering, stopDelivering := context.WithCancel(context.WithoutCancel(ctx))
	defer stopDelivering()
	for _, q := range r.outbox.queues {
		r.sinks.Go(func() { r.outbox.deliver(delivering, q, r.now) })
	}
	for _, f := range r.feeds {
		r.start(reading, f)
	}
	r.loop(ctx, reading)
	stopReading()
	return r.stop(stopDelivering)
}

// loop does one thing at a time until ctx or all sources have ended; reading is for those that it starts.
func (r *Runner) loop(ctx, reading context.Context) {
	timer := time.NewTimer(pulse)
	defer timer.Stop()
	for ctx.Err() == nil && r.live() && !r.yielded {
		select {
		case <-ctx.Done():
			return
		case a := <-r.arrivals:
			r.take(a)
		case call := <-r.calls:
			call()
		case s := <-r.cfg.Found:
			r.find(reading, s)
		case <-r.outbox.removed:
		case <-timer.C:
		}
		timer.Reset(r.settle())
	}
}

// settle does what is due between two batches, and returns when there is something to do again.
func (r *Runner) settle() time.Duration {
	now := r.now()
	if r.cadence.due(now) {
		r.save()
		now = r.now()
	}
	if !now.Before(r.nextAck) && r.outbox.hasRemoved() {
		r.ack()
	}
	if !now.Before(r.nextPulse) {
		r.nextPulse = now.Add(pulse)
		r.hurry()
	}
	if !now.Before(r.nextStatus) {
		r.nextStatus = now.Add(statusEvery)
		r.publish(now)
	}
	for _, f := range r.feeds {
		r.grant(f)
	}
	return max(0, min(r.nextPulse.Sub(now), r.cadence.wait(now)))
}

// take handles what a reader brings.
func (r *Runner) take(a arrival) {
	switch {
	case a.err == nil:
		a.feed.recovered(r)
		r.process(a.feed, &a.batch)
		a.feed.owed++
	case errors.Is(a.err, io.EOF):
		r.end(a.feed)
	default:
		r.fail(a.feed, a.err)
		a.feed.owed++
	}
}

// process shows the engine a batch, and sends on what comes of it.
func (r *Runner) process(f *feed, b *pipeline.Batch) {
	r.know(f, b.Stream)
	alerts := r.engine.Process(b)
	if b.Release != nil {
		b.Release()
	}
	if b.Ended {
		r.unknow(f, b.Stream)
	}
	r.cadence.touch()
	r.handle(alerts)
}

func (r *Runner) handle(alerts []pipeline.Alert) {
	r.markBackfill(alerts)
	r.transitions = append(r.transitions, alerts...)
	for i := range alerts {
		r.cfg.Metrics.transition(&alerts[i])
	}
	out := r.notifier.Handle(alerts, r.engine.Now())
	if len(alerts)+len(out) == 0 {
		return
	}
	r.cadence.ask()
	now := pipeline.TimeOf(r.now())
	for i := range out {
		r.outbox.add(out[i].Sink, &out[i].Alert, now)
	}
}

// Do calls f on the loop, between two batches: the engine may be read, and must not be changed. The error is
// ctx's, or says that the run is over.
func (r *Runner) Do(ctx context.Context, f func(*engine.Engine)) error {
	called := make(chan struct{})
	call := func() {
		defer close(called)
		f(r.engine)
	}
	select {
	case r.calls <- call:
		<-called
		return nil
	case <-r.done:
		return errOver
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errOver = errors.New("the run is over")
