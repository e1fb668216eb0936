package health

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/google/go-cmp/cmp"
)

// start is a whole day.
const start = pipeline.Time(1_795_046_400) * pipeline.Second

type findings struct{ list []pipeline.Finding }

func (f *findings) Find(x pipeline.Finding) { f.list = append(f.list, x) }
func (f *findings) Signal(pipeline.Signal)  {}

func request(at pipeline.Time) *pipeline.Event {
	return &pipeline.Event{Time: at, Stream: "nginx", Kind: pipeline.KindRequest}
}

func fact(at pipeline.Time, state pipeline.StreamState, late time.Duration) *pipeline.Event {
	return &pipeline.Event{Time: at, Stream: "nginx", Kind: pipeline.KindStream,
		Fact: pipeline.StreamFact{State: state, Late: late}}
}

// TestEndedStreamIsNotSilent shows that a log which is taken away ends what was said of it, and that its
// patience is the threshold that is told.
func TestEndedStreamIsNotSilent(t *testing.T) {
	for _, lose := range []bool{false, true} {
		d, r := NewSourceSilent(), &findings{}
		at := start
		for range 720 {
			at = at.Add(10 * time.Second)
			d.Observe(request(at), r)
		}
		if lose {
			d.Observe(fact(at, pipeline.StreamLost, 0), r)
		} else {
			d.Advance(d.Due(at), r)
		}
		if len(r.list) != 1 || r.list[0].Resolving {
			t.Fatalf("lost %v: got %+v, want one finding", lose, r.list)
		}
		if m := r.list[0].Measure; !lose && m.Value < m.Threshold {
			t.Errorf("measure: got %v, want at least its threshold %v", m.Value, m.Threshold)
		}
		d.Observe(fact(at.Add(time.Hour), pipeline.StreamEnded, 0), r)
		if len(r.list) != 2 || !r.list[1].Resolving {
			t.Errorf("lost %v, then ended: got %+v, want the fact to end", lose, r.list[1:])
		}
	}
}

// TestSilenceThreshold shows that the threshold is the log's own patience.
func TestSilenceThreshold(t *testing.T) {
	d, r := NewSourceSilent(), &findings{}
	at := start
	for range 120 {
		at = at.Add(time.Minute)
		d.Observe(request(at), r)
	}
	d.Advance(d.Due(at), r)
	if len(r.list) != 1 || r.list[0].Measure.Threshold != r.list[0].Measure.Value || r.list[0].Measure.Value < 1700 {
		t.Errorf("got %+v, want what thirty lines take, half an hour, as value and threshold", r.list)
	}
}

// TestLeapsAreNoCrowd shows that a stamp far ahead is one, not a hundred late events, and the reverse.
func TestLeapsAreNoCrowd(t *testing.T) {
	play := func(state pipeline.StreamState, n int, then pipeline.StreamState) []pipeline.Finding {
		d, r := NewClockSkew(), &findings{}
		for i := range n {
			d.Observe(fact(start.Add(time.Duration(i)*time.Second), state, time.Minute), &findings{})
		}
		d.Observe(fact(start.Add(9*time.Minute), then, 2*time.Hour), r)
		return r.list
	}
	if got := play(pipeline.StreamLeap, 1, pipeline.StreamLate); len(got) != 0 {
		t.Errorf("one leap and one late event: got %q", got[0].Summary)
	}
	if got := play(pipeline.StreamLate, 300, pipeline.StreamLeap); len(got) != 0 {
		t.Errorf("late events and one leap: got %q", got[0].Summary)
	}
	got := play(pipeline.StreamLeap, 2, pipeline.StreamLeap)
	if len(got) != 1 || got[0].Evidence.Window != 3 || got[0].Evidence.Seen != 3 {
		t.Errorf("three leaps: got %+v, want three events as evidence", got)
	}
	got = play(pipeline.StreamLate, 19, pipeline.StreamLate)
	if len(got) != 1 || got[0].Evidence.Window != 20 || !strings.Contains(got[0].Summary, "20 events") {
		t.Errorf("twenty late events: got %+v", got)
	}
}

// TestStreamsSnapshot shows that what is restored is what was known.
func TestStreamsSnapshot(t *testing.T) {
	d, r := NewClockSkew(), &findings{}
	d.Observe(request(start), r)
	d.Observe(fact(start, pipeline.StreamLeap, time.Hour), r)
	d.Observe(fact(start, pipeline.StreamLate, time.Hour), r)
	var first, second bytes.Buffer
	if err := d.Snapshot(&first); err != nil {
		t.Fatal(err)
	}
	again := NewClockSkew()
	if err := again.Restore(bytes.NewReader(first.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := again.Snapshot(&second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Bytes(), second.Bytes()); diff != "" {
		t.Error(diff)
	}
}

// TestOneAlertForAJournal shows that the units of a journal that can't be read are no alerts of their own, and that
// what they bring too late is stated where the journal's ends; and that it is no skew of a clock.
func TestOneAlertForAJournal(t *testing.T) {
	d, skew, r := NewSourceSilent(), NewClockSkew(), &findings{}
	all := []pipeline.StreamID{"journald", "journald/a.service", "journald/b.service", "journald2"}
	tell := func(at pipeline.Time, state pipeline.StreamState, ids ...pipeline.StreamID) {
		for _, id := range ids {
			e := fact(at, state, time.Minute)
			e.Stream = id
			d.Observe(e, r)
			skew.Observe(e, r)
		}
	}
	tell(start, pipeline.StreamOpened, all...)
	tell(start.Add(time.Minute), pipeline.StreamLost, all[:3]...)
	for range 100 {
		tell(start.Add(2*time.Minute), pipeline.StreamLate, all[1:3]...)
	}
	tell(start.Add(2*time.Minute), pipeline.StreamRejoined, all[:3]...)
	if len(r.list) != 2 || r.list[0].Key != source("journald") || !r.list[1].Resolving {
		t.Fatalf("got %+v, want that the journal was lost, and its end", r.list)
	}
	if want := "200 lines of the time between"; !strings.Contains(r.list[1].Summary, want) {
		t.Errorf("got %q, want %q", r.list[1].Summary, want)
	}
	tell(start.Add(3*time.Minute), pipeline.StreamLost, "journald/a.service")
	if len(r.list) != 3 || r.list[2].Key != source("journald/a.service") {
		t.Errorf("got %+v, want that a unit of a journal that is well was lost by itself", r.list[2:])
	}
}
