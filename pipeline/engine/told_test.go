package engine_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/notify"
)

// An audience is a sink that hears of medium and worse.
type audience struct {
	n     *notify.Notifier
	heard map[string]pipeline.Severity // by id, the highest
	open  map[string]bool
}

func newAudience() *audience {
	return &audience{
		n:     notify.New(notify.Config{Routes: []notify.Route{{Sink: "s", Min: pipeline.SeverityMedium}}}),
		heard: map[string]pipeline.Severity{}, open: map[string]bool{},
	}
}

func (a *audience) hear(t *rapid.T, alerts []pipeline.Alert, now pipeline.Time) {
	for _, o := range a.n.Handle(alerts, now) {
		id := o.Alert.ID
		if o.Alert.Status == pipeline.StatusResolved {
			if !a.open[id] {
				t.Fatalf("hears of the end of %s, not of its beginning", id)
			}
			delete(a.open, id)
			continue
		}
		a.heard[id], a.open[id] = max(a.heard[id], o.Alert.Severity), true
	}
}

// check finds a transition of which neither the audience heard, nor of a campaign that is as severe.
func (a *audience) check(t *rapid.T, alerts []pipeline.Alert) {
	for _, x := range alerts {
		heard := a.heard[x.ID]
		if x.Campaign != nil {
			heard = max(heard, a.heard[*x.Campaign])
		}
		if x.Severity >= pipeline.SeverityMedium && heard < x.Severity {
			t.Fatalf("nobody heard of %s, of %s, campaign %v", short(x), x.Detector, x.Campaign)
		}
	}
}

// TestNothingIsHushed lets detectors say whatever they like: of each alert of medium and worse, somebody is told,
// in its own name or by a campaign that is at least as severe, and at once.
func TestNothingIsHushed(t *testing.T) {
	campaigns := 0
	rapid.Check(t, func(r *rapid.T) {
		s, a := newStage(t), newAudience()
		sec := 1.0
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			sec += float64(rapid.IntRange(0, 3).Draw(r, "gap") * rapid.IntRange(0, 60).Draw(r, "times"))
			before := len(s.alerts)
			var fs []pipeline.Finding
			for range rapid.IntRange(1, 8).Draw(r, "findings") {
				fs = append(fs, drawn(r, sec))
			}
			if rapid.IntRange(0, 5).Draw(r, "restart") == 0 && sec > 1 {
				s.restart()
			}
			if rapid.Bool().Draw(r, "proof") {
				s.proves(fs[0].Key.Value)
			}
			s.find(sec, fs...)
			a.hear(r, s.alerts[before:], at(sec))
			a.check(r, s.alerts[before:])
		}
		before := len(s.alerts)
		s.at(sec + 3000)
		a.hear(r, s.alerts[before:], at(sec+3000))
		if n := len(s.e.Open()); n > 0 {
			r.Fatalf("%d episodes never end", n)
		}
		campaigns += len(s.members())
	})
	if campaigns == 0 {
		t.Error("no episode was ever a member")
	}
}

// drawn returns a finding of any kind about one of a few.
func drawn(t *rapid.T, sec float64) pipeline.Finding {
	n := rapid.IntRange(0, 5).Draw(t, "who")
	var f pipeline.Finding
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		f = about(fmt.Sprintf("h%d.a%d.example", n, n%2), sec, fmt.Sprintf("192.0.2.%d", n))
	case 1:
		f = guess(sec, fmt.Sprintf("203.0.113.%d", n))
	case 2:
		f = guess(sec, fmt.Sprintf("10.%d.0.1", rapid.IntRange(0, 30).Draw(t, "net")))
	case 3:
		f = wave(sec, fmt.Sprintf("site=a%d.example", n%2), fmt.Sprintf("ip=203.0.113.%d", n))
		if n < 3 {
			f.Key = pipeline.Entity{Type: pipeline.EntityTemplate, Value: fmt.Sprint(n)}
		}
	}
	f.Severity = pipeline.Severity(rapid.IntRange(1, 4).Draw(t, "severity"))
	f.Until = at(sec + float64(rapid.IntRange(1, 100).Draw(t, "lasts")))
	f.Evidence.Refuted = rapid.IntRange(0, 9).Draw(t, "refuted") == 0
	return f
}
