package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An endingSource brings events n at a time, without any waiting, and an error now and then.
type endingSource struct {
	id       pipeline.StreamID
	events   []pipeline.Event
	n        int
	says     bool  // Ended with its last batch
	fails    error // before the second batch
	failures int
	reads    *[]pipeline.StreamID
	pos      int
	opened   bool
}

func (s *endingSource) Streams() []pipeline.StreamID                  { return []pipeline.StreamID{s.id} }
func (s *endingSource) Seek(pipeline.StreamID, pipeline.Cursor) error { return nil }
func (s *endingSource) Close() error                                  { return nil }
func (s *endingSource) Commit(context.Context, pipeline.StreamID, pipeline.Cursor) error {
	return nil
}

func (s *endingSource) Read(context.Context) (pipeline.Batch, error) {
	if s.reads != nil {
		*s.reads = append(*s.reads, s.id)
	}
	if s.opened && s.failures > 0 {
		s.failures--
		return pipeline.Batch{}, s.fails
	}
	if s.pos == len(s.events) {
		return pipeline.Batch{}, io.EOF
	}
	b := pipeline.Batch{Stream: s.id, Opened: !s.opened}
	s.opened = true
	next := min(s.pos+s.n, len(s.events))
	b.Events = append(b.Events, s.events[s.pos:next]...)
	s.pos = next
	b.Ended = s.says && s.pos == len(s.events)
	return b, nil
}

func events(path string, n int, every pipeline.Time) []pipeline.Event {
	var list []pipeline.Event
	for i := range n {
		list = append(list, bad(1e18+pipeline.Time(i)*every, uint64(i+1), path, pipeline.SeverityHigh))
	}
	return list
}

func replayed(t *testing.T, sources ...pipeline.Source) (string, error) {
	var b strings.Builder
	err := Replay(t.Context(), newEngine(), sources, func(a *pipeline.Alert) error {
		fmt.Fprintf(&b, "%s %s %s\n", a.At, a.Entity.Value, a.Status)
		return nil
	})
	return b.String(), err
}

func TestReplay(t *testing.T) {
	var all []string
	for _, n := range []int{1, 3, 1000} {
		for _, says := range []bool{false, true} {
			got, err := replayed(t,
				&endingSource{id: "a", events: events("/a", 10, 10*pipeline.Second), n: n, says: says},
				&endingSource{id: "b", events: events("/b", 30, 3*pipeline.Second), n: n, says: !says})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, got)
		}
	}
	if n := strings.Count(all[0], "\n"); n != 20 {
		t.Errorf("got %d transitions, want ten of /a that end, but the last, and one of /b:\n%s", n, all[0])
	}
	for _, got := range all[1:] {
		want(t, "another cut", got, all[0])
	}
}

func TestReplayReadsWhatIsBehind(t *testing.T) {
	var reads []pipeline.StreamID
	_, err := replayed(t,
		&endingSource{id: "dense", events: events("/a", 1000, pipeline.Second/10), n: 10, reads: &reads},
		&endingSource{id: "thin", events: events("/b", 100, pipeline.Second), n: 1, reads: &reads})
	if err != nil {
		t.Fatal(err)
	}
	for i, balance := 0, 0; i < len(reads); i++ {
		if reads[i] == "dense" {
			balance++
		} else {
			balance--
		}
		if balance > 3 || balance < -3 {
			t.Fatalf("got one stream read %d batches ahead of the other after %d", balance, i)
		}
	}
}

func TestReplayErrors(t *testing.T) {
	bad := errors.New("gzip: invalid checksum")
	got, err := replayed(t, &endingSource{id: "a", events: events("/a", 2, 60*pipeline.Second), n: 1, fails: bad, failures: 1})
	if !errors.Is(err, bad) || strings.Count(got, "\n") != 3 {
		t.Errorf("got %v, want the error; and what could be read:\n%s", err, got)
	}
	_, err = replayed(t, &endingSource{id: "a", events: events("/a", 2, 60*pipeline.Second), n: 1, fails: bad, failures: 1e9})
	if !errors.Is(err, bad) || !strings.Contains(err.Error(), "given up") {
		t.Errorf("got %v, want it given up", err)
	}
}

func TestReplayStops(t *testing.T) {
	stop := errors.New("broken pipe")
	src := &endingSource{id: "a", events: events("/a", 100, 60*pipeline.Second), n: 1}
	if err := Replay(t.Context(), newEngine(), []pipeline.Source{src}, func(*pipeline.Alert) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want emit's error", err)
	}
	if src.pos > 2 {
		t.Errorf("got %d events read after emit's error", src.pos)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Replay(ctx, newEngine(), []pipeline.Source{src}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
