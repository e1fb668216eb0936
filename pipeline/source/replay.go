package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// DefaultProgressEvery is how many bytes of files are read between two calls of Progress.
const DefaultProgressEvery = 1 << 20

// A ReplayConfig says what to replay.
type ReplayConfig struct {
	Inputs []Input       // as ParseInput returns them: NewReplay expands them
	Parse  parse.Options // for inputs that have none of their own
	Stdin  io.Reader     // what the input "-" reads

	MaxLine int // bytes kept of a line; zero is DefaultMaxLine

	// Progress, if set, is called from within Read, at most every ProgressEvery bytes, and at the end of
	// each stream.
	Progress      func(Progress)
	ProgressEvery int64

	newParser func(parse.Options) (lineParser, error) // in tests
}

// A Progress says how far a replay is.
type Progress struct {
	Bytes  int64 // of files, packed as they are
	Total  int64 // of all files; without standard input and pipes, whose size is unknown
	Lines  uint64
	Stream pipeline.StreamID // the one that was read
}

// A Replay reads inputs that end. Its streams are read from one goroutine at a time.
type Replay struct {
	cfg     ReplayConfig
	pool    blockPool
	streams []*ReplayStream
	done    Progress
	told    int64
}

// NewReplay expands and checks the inputs, groups them into streams and reads none of their events yet.
// The error holds all that is wrong with the inputs.
func NewReplay(cfg ReplayConfig) (*Replay, error) {
	inputs, err := Expand(cfg.Inputs)
	if err != nil {
		return nil, err
	}
	if cfg.MaxLine <= 0 {
		cfg.MaxLine = DefaultMaxLine
	}
	if cfg.ProgressEvery <= 0 {
		cfg.ProgressEvery = DefaultProgressEvery
	}
	r := &Replay{cfg: cfg}
	pieces, err := r.probeAll(inputs)
	if err != nil {
		return nil, err
	}
	for _, c := range chains(pieces) {
		s, err := r.stream(c)
		if err != nil {
			return nil, err
		}
		r.streams = append(r.streams, s)
	}
	return r, nil
}

func (r *Replay) probeAll(inputs []Input) ([]*piece, error) {
	var pieces []*piece
	var errs []error
	for i, in := range inputs {
		p, err := r.probe(in, i)
		if err != nil {
			errs = append(errs, fmt.Errorf("input %s: %w", in.Path, err))
			continue
		}
		pieces = append(pieces, p)
		r.done.Total += p.size
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return pieces, r.findEnds(pieces)
}

// parser returns the maker of parsers for an input.
func (r *Replay) parser(in Input) parserMaker {
	return parserOf(in, r.cfg.Parse, r.cfg.newParser)
}

func (r *Replay) stream(c *chain) (*ReplayStream, error) {
	a, err := newAssembler(r.parser(c.pieces[0].in))
	if err != nil {
		return nil, err
	}
	return &ReplayStream{replay: r, chain: c, asm: a}, nil
}

// Sources returns the streams, each a Source by itself, in the order of their first stamps within a format.
func (r *Replay) Sources() []pipeline.Source {
	out := make([]pipeline.Source, len(r.streams))
	for i, s := range r.streams {
		out[i] = s
	}
	return out
}

// Long returns how many lines were cut because they were too long.
func (r *Replay) Long() uint64 {
	var n uint64
	for _, s := range r.streams {
		n += s.long
	}
	return n
}

// Close closes all streams.
func (r *Replay) Close() error {
	var errs []error
	for _, s := range r.streams {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// progress counts what a stream has read, and tells when it is time.
func (r *Replay) progress(s *ReplayStream, bytes int64, lines uint64, end bool) {
	r.done.Bytes += bytes
	r.done.Lines += lines
	r.done.Stream = s.chain.id
	if r.cfg.Progress == nil || !end && r.done.Bytes-r.told < r.cfg.ProgressEvery {
		return
	}
	r.told = r.done.Bytes
	r.cfg.Progress(r.done)
}

// A ReplayStream is one log of a Replay: pieces read one after the other, with one parser and one count
// of lines. It is a pipeline.Source of one stream, without a goroutine.
type ReplayStream struct {
	replay *Replay
	chain  *chain
	asm    *assembler

	at    int // the piece being read, or to be read next
	text  *text
	lines *lineReader
	raw   int64  // bytes of the piece's file that progress knows of
	told  uint64 // lines that progress knows of
	long  uint64

	opened bool
	ended  bool
	failed error // to be returned by the next Read

	mu sync.Mutex // held by Read, so that Close may come at any time
}

// Streams returns the one stream.
func (s *ReplayStream) Streams() []pipeline.StreamID { return []pipeline.StreamID{s.chain.id} }

// Inputs returns the paths of the pieces in the order in which they are read.
func (s *ReplayStream) Inputs() []string {
	var out []string
	for _, p := range s.chain.pieces {
		out = append(out, p.in.Path)
	}
	return out
}

// Seek goes on behind a cursor that the same stream of the same inputs has given.
func (s *ReplayStream) Seek(stream pipeline.StreamID, cursor pipeline.Cursor) error {
	p, err := seekPlace(s.chain.id, stream, cursor)
	if err != nil {
		return err
	}
	if p.Piece < 0 || p.Piece > len(s.chain.pieces) || p.Offset < 0 {
		return fmt.Errorf("seek %s: the cursor is of other inputs", stream)
	}
	s.leave()
	s.at = p.Piece
	s.asm.restore(p.Seq, string(p.Parser))
	s.told = p.Seq
	if p.Offset == 0 || p.Piece == len(s.chain.pieces) {
		return nil
	}
	if err := s.open(); err != nil {
		return err
	}
	if err := s.text.skip(p.Offset); err != nil {
		return err
	}
	s.lines.pos = p.Offset
	return nil
}

// Read returns the next batch. After an error of one piece it goes on with the next piece.
func (s *ReplayStream) Read(ctx context.Context) (pipeline.Batch, error) {
	if err := ctx.Err(); err != nil {
		return pipeline.Batch{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed; err != nil {
		s.failed = nil
		return pipeline.Batch{}, err
	}
	if s.ended {
		return pipeline.Batch{}, io.EOF
	}
	slab := s.asm.begin()
	s.failed = s.collect(slab)
	s.ended = s.failed == nil && !slab.full() && s.at == len(s.chain.pieces)
	return s.batch(slab), nil
}

func (s *ReplayStream) batch(slab *slab) pipeline.Batch {
	b := s.asm.finish(slab)
	b.Stream = s.chain.id
	b.Opened = !s.opened
	b.Ended = s.ended
	if b.Opened {
		b.Lateness = s.chain.lateness()
		s.opened = true
	}
	b.Cursor = s.cursor()
	s.count()
	return b
}

// collect adds lines to slab until it is full or the log has ended.
func (s *ReplayStream) collect(slab *slab) error {
	for !slab.full() {
		if s.lines == nil {
			if s.at == len(s.chain.pieces) {
				return nil
			}
			if err := s.open(); err != nil {
				s.at++
				return err
			}
		}
		if err := s.lend(slab); err != nil {
			return err
		}
	}
	return nil
}

// lend adds the lines at hand, then reads on, or leaves the piece when it has ended.
func (s *ReplayStream) lend(slab *slab) error {
	for !slab.full() {
		line, ok := s.lines.next()
		if !ok {
			return s.fill()
		}
		slab.hold(s.lines.block)
		s.asm.add(slab, line, parse.Env{})
	}
	return nil
}

func (s *ReplayStream) fill() error {
	err := s.lines.fill()
	if err == nil {
		return nil
	}
	if err != io.EOF {
		err = s.text.fail(s.lines.pos, err)
	} else {
		err = nil
	}
	s.leave()
	s.at++
	return err
}

// open opens the current piece, or takes it over from the probe.
func (s *ReplayStream) open() error {
	p := s.chain.pieces[s.at]
	s.raw = 0
	if p.lines != nil {
		s.text, s.lines = p.opened, p.lines
		p.opened = nil
		return nil
	}
	t, err := openText(p.in, nil)
	if err != nil {
		return err
	}
	s.text, s.lines = t, newLineReader(t, &s.replay.pool, s.replay.cfg.MaxLine)
	return nil
}

// leave closes the current piece.
func (s *ReplayStream) leave() {
	if s.lines == nil {
		return
	}
	s.count()
	s.long += s.lines.long
	s.free()
}

func (s *ReplayStream) free() {
	s.lines.close()
	s.text.close()
	s.lines, s.text = nil, nil
}

// count tells the replay how far this stream is.
func (s *ReplayStream) count() {
	var bytes int64
	if s.text != nil {
		bytes = s.text.raw.n - s.raw
		s.raw = s.text.raw.n
	}
	lines := s.asm.seq - s.told
	s.told = s.asm.seq
	s.replay.progress(s, bytes, lines, s.ended)
}

func (s *ReplayStream) cursor() pipeline.Cursor {
	p := place{Seq: s.asm.seq, Parser: []byte(s.asm.state()), Piece: s.at}
	if s.lines != nil {
		p.Offset = s.lines.pos
	}
	return p.cursor()
}

// Commit does nothing: files don't care.
func (s *ReplayStream) Commit(context.Context, pipeline.StreamID, pipeline.Cursor) error { return nil }

// Close frees what is open.
func (s *ReplayStream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.lines != nil {
		s.free()
	}
	for _, p := range s.chain.pieces {
		if p.opened != nil {
			p.opened.close()
			p.opened = nil
		}
	}
	return nil
}
