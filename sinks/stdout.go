package sinks

import (
	"context"
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// StdoutOptions say how a Stdout writes.
type StdoutOptions struct {
	JSON  bool // lines of JSON for machines, instead of text for people
	Color bool // colour the text; for terminals
}

// A Stdout writes alerts to a stream, each with one Write.
type Stdout struct {
	w   io.Writer
	o   StdoutOptions
	buf []byte
}

// NewStdout returns a sink that writes to w.
func NewStdout(w io.Writer, o StdoutOptions) *Stdout { return &Stdout{w: w, o: o} }

// Name returns "stdout".
func (s *Stdout) Name() string { return "stdout" }

// Send writes a.
func (s *Stdout) Send(ctx context.Context, a *pipeline.Alert) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.o.JSON {
		s.buf = AppendJSON(s.buf[:0], a)
	} else {
		s.buf = AppendText(s.buf[:0], a, s.o.Color)
	}
	if _, err := s.w.Write(s.buf); err != nil {
		return fmt.Errorf("write alert %s: %w", clean(a.ID, 40), err)
	}
	return nil
}
