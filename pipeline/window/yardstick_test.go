package window

import (
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// steady lets big.example deliver every gap from start+from to start+to, at a level that may depend on the
// time, and returns the first excess of floors that m tells after quiet.
func steady(s *Space, m *Metric, from, to, gap, quiet time.Duration, level func(time.Duration) pipeline.Attribution) (Excess, time.Duration, bool) {
	for at := from; at < to; at += gap {
		e := delivery(start.Add(at), "big.example", "https://big.example/users/a", "192.0.2.1", level(at))
		s.Observe(e, nil)
		if x, ok := m.Over(slotOf(m.table, e), PartOf(e), e.Time); ok && at >= quiet {
			return x, at, true
		}
	}
	return Excess{}, 0, false
}

func claimed(time.Duration) pipeline.Attribution { return pipeline.Claimed }

// TestSteadyPeerIsInLine shows that a big peer which keeps its pace is out of line in no window, the one of
// a day included, whose mean is older than the ring.
func TestSteadyPeerIsInLine(t *testing.T) {
	for _, gap := range []time.Duration{time.Second, 4 * time.Second, 10 * time.Second} {
		s := newSite(10)
		m := s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors)
		if x, at, ok := steady(s, m, 0, 80*time.Hour, gap, 0, claimed); ok {
			t.Errorf("a delivery every %v: %+v after %v", gap, x, at)
		}
	}
}

// TestSlowFloodOfADay shows that who is new, or has grown, is told of even where each minute is harmless.
func TestSlowFloodOfADay(t *testing.T) {
	s := newSite(10)
	m := s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors)
	s.Observe(delivery(start, "other.example", "", "", pipeline.Claimed), nil)
	if x, _, ok := steady(s, m, 25*time.Hour, 49*time.Hour, 12*time.Second, 0, claimed); !ok {
		t.Errorf("a newcomer with 7,200 in its first day: got %v, %+v, want it told", ok, x)
	}
	s = newSite(10)
	m = s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors)
	steady(s, m, 0, 80*time.Hour, 10*time.Minute, 0, claimed)
	if x, _, ok := steady(s, m, 80*time.Hour, 104*time.Hour, 12*time.Second, 0, claimed); !ok || x.Scale != S1h || x.Expected < 5.5 || x.Expected > 6.5 {
		t.Errorf("from 6 to 300 an hour: got %v, %+v, want it told by the window of an hour, usually 6", ok, x)
	}
}

// TestProofKeepsThePast shows that a peer whose name is believed from some day on is held against what it
// did before.
func TestProofKeepsThePast(t *testing.T) {
	s := newSite(10)
	m := s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors)
	fresh := s.Metric(Site, NewActors, Of(S10m, S1h, S24h))
	x, at, ok := steady(s, m, 0, 80*time.Hour, time.Second, 0, func(at time.Duration) pipeline.Attribution {
		if at < 73*time.Hour {
			return pipeline.Claimed
		}
		return pipeline.Corroborated
	})
	if ok {
		t.Errorf("believed after 73 h: %+v after %v", x, at)
	}
	slot := s.tables[Site].find(s.hash("big.example"))
	if got := fresh.Seen(slot, Proven); got != 0 {
		t.Errorf("actors new once the name is believed: got %d, want 0", got)
	}
}

// TestAddressesOfWhatCounts shows that a log which is not the witness adds no address to the evidence: they
// are those of other events.
func TestAddressesOfWhatCounts(t *testing.T) {
	s := newSite(10)
	s.Addresses(Domain)
	s.Metric(Domain, Inbox, DomainScales)
	honest := delivery(start, "big.example", "", "192.0.2.1", pipeline.Claimed)
	honest.Counts = pipeline.CountsAddress
	s.Observe(honest, nil)
	forged := delivery(start, "big.example", "", "", pipeline.Claimed)
	forged.Format = pipeline.FormatRails
	for range 9 {
		s.Observe(forged, nil)
	}
	if got := s.Shares(Domain, forged.Slots.Domain, 9); len(got) != 0 {
		t.Errorf("got %v, want no address", got)
	}
	s.Observe(delivery(start, "big.example", "", "192.0.2.1", pipeline.Claimed), nil)
	if got := s.Shares(Domain, forged.Slots.Domain, 10); len(got) != 1 || got[0].Count != 1 {
		t.Errorf("got %v, want one event of ten", got)
	}
}

// TestSharesAreNeverHigh shows that what decays leaves no address a higher share than it had.
func TestSharesAreNeverHigh(t *testing.T) {
	s := newSite(10)
	s.Addresses(Domain)
	var e *pipeline.Event
	for _, addr := range []string{"192.0.2.1", "192.0.2.1", "203.0.113.9"} {
		e = delivery(start, "big.example", "", addr, pipeline.Claimed)
		s.Observe(e, nil)
	}
	w := addrList(s.addrs[Domain].lists.cell(s.tables[Domain].record(e.Slots.Domain)[s.addrs[Domain].at]))
	w.decay(uint32(start.Add(time.Minute) / pipeline.Second))
	if got := shares([]addrList{w}, 300); len(got) != 2 || got[0].Count != 200 || got[1].Count != 100 {
		t.Errorf("got %v after a minute, want 200 and 100 of 300", got)
	}
	for k := range 8 {
		w.decay(uint32(start.Add(time.Duration(2+k)*time.Minute) / pipeline.Second))
		for i, share := range shares([]addrList{w}, 300) {
			if share.Count > uint64(200/(i+1)) {
				t.Errorf("got %v after %d minutes, want at most 200 and 100 of 300", share, 2+k)
			}
		}
	}
}

// TestShareSoFar shows that a window which covers all that is known is no flood of itself.
func TestShareSoFar(t *testing.T) {
	s := newSite(10)
	m := s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors)
	if x, at, ok := steady(s, m, 0, 24*time.Hour, 900*time.Millisecond, time.Hour, claimed); ok {
		t.Errorf("the only peer, at its pace: %+v after %v", x, at)
	}
}
