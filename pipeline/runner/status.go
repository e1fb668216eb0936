package runner

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// A Status is how a run stands: a value, about a second old at most while it runs.
type Status struct {
	At         time.Time
	Started    time.Time
	Engine     engine.Stats
	Keys       int           // -1: unknown
	StateBytes int64         // 0: unknown
	Lag        time.Duration // how far event time is behind the clock; zero before the first event
	Streams    []StreamStatus
	Sinks      []SinkStatus
	Outbox     int // deliveries in all queues
	Save       SaveStatus
	Unsaved    int      // transitions that wait for a save
	Notices    []string // what was not well when it started
}

// A StreamStatus is how the source of a stream stands; engine.StreamStats has the rest.
type StreamStatus struct {
	Stream pipeline.StreamID
	Err    string // the last error, while there is nothing but errors
	Ended  bool
}

// A SinkStatus is how a sink stands.
type SinkStatus struct {
	Name     string
	Queued   int
	Failures int       // in a row
	Err      string    // of the last attempt
	Success  time.Time // the last; zero: none in this run
	Dropped  uint64    // deliveries that were given up in this run
}

// A SaveStatus is how saving goes.
type SaveStatus struct {
	Last time.Time // the last that succeeded in this run; zero: none
	Err  string    // why the last one failed
}

// Status returns how the run stands.
func (r *Runner) Status() Status { return *r.status.Load() }

// publish makes a new Status; it is called on the loop.
func (r *Runner) publish(now time.Time) {
	s := &Status{
		At: now, Started: r.started, Engine: r.engine.Stats(), Keys: -1,
		Sinks: r.outbox.status(), Unsaved: len(r.transitions), Notices: r.notices,
		Save: r.saving,
	}
	if r.cfg.Keys != nil {
		s.Keys = r.cfg.Keys()
	}
	if r.cfg.StateBytes != nil {
		s.StateBytes = r.cfg.StateBytes()
	}
	if s.Engine.Now != 0 {
		s.Lag = now.Sub(s.Engine.Now.Std())
	}
	for _, f := range r.feeds {
		for _, id := range f.streams {
			s.Streams = append(s.Streams, StreamStatus{Stream: id, Err: f.err, Ended: f.ended})
		}
	}
	for _, sink := range s.Sinks {
		s.Outbox += sink.Queued
	}
	r.status.Store(s)
	r.cfg.Metrics.observe(s)
	for _, f := range r.feeds {
		if m, ok := f.source.(measured); ok {
			m.Measures(r.cfg.Metrics.measure)
		}
	}
}

func (o *outbox) status() []SinkStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []SinkStatus
	for _, q := range o.queues {
		list = append(list, SinkStatus{
			Name: q.name, Queued: len(q.items), Failures: q.failures, Err: q.err, Success: q.success, Dropped: q.dropped,
		})
	}
	return list
}
