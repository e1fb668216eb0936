package flood

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestThreads counts threads, each once, of the last five to ten minutes.
func TestThreads(t *testing.T) {
	var th threads
	for i := range 300 {
		th.see(&pipeline.Event{Time: clock, PID: fmt.Sprint(1 + i%2), TID: fmt.Sprintf("t%d", i%60)})
	}
	th.see(&pipeline.Event{Time: clock})
	for _, c := range []struct {
		after     time.Duration
		low, high uint32
	}{{0, 57, 60}, {5 * time.Minute, 57, 60}, {10 * time.Minute, 0, 0}} {
		if got := th.count(clock.Add(c.after)); got < c.low || got > c.high {
			t.Errorf("after %s: got %d threads, want 60", c.after, got)
		}
	}
}
