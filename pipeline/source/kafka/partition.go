package kafka

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

// An address names one partition.
type address struct {
	topic     string
	partition int
}

func (a address) String() string { return a.topic + "/" + strconv.Itoa(a.partition) }

// A partition is the Source of one partition of a topic.
type partition struct {
	address
	group   *Group
	client  *kafkago.Client
	demux   *source.Demux
	decoder *decoder
	now     func() time.Time
	late    bool // it was found after the start: all in it is new

	started bool
	place   place
	claimed pipeline.Time // the last claim
	dirty   bool          // something was added since
	stuck   int           // times that what stands at place could not be decoded
	skipped uint64        // offsets stepped over since that began
	arena   []byte

	urgent atomic.Bool
	closed context.Context // ends with Close
	end    context.CancelFunc
	stats  counters

	mu     sync.Mutex
	failed string // the last error of Read, empty while it is well
}

func (g *Group) newPartition(a address, late bool) (*partition, error) {
	demux, err := source.NewDemux(source.DemuxConfig{Carrier: pipeline.StreamID("kafka:" + a.String()), Compare: comparePlaces,
		Options: g.cfg.Options, Lateness: g.cfg.Lateness, Now: g.cfg.Now, Log: g.cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	decoder, err := newDecoder(g.cfg.Decode)
	if err != nil {
		return nil, fmt.Errorf("kafka: decode: %w", err)
	}
	p := &partition{address: a, group: g, client: g.client, demux: demux, decoder: decoder, now: g.cfg.Now, late: late}
	p.closed, p.end = context.WithCancel(context.Background())
	return p, nil
}

// Streams implements pipeline.Source.
func (p *partition) Streams() []pipeline.StreamID { return p.demux.Streams() }

// Owns reports whether a stream is of this partition.
func (p *partition) Owns(id pipeline.StreamID) bool { return p.demux.Owns(id) }

// Urgent says that others wait for what this partition claims.
func (p *partition) Urgent(on bool) { p.urgent.Store(on) }

// Press lets quiet streams go on with the others while memory is short. It may be called from any goroutine.
func (p *partition) Press(on bool) { p.demux.Press(on) }

// Seek implements pipeline.Source.
func (p *partition) Seek(id pipeline.StreamID, cursor pipeline.Cursor) error {
	if err := p.demux.Seek(id, cursor); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	p.group.seen(p.topic)
	return nil
}

// Read implements pipeline.Source.
func (p *partition) Read(ctx context.Context) (pipeline.Batch, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.closed, cancel)()
	for {
		if b, ok := p.next(); ok {
			return b, nil
		}
		if p.closed.Err() != nil {
			return pipeline.Batch{}, os.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		if err := p.more(ctx); err != nil {
			p.demux.Flush() // what was read must not wait for what can't be
			p.note(err)
			return pipeline.Batch{}, fmt.Errorf("kafka: %s: %w", p.address, explain(err))
		}
		p.note(nil)
	}
}

// next returns the next batch that is due. Before the start there is none: it could not say where it is.
func (p *partition) next() (pipeline.Batch, bool) {
	if !p.started {
		return pipeline.Batch{}, false
	}
	return p.demux.Next()
}

// more waits until there is something to do, and does it.
func (p *partition) more(ctx context.Context) error {
	if !p.started {
		return p.start(ctx)
	}
	if err := p.group.refusal(); err != nil {
		return err
	}
	return p.fetch(ctx)
}

// Commit implements pipeline.Source. Kafka is told later, by the group.
func (p *partition) Commit(_ context.Context, id pipeline.StreamID, cursor pipeline.Cursor) error {
	at, ok := p.demux.Commit(id, cursor)
	if !ok {
		return nil
	}
	durable, err := parsePlace(at)
	if err != nil {
		return fmt.Errorf("kafka: commit %s: %w", p.address, err)
	}
	p.group.member.commit(p.address, durable.offset)
	return nil
}

// Close implements pipeline.Source.
func (p *partition) Close() error {
	p.end()
	return nil
}

// NotReady says why what has been written is not read yet, empty if it is.
func (p *partition) NotReady() string {
	if err := p.group.refusal(); err != nil {
		return err.Error()
	}
	if !p.stats.begun.Load() {
		return "kafka: not assigned yet"
	}
	if p.stats.reached.Load() {
		return ""
	}
	return fmt.Sprintf("kafka: %s records behind", thousands(p.stats.lag()))
}

func (p *partition) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = ""
	if err != nil {
		p.failed = shorten(err)
	}
}

// thousands writes n as in 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
