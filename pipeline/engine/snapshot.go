package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	engineName    = "engine"
	identityName  = "identity"
	engineVersion = 1
)

// A header opens the engine's own part; as many streams, episodes, waits and ends follow as it says.
type header struct {
	Now, Next                      pipeline.Time
	Streams, Episodes, Waits, Ends int
	Forgotten                      pipeline.Time
	Refused                        uint64
	Hushed                         uint64 `json:",omitempty"`
}

// A savedStream is a stream's progress after its last applied item.
type savedStream struct {
	ID   pipeline.StreamID
	Live bool
	progress
}

// Marks returns, for each stream, the place after its last applied event and the counts up to it, sorted
// by stream.
func (e *Engine) Marks() []pipeline.StreamMark {
	marks := make([]pipeline.StreamMark, len(e.streams))
	for i, s := range e.streams {
		marks[i] = s.done().Mark
	}
	return marks
}

// SetMarks takes back what Marks returned, in an engine that has not processed anything yet.
func (e *Engine) SetMarks(marks []pipeline.StreamMark) {
	for _, m := range marks {
		s := e.stream(m.Stream)
		m.Stream = s.id
		s.read.Mark = m
		s.top, s.at = m.Seq, m.From
	}
}

// Parts returns the pieces of the engine's state: its own, identity's, and each detector's. They are
// written between calls of Process.
func (e *Engine) Parts() []pipeline.Part {
	parts := []pipeline.Part{
		{Name: engineName, Version: engineVersion, Write: e.write},
		{Name: identityName, Version: versionOf(e.id), Write: e.id.Snapshot},
	}
	for i := range e.comps {
		c := &e.comps[i]
		parts = append(parts, pipeline.Part{Name: c.spec.Name, Version: versionOf(c.detector), Write: c.detector.Snapshot})
	}
	return parts
}

func versionOf(x interface{ Snapshot(io.Writer) error }) uint32 {
	if v, ok := x.(pipeline.Versioned); ok {
		return v.Version()
	}
	return 1
}

// RestorePart takes back one part. After an error that part is as new, and the others are not touched.
func (e *Engine) RestorePart(p pipeline.Part) error {
	for _, own := range e.Parts() {
		if own.Name != p.Name {
			continue
		}
		if own.Version != p.Version {
			return fmt.Errorf("restore %s: layout %d is not read, only %d", p.Name, p.Version, own.Version)
		}
		if err := e.restore(p); err != nil {
			return fmt.Errorf("restore %s: %w", p.Name, err)
		}
		return nil
	}
	return fmt.Errorf("restore %s: there is no such part", p.Name)
}

func (e *Engine) restore(p pipeline.Part) error {
	r := bytes.NewReader(p.Data)
	switch p.Name {
	case engineName:
		return e.readPart(r)
	case identityName:
		return e.id.Restore(r)
	}
	i := slices.IndexFunc(e.comps, func(c component) bool { return c.spec.Name == p.Name })
	return e.comps[i].detector.Restore(r)
}

// write writes the engine's own part: a sequence of JSON values.
func (e *Engine) write(w io.Writer) error {
	t := e.tracker
	enc := json.NewEncoder(w)
	err := enc.Encode(header{
		Now: e.now, Next: e.next, Streams: len(e.streams), Episodes: len(t.open), Waits: len(t.waits),
		Ends: len(t.ends.order), Forgotten: t.ends.forgotten, Refused: t.refused, Hushed: t.hushed,
	})
	for _, s := range e.streams {
		p := s.done()
		err = firstOf(err, func() error {
			return enc.Encode(savedStream{ID: s.id, Live: (s.live || s.kept) && !p.Ended, progress: *p})
		})
	}
	err = encodeAll(enc, err, t.open)
	err = encodeAll(enc, err, t.waits)
	return encodeAll(enc, err, t.ends.order)
}

func encodeAll[T any](enc *json.Encoder, err error, list []T) error {
	for i := range list {
		err = firstOf(err, func() error { return enc.Encode(&list[i]) })
	}
	return err
}

// firstOf goes on unless there was an error.
func firstOf(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// readPart reads what write wrote.
func (e *Engine) readPart(r io.Reader) error {
	e.forget()
	dec := json.NewDecoder(r)
	var h header
	err := dec.Decode(&h)
	streams, err := decodeAll[savedStream](dec, err, h.Streams)
	open, err := decodeAll[episode](dec, err, h.Episodes)
	waits, err := decodeAll[wait](dec, err, h.Waits)
	order, err := decodeAll[end](dec, err, h.Ends)
	if err != nil {
		return err
	}
	if dec.More() {
		return fmt.Errorf("more than it says at byte %d", dec.InputOffset())
	}
	if err := whole(streams, open, waits); err != nil {
		return err
	}
	for _, saved := range streams {
		e.stream(saved.ID).resume(saved)
	}
	e.now, e.next, e.restored = h.Now, h.Next, true
	e.tracker.resume(open, waits, order, h)
	return nil
}

// whole finds what no engine has written.
func whole(streams []*savedStream, open []*episode, waits []*wait) error {
	for _, s := range streams {
		if s.ID == "" {
			return errors.New("a stream without a name")
		}
	}
	for _, ep := range open {
		if ep.Alert.ID == "" || ep.Alert.Detector == "" {
			return errors.New("an episode without an id or a detector")
		}
	}
	for _, w := range waits {
		if w.Finding.Detector == "" {
			return errors.New("a wait without a detector")
		}
	}
	return nil
}

func decodeAll[T any](dec *json.Decoder, err error, n int) ([]*T, error) {
	var list []*T
	for range n {
		if err != nil {
			return nil, err
		}
		x := new(T)
		err = dec.Decode(x)
		list = append(list, x)
	}
	return list, err
}

// forget makes the engine's own part as new; marks stay.
func (e *Engine) forget() {
	e.now, e.next = 0, 0
	for _, s := range e.streams {
		s.read = progress{Mark: s.read.Mark}
		s.live, s.kept = false, false
	}
	e.tracker.reset()
}

func (s *stream) resume(saved *savedStream) {
	mark := s.read.Mark
	s.read = saved.progress
	s.read.Mark = mark
	s.kept = saved.Live
}

func (t *tracker) resume(open []*episode, waits []*wait, order []*end, h header) {
	t.open = open
	t.regroup()
	for _, ep := range open {
		t.next = min(t.next, ep.due())
		t.byEntity[entityKey{ep.Alert.Detector, entityOf(ep.Alert.Entity)}] = ep
		for _, a := range ep.Facts {
			t.byFact[a.factKey] = ep
		}
	}
	for _, w := range waits {
		t.next = min(t.next, h.Next)
		t.byWait[keyOf(&w.Finding)] = w
	}
	for _, o := range order {
		t.ends.last[o.Print] = o.At
		t.ends.order = append(t.ends.order, *o)
	}
	t.waits, t.refused, t.hushed = waits, h.Refused, h.Hushed
	if t.hushed > 0 {
		t.next = min(t.next, h.Next)
	}
	t.ends.forgotten = h.Forgotten
}
