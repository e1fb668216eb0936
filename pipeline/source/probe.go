package source

import (
	"bytes"
	"io"
	"os"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// lastWindow is how far back from the end of a piece its last stamp is looked for.
const lastWindow = 1 << 20

// A piece is one input and what must be known of it to find its place among the others.
type piece struct {
	in     Input
	given  int // place among the inputs
	format pipeline.Format
	first  pipeline.Time // of its first line that has a stamp; zero without any
	last   pipeline.Time // of its last
	told   bool          // a line with a stamp was an event: the format is sure
	empty  bool          // it has no line at all
	size   int64         // of the file; zero when unknown

	opened *text // of what can be opened once only: where the probe has left it
	lines  *lineReader
}

// once reports whether the input can be read once only: standard input, or a pipe.
func (in Input) once() bool {
	if in.Stdin() {
		return true
	}
	fi, err := os.Stat(in.Path)
	return err == nil && !fi.Mode().IsRegular()
}

// probe finds the format and the first stamp of an input.
func (r *Replay) probe(in Input, given int) (*piece, error) {
	p := &piece{in: in, given: given, format: in.Format}
	parser, err := r.parser(in)()
	if err != nil {
		return nil, err
	}
	t, err := openText(in, r.cfg.Stdin)
	if err != nil {
		return nil, err
	}
	lines := newLineReader(t, &r.pool, r.cfg.MaxLine)
	if in.once() {
		p.opened, p.lines = t, lines
		return p, p.peek(r.parser(in))
	}
	defer t.close()
	defer lines.close()
	if fi, err := os.Stat(in.Path); err == nil {
		p.size = fi.Size()
	}
	p.look(lines, parser)
	return p, nil
}

// look reads lines up to the first event with a stamp; the stamp of a line before it that is no record (an
// exception, at which a log was cut) counts for the piece's place. An error of reading ends it: it will come again when
// the piece is read.
func (p *piece) look(lines *lineReader, parser lineParser) {
	p.empty = true
	for {
		line, ok := lines.next()
		if !ok {
			if err := lines.fill(); err != nil {
				p.empty = p.empty && err == io.EOF
				return
			}
			continue
		}
		p.empty = false
		parser.Reset()
		at, event := stamp(parser, line)
		if at == 0 {
			continue
		}
		if p.format = parser.Format(); p.first == 0 {
			p.first = at
		}
		if p.told = event; event {
			return
		}
	}
}

// peek looks at the lines of what can be read once only, as far as one block goes, and takes none.
func (p *piece) peek(parser parserMaker) error {
	err := p.lines.fill()
	for {
		fresh, makeErr := parser()
		if makeErr != nil {
			return makeErr
		}
		ahead := *p.lines
		ahead.err, ahead.partial = io.EOF, err == nil && p.lines.err == nil
		p.look(&ahead, fresh)
		p.empty = p.empty && (err == nil || err == io.EOF)
		if p.told || p.lines.err != nil || p.lines.end == len(p.lines.block.data) {
			return nil
		}
		p.lines.read()
	}
}

// stamp returns the time of a line that was understood, zero if it has none, and whether it is an event:
// of several records of a line, those of the first event, else of the first with a time.
func stamp(parser lineParser, line string) (at pipeline.Time, event bool) {
	for _, rec := range parser.Open(line) {
		var e pipeline.Event
		skip, err := parser.Parse(rec.Text, envOf(&rec, parse.Env{}), &e)
		switch {
		case err != nil || rec.Suppressed > 0 || e.Time == 0:
		case skip == "":
			return e.Time, true
		case at == 0:
			at = e.Time
		}
	}
	return at, false
}

// findLast finds the last stamp of a piece. Of a packed one it reads everything, of another the end only;
// both look at the same bytes.
func (r *Replay) findLast(p *piece) error {
	p.last = p.first
	in := p.in
	in.Format = p.format
	parser, err := r.parser(in)()
	if err != nil {
		return err
	}
	t, err := openText(p.in, nil)
	if err != nil {
		return err
	}
	defer t.close()
	end, whole := t.end(p.size)
	if at, ok := lastStamp(end, whole, parser, r.cfg.MaxLine); ok {
		p.last = at
	}
	return nil
}

// end returns the last bytes of the text, and whether that is all of it. What can't be read is not there.
func (t *text) end(size int64) (b []byte, whole bool) {
	if !t.packed {
		skip := max(0, size-lastWindow)
		b = make([]byte, min(size, lastWindow))
		n, _ := t.file.ReadAt(b, skip)
		return b[:n], skip == 0
	}
	var before []byte
	for {
		b = make([]byte, lastWindow)
		n, err := io.ReadFull(t, b)
		if err == nil {
			before = b
			continue
		}
		all := append(before, b[:n]...)
		return all[max(0, len(all)-lastWindow):], len(all) <= lastWindow
	}
}

// lastStamp looks for the last line with a stamp, from the end. The first line of a text that isn't whole
// is half a line.
func lastStamp(b []byte, whole bool, parser lineParser, maxLine int) (pipeline.Time, bool) {
	for len(b) > 0 {
		b = bytes.TrimSuffix(b, []byte("\n"))
		start := bytes.LastIndexByte(b, '\n') + 1
		if start == 0 && !whole {
			return 0, false
		}
		line := b[start:]
		b = b[:start]
		parser.Reset()
		if at, _ := stamp(parser, trimLine(line, maxLine)); at != 0 {
			return at, true
		}
	}
	return 0, false
}

// trimLine is what lineReader does to a line.
func trimLine(b []byte, maxLine int) string {
	r := lineReader{max: maxLine}
	return r.trim(b)
}
