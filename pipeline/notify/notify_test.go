package notify

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedwarden/fedwarden/pipeline"
)

const second = pipeline.Second

func alert(id string, seq uint64, status pipeline.Status, sev pipeline.Severity, at pipeline.Time) pipeline.Alert {
	return pipeline.Alert{ID: id, Seq: seq, Status: status, Severity: sev, At: pipeline.Stamp{Time: at}}
}

// spell writes deliveries as "sink:id/seq:status".
func spell(out []Outgoing) string {
	var list []string
	for _, o := range out {
		list = append(list, fmt.Sprintf("%s:%s/%d:%s", o.Sink, o.Alert.ID, o.Alert.Seq, o.Alert.Status))
	}
	return strings.Join(list, " ")
}

func TestRoutes(t *testing.T) {
	n := New(Config{Routes: []Route{{"all", pipeline.SeverityLow}, {"page", pipeline.SeverityHigh}}})
	f := func(a pipeline.Alert, want string) {
		t.Helper()
		if got := spell(n.Handle([]pipeline.Alert{a}, a.At.Time)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const firing, updated, resolved = pipeline.StatusFiring, pipeline.StatusUpdated, pipeline.StatusResolved
	const low, medium, high = pipeline.SeverityLow, pipeline.SeverityMedium, pipeline.SeverityHigh
	f(alert("A", 1, firing, medium, second), "all:A/1:firing")
	f(alert("A", 2, updated, high, second), "all:A/2:updated page:A/2:updated")
	f(alert("A", 3, updated, low, second), "all:A/3:updated page:A/3:updated")
	f(alert("A", 4, resolved, low, second), "all:A/4:resolved page:A/4:resolved")
	f(alert("B", 1, firing, low, second), "all:B/1:firing")
	f(alert("B", 2, resolved, low, second), "all:B/2:resolved")
	f(alert("C", 1, firing, high, second), "all:C/1:firing page:C/1:firing")
	f(alert("D", 9, resolved, high, second), "") // nobody ever heard of it
}

func TestHistory(t *testing.T) {
	n := New(Config{Routes: []Route{{"s", pipeline.SeverityMedium}}, HistoryUntil: 100 * second})
	f := func(now pipeline.Time, want string, alerts ...pipeline.Alert) {
		t.Helper()
		if got := spell(n.Handle(alerts, now)); got != want {
			t.Errorf("at %d: got %q, want %q", now/second, got, want)
		}
	}
	const firing, updated, resolved = pipeline.StatusFiring, pipeline.StatusUpdated, pipeline.StatusResolved
	const low, medium, high = pipeline.SeverityLow, pipeline.SeverityMedium, pipeline.SeverityHigh
	f(10*second, "", alert("over", 1, firing, high, 10*second), alert("open", 1, firing, medium, 10*second))
	f(20*second, "", alert("small", 1, firing, low, 20*second), alert("open2", 1, firing, high, 20*second))
	f(50*second, "", alert("over", 2, resolved, high, 50*second), alert("open", 2, updated, high, 50*second))
	f(60*second, "", alert("before", 4, resolved, high, 60*second))
	n = restored(t, n)
	f(99*second, "")
	f(101*second, "s:open/2:updated s:open2/1:firing s:new/1:firing s:open2/2:resolved",
		alert("new", 1, firing, high, 100*second), alert("open2", 2, resolved, high, 101*second))
	f(102*second, "s:open/3:resolved", alert("open", 3, resolved, high, 102*second))
}

// member is alert, of a campaign.
func member(id string, seq uint64, status pipeline.Status, sev pipeline.Severity, at pipeline.Time, campaign string) pipeline.Alert {
	a := alert(id, seq, status, sev, at)
	a.Campaign = &campaign
	return a
}

func TestMembersAreNotDelivered(t *testing.T) {
	n := New(Config{Routes: []Route{{"s", pipeline.SeverityMedium}}})
	f := func(a pipeline.Alert, want string) {
		t.Helper()
		if got := spell(n.Handle([]pipeline.Alert{a}, a.At.Time)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		n = restored(t, n)
	}
	const firing, updated, resolved = pipeline.StatusFiring, pipeline.StatusUpdated, pipeline.StatusResolved
	const medium, high = pipeline.SeverityMedium, pipeline.SeverityHigh
	f(alert("told", 1, firing, medium, second), "s:told/1:firing")
	f(alert("C", 1, firing, medium, second), "s:C/1:firing")
	f(member("told", 2, updated, medium, second, "C"), "")
	f(member("new", 1, firing, high, second, "C"), "")
	f(alert("C", 2, updated, high, second), "s:C/2:updated")
	f(member("told", 3, updated, high, second, "C"), "")
	f(member("new", 2, resolved, high, second, "C"), "")
	f(member("told", 4, resolved, high, second, "C"), "s:told/4:resolved")
	f(member("left", 1, firing, medium, second, "C"), "")
	f(alert("C", 3, resolved, high, second), "s:C/3:resolved")
	f(alert("left", 2, updated, high, second), "s:left/2:updated") // it left its campaign
	f(alert("left", 3, resolved, high, second), "s:left/3:resolved")
}

// TestMembersInHistory has a campaign that is open when history passes, and one that is not: nobody would tell of its member.
func TestMembersInHistory(t *testing.T) {
	n := New(Config{Routes: []Route{{"s", pipeline.SeverityMedium}}, HistoryUntil: 100 * second})
	const firing, updated, resolved = pipeline.StatusFiring, pipeline.StatusUpdated, pipeline.StatusResolved
	const medium, high = pipeline.SeverityMedium, pipeline.SeverityHigh
	n.Handle([]pipeline.Alert{
		alert("over", 1, firing, medium, second), alert("open", 1, firing, medium, second),
		member("a", 1, firing, medium, second, "over"), member("b", 1, firing, medium, second, "open"),
		alert("over", 2, resolved, medium, 2*second),
	}, 2*second)
	n = restored(t, n)
	if got, want := spell(n.Advance(100*second)), "s:open/1:firing s:a/1:firing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	n = restored(t, n)
	got := spell(n.Handle([]pipeline.Alert{
		member("a", 2, updated, high, 101*second, "over"), member("b", 2, updated, high, 101*second, "open"),
		member("a", 3, resolved, high, 102*second, "over"), member("b", 3, resolved, high, 102*second, "open"),
	}, 102*second))
	if want := "s:a/2:updated s:a/3:resolved"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(n.alone) != 0 {
		t.Errorf("got %q that are alone, want none", n.alone)
	}
}

func TestHistoryPassesWithoutAlerts(t *testing.T) {
	n := New(Config{Routes: []Route{{"s", pipeline.SeverityMedium}}, HistoryUntil: 100 * second})
	n.Handle([]pipeline.Alert{alert("a", 1, pipeline.StatusFiring, pipeline.SeverityHigh, second)}, second)
	if got := spell(n.Advance(99 * second)); got != "" {
		t.Errorf("got %q before the end of history", got)
	}
	if got := spell(n.Advance(100 * second)); got != "s:a/1:firing" {
		t.Errorf("got %q at the end of history, want the open alert", got)
	}
}

// restored returns a Notifier with the routes of n that was restored from its snapshot.
func restored(t interface{ Fatal(...any) }, n *Notifier) *Notifier {
	var b bytes.Buffer
	if err := n.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	first := b.String()
	m := New(Config{HistoryUntil: 7})
	for _, r := range n.routes {
		m.routes = append(m.routes, route{r.Route, told{}})
	}
	if err := m.Restore(&b); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	m.Snapshot(&b)
	if diff := cmp.Diff(first, b.String()); diff != "" {
		t.Fatal("snapshot of what was restored (-want +got):\n" + diff)
	}
	return m
}

func TestRoutesChangeBetweenRuns(t *testing.T) {
	n := New(Config{Routes: []Route{{"old", 0}, {"both", 0}}})
	fire := alert("a", 1, pipeline.StatusFiring, pipeline.SeverityHigh, second)
	n.Handle([]pipeline.Alert{fire}, second)
	var b bytes.Buffer
	n.Snapshot(&b)
	m := New(Config{Routes: []Route{{"both", 0}, {"new", 0}}})
	if err := m.Restore(&b); err != nil {
		t.Fatal(err)
	}
	end := alert("a", 2, pipeline.StatusResolved, pipeline.SeverityHigh, second)
	if got, want := spell(m.Handle([]pipeline.Alert{end}, second)), "both:a/2:resolved"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRestoreDamaged(t *testing.T) {
	n := New(Config{HistoryUntil: 7})
	for _, text := range []string{"", "{", `{"held":7}`} {
		if err := n.Restore(strings.NewReader(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
	if n.HistoryUntil() != 7 {
		t.Errorf("got %d, want what it was", n.HistoryUntil())
	}
}

func TestToldIsBounded(t *testing.T) {
	n := New(Config{Routes: []Route{{"s", 0}}})
	for i := range maxTold + 10 {
		n.Handle([]pipeline.Alert{alert(fmt.Sprint(i), 1, pipeline.StatusFiring, pipeline.SeverityHigh, pipeline.Time(i+1))}, 0)
	}
	told := n.routes[0].told
	if _, ok := told["9"]; ok || len(told) != maxTold {
		t.Errorf("got %d episodes, the tenth known %v, want %d without it", len(told), ok, maxTold)
	}
}

// A snapshot at any point changes nothing, nor does how alerts are cut into calls; every sink hears a
// beginning before an end, and every end of a beginning it heard.
func TestSnapshotAndCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := Config{
			Routes:       []Route{{"a", pipeline.SeverityMedium}, {"b", pipeline.SeverityCritical}},
			HistoryUntil: pipeline.Time(rapid.IntRange(0, 40).Draw(t, "until")) * second,
		}
		one, many := New(config), New(config)
		var manyOut []Outgoing
		alerts := []pipeline.Alert{alert("c", 1, pipeline.StatusFiring, pipeline.SeverityHigh, 0)}
		manyOut = append(manyOut, many.Handle(alerts, 0)...)
		seqs := map[string]uint64{}
		for i := range 40 {
			id := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "id")
			seqs[id]++
			status := pipeline.StatusUpdated
			if seqs[id] == 1 {
				status = pipeline.StatusFiring
			} else if rapid.Bool().Draw(t, "ends") {
				status = pipeline.StatusResolved
			}
			sev := pipeline.Severity(rapid.IntRange(1, 4).Draw(t, "severity"))
			a := alert(fmt.Sprint(id, len(id)), seqs[id], status, sev, pipeline.Time(i)*second)
			if status == pipeline.StatusResolved {
				seqs[id] = 0
			}
			if rapid.Bool().Draw(t, "member") {
				a.Campaign = &alerts[0].ID
			}
			alerts = append(alerts, a)
			if rapid.Bool().Draw(t, "restore") {
				many = restored(t, many)
			}
			manyOut = append(manyOut, many.Handle([]pipeline.Alert{a}, a.At.Time)...)
		}
		oneOut := one.Handle(alerts, 39*second)
		if diff := cmp.Diff(oneOut, manyOut); diff != "" {
			t.Fatal("one call and many (-one +many):\n" + diff)
		}
		checkOrder(t, oneOut)
	})
}

func checkOrder(t *rapid.T, out []Outgoing) {
	open := map[string]bool{}
	for _, o := range out {
		key := o.Sink + o.Alert.ID
		if o.Alert.Status == pipeline.StatusResolved {
			if !open[key] {
				t.Fatalf("%s hears of the end of %s, which it does not know", o.Sink, o.Alert.ID)
			}
			delete(open, key)
			continue
		}
		open[key] = true
	}
}
