package source

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// A JournaldConfig says which units of which journal to follow. Its zero value is Mastodon's units in this
// machine's own journal, from now on.
type JournaldConfig struct {
	Units     []string // patterns of units, with or without ".service", and of containers; empty: DefaultUnits
	Directory string   // of journal files, as another machine's; empty: this machine's own
	Namespace string   // of journald; empty: the default one
	Name      string   // of the journal's own stream; empty: "journald", with the directory or namespace

	// Options returns what is known beforehand of a record's stream; nil: nothing.
	Options func(*parse.Record) parse.Options

	History      time.Duration // how far back a first start reads; zero: not at all
	HistoryUntil time.Time     // reading the past ends then, finished or not; zero: when it is finished

	Lateness  time.Duration // zero: 10 s
	LostAfter time.Duration // without a working journalctl for so long is lost; zero: 60 s
	Check     time.Duration // between two looks whether journalctl tells all that is there; zero: 30 s

	Now func() time.Time // the clock; nil is time.Now
	Log *slog.Logger     // nil is silent

	Program string   // empty is "journalctl"
	Args    []string // before all others, in tests
	stall   time.Duration
}

func (c *JournaldConfig) setDefaults() {
	if len(c.Units) == 0 {
		c.Units = DefaultUnits()
	}
	if c.Name == "" {
		c.Name = "journald"
		if where := c.Directory + c.Namespace; where != "" {
			c.Name += ":" + where
		}
	}
	c.LostAfter = orDefault(c.LostAfter, time.Minute)
	c.Check = orDefault(c.Check, 30*time.Second)
	c.stall = orDefault(c.stall, journalStall)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Program == "" {
		c.Program = "journalctl"
	}
}

// JournaldStats count what has happened to a journal since it was opened.
type JournaldStats struct {
	Entries    uint64        // read, of all units
	Lines      uint64        // of our units
	Restarts   uint64        // of journalctl, after it ended or stood still
	Gaps       uint64        // places at which entries were gone before they were read
	Suppressed uint64        // messages that journald says it has dropped by its rate limit
	Long       uint64        // fields that were cut
	Place      pipeline.Time // of the last entry
}

// A Journald follows a systemd journal through journalctl. It is a Source of a stream for each unit.
type Journald struct {
	cfg    JournaldConfig
	demux  *Demux
	filter unitFilter

	child   *child
	pid     atomic.Int64 // of the child; zero without one
	reader  exportReader
	records []parse.Record

	begun   bool
	history bool   // nothing is known of an earlier run: the past is read
	since   int64  // from when on, Unix seconds
	place   string // of the last entry that was read
	resumed bool   // the entry at place must come first, or it is gone

	target  string        // the newest entry there was
	asked   time.Time     // when that was
	passed  bool          // it has been read
	doubted string        // a target that a new child did not tell either
	check   time.Time     // when to ask again
	heard   time.Time     // when the child last told something, or began
	at      pipeline.Time // of the last entry
	pending bool          // something was added that is not handed over
	claimed time.Time
	losses  []pipeline.Batch // claims that streams are lost

	trouble  error // why there is nothing to read
	troubled time.Time
	failures int
	retry    time.Time
	told     bool // that it is lost

	urgently atomic.Bool
	notReady atomic.Pointer[string]
	stats    journaldCounts

	mu        sync.Mutex // held by Read
	closed    chan struct{}
	closeOnce sync.Once
}

type journaldCounts struct {
	entries, lines, restarts, gaps, suppressed, long atomic.Uint64
	place                                            atomic.Int64
}

// NewJournald prepares to follow a journal. It starts nothing yet, so that journalctl is missing is no error.
func NewJournald(cfg JournaldConfig) (*Journald, error) {
	cfg.setDefaults()
	for _, p := range cfg.Units {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return nil, fmt.Errorf("journal: unit %q is no pattern", p)
		}
	}
	d, err := NewDemux(DemuxConfig{
		Carrier:  pipeline.StreamID(cfg.Name),
		Compare:  compareJournal,
		Options:  cfg.Options,
		Name:     nameRecord,
		Lateness: cfg.Lateness,
		Now:      cfg.Now,
		Log:      cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return &Journald{
		cfg:   cfg,
		demux: d,
		filter: unitFilter{
			patterns: cfg.Units,
			hosts:    cfg.Directory != "",
			wanted:   map[string]bool{},
			carriers: map[string]struct{}{},
		},
		closed: make(chan struct{}),
	}, nil
}

// Streams returns the journal's own stream and those of units that are known.
func (j *Journald) Streams() []pipeline.StreamID { return j.demux.Streams() }

// Owns reports whether a stream is of this journal.
func (j *Journald) Owns(id pipeline.StreamID) bool { return j.demux.Owns(id) }

// Seek makes a stream go on behind cursor. When that entry is gone, reading goes on at the oldest one that is
// left, and the journal's own stream says LostLines.
func (j *Journald) Seek(id pipeline.StreamID, cursor pipeline.Cursor) error {
	return j.demux.Seek(id, cursor)
}

// Urgent says whether another stream waits for one of these. It may be called from any goroutine.
func (j *Journald) Urgent(yes bool) { j.urgently.Store(yes) }

// Press says whether what waits for a quiet unit fills the memory. It may be called from any goroutine.
func (j *Journald) Press(yes bool) { j.demux.Press(yes) }

// NotReady says why the journal is not followed yet: its past is being read. It is empty when it is followed,
// and may be called from any goroutine.
func (j *Journald) NotReady() string {
	if s := j.notReady.Load(); s != nil {
		return *s
	}
	return ""
}

// Stats returns what has happened. It may be called from any goroutine.
func (j *Journald) Stats() JournaldStats {
	return JournaldStats{
		Entries:    j.stats.entries.Load(),
		Lines:      j.stats.lines.Load(),
		Restarts:   j.stats.restarts.Load(),
		Gaps:       j.stats.gaps.Load(),
		Suppressed: j.stats.suppressed.Load(),
		Long:       j.stats.long.Load(),
		Place:      pipeline.Time(j.stats.place.Load()),
	}
}

// Measures tells the same as metrics.
func (j *Journald) Measures(tell func(name string, value float64, labels ...string)) {
	tell("fedwarden_source_restarts_total", float64(j.stats.restarts.Load()), "stream", j.cfg.Name)
	tell("fedwarden_long_lines_total", float64(j.stats.long.Load()), "stream", j.cfg.Name)
}

// Commit notes what is durable. The journal keeps its entries whether they were read or not.
func (j *Journald) Commit(_ context.Context, id pipeline.StreamID, cursor pipeline.Cursor) error {
	j.demux.Commit(id, cursor)
	return nil
}

// Close makes a Read under way return and ends journalctl.
func (j *Journald) Close() error {
	j.closeOnce.Do(func() { close(j.closed) })
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end()
	return nil
}

func (j *Journald) end() {
	if j.child != nil {
		j.child.stop()
		j.child = nil
		j.pid.Store(0)
	}
}

// Read returns the next lines of a unit, or a claim about time.
func (j *Journald) Read(ctx context.Context) (pipeline.Batch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		if err := j.stopped(ctx); err != nil {
			return pipeline.Batch{}, err
		}
		if b, ok := j.next(); ok {
			return b, nil
		}
		if j.child == nil && !j.start(ctx) {
			j.pause(ctx)
			continue
		}
		j.step(ctx)
	}
}

// next returns what is due to be handed over.
func (j *Journald) next() (pipeline.Batch, bool) {
	if b, ok := j.demux.Next(); ok || len(j.losses) == 0 {
		return b, ok
	}
	b := j.losses[0]
	j.losses = j.losses[1:]
	return b, true
}

func (j *Journald) stopped(ctx context.Context) error {
	select {
	case <-j.closed:
		return fmt.Errorf("read %s: %w", j.cfg.Name, os.ErrClosed)
	default:
		return ctx.Err()
	}
}

// arguments returns how journalctl is called, with what is particular in the end.
func (j *Journald) arguments(more ...string) []string {
	args := slices.Clone(j.cfg.Args)
	if j.cfg.Directory != "" {
		args = append(args, "--directory="+j.cfg.Directory)
	}
	if j.cfg.Namespace != "" {
		args = append(args, "--namespace="+j.cfg.Namespace)
	}
	return append(append(args, "--output=export", "--all", "--no-pager"), more...)
}
