package detectors_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

const batchSize = 256

// A feed hands the same events to an engine again and again, each time a little later.
type feed struct {
	engine *engine.Engine
	events []pipeline.Event
	batch  pipeline.Batch
	at     pipeline.Time
	gap    time.Duration
	seq    uint64
	next   int
}

// newFeed returns a feed of parsed nginx events of so many domains, half of them deliveries.
func newFeed(domains int) *feed {
	f := &feed{engine: lawEngine(false), at: clock, gap: 5 * time.Millisecond, events: make([]pipeline.Event, 1<<16)}
	rng := rand.New(rand.NewPCG(3, 4))
	zipf := rand.NewZipf(rng, 1.1, 8, uint64(domains-1))
	for i := range f.events {
		d := int(zipf.Uint64())
		e := pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox,
			Status: 202, Lines: 1, AgentHost: fmt.Sprintf("d%d.example", d), IP: netip.AddrFrom4([4]byte{10, byte(d >> 16), byte(d >> 8), byte(d)})}
		e.KeyHost, e.KeyID = e.AgentHost, fmt.Sprintf("https://d%d.example/users/u%d#main-key", d, rng.IntN(3))
		if i%2 == 0 {
			e.Method, e.Endpoint, e.Status = pipeline.MethodGet, pipeline.EndpointTimeline, 200
			e.AgentHost, e.KeyHost, e.KeyID = "", "", ""
		}
		f.events[i] = e
	}
	f.batch = pipeline.Batch{Stream: "nginx", Opened: true, Lateness: 2 * time.Second, Events: make([]pipeline.Event, batchSize)}
	return f
}

// process hands over one batch.
func (f *feed) process() {
	for i := range f.batch.Events {
		e := f.events[f.next]
		f.next = (f.next + 1) % len(f.events)
		f.at += pipeline.Time(f.gap)
		f.seq++
		e.Time, e.Seq = f.at, f.seq
		f.batch.Events[i] = e
	}
	f.engine.Process(&f.batch)
	f.batch.Opened = false
}

// BenchmarkProcess is the engine with all detectors, fed with parsed events; the copy of each event, which a
// source would parse instead, is in the figure.
func BenchmarkProcess(b *testing.B) {
	for _, domains := range []int{1000, 5000, 50_000} {
		b.Run(fmt.Sprint(domains), func(b *testing.B) {
			f := newFeed(domains)
			for range len(f.events) / batchSize {
				f.process()
			}
			b.ReportAllocs()
			began := time.Now()
			n := 0
			for b.Loop() {
				f.process()
				n += batchSize
			}
			b.ReportMetric(float64(n)/time.Since(began).Seconds(), "events/s")
			b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(n), "ns/event")
		})
	}
}

// TestProcessAllocatesNothing is the promise of the hot path: no allocation per event for known keys.
func TestProcessAllocatesNothing(t *testing.T) {
	f := newFeed(500)
	f.gap = 300 * time.Millisecond // so that nobody is in flood: what is told may allocate
	for range 2 * len(f.events) / batchSize {
		f.process()
	}
	if n := testing.AllocsPerRun(100, f.process); n > 1 {
		t.Errorf("got %v allocations per batch of %d events, want at most one for what happens each second", n, batchSize)
	}
}
