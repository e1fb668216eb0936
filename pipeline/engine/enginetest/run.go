package enginetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// A Stream is what one source hands over, in its order.
type Stream struct {
	ID       pipeline.StreamID
	Lateness time.Duration
	Steps    []Step
}

// A Step is an event, or, if Event is nil, something that a source says between events.
type Step struct {
	Event    *pipeline.Event // Seq is set by Run, from 1; Lines is 1 if it is zero
	Skipped  uint32
	CaughtUp pipeline.Time
	Lost     bool
	Ended    bool

	LostLines uint64 // before what follows
}

// A Schedule is one way of many to hand the streams over. The zero value reads the stream that is behind,
// one event at a time.
type Schedule struct {
	Seed       uint64
	Cut        int  // most events in a batch, each time at random; zero is 1
	Interleave bool // read streams at random, not the one that is behind
	Claims     bool // put in time claims that are true and say nothing new
	Restore    int  // restore from a snapshot after each batch with a chance of 1 in so many; zero is never
}

// A Result is what came out of a run.
type Result struct {
	Alerts    []pipeline.Alert
	Lines     []byte // the alerts as JSON, one a line
	Snapshots []byte // of all parts, one after another
	Marks     []pipeline.StreamMark
	Stats     engine.Stats
}

// A run is one engine, or a row of them, and how far its streams were read.
type run struct {
	build   func() *engine.Engine
	engine  *engine.Engine
	readers []*reader
	s       Schedule
	rand    random
	result  Result
}

// A reader stands in for a source of one stream.
type reader struct {
	stream *Stream
	pos    int
	opened bool
	ended  bool
	seqs   []uint64        // of the last event before each step
	newest []pipeline.Time // stamp before each step
	coming []pipeline.Time // lowest stamp from each step on
}

// Run hands streams over to engines that build returns: one, and one more for each restore. All are
// joined from the start. It returns an error if a restored engine is not what the one before was.
func Run(build func() *engine.Engine, streams []Stream, s Schedule) (Result, error) {
	r := &run{build: build, engine: build(), s: s, rand: random(s.Seed)}
	for i := range streams {
		r.readers = append(r.readers, newReader(&streams[i]))
	}
	r.expect()
	for rd := r.choose(); rd != nil; rd = r.choose() {
		r.step(rd)
		if r.s.Restore > 0 && r.rand.below(r.s.Restore) == 0 {
			if err := r.restore(); err != nil {
				return r.result, err
			}
		}
	}
	return r.finish()
}

func (r *run) finish() (Result, error) {
	for _, a := range r.result.Alerts {
		line, err := json.Marshal(a)
		if err != nil {
			return r.result, fmt.Errorf("alert %s: %w", a.ID, err)
		}
		r.result.Lines = append(append(r.result.Lines, line...), '\n')
	}
	for _, p := range r.engine.Parts() {
		data, err := write(p)
		if err != nil {
			return r.result, err
		}
		r.result.Snapshots = append(r.result.Snapshots, data...)
	}
	r.result.Marks = r.engine.Marks()
	r.result.Stats = r.engine.Stats()
	return r.result, nil
}

func (r *run) expect() {
	var ids []pipeline.StreamID
	for _, rd := range r.readers {
		if !rd.ended {
			ids = append(ids, rd.stream.ID)
		}
	}
	r.engine.Expect(ids)
}

// choose returns the stream to read next, nil when all are read.
func (r *run) choose() *reader {
	var left []*reader
	for _, rd := range r.readers {
		if rd.pos < len(rd.stream.Steps) {
			left = append(left, rd)
		}
	}
	if len(left) == 0 {
		return nil
	}
	if r.s.Interleave {
		return left[r.rand.below(len(left))]
	}
	for _, id := range r.engine.Behind() {
		for _, rd := range left {
			if rd.stream.ID == id {
				return rd
			}
		}
	}
	return left[0]
}

// step reads one batch of rd and processes it.
func (r *run) step(rd *reader) {
	if t := rd.redundant(r); t != 0 {
		r.process(&pipeline.Batch{Stream: rd.stream.ID, CaughtUp: t})
	}
	b := rd.next(1 + r.rand.below(max(r.s.Cut, 1)))
	arena := isolate(&b)
	r.process(&b)
	spoil(&b, arena)
}

func (r *run) process(b *pipeline.Batch) {
	r.result.Alerts = append(r.result.Alerts, r.engine.Process(b)...)
}

// restore goes on with a new engine, as after a crash: what was held is read again.
func (r *run) restore() error {
	old, e := r.engine, r.build()
	marks := old.Marks()
	var parts []pipeline.Part
	for _, p := range old.Parts() {
		data, err := write(p)
		if err != nil {
			return err
		}
		parts = append(parts, pipeline.Part{Name: p.Name, Version: p.Version, Data: data})
	}
	for _, p := range parts {
		if err := e.RestorePart(p); err != nil {
			return err
		}
	}
	e.SetMarks(marks)
	for i, p := range e.Parts() {
		data, err := write(p)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, parts[i].Data) {
			return fmt.Errorf("part %s: a restored one is written differently\n got %q\nwant %q", p.Name, data, parts[i].Data)
		}
	}
	r.engine = e
	r.rewind(marks)
	r.expect()
	return nil
}

func (r *run) rewind(marks []pipeline.StreamMark) {
	for _, rd := range r.readers {
		rd.pos, rd.opened = 0, false
		for _, m := range marks {
			if m.Stream == rd.stream.ID && m.Cursor != "" {
				rd.pos, _ = strconv.Atoi(string(m.Cursor)) // we wrote it
			}
		}
		rd.ended = rd.pos > 0 && rd.stream.Steps[rd.pos-1].Ended
	}
}

func write(p pipeline.Part) ([]byte, error) {
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", p.Name, err)
	}
	return b.Bytes(), nil
}
