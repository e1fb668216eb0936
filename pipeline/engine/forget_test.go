package engine_test

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestForgetsEndedStreams lets streams come and go for ever: what is remembered stays bounded, and what is read
// is not forgotten.
func TestForgetsEndedStreams(t *testing.T) {
	e, _ := recording(false)
	f := feed(e)
	f.batch("live", "10")
	for i := range 3000 {
		f.batch(fmt.Sprintf("pod%d", i), fmt.Sprintf("%d ended", 11+i))
		f.batch("live", fmt.Sprintf("=%d", 14+i))
	}
	marks := e.Marks()
	if len(marks) > 1024 {
		t.Errorf("got %d streams, want 1024 at most", len(marks))
	}
	diff(t, marks[0].Stream, pipeline.StreamID("live"))
	f.batch("live", "5000")
	diff(t, e.Marks()[0].Lines, uint64(2))
}
