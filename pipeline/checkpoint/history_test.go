package checkpoint

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

// keep saves transitions and nothing else.
func keep(t *testing.T, s *Store, list ...pipeline.Alert) {
	t.Helper()
	save(t, s, &pipeline.Checkpoint{Transitions: list})
}

// ids are those of episodes, with the number of their transitions.
func ids(list []Episode) string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s:%d", strings.TrimLeft(e.Last().ID, "FW-0"), len(e.Transitions)))
	}
	return strings.Join(out, " ")
}

func TestHistory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	low := alert(3, 1)
	low.Severity = pipeline.SeverityLow
	keep(t, s, alert(1, 1), alert(2, 1))
	keep(t, s, alert(1, 2), low)
	keep(t, s, resolved(alert(1, 2)))
	keep(t, s, alert(2, 1)) // again, after a crash
	s.Close()
	s = open(t, dir)
	f := func(q Query, want string) {
		t.Helper()
		list, err := s.History(q)
		if got := ids(list); err != nil || got != want {
			t.Errorf("%+v: got %q, %v, want %q", q, got, err, want)
		}
	}
	f(Query{}, "3:1 2:1 1:3")
	f(Query{Limit: 2}, "3:1 2:1")
	f(Query{Status: pipeline.StatusFiring}, "3:1 2:1")
	f(Query{Status: pipeline.StatusResolved}, "1:3")
	f(Query{MinSeverity: pipeline.SeverityMedium}, "2:1 1:3")
	f(Query{Since: alert(2, 1).At.Time}, "3:1 2:1")
	f(Query{Since: alert(9, 1).At.Time}, "")
	list, _ := s.History(Query{})
	want := []pipeline.Alert{alert(1, 1), alert(1, 2), resolved(alert(1, 2))}
	if diff := cmp.Diff(want, list[2].Transitions); diff != "" {
		t.Errorf("transitions (-want +got):\n%s", diff)
	}
	if n := s.Info().Episodes; n != 3 {
		t.Errorf("got %d episodes, want 3", n)
	}
}

func TestUpdatedIsFiring(t *testing.T) {
	s := open(t, t.TempDir())
	keep(t, s, alert(1, 1), alert(1, 2))
	f := func(status pipeline.Status, want int) {
		t.Helper()
		if list, err := s.History(Query{Status: status}); len(list) != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", status, len(list), err, want)
		}
	}
	f(pipeline.StatusFiring, 1)
	f(pipeline.StatusUpdated, 1)
	f(pipeline.StatusResolved, 0)
}

func TestEpisode(t *testing.T) {
	s := open(t, t.TempDir())
	a, b, c := alert(1, 1), alert(2, 1), alert(3, 1)
	a.ID, b.ID, c.ID = "FW-7K2Q9M4XTB", "FW-7K2Q0M4XTB", "FW-90000XXXXX"
	keep(t, s, a, b, c, resolved(a))
	f := func(prefix, want string) {
		t.Helper()
		ep, err := s.Episode(prefix)
		if err != nil {
			t.Errorf("%q: got %v, want %s", prefix, err, want)
		} else if got := ep.Last().ID; got != want {
			t.Errorf("%q: got %s, want %s", prefix, got, want)
		}
	}
	f("FW-7K2Q9M4XTB", a.ID)
	f("FW-7K2Q9", a.ID)
	f(" fw-7k2q9 ", a.ID)
	f("7k2q9", a.ID)
	f("7k2qO", b.ID) // a letter typed for a digit
	f("FW-90", c.ID)
	ep, _ := s.Episode("FW-7K2Q9")
	if len(ep.Transitions) != 2 || ep.Last().Status != pipeline.StatusResolved {
		t.Errorf("got %d transitions, the last %s", len(ep.Transitions), ep.Last().Status)
	}
	fails := func(prefix string, want error, text string) {
		t.Helper()
		_, err := s.Episode(prefix)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, want %v with %q", prefix, err, want, text)
		}
	}
	fails("FW-7K2Q", ErrAmbiguous, "FW-7K2Q0M4XTB, FW-7K2Q9M4XTB")
	fails("FW-ZZZZZ", ErrUnknownAlert, "FW-ZZZZZ")
	fails("FW-7", ErrShortPrefix, "five")
	fails("7k2q", ErrShortPrefix, "five")
	fails("", ErrShortPrefix, "five")
	fails("FW-7K2Q9M4XTB\x00", ErrUnknownAlert, "")
}

func TestRetention(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	day := 24 * time.Hour
	old, open_, fresh := resolved(alert(1, 1)), alert(2, 1), alert(3, 1)
	keep(t, s, alert(1, 1), old, open_, fresh)
	samples := func(s *Store, want int) {
		t.Helper()
		list, err := s.History(Query{})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, ep := range list {
			for _, a := range ep.Transitions {
				got += len(a.Evidence.Samples)
				if a.Evidence.Total != 7 || a.Evidence.Samples == nil {
					t.Errorf("got evidence %+v", a.Evidence)
				}
			}
		}
		if got != want {
			t.Errorf("got %d lines of evidence, want %d", got, want)
		}
	}
	samples(s, 4)
	s.Close()
	s = openAt(t, dir, noon.Add(13*day))
	samples(s, 4)
	s.Close()
	s = openAt(t, dir, noon.Add(14*day+2*time.Minute+5*time.Second))
	samples(s, 1)
	keep(t, s, alert(2, 2)) // an episode lives as long as it is heard of
	s.Close()
	late := alert(2, 3)
	late.At.Time = pipeline.TimeOf(noon.Add(80 * day))
	s = openAt(t, dir, noon.Add(80*day))
	keep(t, s, late)
	s.Close()
	s = openAt(t, dir, noon.Add(90*day+2*time.Minute))
	list, _ := s.History(Query{})
	if got := ids(list); got != "3:1 2:3" {
		t.Errorf("got %q after 90 days, want all but the first", got)
	}
	s.Close()
	s = openAt(t, dir, noon.Add(91*day))
	list, _ = s.History(Query{})
	if got := ids(list); got != "2:3" {
		t.Errorf("got %q after 91 days, want what was heard of since", got)
	}
	if n := s.Info().Episodes; n != 1 {
		t.Errorf("got %d episodes, want 1", n)
	}
}

func TestPrunedWhileRunning(t *testing.T) {
	now := noon
	s, err := Open(t.TempDir(), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keep(t, s, resolved(alert(1, 1)))
	now = now.Add(100 * 24 * time.Hour)
	keep(t, s)
	if n := s.Info().Episodes; n != 0 {
		t.Errorf("got %d episodes, want none", n)
	}
}

func TestTooManyEpisodes(t *testing.T) {
	s := open(t, t.TempDir())
	var list []pipeline.Alert
	for i := range maxEpisodes {
		a := alert(i, 1)
		if i == 5 || i == 9 {
			a = resolved(a)
		}
		list = append(list, a)
	}
	keep(t, s, list...)
	keep(t, s, alert(20_000, 1), alert(20_001, 1), alert(20_002, 1))
	if n := s.Info().Episodes; n != maxEpisodes {
		t.Fatalf("got %d episodes, want %d", n, maxEpisodes)
	}
	for i, want := range map[int]bool{0: false, 1: true, 5: false, 9: false, 20_002: true} {
		_, err := s.Episode(alert(i, 1).ID)
		if got := err == nil; got != want {
			t.Errorf("episode %d: got %v, want it kept: %v", i, err, want)
		}
	}
}
