package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Stats is what an engine tells of itself, as a value.
type Stats struct {
	Now       pipeline.Time
	Streams   []StreamStats // sorted by stream
	Held      int64         // bytes of held events
	HeldLimit int64
	Open      int    // episodes
	Waiting   int    // facts that wait for proof
	Refused   uint64 // episodes that were not admitted: too many were open
	Detectors []DetectorStats
}

// StreamStats is how one stream stands.
type StreamStats struct {
	Stream    pipeline.StreamID
	Watermark pipeline.Time // zero: unknown
	Held      int           // events that wait for other streams
	HeldBytes int64
	Joined    bool          // it holds back the others
	Lost      bool          // it can't be read
	Shift     time.Duration // added to its stamps: its clock is off
	Mark      pipeline.StreamMark
}

// DetectorStats counts what one detector did since the engine was built.
type DetectorStats struct {
	Name                                string
	Findings, Firing, Updated, Resolved uint64
}

func (d *DetectorStats) count(status pipeline.Status) {
	switch status {
	case pipeline.StatusFiring:
		d.Firing++
	case pipeline.StatusUpdated:
		d.Updated++
	case pipeline.StatusResolved:
		d.Resolved++
	}
}

// Stats returns how the engine stands.
func (e *Engine) Stats() Stats {
	st := Stats{
		Now: e.now, Held: e.held, HeldLimit: e.limit,
		Open: len(e.tracker.open), Waiting: len(e.tracker.waits), Refused: e.tracker.refused,
	}
	for _, s := range e.streams {
		st.Streams = append(st.Streams, StreamStats{
			Stream: s.id, Watermark: s.read.Time, Held: s.queue.len(), HeldBytes: s.bytes,
			Joined: s.joined(), Lost: s.read.Lost, Shift: time.Duration(s.read.Shift), Mark: s.done().Mark,
		})
	}
	for i := range e.comps {
		st.Detectors = append(st.Detectors, e.comps[i].stats)
	}
	return st
}

// Ahead reports whether stream must not be read now: held events fill their share of memory, and some
// are of this stream, so that it waits for others.
func (e *Engine) Ahead(stream pipeline.StreamID) bool {
	s := e.byID[stream]
	return s != nil && e.Full() && s.queue.len() > 0
}

// Full reports whether held events fill their share of memory.
func (e *Engine) Full() bool { return e.held >= e.limit }

// Behind returns the streams that hold back the engine, the lowest watermark first: those whose next
// event or claim lets held events go, or, when nothing is held, all that are joined. The slice is valid
// until the next call.
func (e *Engine) Behind() []pipeline.StreamID {
	e.behind = e.behind[:0]
	limit := never
	for _, s := range e.streams {
		if t, ok := e.key(s); ok && s.ready() {
			limit = min(limit, t)
		}
	}
	for _, s := range e.streams {
		if s.joined() && !s.ready() && s.read.Time <= limit {
			e.behind = append(e.behind, s.id)
		}
	}
	slices.SortStableFunc(e.behind, func(a, b pipeline.StreamID) int {
		return cmp.Compare(e.byID[a].read.Time, e.byID[b].read.Time)
	})
	return e.behind
}
