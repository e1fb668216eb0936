package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// A Line is one line of an input and how it was understood; of a line in whose envelope there are several
// records, one of these.
type Line struct {
	Input  string          // the input's path
	Number uint64          // of the line in its file, from 1
	Format pipeline.Format // as named, or recognised so far
	Origin parse.Origin    // by the account of the envelope, if it came in one
	// Event is what the line told, of KindRejected when it could not be read; nil when it is no record.
	// It lives until the function that was given it returns.
	Event   *pipeline.Event
	Skipped string       // why the line is no record
	Err     *parse.Error // why the line could not be read
}

// Explain reads the inputs in the order given, each with a parser of its own, and calls f for every line.
// An error of f ends it. A damaged input does not keep the others from being read; its error is returned
// in the end.
func Explain(ctx context.Context, cfg ReplayConfig, f func(Line) error) error {
	inputs, err := Expand(cfg.Inputs)
	if err != nil {
		return err
	}
	x := explainer{cfg: cfg, f: f}
	var errs []error
	for _, in := range inputs {
		errs = append(errs, x.input(ctx, in))
		if x.stop || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

type explainer struct {
	cfg  ReplayConfig
	f    func(Line) error
	pool blockPool
	stop bool
}

func (x *explainer) input(ctx context.Context, in Input) error {
	parser, err := parserOf(in, x.cfg.Parse, x.cfg.newParser)()
	if err != nil {
		return fmt.Errorf("input %s: %w", in.Path, err)
	}
	t, err := openText(in, x.cfg.Stdin)
	if err != nil {
		return err
	}
	defer t.close()
	lines := newLineReader(t, &x.pool, x.cfg.MaxLine)
	defer lines.close()
	for seq := uint64(1); ; {
		line, ok := lines.next()
		if !ok {
			if err := x.more(ctx, t, lines); err != nil {
				return unlessEOF(err)
			}
			parser.Reset()
			continue
		}
		if err := x.line(Line{Input: in.Path, Number: seq}, line, parser); err != nil {
			x.stop = true
			return err
		}
		seq++
	}
}

func unlessEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// more reads on; io.EOF when the input has ended.
func (x *explainer) more(ctx context.Context, t *text, lines *lineReader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := lines.fill(); err != nil && err != io.EOF {
		return t.fail(lines.pos, err)
	} else {
		return err
	}
}

// line tells of each record of a line.
func (x *explainer) line(l Line, text string, parser lineParser) error {
	for _, rec := range parser.Open(text) {
		if err := x.record(l, &rec, parser); err != nil {
			return err
		}
	}
	return nil
}

func (x *explainer) record(l Line, rec *parse.Record, parser lineParser) error {
	l.Origin = rec.Origin
	if rec.Suppressed > 0 {
		l.Format, l.Skipped = parser.Format(), suppressed(rec.Suppressed)
		return x.f(l)
	}
	var e pipeline.Event
	l.Skipped, l.Err = parser.Parse(rec.Text, envOf(rec, parse.Env{}), &e)
	l.Format = parser.Format()
	if l.Skipped == "" {
		e.Seq, e.Lines = l.Number, 1
		l.Event = &e
	}
	return x.f(l)
}
