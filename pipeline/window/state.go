package window

import (
	"bytes"
	"errors"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A statePart is a Series, a Counter or a Crowd.
type statePart interface {
	Snapshot(w io.Writer) error
	Restore(r io.Reader) error
}

// A State is what an instance detector knows: its Series, Counters and Crowds, which change with signals alone. It is
// embedded by the detector that made them.
type State struct {
	parts []statePart
	empty []byte // what Snapshot writes of parts that know nothing
}

// NewState returns the State of parts that know nothing.
func NewState(parts ...statePart) State {
	var b bytes.Buffer
	s := State{parts: parts}
	if err := s.Snapshot(&b); err != nil {
		panic("BUG: a buffer takes all: " + err.Error())
	}
	s.empty = b.Bytes()
	return s
}

// Advance does nothing.
func (s *State) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (s *State) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes every part.
func (s *State) Snapshot(w io.Writer) error {
	for _, p := range s.parts {
		if err := p.Snapshot(w); err != nil {
			return err
		}
	}
	return nil
}

// Restore reads what Snapshot wrote.
func (s *State) Restore(r io.Reader) error {
	err := s.restore(r)
	if err != nil {
		return errors.Join(err, s.restore(bytes.NewReader(s.empty)))
	}
	return nil
}

func (s *State) restore(r io.Reader) error {
	for _, p := range s.parts {
		if err := p.Restore(r); err != nil {
			return err
		}
	}
	return nil
}
