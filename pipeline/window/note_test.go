package window

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestNote shows that a note is its key's own, shared by equal claims, in the snapshot, and gone with its key.
func TestNote(t *testing.T) {
	build := func() (*Space, *Note, *Note) {
		s := newSite(20)
		s.Metric(Domain, Inbox, DomainScales)
		return s, s.Note(Domain, SoftwareNote), s.Note(Domain, NetworkNote)
	}
	s, software, network := build()
	if s.Note(Domain, SoftwareNote) != software {
		t.Error("an equal claim is another note")
	}
	if software.Words(0) != nil || software.Recent(0, start) || s.First(Domain, 0) != 0 {
		t.Error("nobody has a note")
	}
	slots := map[string]int32{}
	for i, host := range []string{"a.example", "b.example"} {
		e := delivery(start.Add(time.Duration(i)*time.Second), host, "", "192.0.2.1", pipeline.Claimed)
		s.Observe(e, nil)
		slots[host] = e.Slots.Domain
		for k, w := range [][]uint32{software.Words(e.Slots.Domain), network.Words(e.Slots.Domain)} {
			for j := range w {
				if w[j] != 0 {
					t.Errorf("%s: word %d of note %d is %d before anybody wrote it", host, j, k, w[j])
				}
				w[j] = uint32(1000*i + 100*k + j + 1)
			}
		}
	}
	check := func(s *Space, software, network *Note) {
		t.Helper()
		for i, host := range []string{"a.example", "b.example"} {
			for k, n := range []*Note{software, network} {
				for j, got := range n.Words(slots[host]) {
					if want := uint32(1000*i + 100*k + j + 1); got != want {
						t.Errorf("%s: word %d of note %d: got %d, want %d", host, j, k, got, want)
					}
				}
			}
			if got, want := s.First(Domain, slots[host]), start.Add(time.Duration(i)*time.Second); got != want {
				t.Errorf("%s came at %v, want %v", host, got, want)
			}
		}
	}
	check(s, software, network)
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	next, software2, network2 := build()
	if err := next.Restore(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	check(next, software2, network2)
	without := newSite(20)
	without.Metric(Domain, Inbox, DomainScales)
	if err := without.Restore(bytes.NewReader(b.Bytes())); err == nil {
		t.Error("a space without the notes read them")
	}
	for i := range 400 { // all places are taken by others
		at := start.Add(time.Hour + time.Duration(i)*time.Second)
		e := delivery(at, fmt.Sprintf("x%d.example", i), "", "192.0.2.1", pipeline.Verified)
		s.Observe(e, nil)
		if i >= 350 && e.Slots.Domain != 0 && software.Words(e.Slots.Domain)[1] != 0 {
			t.Fatal("a newcomer has the note of whom it replaced")
		}
	}
	if s.Evictions() == 0 {
		t.Error("nobody was replaced: the test shows nothing")
	}
}

// TestRecent shows that a note is recent for 24 hours, and never if it was never written.
func TestRecent(t *testing.T) {
	second := uint32(start / pipeline.Second)
	for _, c := range []struct {
		second uint32
		after  time.Duration
		want   bool
	}{{0, 0, false}, {second, 0, true}, {second, 23 * time.Hour, true}, {second, 24 * time.Hour, false}, {second, 400 * 24 * time.Hour, false}} {
		if got := WithinDay(c.second, start.Add(c.after)); got != c.want {
			t.Errorf("%v after: got %v, want %v", c.after, got, c.want)
		}
	}
}
