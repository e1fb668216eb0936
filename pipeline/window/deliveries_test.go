package window

import (
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestDeliveries shows when a finding says how many deliveries stand behind it: while Rails alone tells of them.
func TestDeliveries(t *testing.T) {
	play := func(what string, want uint64, format func(i int) pipeline.Format, name Name) {
		t.Helper()
		s := newSite(10)
		m := s.Metric(Domain, name, DomainScales)
		var e *pipeline.Event
		for i := range 30 {
			e = delivery(start.Add(time.Duration(i)*time.Second), "big.example", "", "", pipeline.Claimed)
			e.Format, e.RequestBytes = format(i), largeDelivery
			s.Observe(e, nil)
		}
		x := Excess{Count: m.Sum(e.Slots.Domain, ClaimedPart, S10s, e.Time), Scale: S10s, Part: ClaimedPart}
		f := m.Finding(e, x, pipeline.Entity{Type: pipeline.EntityDomain, Value: "big.example"}, "requests")
		if got := f.Evidence.Deliveries; got != want || f.Evidence.Window != uint64(x.Count) {
			t.Errorf("%s: got %d deliveries of %d events, want %d", what, got, f.Evidence.Window, want)
		}
	}
	rails := func(int) pipeline.Format { return pipeline.FormatRails }
	from := func(n int) func(int) pipeline.Format {
		return func(i int) pipeline.Format {
			if i < n {
				return pipeline.FormatNginx
			}
			return pipeline.FormatRails
		}
	}
	play("Rails alone", 11, rails, Inbox)
	play("Rails alone, in kilobytes", 0, rails, InboxKB)
	play("nginx alone", 0, from(30), Inbox)
	play("Rails since long before the window", 11, from(10), Inbox)
	play("Rails since some second of the window", 0, from(25), Inbox)
}
