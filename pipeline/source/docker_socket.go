package source

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

const (
	socketTick   = 100 * time.Millisecond // between two looks whether to stop
	socketLinger = 5 * time.Millisecond   // for more of a batch
	socketSettle = 100 * time.Millisecond // without a message, before the newest one is asked for
)

// A SocketLogConfig says how a container's log is read over Docker's socket.
type SocketLogConfig struct {
	Format   pipeline.Format
	Parse    parse.Options // Format above wins over its own
	Lateness time.Duration // zero is 10 s
	MaxLine  int           // bytes kept of a line; zero is DefaultMaxLine
	Begin    time.Time     // where a stream begins that has no place to go on from; zero: at the oldest line kept

	LostAfter time.Duration // unreadable for so long is lost; zero is 60 s
	EndAfter  time.Duration // unknown to the daemon for so long is gone; zero is 5 s

	Now func() time.Time // the clock; nil is time.Now
	Log *slog.Logger     // nil is silent

	stall time.Duration // in tests
}

func (c *SocketLogConfig) setDefaults() {
	c.Lateness = orDefault(c.Lateness, dockerLateness)
	c.LostAfter = orDefault(c.LostAfter, time.Minute)
	c.EndAfter = orDefault(c.EndAfter, 5*time.Second)
	c.stall = orDefault(c.stall, 10*time.Second)
	if c.MaxLine <= 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// A SocketLog reads the log of one container over Docker's socket. It is a Source of one stream, which ends when
// the container is removed.
type SocketLog struct {
	cfg  SocketLogConfig
	api  *dockerAPI
	id   string // the container's
	name pipeline.StreamID
	asm  *assembler
	pool blockPool
	seed maphash.Seed

	ans    *answer // the log that is followed; nil while it is not
	body   *liveBody
	reader *messageReader

	inspected, tty bool

	place  socketPlace
	way    way       // back to it
	last   messageID // of what was read last, or passed over
	heard  time.Time // when that was, or the log was opened
	target messageID // the newest message there was
	asked  time.Time // when; zero without one
	due    pipeline.Time
	next   time.Time // of the next look
	retry  time.Time // of the next attempt to open the log
	pauses time.Duration

	opened   bool
	ended    bool
	unknown  time.Time // since when the daemon knows no such container
	trouble  error     // why it can't be read
	troubled time.Time // since when
	told     bool      // that it is lost
	lost     uint64    // lines lost before the next batch, at least
	reason   string

	urgently    atomic.Bool
	over        atomic.Bool
	restarts    atomic.Uint64
	cutLines    atomic.Uint64
	mu          sync.Mutex // held by Read
	closed      context.Context
	closeSource context.CancelFunc
}

func newSocketLog(api *dockerAPI, c Container, cfg SocketLogConfig) (*SocketLog, error) {
	cfg.setDefaults()
	asm, err := newAssembler(parserOf(Input{Format: cfg.Format}, cfg.Parse, nil))
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", c.Name, err)
	}
	s := &SocketLog{cfg: cfg, api: api, id: c.ID, name: pipeline.StreamID(c.Stream()), asm: asm, seed: maphash.MakeSeed()}
	s.closed, s.closeSource = context.WithCancel(context.Background())
	return s, nil
}

// Streams returns the one stream.
func (s *SocketLog) Streams() []pipeline.StreamID { return []pipeline.StreamID{s.name} }

// Seek goes on behind cursor. When the daemon has thrown that line away, reading goes on at the oldest one that
// is left, and the batch says LostLines.
func (s *SocketLog) Seek(stream pipeline.StreamID, cursor pipeline.Cursor) error {
	p, err := seekPlace(s.name, stream, cursor)
	if err != nil {
		return err
	}
	if s.place, err = parseSocketPlace(p.At); err != nil {
		return fmt.Errorf("seek %s: %w", stream, err)
	}
	s.asm.restore(p.Seq, string(p.Parser))
	return nil
}

// Urgent says whether another stream waits for this one. It may be called from any goroutine.
func (s *SocketLog) Urgent(yes bool) { s.urgently.Store(yes) }

// Measures tells what has happened as metrics.
func (s *SocketLog) Measures(tell func(name string, value float64, labels ...string)) {
	tell("fedwarden_source_restarts_total", float64(s.restarts.Load()), "stream", string(s.name))
	tell("fedwarden_long_lines_total", float64(s.cutLines.Load()), "stream", string(s.name))
}

// Commit does nothing: the daemon keeps lines whether they were read or not.
func (s *SocketLog) Commit(context.Context, pipeline.StreamID, pipeline.Cursor) error { return nil }

// Close makes a Read under way return and hangs up.
func (s *SocketLog) Close() error {
	s.closeSource()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangUp()
	return nil
}

// Read returns the next lines, or a claim about time. The first batch is empty, so that the stream is known
// before the daemon answers.
func (s *SocketLog) Read(ctx context.Context) (pipeline.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opened {
		s.opened = true
		return pipeline.Batch{Stream: s.name, Opened: true, Lateness: s.cfg.Lateness}, nil
	}
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closed, cancel)()
	for {
		if err := s.stopped(ctx); err != nil {
			return pipeline.Batch{}, err
		}
		if b, ok := s.claim(); ok {
			return b, nil
		}
		s.look(asking)
		s.open(asking)
		if b, ok := s.lines(asking); ok {
			return b, nil
		}
	}
}

func (s *SocketLog) stopped(ctx context.Context) error {
	if s.closed.Err() != nil {
		return fmt.Errorf("read %s: %w", s.name, os.ErrClosed)
	}
	if s.ended {
		return io.EOF
	}
	return ctx.Err()
}

// open follows the log, if it is time.
func (s *SocketLog) open(ctx context.Context) {
	now := s.cfg.Now()
	if s.ans != nil || now.Before(s.retry) {
		return
	}
	s.pauses = min(max(2*s.pauses, socketTick), maxPause)
	s.retry = now.Add(s.pauses)
	if err := s.inspect(ctx); err != nil {
		s.fail(ctx, now, err)
		return
	}
	since := s.place.stamp
	if since == 0 {
		since = pipeline.TimeOf(s.cfg.Begin)
	}
	ans, err := s.api.logs(ctx, s.id, since, "follow", "1")
	if err != nil {
		s.fail(ctx, now, err)
		return
	}
	ans.stop() // it outlives this Read
	s.ans, s.body = ans, newLiveBody(ans)
	s.reader = newMessageReader(s.body, s.tty, &s.pool, s.cfg.MaxLine)
	s.way, s.heard = wayTo(s.place), now
}

func (s *SocketLog) hangUp() {
	if s.ans == nil {
		return
	}
	s.ans.close()
	s.reader.close()
	s.ans, s.body, s.reader = nil, nil, nil
}

// lines returns what has come, waiting a moment for it.
func (s *SocketLog) lines(ctx context.Context) (pipeline.Batch, bool) {
	if s.ans == nil {
		s.wait(ctx)
		return pipeline.Batch{}, false
	}
	before := s.asm.seq
	slab := s.asm.begin()
	env := parse.Env{Read: pipeline.TimeOf(s.cfg.Now())}
	var err error
	for !slab.full() && err == nil && s.due == 0 {
		s.body.wait = socketTick
		if s.asm.seq > before {
			s.body.wait = socketLinger
		}
		var m message
		if m, err = s.reader.next(); err == nil {
			s.take(slab, &m, env)
		}
	}
	if n := s.reader.long; n > 0 {
		s.cutLines.Add(n)
		s.reader.long = 0
	}
	if err != nil && !idle(err) {
		s.died(ctx, err)
	}
	if s.asm.seq == before && s.lost == 0 {
		slab.release()
		return pipeline.Batch{}, false
	}
	return s.sign(s.asm.finish(slab)), true
}

// take adds a message, unless it was read before.
func (s *SocketLog) take(slab *slab, m *message, env parse.Env) {
	s.heard = s.cfg.Now()
	s.last = m.id(s.seed)
	known, gone := s.way.known(m.stamp)
	if gone {
		s.skip()
	}
	if !known {
		s.place.pass(m.stamp)
		slab.hold(s.reader.block)
		s.asm.record(slab, &parse.Record{Text: m.text, Time: m.stamp, Cut: m.cut, Err: m.err}, env)
		s.pauses = 0
		s.restored()
	}
	if s.asked.IsZero() || s.last != s.target {
		return
	}
	if !m.cut {
		s.due = pipeline.TimeOf(s.asked)
	}
	s.asked = time.Time{}
}

// wait lets a moment pass.
func (s *SocketLog) wait(ctx context.Context) {
	timer := time.NewTimer(socketTick)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
