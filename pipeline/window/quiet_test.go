package window

import (
	"bytes"
	"testing"
	"time"
)

// A server whose nights are nearly silent has a season: its nights are no hours in which the log was dead.
func TestQuietNightsAreNoDeadLog(t *testing.T) {
	s := NewSeries([]Floor{{S1h, 100, 0}})
	for m := range 8 * 24 * 60 {
		n := uint32(20)
		if h := m / 60 % 24; h >= 1 && h < 8 {
			n = 0
			if m%4 == 0 {
				n = 1
			}
		}
		s.Add(start.Add(time.Duration(m)*time.Minute), n)
	}
	if !s.base.season.full() {
		t.Error("after a week there is no season")
	}
	noon := start.Add(8*24*time.Hour - 12*time.Hour)
	if got := s.base.season.at(uint32(noon / 1e9)); got < 1.2 {
		t.Errorf("the season's noon is %.2f, not some 1.4", got)
	}
}

// What came with an attack that lasted days goes with it: its end is no dead log for longer than a day.
func TestEndOfAFloodIsNoDeadLog(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*4; n++ {
		s.hour(n, peers(n, 0.3))
	}
	usual, victim := s.m.base.rate(), hostName(3)
	before := s.m.rateOf(s.slots[victim], Proven, S1h).mean()
	load := func(n int) map[string]float64 {
		l := peers(n, 0.3)
		for i := range 40 {
			l[hostName(400+i)] = 300
		}
		return l
	}
	for range 24 * 5 {
		s.hour(n, load(n))
		n++
	}
	peak := s.m.base.rate()
	for range 24 * 8 {
		s.hour(n, peers(n, 0.3))
		n++
	}
	after := s.m.rateOf(s.slots[victim], Proven, S1h).mean()
	t.Logf("all: %.0f an hour, %.0f in the attack, %.0f eight days after; a peer: %.1f before, %.1f after", usual, peak, s.m.base.rate(), before, after)
	if got := s.m.base.rate(); got > 3*usual {
		t.Errorf("eight days after, the rate of all is %.0f an hour, not some %.0f", got, usual)
	}
	if after > 1.5*before {
		t.Errorf("a peer is known for %.1f an hour, not %.1f", after, before)
	}
}

// Milliseconds of many threads are large numbers: what is known of them is read again.
func TestLargeCountsAreRestored(t *testing.T) {
	s := NewSeries([]Floor{{S1h, 100, 0}})
	for m := range 9 * 24 * 60 {
		s.Add(start.Add(time.Duration(m)*time.Minute), 1_000_000+uint32(m%7)*300_000)
	}
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	if err := NewSeries([]Floor{{S1h, 100, 0}}).Restore(&b); err != nil {
		t.Errorf("a Series of large counts is not restored: %v", err)
	}
}

// Who has names enough that all seem to do what they do can't make the others look like floods when it ends, nor hide.
func TestCommonModeIsNotKeptUp(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*4; n++ {
		s.hour(n, peers(n, 0.3))
	}
	load := func(n int, each float64) map[string]float64 {
		l := peers(n, 0.3)
		for i := range 40 {
			l[hostName(400+i)] = each
		}
		return l
	}
	before := s.m.rateOf(s.slots[hostName(0)], Proven, S1h).mean()
	for _, part := range []struct{ days, each float64 }{{5, 12}, {5, 96}, {2, 0}} {
		low, high := 8.0, 0.0
		for range int(24 * part.days) {
			s.hour(n, load(n, part.each))
			low, high = min(low, s.space.common.now), max(high, s.space.common.now)
			n++
		}
		t.Logf("at %.0f an hour each: common from %.2f to %.2f, the busiest peer is known for %.1f", part.each, low, high, s.m.rateOf(s.slots[hostName(0)], Proven, S1h).mean())
	}
	for range 2 {
		s.hour(n, peers(n, 2))
		n++
	}
	if got := s.space.common.now; got < 2 {
		t.Errorf("when all bring seven times as much the common factor is %.2f: who has gone still counts", got)
	}
	for i := range 60 {
		if over := s.over[hostName(i)]; over > 0 {
			t.Errorf("%s was over %d times", hostName(i), over)
		}
	}
	if got := s.m.rateOf(s.slots[hostName(0)], Proven, S1h).mean(); got < 0.6*before || got > 1.6*before {
		t.Errorf("the busiest peer is known for %.1f an hour, not %.1f", got, before)
	}
}
