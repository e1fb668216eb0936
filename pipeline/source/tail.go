package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

const (
	keptLeft  = 16              // generations that were left but are still held open, at most
	maxDrain  = time.Minute     // a rotated file that goes on growing for so long no longer keeps the new one waiting
	maxPause  = 5 * time.Second // between two starts of the library
	claimPace = time.Second
	urgent    = 250 * time.Millisecond
	restful   = 2               // times Tick, between two looks while nothing happens
	calm      = 3 * time.Second // without growth, after which nothing happens

	// seqGap is what Seq jumps by when the place to go on from is gone: lines behind it may have been
	// applied already, and a Seq must not be given twice.
	seqGap = 1 << 32
)

// A TailConfig says which live file to follow, and how. Only Path is needed.
type TailConfig struct {
	Path     string
	Name     string // of the stream; empty is "file:" and the absolute path
	Format   pipeline.Format
	Parse    parse.Options // Format above wins over its own
	Lateness time.Duration // zero is DefaultLateness; more for nginx with flush=
	MaxLine  int           // bytes kept of a line; zero is DefaultMaxLine

	Tick      time.Duration // between two looks at the name; zero is 125 ms
	Grace     time.Duration // for which a file that was rotated away must not grow; zero is 5 s
	LostAfter time.Duration // unreadable for so long is lost; zero is 60 s
	Backlog   int64         // unread bytes from which our own reader goes first; zero is 1 MiB

	// History is how old rotated files may be that are read first by a stream that has no place to go on
	// from; zero reads none. HistoryUntil, if set, is when what is left of them is skipped.
	History      time.Duration
	HistoryUntil time.Time
	// EndAfter ends the stream when no file has had the name for so long and all was read; zero never does.
	EndAfter time.Duration
	// Mend adds to why the file can't be opened what to do about it; nil says it of files.
	Mend func(error) error

	Now func() time.Time // the clock; nil is time.Now
	Log *slog.Logger     // told of rotations, truncations and what can't be read; nil is silent

	newParser func(parse.Options) (lineParser, error) // in tests
}

func (c *TailConfig) setDefaults() {
	c.Lateness = orDefault(c.Lateness, DefaultLateness)
	c.Tick = orDefault(c.Tick, 125*time.Millisecond)
	c.Grace = orDefault(c.Grace, 5*time.Second)
	c.LostAfter = orDefault(c.LostAfter, time.Minute)
	if c.Backlog <= 0 {
		c.Backlog = 1 << 20
	}
	if c.MaxLine <= 0 {
		c.MaxLine = DefaultMaxLine
	}
	c.MaxLine = max(c.MaxLine, 4*maxPrefix)
	if c.Mend == nil {
		c.Mend = mendFile
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// TailStats count what has happened to a live file since it was opened.
type TailStats struct {
	Rotations   uint64 // another file took the name
	Truncations uint64
	Restarts    uint64 // of the tail library, after it gave up by itself
	Long        uint64 // lines that were cut

	InHistory      bool   // rotated files are being read that lie before the first start
	HistoryDone    uint64 // bytes of them that were read, as they lie on the disk
	HistoryTotal   uint64 // bytes of them in all, so far
	HistorySkipped uint64 // files of them that were skipped because it took too long
}

// A Tail follows one live file: it is a Source of one stream, which ends only if EndAfter says so.
type Tail struct {
	cfg  TailConfig
	path string // absolute
	id   pipeline.StreamID
	asm  *assembler
	pool blockPool

	gens     []*generation // oldest first; the first is read, the last has the name
	gone     []*generation // were read to their end and left, but may still grow
	known    []mark        // texts that are not to be read again, the latest last
	horizon  time.Time     // rotated files last written before this are not to be read
	named    inode         // which has the name
	rescans  int           // looks that still search siblings: a rotation may be under way
	place    *place        // where to go on, until that is found
	searched []sibling     // files among which that was not found
	searches int           // for it
	past     time.Time     // the first start, while rotated files from before it are being read
	recalled int64         // bytes of those that were left

	opened   bool
	next     time.Time // of the next look
	claimed  time.Time // when CaughtUp was claimed last
	trouble  error     // why the name can't be opened
	since    time.Time // since when
	told     bool      // that it is lost
	lost     uint64    // lines lost before the next batch, at least
	reason   string    // why
	urgently atomic.Bool
	ended    bool // the stream is
	end      atomic.Pointer[pipeline.Cursor]

	rotations, truncations, restarts, long    atomic.Uint64
	historyDone, historyTotal, historySkipped atomic.Uint64
	inHistory                                 atomic.Bool

	mu        sync.Mutex // held by Read
	closed    chan struct{}
	closeOnce sync.Once
}

// NewTail prepares to follow a file. It opens nothing yet, so a missing file is no error.
func NewTail(cfg TailConfig) (*Tail, error) {
	cfg.setDefaults()
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("tail %s: %w", cfg.Path, err)
	}
	asm, err := newAssembler(parserOf(Input{Format: cfg.Format}, cfg.Parse, cfg.newParser))
	if err != nil {
		return nil, fmt.Errorf("tail %s: %w", cfg.Path, err)
	}
	t := &Tail{cfg: cfg, path: path, asm: asm, closed: make(chan struct{})}
	t.id = pipeline.StreamID(cfg.Name)
	if cfg.Name == "" {
		t.id = pipeline.StreamID("file:" + path)
	}
	t.inHistory.Store(cfg.History > 0)
	return t, nil
}

// Streams returns the one stream.
func (t *Tail) Streams() []pipeline.StreamID { return []pipeline.StreamID{t.id} }

// Seek goes on behind cursor, wherever rotation has put that place by now. When it is gone, the file is
// read from its beginning and the next batch says LostLines.
func (t *Tail) Seek(stream pipeline.StreamID, cursor pipeline.Cursor) error {
	p, err := seekPlace(t.id, stream, cursor)
	if err != nil {
		return err
	}
	t.place = &p
	t.inHistory.Store(p.Past != 0)
	t.asm.restore(p.Seq, string(p.Parser))
	return nil
}

// Urgent says whether another stream waits for this one: claims of CaughtUp then come every 250 ms instead
// of every second. It may be called from any goroutine.
func (t *Tail) Urgent(yes bool) { t.urgently.Store(yes) }

// Stats returns what has happened. It may be called from any goroutine.
func (t *Tail) Stats() TailStats {
	return TailStats{
		Rotations:   t.rotations.Load(),
		Truncations: t.truncations.Load(),
		Restarts:    t.restarts.Load(),
		Long:        t.long.Load(),

		InHistory:      t.inHistory.Load(),
		HistoryDone:    t.historyDone.Load(),
		HistoryTotal:   t.historyTotal.Load(),
		HistorySkipped: t.historySkipped.Load(),
	}
}

// Measures tells the same as metrics.
func (t *Tail) Measures(tell func(name string, value float64, labels ...string)) {
	s := t.Stats()
	for _, m := range []struct {
		name  string
		value uint64
	}{
		{"fedwarden_source_rotations_total", s.Rotations},
		{"fedwarden_source_truncations_total", s.Truncations},
		{"fedwarden_source_restarts_total", s.Restarts},
		{"fedwarden_long_lines_total", s.Long},
		{"fedwarden_history_bytes", s.HistoryTotal},
		{"fedwarden_history_read_bytes", s.HistoryDone},
	} {
		tell(m.name, float64(m.value), "stream", string(t.id))
	}
}

// Commit does nothing: a file keeps its lines whether they were read or not.
func (t *Tail) Commit(context.Context, pipeline.StreamID, pipeline.Cursor) error { return nil }

// Close makes a Read under way return and closes the files.
func (t *Tail) Close() error {
	t.closeOnce.Do(func() { close(t.closed) })
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range append(t.gens, t.gone...) {
		g.close()
	}
	t.gens, t.gone = nil, nil
	return nil
}

// Read returns the next lines, or a claim about time. The first batch is empty if nothing is there, so that
// the stream is known before its file is.
func (t *Tail) Read(ctx context.Context) (pipeline.Batch, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.opened {
		t.opened = true
		return pipeline.Batch{Stream: t.id, Opened: true, Lateness: t.cfg.Lateness}, nil
	}
	for {
		if err := t.stopped(ctx); err != nil {
			return pipeline.Batch{}, err
		}
		if b, ok := t.tick(); ok {
			return b, nil
		}
		if b, ok := t.lines(ctx); ok {
			return b, nil
		}
	}
}

func (t *Tail) stopped(ctx context.Context) error {
	select {
	case <-t.closed:
		return fmt.Errorf("read %s: %w", t.id, os.ErrClosed)
	default:
	}
	if t.ended {
		return io.EOF
	}
	return ctx.Err()
}

// tick looks at the files when it is time, and returns what is to be claimed about them.
func (t *Tail) tick() (pipeline.Batch, bool) {
	now := t.cfg.Now() // before the look: a claim is about what was there then
	if now.Before(t.next) {
		return pipeline.Batch{}, false
	}
	t.look(now)
	t.next = now.Add(t.stride(now))
	if t.isOver(now) {
		return t.finishStream(), true
	}
	if t.isLost(now) {
		t.told = true
		return pipeline.Batch{Stream: t.id, Lost: true, Reason: t.cfg.Mend(t.trouble).Error()}, true
	}
	if t.caughtUp(now) && now.Sub(t.claimed) >= t.pace() {
		t.claimed = now
		return t.sign(pipeline.Batch{CaughtUp: pipeline.TimeOf(now)}), true
	}
	return pipeline.Batch{}, false
}

// stride returns how long it is to the next look: longer while nothing happens, since a look costs the same
// whether there is something to see or not.
func (t *Tail) stride(now time.Time) time.Duration {
	if t.urgently.Load() || t.rescans > 0 || len(t.gens) != 1 {
		return t.cfg.Tick
	}
	if g := t.gens[0]; g.pending() || now.Sub(g.grew) < calm {
		return t.cfg.Tick
	}
	return restful * t.cfg.Tick
}

func (t *Tail) pace() time.Duration {
	if t.urgently.Load() {
		return urgent
	}
	return claimPace
}
