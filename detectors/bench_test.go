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

// A feed hands the same batches to an engine again and again, each time a little later.
type feed struct {
	engine *engine.Engine
	events []pipeline.Event
	at     pipeline.Time
	gap    time.Duration
	seq    uint64
	next   int
}

// newFeed returns a feed of parsed nginx events of so many domains, half of them deliveries: with key ids, or
// with agents alone, as the combined format has them.
func newFeed(domains int, signed bool) *feed {
	f := &feed{engine: newTestEngine(), at: clock, gap: 5 * time.Millisecond, events: make([]pipeline.Event, 1<<16)}
	rng := rand.New(rand.NewPCG(3, 4))
	zipf := rand.NewZipf(rng, 1.1, 8, uint64(domains-1))
	for i := range f.events {
		d := int(zipf.Uint64())
		e := pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox,
			Status: 202, Lines: 1, AgentHost: fmt.Sprintf("d%d.example", d), IP: netip.AddrFrom4([4]byte{byte(11 + d>>16), byte(d >> 8), byte(d), 7})}
		e.KeyHost, e.KeyID = e.AgentHost, fmt.Sprintf("https://d%d.example/users/u%d#main-key", d, rng.IntN(3))
		if !signed {
			e.KeyHost, e.KeyID = "", ""
		}
		if i%2 == 0 {
			e.Method, e.Endpoint, e.Status = pipeline.MethodGet, pipeline.EndpointTimeline, 200
			e.AgentHost, e.KeyHost, e.KeyID = "", "", ""
		}
		f.events[i] = e
	}
	return f
}

// process hands over the next batch, as a source would that has just parsed it.
func (f *feed) process() {
	events := f.events[f.next : f.next+batchSize]
	f.next = (f.next + batchSize) % len(f.events)
	for i := range events {
		e := &events[i]
		f.at += pipeline.Time(f.gap)
		f.seq++
		e.Time, e.Seq, e.Slots, e.Counts = f.at, f.seq, pipeline.Slots{}, 0
	}
	f.engine.Process(&pipeline.Batch{Stream: "nginx", Opened: f.seq == batchSize, Lateness: 2 * time.Second, Events: events})
}

// BenchmarkProcess is the engine with all detectors, fed with parsed events.
func BenchmarkProcess(b *testing.B) {
	for _, domains := range []int{1000, 5000, 50_000} {
		b.Run(fmt.Sprintf("combined/%d", domains), func(b *testing.B) { benchProcess(b, newFeed(domains, false)) })
		b.Run(fmt.Sprintf("signed/%d", domains), func(b *testing.B) { benchProcess(b, newFeed(domains, true)) })
	}
}

func benchProcess(b *testing.B, f *feed) {
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
}

// TestProcessAllocatesNothing is the promise of the hot path: no allocation per event for known keys.
func TestProcessAllocatesNothing(t *testing.T) {
	f := newFeed(500, true)
	f.gap = 300 * time.Millisecond // so that nobody is in flood: what is told may allocate
	for range 2 * len(f.events) / batchSize {
		f.process()
	}
	if n := testing.AllocsPerRun(100, f.process); n > 1 {
		t.Errorf("got %v allocations per batch of %d events, want at most one for what happens each second", n, batchSize)
	}
}
