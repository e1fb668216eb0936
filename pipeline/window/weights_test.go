package window

import (
	"math"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"pgregory.net/rapid"
)

// TestWeightsAgainstOracle holds the rings of large deliveries' kilobytes and of milliseconds against lists of what came: each event
// rounded up, hostile ones bounded, and every window's sum between that of the window and of a bucket more.
func TestWeightsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSite(10)
		kb, ms := s.Metric(Site, InboxKB, DomainScales), s.Metric(Site, InboxMS, DomainScales)
		type load struct{ at, kb, ms uint32 }
		var loads []load
		at := start
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			at = at.Add(rapid.SampledFrom([]time.Duration{0, 1, 9 * time.Second, time.Minute, 61 * time.Minute, 26 * time.Hour}).Draw(t, "gap"))
			e := delivery(at, "a.example", "", "", pipeline.Verified)
			e.RequestBytes = rapid.SampledFrom([]int64{-1, 0, 1025, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 20, math.MaxInt64}).Draw(t, "bytes")
			e.Upstream = rapid.SampledFrom([]time.Duration{0, 1, time.Millisecond, 1500 * time.Microsecond, time.Hour, math.MaxInt64}).Draw(t, "upstream")
			s.Observe(e, nil)
			large := roundUp(float64(e.RequestBytes) / 1024)
			if e.RequestBytes < 64*1024 {
				large = 0
			}
			loads = append(loads, load{uint32(at / pipeline.Second), large, roundUp(float64(e.Upstream) / 1e6)})
			for _, sc := range DomainScales.list() {
				var low, high [2]uint32
				for _, l := range loads {
					age := uint32(at/pipeline.Second) - l.at
					if age < sc.Seconds() {
						low[0], low[1] = low[0]+l.kb, low[1]+l.ms
					}
					if age < uint32(sc.Reach()/time.Second) {
						high[0], high[1] = high[0]+l.kb, high[1]+l.ms
					}
				}
				for i, m := range []*Metric{kb, ms} {
					if got := m.Sum(e.Slots.Site, Proven, sc, at); got < low[i] || got > high[i] {
						t.Fatalf("metric %d, %s: got %d, want %d to %d", i, sc, got, low[i], high[i])
					}
				}
			}
		}
	})
}

// TestUnansweredCostsNothing counts no time for what the application never answered.
func TestUnansweredCostsNothing(t *testing.T) {
	s := newSite(10)
	ms := s.Metric(Site, InboxMS, DomainScales)
	var slot int32
	for _, status := range []uint16{499, 502, 504, 202, 503} {
		e := delivery(start, "a.example", "", "", pipeline.Verified)
		e.Status, e.Upstream = status, time.Second
		s.Observe(e, nil)
		slot = e.Slots.Site
	}
	if got := ms.Sum(slot, Proven, S1m, start); got != 2000 {
		t.Errorf("got %d ms, want 2000: of the 202 and of the 503", got)
	}
}

func roundUp(v float64) uint32 { return uint32(math.Ceil(min(max(v, 0), 1<<24))) }

func (set Scales) list() (list []Scale) {
	for s := range numScales {
		if set.Has(s) {
			list = append(list, s)
		}
	}
	return list
}
