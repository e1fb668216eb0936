package runner

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// TestAheadWithQuiet does not read on for a carrier whose busy stream fills the memory while another source holds it
// back, though the carrier has a quiet stream of which nothing is held.
func TestAheadWithQuiet(t *testing.T) {
	e := engine.New(engine.Config{Memory: 1 << 20})
	f, other := &feed{streams: []pipeline.StreamID{"c", "c/busy"}}, &feed{streams: []pipeline.StreamID{"late"}}
	r := &Runner{engine: e, byStream: map[pipeline.StreamID]*feed{"c": f, "c/busy": f, "late": other}}
	for _, id := range []pipeline.StreamID{"c", "c/busy", "late"} {
		e.Process(&pipeline.Batch{Stream: id, Opened: true, CaughtUp: 100 * pipeline.Second})
	}
	e.Process(&pipeline.Batch{Stream: "c", CaughtUp: 200 * pipeline.Second})
	for i := uint64(1); !e.Full(); i++ {
		e.Process(&pipeline.Batch{Stream: "c/busy", Events: []pipeline.Event{{Time: 150 * pipeline.Second, Seq: i, Kind: pipeline.KindRequest, Path: fmt.Sprint(i)}}})
	}
	if !r.ahead(f) || r.ahead(other) {
		t.Errorf("got ahead %v, the other %v; want the carrier to wait for the other", r.ahead(f), r.ahead(other))
	}
}
