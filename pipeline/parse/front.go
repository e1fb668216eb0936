package parse

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Parser reads the lines of one stream. It is not safe for concurrent use.
type Parser struct {
	named  bool            // the format is configured: never guessed again
	format pipeline.Format // the format of the stream, once known
	misses int             // weight of the lines since the last event; see patience
	last   pipeline.Stamp  // of the last event
	bare   voice           // whether the stream's lines come without envelopes
	sealed bool            // the line that was opened last looked like one in an envelope
	pieces pieces

	opener   Opener
	arena    arena
	nginx    *nginx
	syntaxes [4]syntax // by format
}

// A stream's format is guessed again after so many lines without an event. A rejected line weighs more
// than a skipped one, since a backtrace is long.
const (
	patience     = 64
	rejectWeight = 4
)

// New returns a Parser for a stream of which o is known. A LogFormat or JSONKeys that can't work is an
// error which says what and where.
func New(o Options) (*Parser, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	p := &Parser{named: o.Format != pipeline.FormatUnknown, format: o.Format}
	n, err := newNginx(o, &p.arena)
	if err != nil {
		return nil, err
	}
	p.nginx = n
	if len(o.JSONKeys) > 0 || n.format == nil && o.LogFormat != "" {
		p.opener.keys = n.keys
	}
	p.syntaxes[pipeline.FormatNginx] = n
	p.syntaxes[pipeline.FormatRails] = newRails(o)
	p.syntaxes[pipeline.FormatSidekiq] = newSidekiq(o)
	return p, nil
}

// Format returns the format of the stream, FormatUnknown until a line was understood.
func (p *Parser) Format() pipeline.Format { return p.format }

// Reset makes void every string of the events so far. The source calls it once per batch, after Release.
func (p *Parser) Reset() {
	p.arena.reset()
	p.opener.Reset()
}

// Open returns the records that a line of the stream holds, valid until the next Open. A stream keeps the
// manner of its lines: where they are understood without an envelope, one that looks like an envelope is
// text, so that a stranger's line break makes none; until there are many of those.
func (p *Parser) Open(line string) []Record {
	bare := p.bare.prefixed()
	if bare && p.misses == 0 && line != "" && line[0] == '{' { // most likely as the one before; if not, the next tells
		p.sealed = false
		return p.opener.bare(line)
	}
	records := p.opener.Open(line)
	p.sealed = p.opener.opened
	if p.sealed && bare {
		p.bare.heard(false)
		return p.opener.bare(line)
	}
	return records
}

// Parse reads one line, without its newline, into e, which it overwrites whole. Exactly one of three
// holds: e is an event; skip says why the line is no record; err says why it could not be read, and e is
// an event of KindRejected with Error, Format, Time and Sample. Of a line that is no record e has Format, and
// Time if it bears a stamp. Seq, Lines and Stream are the caller's.
//
// The strings of e point into line or live until Reset.
func (p *Parser) Parse(line string, env Env, e *pipeline.Event) (skip string, err *Error) {
	*e = pipeline.Event{}
	if env.Cut {
		p.pieces.hold(line, env.Err)
		e.Format = p.format
		return skipPiece, nil
	}
	if len(p.pieces[0])|len(p.pieces[1]) != 0 {
		line = p.pieces.join(line, env.Err, &p.arena)
	}
	text := p.peel(trimEnd(line))
	if isBlank(text) {
		e.Format = p.format
		return skipBlank, nil
	}
	f := p.choose(text)
	if f == pipeline.FormatUnknown {
		if skip, _ = other(text); skip != "" {
			return skip, nil // a server's banner, or the end of a record that began in the file before
		}
		return "", p.reject(line, env, e, &Error{Column: 1, Reason: reasonFormat})
	}
	if skip, err = p.syntaxes[f].line(text, env, e); err != nil {
		err.Format = f
		err.Column += column(line, text) - 1
		return "", p.reject(line, env, e, err)
	}
	p.adopt(f)
	if skip != "" {
		p.misses = min(p.misses+1, patience)
		*e = pipeline.Event{Format: f, Time: e.Time, Digits: e.Digits}
		return skip, nil
	}
	if !p.setTime(f, env, e) {
		err = p.reject(line, env, e, &Error{Format: f, Column: 1, Reason: reasonNoTime})
		p.misses = 0
		return "", err
	}
	p.misses = 0
	p.bare.heard(!p.sealed)
	p.last = pipeline.Stamp{Time: e.Time, Digits: e.Digits}
	e.Format = f
	return "", nil
}

// adopt makes f the stream's format: a line of it was understood.
func (p *Parser) adopt(f pipeline.Format) {
	if f == p.format {
		return
	}
	if s := p.syntaxes[p.format]; s != nil {
		s.restore("") // what State would not tell
	}
	p.format, p.misses = f, 0
}

// reject makes e the event of a line that could not be read.
func (p *Parser) reject(line string, env Env, e *pipeline.Event, err *Error) *Error {
	p.misses = min(p.misses+rejectWeight, patience)
	*e = pipeline.Event{Kind: pipeline.KindRejected, Format: err.Format, Error: err.Reason}
	e.Time, e.Digits = p.last.Time, p.last.Digits
	if env.Time != 0 {
		e.Time, e.Digits = env.Time, digitsOf(env.Time)
	} else if e.Time == 0 {
		e.Time, e.Digits = env.Read, digitsOf(env.Read)
	}
	e.Sample = sample(line, err.Format)
	return err
}

// setTime decides which time counts: the line's own if it names its zone, the envelope's, the line's own,
// that of reading, the last one.
func (p *Parser) setTime(f pipeline.Format, env Env, e *pipeline.Event) bool {
	switch {
	case e.Time != 0 && (env.Time == 0 || p.syntaxes[f].zoned()):
	case env.Time != 0:
		e.Time, e.Digits = env.Time, digitsOf(env.Time)
	case env.Read != 0:
		e.Time, e.Digits = env.Read, digitsOf(env.Read)
	default:
		e.Time, e.Digits = p.last.Time, p.last.Digits
	}
	return e.Time != 0
}

// digitsOf returns how many decimals to show of a time whose text is not known.
func digitsOf(t pipeline.Time) uint8 {
	switch {
	case t%pipeline.Second == 0:
		return 0
	case t%1e6 == 0:
		return 3
	}
	return 6
}
