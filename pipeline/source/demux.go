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

// claimBefore claims, in a backlog, that up to at there was nothing but what has been added: messages are in the
// order in which they were appended. So a quiet stream does not hold back the others.
func (d *Demux) claimBefore(at pipeline.Time) {
	every := claimRecords
	if d.pressed.Load() {
		every = claimPressed
	}
	if d.records >= every && (d.pressed.Load() || at >= d.claimed+pipeline.Second) {
		d.Claim(at)
	}
}

// Press says whether what waits for this carrier's quiet streams fills the memory. While it does, they are claimed
// without allowing for lateness: what they bring later is applied at the time that was reached, if it is no
// older than the lateness. It may be called from any goroutine.
func (d *Demux) Press(yes bool) { d.pressed.Store(yes) }

// Claim says that everything that was in the carrier at t has been added. Streams that have been idle end.
func (d *Demux) Claim(t pipeline.Time) {
	d.Flush()
	d.clock = max(d.clock, t)
	d.claimed, d.records = max(d.claimed, t), 0
	for _, m := range d.order {
		if m.ended || m.resume != "" && !d.reached(m) {
			continue
		}
		if m.last == 0 {
			m.last = d.clock
		}
		b := pipeline.Batch{CaughtUp: t}
		if d.pressed.Load() {
			b.CaughtUp += pipeline.Time(d.cfg.Lateness)
		}
		if m.id != d.cfg.Carrier && d.clock-m.last >= pipeline.Time(d.cfg.Idle) {
			b.Ended, m.ended = true, true
			d.cfg.Log.Info("stream has been idle and ends", "stream", m.id)
		}
		d.ready = append(d.ready, d.sign(m, b))
	}
}

// reached reports whether the carrier has been read up to where m was read before.
func (d *Demux) reached(m *member) bool {
	return d.place != "" && d.cfg.Compare(d.place, m.resume) >= 0
}

// Flush makes batches of all that has been added.
func (d *Demux) Flush() {
	d.begin()
	for _, m := range d.order {
		if m.slab != nil || m.lost > 0 {
			d.flush(m)
		}
	}
}

func (d *Demux) flush(m *member) {
	s := m.slab
	m.slab = nil
	if s == nil {
		d.ready = append(d.ready, d.sign(m, pipeline.Batch{}))
		return
	}
	d.ready = append(d.ready, d.sign(m, m.asm.finish(s)))
}

// sign says whose batch b is, where it ends and what was lost before it.
func (d *Demux) sign(m *member, b pipeline.Batch) pipeline.Batch {
	b.Stream = m.id
	if !m.opened {
		b.Opened, b.Lateness, b.Begin, m.opened = true, d.cfg.Lateness, m.begin, true
	}
	if m.lost > 0 {
		b.LostLines, b.Reason = b.LostLines+m.lost, m.reason
		m.lost, m.reason = 0, ""
	}
	p := place{Seq: m.asm.seq, Parser: []byte(m.asm.state()), At: d.place, Ended: m.ended, Routes: d.formats}
	if m.resume != "" && !d.reached(m) {
		p.At, p.Routes = m.resume, m.routes
	}
	b.Cursor = p.cursor()
	return b
}

// begin opens the carrier's own stream: it holds back the others from the first.
func (d *Demux) begin() {
	if c := d.order[0]; !c.opened {
		d.open(c)
	}
}

// open tells where m begins, for when nothing of it is applied before a crash: at once, since what waits in its
// batch would be lost if another stream's later cursor were saved first.
func (d *Demux) open(m *member) {
	p := place{Seq: m.asm.seq, Parser: []byte(m.asm.state()), At: d.place, Routes: d.formats}
	if m.resume != "" {
		p.At, p.Routes = m.resume, m.routes
	}
	m.begin = p.cursor()
	d.note(m.id, p.At)
	d.ready = append(d.ready, d.sign(m, pipeline.Batch{}))
}

// Next returns the next batch that is due, false when there is none.
func (d *Demux) Next() (pipeline.Batch, bool) {
	d.begin()
	if len(d.ready) == 0 {
		return pipeline.Batch{}, false
	}
	b := d.ready[0]
	d.ready[0] = pipeline.Batch{}
	if d.ready = d.ready[1:]; len(d.ready) == 0 {
		d.ready = nil
	}
	return b, true
}

// Commit notes that a stream is durable up to cursor, and returns the carrier's place up to which all streams
// are. It may be called from any goroutine.
func (d *Demux) Commit(id pipeline.StreamID, cursor pipeline.Cursor) (place string, ok bool) {
	p, err := parseCursor(cursor)
	if err != nil || p.At == "" {
		return "", false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.committed[id] = p.At; p.Ended {
		delete(d.committed, id)
	}
	for _, at := range d.committed {
		if !ok || d.cfg.Compare(at, place) < 0 {
			place, ok = at, true
		}
	}
	return place, ok
}

// note holds back what is committed until a stream that has begun, or goes on, is durable itself.
func (d *Demux) note(id pipeline.StreamID, at string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.committed[id]; !there && at != "" {
		d.committed[id] = at
	}
}
