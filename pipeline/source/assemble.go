package source

import (
	"fmt"
	"slices"
	"sync"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

const (
	batchEvents = 256 // events of a batch at most, save those of its last line
	batchBlocks = 4   // blocks that a batch holds at most, when few of its lines are events
)

// A lineParser is what a source needs of a *parse.Parser.
type lineParser interface {
	Open(line string) []parse.Record
	Parse(line string, env parse.Env, e *pipeline.Event) (skip string, err *parse.Error)
	Reset()
	State() string
	Restore(state string)
	Format() pipeline.Format
}

// A parserMaker makes parsers that are all alike.
type parserMaker func() (lineParser, error)

// parserOf returns the maker of parsers for an input; build is parse.New, save in tests.
func parserOf(in Input, all parse.Options, build func(parse.Options) (lineParser, error)) parserMaker {
	o := all
	if in.Parse != nil {
		o = *in.Parse
	}
	if in.Format != pipeline.FormatUnknown {
		o.Format = in.Format
	}
	if build == nil {
		build = newParser
	}
	return func() (lineParser, error) { return build(o) }
}

func newParser(o parse.Options) (lineParser, error) {
	p, err := parse.New(o)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// A slab is what a batch is made of: its events, the arena of the parser that read them, and the blocks
// they point into. It is lent until the batch is released.
type slab struct {
	events  []pipeline.Event
	parser  lineParser
	blocks  []*block
	lent    bool
	release func()
}

// hold keeps b until the slab is released.
func (s *slab) hold(b *block) {
	if n := len(s.blocks); n > 0 && s.blocks[n-1] == b {
		return
	}
	b.refs.Add(1)
	s.blocks = append(s.blocks, b)
}

// full reports whether the batch should be handed over.
func (s *slab) full() bool { return len(s.events) >= batchEvents || len(s.blocks) > batchBlocks }

// An assembler turns the lines of one stream into batches. Releases may come from another goroutine.
type assembler struct {
	make parserMaker
	seq  uint64 // number of the last record
	idle uint32 // records since the last event
	lost uint64 // lines that the carrier says it has dropped, since the last batch

	mu   sync.Mutex
	free []*slab
	last *slab // whose parser has read the last line
}

func newAssembler(make parserMaker) (*assembler, error) {
	a := &assembler{make: make}
	p, err := make()
	if err != nil {
		return nil, err
	}
	a.last = a.newSlab(p)
	a.free = append(a.free, a.last)
	return a, nil
}

func (a *assembler) newSlab(p lineParser) *slab {
	s := &slab{parser: p}
	s.release = func() { a.giveBack(s) }
	return s
}

// begin returns an empty slab whose parser remembers what the last one did.
func (a *assembler) begin() *slab {
	s := a.take()
	s.events = s.events[:0]
	s.parser.Reset()
	if s != a.last {
		s.parser.Restore(a.last.parser.State())
		a.last = s
	}
	return s
}

func (a *assembler) take() *slab {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.free); n > 0 {
		s := a.free[n-1]
		a.free = a.free[:n-1]
		s.lent = true
		return s
	}
	p, err := a.make()
	if err != nil {
		panic(fmt.Sprintf("BUG: options that made a parser before: %v", err))
	}
	s := a.newSlab(p)
	s.lent = true
	return s
}

// giveBack ends the life of a batch's strings.
func (a *assembler) giveBack(s *slab) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !s.lent {
		return
	}
	s.lent = false
	for _, b := range s.blocks {
		b.drop()
	}
	s.blocks = s.blocks[:0]
	a.free = append(a.free, s)
}

// add reads one line into s, which must not be full: one record, save where an envelope holds several.
func (a *assembler) add(s *slab, line string, env parse.Env) {
	for _, rec := range s.parser.Open(line) {
		a.record(s, &rec, env)
	}
}

// record reads one record into s.
func (a *assembler) record(s *slab, rec *parse.Record, env parse.Env) {
	a.seq++
	a.idle++
	if rec.Suppressed > 0 {
		a.lost += rec.Suppressed
		return
	}
	n := len(s.events)
	s.events = slices.Grow(s.events, 1)[:n+1]
	e := &s.events[n]
	skip, _ := s.parser.Parse(rec.Text, envOf(rec, env), e)
	if skip != "" {
		s.events = s.events[:n]
		return
	}
	e.Seq, e.Lines = a.seq, a.idle
	a.idle = 0
}

// envOf returns what is known of a record of a line of which env is known.
func envOf(rec *parse.Record, env parse.Env) parse.Env {
	env.Time, env.Cut, env.Err = rec.Time, rec.Cut, rec.Err
	if rec.Read != 0 {
		env.Read = rec.Read
	}
	return env
}

// finish makes s a batch; the stream and the cursor are the caller's to set.
func (a *assembler) finish(s *slab) pipeline.Batch {
	b := pipeline.Batch{Events: s.events, Skipped: a.idle, LostLines: a.lost, Release: s.release}
	if a.lost > 0 {
		b.Reason = suppressed(a.lost)
	}
	a.idle, a.lost = 0, 0
	return b
}

// suppressed says that n lines never came to be in a log.
func suppressed(n uint64) string {
	return fmt.Sprintf("%d lines were dropped by journald's rate limit", n)
}

// state returns what the parser remembers between lines.
func (a *assembler) state() string { return a.last.parser.State() }

// restore goes on behind record seq with what the parser remembered then.
func (a *assembler) restore(seq uint64, state string) {
	a.seq, a.idle, a.lost = seq, 0, 0
	a.last.parser.Restore(state)
}
