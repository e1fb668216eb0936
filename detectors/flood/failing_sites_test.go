package flood

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

var clock = pipeline.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))

func failAt(at pipeline.Time, site string) *pipeline.Event {
	return &pipeline.Event{Time: at, Kind: pipeline.KindJobError, JobClass: "W", Site: pipeline.Site(site)}
}

// TestFailingSitesAreBounded lets more sites fail than there is room for: what is said of the worst is never too high,
// and it is what was restored.
func TestFailingSitesAreBounded(t *testing.T) {
	var h failingSites
	for i := range 20 * mostFailing {
		h.add("W", failAt(clock, fmt.Sprintf("s%d.example", i)))
		if i%8 == 0 {
			h.add("W", failAt(clock, "dead.example"))
		}
	}
	site, n, all := h.worst("W", clock)
	if len(h.list) != mostFailing || site != "dead.example" || n == 0 || n > 20*mostFailing/8 || all == 0 {
		t.Errorf("got %d sites, the worst %q with %d of %d", len(h.list), site, n, all)
	}
	var b bytes.Buffer
	s := saver{w: &b}
	h.save(&s)
	var again failingSites
	l := loader{r: &b}
	if again.load(&l); l.err != nil {
		t.Fatal(l.err)
	}
	if site2, n2, all2 := again.worst("W", clock); site2 != site || n2 != n || all2 != all {
		t.Errorf("restored, got %q %d %d, want %q %d %d", site2, n2, all2, site, n, all)
	}
}

// TestFailingSitesForget sees a site for ten minutes at least, and for twenty at most.
func TestFailingSitesForget(t *testing.T) {
	var h failingSites
	h.add("W", failAt(clock, "dead.example"))
	for _, c := range []struct {
		after time.Duration
		want  uint32
	}{{10 * time.Minute, 1}, {20 * time.Minute, 0}} {
		if _, n, all := h.worst("W", clock.Add(c.after)); n != c.want || all != c.want {
			t.Errorf("after %s: got %d of %d, want %d", c.after, n, all, c.want)
		}
	}
	if _, n, _ := h.worst("V", clock); n != 0 {
		t.Errorf("another class: got %d", n)
	}
}
