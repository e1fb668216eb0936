package runner

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/notify"
)

const benchEvents = 1 << 20

func benchSource() *endingSource {
	list := make([]pipeline.Event, benchEvents)
	for i := range list {
		list[i] = pipeline.Event{
			Time: 1e18 + pipeline.Time(i)*1e6, Seq: uint64(i + 1), Lines: 1, Kind: pipeline.KindRequest, Status: 200,
		}
	}
	return &endingSource{id: "nginx:1", events: list, n: 500}
}

// What the loop costs on top of an engine without detectors.
func BenchmarkRun(b *testing.B) {
	src := benchSource()
	b.ReportAllocs()
	for b.Loop() {
		src.pos, src.opened = 0, false
		r, err := New(Config{
			Engine: engine.New(engine.Config{}), Notifier: notify.New(notify.Config{}), Store: &fakeStore{},
			Sources: []pipeline.Source{src},
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEvents, "ns/event")
}

func BenchmarkReplay(b *testing.B) {
	src := benchSource()
	b.ReportAllocs()
	for b.Loop() {
		src.pos, src.opened = 0, false
		if err := Replay(b.Context(), engine.New(engine.Config{}), []pipeline.Source{src}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEvents, "ns/event")
}
