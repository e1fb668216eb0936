package source

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

const (
	carrierLateness = 10 * time.Second
	carrierIdle     = time.Hour
	maxMembers      = 256
	claimRecords    = 1024 // records between two claims in a backlog, at least
	claimPressed    = 64   // when memory is short
)

// A DemuxConfig says how a carrier's records are parted into streams. Carrier and Compare are needed.
type DemuxConfig struct {
	Carrier  pipeline.StreamID                  // the carrier's own stream: it is known before anything is read
	Compare  func(a, b string) int              // the order of two places of the carrier
	Options  func(*parse.Record) parse.Options  // what is known beforehand of a record's stream; nil: nothing
	Name     func(*parse.Record) (string, bool) // a stream's name below the carrier's; nil or false: by origin and content
	Lateness time.Duration                      // zero: 10 s
	Idle     time.Duration                      // of the carrier's time without a record, then a stream ends; zero: 1 h
	Max      int                                // streams at once; what comes beyond is the carrier's; zero: 256
	Now      func() time.Time                   // the clock; nil: time.Now
	Log      *slog.Logger                       // told of streams that come and go; nil is silent
}

// A Demux parts the records of one ordered carrier (a journal, a partition of a topic) into streams. It is
// what a Source is built on, has no goroutine, and is for one at a time, save Commit.
//
// Each stream's cursor holds the carrier's place up to which that stream was read. So a carrier is read again
// from the least place of all, and each stream drops what lies before its own.
type Demux struct {
	cfg     DemuxConfig
	sniffer *parse.Parser              // tells a record's format where its origin does not tell its log
	formats map[string]pipeline.Format // that an origin's last line had; saved with each place, so that a line which is read again goes where it went
	members map[pipeline.StreamID]*member
	order   []*member // the carrier first, then as they came
	full    []*member // in Add
	given   uint64    // the highest number of streams that were forgotten
	ready   []pipeline.Batch
	place   string        // of the last message that was added
	clock   pipeline.Time // when that was appended to the carrier
	claimed pipeline.Time // up to where every stream was claimed
	records int           // since then
	crowded bool          // that there are too many streams was said
	pressed atomic.Bool

	mu        sync.Mutex
	committed map[pipeline.StreamID]string // the place that is durable, of each stream that has not ended
}

// A member is one stream of a carrier.
type member struct {
	id     pipeline.StreamID
	asm    *assembler
	slab   *slab                      // being filled; nil when nothing is there
	resume string                     // up to here it was read by an earlier run; empty: everything is new
	routes map[string]pipeline.Format // at resume
	last   pipeline.Time              // when its last record was appended
	opened bool
	ended  bool
	begin  pipeline.Cursor
	lost   uint64
	reason string
}

// NewDemux returns a Demux that knows the carrier's own stream only.
func NewDemux(cfg DemuxConfig) (*Demux, error) {
	cfg.Lateness = orDefault(cfg.Lateness, carrierLateness)
	cfg.Idle = orDefault(cfg.Idle, carrierIdle)
	if cfg.Max <= 0 {
		cfg.Max = maxMembers
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Options == nil {
		cfg.Options = func(*parse.Record) parse.Options { return parse.Options{} }
	}
	sniffer, err := parse.New(parse.Options{})
	if err != nil {
		return nil, fmt.Errorf("demux %s: %w", cfg.Carrier, err)
	}
	d := &Demux{cfg: cfg, sniffer: sniffer, members: map[pipeline.StreamID]*member{}, formats: map[string]pipeline.Format{}, committed: map[pipeline.StreamID]string{}}
	_, err = d.join(cfg.Carrier, cfg.Options(&parse.Record{}))
	return d, err
}

// Streams returns the carrier's own stream and those that are known and have not ended.
func (d *Demux) Streams() []pipeline.StreamID {
	var list []pipeline.StreamID
	for _, m := range d.order {
		if !m.ended {
			list = append(list, m.id)
		}
	}
	return list
}

// Owns reports whether a stream is of this carrier.
func (d *Demux) Owns(id pipeline.StreamID) bool {
	rest, ok := strings.CutPrefix(string(id), string(d.cfg.Carrier))
	return ok && (rest == "" || rest[0] == '/')
}

// Seek makes a stream go on behind the carrier's place in cursor.
func (d *Demux) Seek(id pipeline.StreamID, cursor pipeline.Cursor) error {
	p, err := parseCursor(cursor)
	if err != nil {
		return fmt.Errorf("seek %s: %w", id, err)
	}
	m := d.members[id]
	if m == nil {
		if m, err = d.join(id, d.cfg.Options(&parse.Record{})); err != nil {
			return fmt.Errorf("seek %s: %w", id, err)
		}
	}
	m.asm.restore(p.Seq, string(p.Parser))
	m.resume, m.ended, m.routes = p.At, p.Ended, p.Routes
	if !m.ended {
		d.note(id, p.At)
	}
	return nil
}

// Start returns the place behind which the carrier must be read: the least of all streams that were sought and
// have not ended. It is false when the carrier is to be read from where the configuration says.
func (d *Demux) Start() (place string, ok bool) {
	for _, m := range d.order {
		if m.ended {
			continue
		}
		if m.resume == "" {
			return "", false
		}
		if !ok || d.cfg.Compare(m.resume, place) < 0 {
			place, ok = m.resume, true
			d.formats = maps.Clone(m.routes)
		}
	}
	if d.formats == nil {
		d.formats = map[string]pipeline.Format{}
	}
	return place, ok
}

// Begin says where reading begins, when Start did not. It is called before the first Add or Next.
func (d *Demux) Begin(place string) { d.place = place }

// Add takes one message of the carrier, whole: all its records have one place. At is when it was appended to
// the carrier, zero when unknown; it must not be later than the clock.
func (d *Demux) Add(place string, at pipeline.Time, records []parse.Record) {
	d.begin()
	d.claimBefore(at)
	d.clock = max(d.clock, at)
	read := pipeline.TimeOf(d.cfg.Now())
	full := d.full[:0]
	for i := range records {
		m := d.memberOf(&records[i], place)
		if !m.isNew(place, d.cfg.Compare) {
			continue
		}
		d.put(m, &records[i], read)
		if m.last = d.clock; m.slab != nil && m.slab.full() {
			full = append(full, m)
		}
	}
	d.place, d.full = place, full
	d.records++
	for _, m := range full { // not before: a cursor is behind a whole message
		if m.slab != nil {
			d.flush(m)
		}
	}
}

// isNew reports whether the message at place has not been read by an earlier run.
func (m *member) isNew(place string, compare func(a, b string) int) bool {
	if m.resume == "" {
		return true
	}
	if compare(place, m.resume) <= 0 {
		return false
	}
	m.resume = ""
	return true
}

// put adds a record to its stream's batch.
func (d *Demux) put(m *member, rec *parse.Record, read pipeline.Time) {
	if m.slab == nil {
		m.slab = m.asm.begin()
	}
	m.asm.record(m.slab, rec, parse.Env{Read: read})
}

// Lose says that n lines of the carrier are lost, at least; of which streams they were is not known.
func (d *Demux) Lose(n uint64, reason string) { d.order[0].lose(n, reason) }

func (m *member) lose(n uint64, reason string) {
	m.lost += n
	m.reason = reason
}

// Skip lets the streams' counts leap, because the carrier has lost records that may have been counted before:
// a number must not be given twice.
func (d *Demux) Skip() {
	for _, m := range d.order {
		m.asm.restore(m.asm.seq+seqGap, "")
	}
}
