package window

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// heardSignals is a pipeline.Report that counts signals by name.
type heardSignals map[string]uint64

func (heardSignals) Find(pipeline.Finding)      {}
func (h heardSignals) Signal(s pipeline.Signal) { h[s.Name] += s.Count }

// TestWakingIsBounded brings 300 sites in one second, each twice: 256 are named, the others counted. Restored, it sends
// the same.
func TestWakingIsBounded(t *testing.T) {
	s := newSite(1000)
	d := NewWaking(s)
	for i := range 600 {
		e := delivery(start, fmt.Sprintf("s%d.example", i/2), "", "192.0.2.1", pipeline.Claimed)
		e.Status = 202
		s.Observe(e, nil)
		d.Observe(e, nil)
	}
	var b bytes.Buffer
	if err := d.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	restored := NewWaking(newSite(1000))
	if err := restored.Restore(&b); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*Waking{d, restored} {
		if w.Due(start) != start+pipeline.Second {
			t.Error("with signals to send, nothing is due")
		}
		got := heardSignals{}
		w.Advance(start.Add(time.Second), got)
		if got[SiteYoung] != 256 || got[SiteMore] != 44 {
			t.Errorf("got %v, want 256 named and 44 more", got)
		}
		if w.Due(start) != 0 {
			t.Error("with nothing to send, something is due")
		}
	}
}

// TestYoung tells who is new: a site is young for three days, and not at all when it had been known and lost its place.
func TestYoung(t *testing.T) {
	s := newSite(4)
	come := func(at pipeline.Time, host string) int32 {
		e := delivery(at, host, "", "192.0.2.1", pipeline.Verified)
		s.Observe(e, nil)
		return e.Slots.Site
	}
	slot := come(start, "kept.example")
	if !s.Young(slot, start.Add(71*time.Hour)) || s.Young(slot, start.Add(72*time.Hour)) {
		t.Error("a site is not young for three days")
	}
	if s.Newcomer(slot, start) {
		t.Error("the first site of a fresh state is called a newcomer")
	}
	for i := range 12 {
		come(start.Add(time.Minute), fmt.Sprintf("crowd%d.example", i))
	}
	later := start.Add(80 * time.Hour)
	if slot = come(later, "kept.example"); slot == 0 || *s.tables[Site].record(slot).at(recFirst) != uint32(later/pipeline.Second) || s.Young(slot, later) {
		t.Errorf("a site that was known before is young in its new place %d", slot)
	}
	if slot = come(later, "new.example"); slot == 0 || !s.Newcomer(slot, later) {
		t.Errorf("a new site is no newcomer in its place %d", slot)
	}
}
