package engine_test

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestBegin shows where a stream goes on of which nothing is applied yet: at the place before its first batch. Once
// something is applied that place is not gone back to, unless the stream has ended and begins anew.
func TestBegin(t *testing.T) {
	e, _ := recording(false)
	batch := func(b pipeline.Batch, sec ...float64) {
		for _, s := range sec {
			b.Events = append(b.Events, pipeline.Event{Kind: pipeline.KindRequest, Seq: uint64(s), Lines: 1, Time: at(s)})
		}
		e.Process(&b)
	}
	cursor := func() pipeline.Cursor { return e.Marks()[1].Cursor }
	batch(pipeline.Batch{Stream: "a", Opened: true, Cursor: "a1"}, 1) // holds back b
	batch(pipeline.Batch{Stream: "b", Opened: true, Begin: "b0", Cursor: "b5"}, 5)
	diff(t, cursor(), "b0")
	batch(pipeline.Batch{Stream: "a", Cursor: "a9"}, 9)
	diff(t, cursor(), "b5")
	batch(pipeline.Batch{Stream: "b", Opened: true, Begin: "b0", Cursor: "b6"}, 6)
	diff(t, cursor(), "b6")
	batch(pipeline.Batch{Stream: "b", Ended: true, Cursor: "end"})
	diff(t, cursor(), "end")
	batch(pipeline.Batch{Stream: "b", Opened: true, Begin: "again", Cursor: "b20"}, 20)
	diff(t, cursor(), "again")
}
