package runner

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// maxReplayErrors is how many errors in a row end a source: one that can't go on says the same for ever.
const maxReplayErrors = 10

// A replay reads sources that end, one batch at a time.
type replay struct {
	engine *engine.Engine
	emit   func(*pipeline.Alert) error
	feeds  []*replayFeed
	byID   map[pipeline.StreamID]*replayFeed
	errs   []error
}

type replayFeed struct {
	source  pipeline.Source
	streams []pipeline.StreamID
	ended   bool
	errors  int // in a row
}

// Replay reads sources to their end, in the calling goroutine and always from the stream that holds the
// others back, and calls emit for each alert in its order. It stops at emit's error, or ctx's. An error of a
// source does not end it: what can be read is, and the error is returned at the end. The sources are the
// caller's to close.
func Replay(ctx context.Context, e *engine.Engine, sources []pipeline.Source, emit func(*pipeline.Alert) error) error {
	p := &replay{engine: e, emit: emit, byID: map[pipeline.StreamID]*replayFeed{}}
	var known []pipeline.StreamID
	for _, s := range sources {
		f := &replayFeed{source: s}
		p.feeds = append(p.feeds, f)
		for _, id := range s.Streams() {
			p.know(f, id)
			known = append(known, id)
		}
	}
	e.Expect(known)
	for f := p.next(); f != nil; f = p.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.read(ctx, f); err != nil {
			return err
		}
	}
	return errors.Join(p.errs...)
}

func (p *replay) know(f *replayFeed, id pipeline.StreamID) {
	if p.byID[id] == f {
		return
	}
	p.byID[id] = f
	f.streams = append(f.streams, id)
}

// next returns the source to read: that of the stream which holds back the others.
func (p *replay) next() *replayFeed {
	for _, id := range p.engine.Behind() {
		if f := p.byID[id]; f != nil && !f.ended {
			return f
		}
	}
	for _, f := range p.feeds {
		if !f.ended {
			return f
		}
	}
	return nil
}

// read processes one batch of f. The error is emit's, or ctx's.
func (p *replay) read(ctx context.Context, f *replayFeed) error {
	b, err := f.source.Read(ctx)
	switch {
	case err == nil:
		f.errors = 0
		p.know(f, b.Stream)
		return p.process(&b)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return p.end(f)
	}
	p.errs = append(p.errs, err)
	if f.errors++; f.errors < maxReplayErrors {
		return nil
	}
	p.errs = append(p.errs, fmt.Errorf("input %s given up after %d errors", f.streams, f.errors))
	return p.end(f)
}

// end says for f what it may not have said itself.
func (p *replay) end(f *replayFeed) error {
	f.ended = true
	for _, id := range f.streams {
		if err := p.process(&pipeline.Batch{Stream: id, Ended: true}); err != nil {
			return err
		}
	}
	return nil
}

func (p *replay) process(b *pipeline.Batch) error {
	alerts := p.engine.Process(b)
	if b.Release != nil {
		b.Release()
	}
	for i := range alerts {
		if err := p.emit(&alerts[i]); err != nil {
			return err
		}
	}
	return nil
}
