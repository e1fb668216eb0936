package engine_test

import (
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// A nothing does nothing, as fast as it can.
type nothing struct{}

func (nothing) Enrich(*pipeline.Event) {}
func (nothing) Level(*pipeline.Finding, pipeline.Time) pipeline.Attribution {
	return pipeline.Claimed
}
func (nothing) Due(pipeline.Time) pipeline.Time { return 0 }
func (nothing) Snapshot(io.Writer) error        { return nil }
func (nothing) Restore(io.Reader) error         { return nil }

type idleIdentity struct{ nothing }

func (idleIdentity) Advance(pipeline.Time) {}

type idleDetector struct{ nothing }

func (idleDetector) Observe(*pipeline.Event, pipeline.Report) {}
func (idleDetector) Advance(pipeline.Time, pipeline.Report)   {}

func idle() *engine.Engine {
	c := engine.Config{Identifier: idleIdentity{}}
	for i := range 11 {
		c.Detectors = append(c.Detectors, engine.Registered{
			Spec:     pipeline.Spec{Name: fmt.Sprint("d", i), Space: pipeline.SpaceSite << (i % 3)},
			Detector: idleDetector{},
		})
	}
	return engine.New(c)
}

// load makes batches of 1000 events of each stream, 1 ms apart, and moves them on at each use.
type load struct {
	batches []pipeline.Batch
	seq     uint64
	now     pipeline.Time
}

func newLoad(streams int) *load {
	l := &load{now: base}
	for i := range streams {
		b := pipeline.Batch{Stream: pipeline.StreamID('a' + rune(i)), Lateness: 2 * time.Second, Cursor: "1"}
		b.Events = make([]pipeline.Event, 1000)
		for j := range b.Events {
			b.Events[j] = pipeline.Event{
				Kind: pipeline.KindRequest, Lines: 1, IP: netip.AddrFrom4([4]byte{192, 0, 2, byte(j)}),
				Path: "/inbox", KeyHost: "peer.example", KeyID: "https://peer.example/actor#main-key",
				UserAgent: "Mastodon/4.4.0 (http.rb/5.2.0; +https://peer.example/)",
			}
		}
		l.batches = append(l.batches, b)
	}
	return l
}

func (l *load) next(i int) *pipeline.Batch {
	if i == 0 {
		l.seq += 1000
		l.now += pipeline.Second
	}
	b := &l.batches[i]
	for j := range b.Events {
		b.Events[j].Seq = l.seq + uint64(j)
		b.Events[j].Time = l.now + pipeline.Time(j)*pipeline.Time(time.Millisecond)
	}
	return b
}

func BenchmarkProcess(b *testing.B) {
	for _, streams := range []int{1, 2, 8} {
		b.Run(fmt.Sprint(streams, "streams"), func(b *testing.B) {
			e, l := idle(), newLoad(streams)
			var ids []pipeline.StreamID
			for i := range l.batches {
				ids = append(ids, l.batches[i].Stream)
			}
			e.Expect(ids)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				e.Process(l.next(n % streams))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
		})
	}
}

func TestProcessDoesNotAllocate(t *testing.T) {
	e, l := idle(), newLoad(1)
	got := testing.AllocsPerRun(100, func() { e.Process(l.next(0)) })
	if got != 0 {
		t.Errorf("got %v allocations for a batch of 1000 events, want 0", got)
	}
}
