package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Config is what an Engine is built from. The zero value of a field is its default.
type Config struct {
	Instance   string              // the Mastodon server's own name; empty is unknown
	Identifier pipeline.Identifier // nil: nothing is enriched, no name is ever proven
	Detectors  []Registered        // in the order in which they are called
	Secret     pipeline.Secret     // keys the fingerprints of local accounts
	Memory     int64               // held events are bounded to an eighth of it; zero is 256 MB
	MaxLeap    time.Duration       // a stamp further ahead needs a second one; zero is an hour
	EveryTick  bool                // for tests: skip no second
}

// A Registered is a detector with its documentation. Key spaces and the witness are registered too,
// before the detectors that use them; their Spec has a name and a space only. A Spec's Space may be a
// set: an event is shown to a detector if they have a key space in common.
type Registered struct {
	Spec     pipeline.Spec
	Detector pipeline.Detector
}

const (
	defaultMemory = 256 << 20
	defaultLeap   = time.Hour
)

// An Engine turns batches into alerts. It is not for concurrent use.
type Engine struct {
	everyTick bool
	maxLeap   pipeline.Time
	limit     int64 // of held bytes

	id         pipeline.Identifier
	comps      []component
	instance   []*component // those that see signals and facts
	benign     []pipeline.Recogniser
	wants      [pipeline.NumKinds][pipeline.NumEndpoints][]*component // in their order
	eachSecond bool                                                   // some component is due every second
	tracker    *tracker

	now  pipeline.Time // of the last applied item or tick; zero before the first
	next pipeline.Time // the first whole second that has not been ticked

	restored bool      // and no stream expected yet
	streams  []*stream // sorted by id; a stream's rank is its index
	byID     map[pipeline.StreamID]*stream
	bound    bound // of the stream whose batch is being read
	held     int64 // bytes of held events

	report      report
	factEvent   pipeline.Event // facts about streams are delivered in it
	signalEvent pipeline.Event // and signals in it
	behind      []pipeline.StreamID
}

// A component is a registered detector and what is known of it.
type component struct {
	spec      pipeline.Spec
	detector  pipeline.Detector
	scheduler pipeline.Scheduler // nil: due every second
	stats     DetectorStats
}

// New returns an engine that knows nothing yet. It panics if two detectors share a name, which would be
// a mistake in the registry.
func New(c Config) *Engine {
	e := &Engine{
		everyTick: c.EveryTick,
		maxLeap:   pipeline.Time(c.MaxLeap),
		limit:     c.Memory / 8,
		id:        c.Identifier,
		comps:     make([]component, len(c.Detectors)),
		byID:      map[pipeline.StreamID]*stream{},
	}
	if c.MaxLeap <= 0 {
		e.maxLeap = pipeline.Time(defaultLeap)
	}
	if c.Memory <= 0 {
		e.limit = defaultMemory / 8
	}
	if e.id == nil {
		e.id = nobody{}
	}
	e.register(c.Detectors)
	e.tracker = newTracker(c.Instance, c.Secret, e.id, e.comps)
	return e
}

func (e *Engine) register(detectors []Registered) {
	names := map[string]bool{engineName: true, identityName: true}
	_, scheduled := e.id.(pipeline.Scheduler)
	e.eachSecond = !scheduled
	for i, r := range detectors {
		if names[r.Spec.Name] {
			panic(fmt.Sprintf("BUG: two detectors named %q", r.Spec.Name))
		}
		names[r.Spec.Name] = true
		c := &e.comps[i]
		*c = component{spec: r.Spec, detector: r.Detector, stats: DetectorStats{Name: r.Spec.Name}}
		if c.scheduler, scheduled = r.Detector.(pipeline.Scheduler); !scheduled {
			e.eachSecond = true
		}
		e.enlist(c)
		if b, ok := r.Detector.(pipeline.Recogniser); ok {
			e.benign = append(e.benign, b)
		}
		if r.Spec.Space&pipeline.SpaceInstance != 0 {
			e.instance = append(e.instance, c)
		}
	}
}

// enlist notes which events c is shown.
func (e *Engine) enlist(c *component) {
	for kind := range e.wants {
		if k := c.spec.Kinds; k != nil && !slices.Contains(k, pipeline.Kind(kind)) {
			continue
		}
		for endpoint := range e.wants[kind] {
			if of := c.spec.Endpoints; endpoint == 0 || of == nil || slices.Contains(of, pipeline.Endpoint(endpoint)) {
				e.wants[kind][endpoint] = append(e.wants[kind][endpoint], c)
			}
		}
	}
}

// Process takes one batch and returns the alerts that it makes happen, in their order; the slice is valid
// until the next call, the alerts for ever. A batch of n events is n batches of one. Strings of b are
// not kept; b.Events may be changed. Calling b.Release is the caller's.
func (e *Engine) Process(b *pipeline.Batch) []pipeline.Alert {
	e.tracker.alerts = e.tracker.alerts[:0]
	if e.restored {
		e.Expect(nil)
	}
	s := e.stream(b.Stream)
	e.bound = e.boundOf(s)
	e.join(s, b)
	e.gap(s, b)
	for i := range b.Events {
		e.read(s, &b.Events[i])
	}
	if b.CaughtUp != 0 {
		e.claim(s, b.CaughtUp)
	}
	if b.Lost {
		e.lose(s, b.Reason)
	}
	if b.Ended {
		e.end(s)
	}
	s.trail(b) // last: its cursor is behind the claims too
	e.drain()
	return e.tracker.alerts
}

// Now returns the engine's time: that of the last applied item or tick, zero before the first.
func (e *Engine) Now() pipeline.Time { return e.now }

// Open returns the latest transition of each open episode, in the order in which they fired.
func (e *Engine) Open() []pipeline.Alert {
	open := make([]pipeline.Alert, len(e.tracker.open))
	for i, ep := range e.tracker.open {
		open[i] = ep.Alert
	}
	return open
}
