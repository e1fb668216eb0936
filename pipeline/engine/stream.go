package engine

import (
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A stream is one input and what of it was read but not applied.
type stream struct {
	id       pipeline.StreamID
	rank     int // place among all streams by id
	lateness pipeline.Time

	live bool // joined in this run: opened or expected
	kept bool // was live when the snapshot was taken that it was restored from

	read    progress // after the last item that was judged
	applied progress // after the last item that was applied; valid while something is pending

	top       uint64 // highest Seq that was read, the undecided included
	at        uint64 // Seq of the event read last: lower than read.Mark.Seq while reading again
	undecided []undecided
	queue     queue
	bytes     int64 // held in queue
}

// A progress is all that is known of a stream after one of its items: a value, so that each held item
// carries the one that holds once it is applied.
type progress struct {
	Mark    pipeline.StreamMark `json:"-"` // saved apart, in the checkpoint
	Time    pipeline.Time       // the watermark; zero is unknown
	Shift   pipeline.Time       // added to stamps
	Run     uint32              // late events in a row, read after a claim
	Claimed bool                // there was a claim since it joined
	Opened  bool                // its StreamOpened was told, no StreamEnded since
	Lost    bool
	Ended   bool
}

// An undecided is an event behind a leap, or the leap itself, with what came after it in its batches.
type undecided struct {
	event pipeline.Event
	trail trail
}

// A trail is what a batch says after its events.
type trail struct {
	cursor  pipeline.Cursor
	from    uint64
	skipped uint64
}

// pending reports whether something of s was read and not applied.
func (s *stream) pending() bool { return s.queue.len() > 0 || len(s.undecided) > 0 }

// done is the progress after the last applied item.
func (s *stream) done() *progress {
	if s.pending() {
		return &s.applied
	}
	return &s.read
}

// begin remembers the progress before an item that may be held.
func (s *stream) begin() {
	if !s.pending() {
		s.applied = s.read
	}
}

// fold makes a change of s.read that needs no item part of the last one.
func (s *stream) fold() {
	if n := s.queue.len(); n > 0 && len(s.undecided) == 0 {
		s.queue.at(n - 1).after = s.read
	}
}

// joined reports whether s holds back the others when nothing of it is held.
func (s *stream) joined() bool { return s.live && !s.closed() }

// closed reports whether s has left the minimum.
func (s *stream) closed() bool { return s.read.Lost || s.read.Ended }

// trail counts what comes after a batch's events: its place, and what the place alone can tell.
func (s *stream) trail(b *pipeline.Batch) {
	t := trail{cursor: b.Cursor, from: s.at}
	if s.at >= s.read.Mark.Seq { // else it was counted before the restart
		t.skipped = uint64(b.Skipped)
	}
	if n := len(s.undecided); n > 0 {
		s.undecided[n-1].trail.add(t)
		return
	}
	s.place(t)
}

func (t *trail) add(u trail) {
	t.skipped += u.skipped
	if u.cursor != "" {
		t.cursor, t.from = u.cursor, u.from
	}
}

func (s *stream) place(t trail) {
	m := &s.read.Mark
	m.Lines += t.skipped
	m.Skipped += t.skipped
	if t.cursor != "" {
		m.Cursor, m.From = t.cursor, t.from
	}
	s.fold()
}

// count adds e, which was judged to be class, to the counts.
func (s *stream) count(e *pipeline.Event, class *uint64) {
	m := &s.read.Mark
	lines := uint64(max(e.Lines, 1))
	m.Seq = e.Seq
	m.Lines += lines
	m.Skipped += lines - 1
	*class++
}

// stream returns the stream of that id, new if need be.
func (e *Engine) stream(id pipeline.StreamID) *stream {
	if s := e.byID[id]; s != nil {
		return s
	}
	e.makeRoom()
	s := &stream{id: pipeline.StreamID(strings.Clone(string(id)))}
	s.read.Mark.Stream = s.id
	e.byID[s.id] = s
	i, _ := slices.BinarySearchFunc(e.streams, s, func(a, b *stream) int {
		return strings.Compare(string(a.id), string(b.id))
	})
	e.streams = slices.Insert(e.streams, i, s)
	e.rank()
	return s
}

// Resume says that another source goes on with a stream from its mark's cursor: what it brings up to the mark is read
// again.
func (e *Engine) Resume(id pipeline.StreamID) {
	if s := e.byID[id]; s != nil {
		s.at = s.done().Mark.From
	}
}

func (e *Engine) rank() {
	for i, s := range e.streams {
		s.rank = i
	}
}

// maxStreams bounds what is remembered of streams: containers and pods come and go under new names for ever.
const maxStreams = 1024

// makeRoom forgets the stream that ended longest ago when there are too many. None that is read is ever forgotten.
func (e *Engine) makeRoom() {
	if len(e.streams) < maxStreams {
		return
	}
	oldest := -1
	for i, s := range e.streams {
		over := (s.read.Ended || !s.live && !s.kept) && !s.pending()
		if over && (oldest < 0 || s.read.Mark.Last < e.streams[oldest].read.Mark.Last) {
			oldest = i
		}
	}
	if oldest < 0 {
		return
	}
	delete(e.byID, e.streams[oldest].id)
	e.streams = slices.Delete(e.streams, oldest, oldest+1)
	e.rank()
}

// Expect joins streams before their first batch: from now on they hold back the others, so that none runs
// ahead of one that was not opened yet. It is called after a restore and before the first Process, with
// the streams that the source knows. A restored stream that is named goes on in its place; one that is
// not leaves, and joins at the engine's time should it open.
func (e *Engine) Expect(streams []pipeline.StreamID) {
	for _, id := range streams {
		s := e.stream(id)
		if s.read.Ended || !s.live && !s.kept {
			s.enter(e.now)
		}
		s.live, s.read.Ended = true, false
	}
	for _, s := range e.streams {
		s.kept = false
	}
	e.restored = false
}

// join opens s if its batch b says so, or if it was never opened in this run.
func (e *Engine) join(s *stream, b *pipeline.Batch) {
	if !b.Opened && s.live {
		return
	}
	s.lateness = pipeline.Time(max(b.Lateness, 0))
	if m := &s.read.Mark; b.Begin != "" && (m.Cursor == "" && !s.pending() || s.read.Ended) {
		m.Cursor, m.From = b.Begin, m.Seq
	}
	if !s.live || s.read.Ended {
		s.enter(e.now)
	}
	s.live = true
	if !s.read.Opened {
		e.mark(s, pipeline.StreamOpened, 0, func(p *progress) { p.Opened, p.Ended = true, false })
	}
}

// enter lets s join at the engine's time.
func (s *stream) enter(now pipeline.Time) {
	if now > s.read.Time {
		s.learn(now)
	}
}
