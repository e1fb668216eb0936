package source_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/parse"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

// A shipment is a carrier's messages, written before anybody reads them.
type shipment struct {
	at      []pipeline.Time
	records []parse.Record
	streams []pipeline.StreamID
}

var shipDay = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)

// newShipment writes n messages of logs that come, are quiet for hours and come back; a few tell no log, and
// are the carrier's own. Some lines are no record, some are stamped out of order.
func newShipment(rnd *rand.Rand, n int) *shipment {
	s := &shipment{}
	now := shipDay
	busy := []int{0, 1}
	for i := range n {
		switch rnd.IntN(40) {
		case 0:
			now = now.Add(time.Duration(rnd.IntN(100)) * time.Minute)
		case 1, 2:
			busy = []int{rnd.IntN(6), rnd.IntN(6)}
		default:
			now = now.Add(time.Duration(rnd.IntN(3000)) * time.Millisecond)
		}
		stamp := now.Add(-time.Duration(rnd.IntN(2)*rnd.IntN(8)) * time.Second)
		rec := parse.Record{Text: fmt.Sprintf(`192.0.2.1 - - [%s] "GET /n/%d HTTP/1.1" 200 2 "-" "x"`, stamp.Format("02/Jan/2006:15:04:05 -0700"), i)}
		id := pipeline.StreamID("carrier")
		if log := busy[rnd.IntN(2)]; log != 5 {
			rec.Origin.File = "/log" + strconv.Itoa(log)
			id += pipeline.StreamID("/" + rec.Origin.File)
		} else {
			rec.Text = "a line of nobody's, " + strconv.Itoa(i)
		}
		if rnd.IntN(20) == 0 {
			rec.Text = "no record"
		}
		s.at, s.records, s.streams = append(s.at, pipeline.TimeOf(now)), append(s.records, rec), append(s.streams, id)
	}
	return s
}

func placeOf(i int) string { return fmt.Sprintf("%08d", i+1) }

// A ship is one run that reads a shipment.
type ship struct {
	*shipment
	rnd    *rand.Rand
	demux  *source.Demux
	engine *engine.Engine
	next   int
	other  pipeline.StreamID // another source's, which holds back the carrier's; empty: none
}

// A saved is a checkpoint.
type saved struct {
	marks []pipeline.StreamMark
	parts []pipeline.Part
}

func save(t *testing.T, e *engine.Engine) *saved {
	t.Helper()
	s := &saved{marks: slices.Clone(e.Marks())}
	for _, p := range e.Parts() {
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		s.parts = append(s.parts, pipeline.Part{Name: p.Name, Version: p.Version, Data: b.Bytes()})
	}
	return s
}

// board begins a run that goes on from a checkpoint, as the runner does.
func (s *shipment) board(t *testing.T, rnd *rand.Rand, from *saved) *ship {
	t.Helper()
	d, err := source.NewDemux(source.DemuxConfig{Carrier: "carrier",
		Compare: func(a, b string) int { return bytes.Compare([]byte(a), []byte(b)) },
		Now:     func() time.Time { return shipDay.Add(240 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Config{})
	for _, p := range from.parts {
		if err := e.RestorePart(p); err != nil {
			t.Fatal(err)
		}
	}
	e.SetMarks(from.marks)
	for _, m := range from.marks {
		if d.Owns(m.Stream) && m.Cursor != "" {
			if err := d.Seek(m.Stream, m.Cursor); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := &ship{shipment: s, rnd: rnd, demux: d, engine: e, other: "other"}
	if place, ok := d.Start(); ok {
		at.next, _ = strconv.Atoi(place)
	} else {
		d.Begin(placeOf(-1))
	}
	e.Expect(append(d.Streams(), at.other))
	return at
}

// step adds a message, or claims, or hands over a batch.
func (s *ship) step() {
	switch x := s.rnd.IntN(100); {
	case x < 45 && s.next < len(s.records):
		s.demux.Add(placeOf(s.next), s.at[s.next], s.records[s.next:s.next+1])
		s.next++
	case x < 50 && s.next > 0:
		s.demux.Claim(s.at[s.next-1])
	case x < 53:
		s.demux.Flush()
	case x < 56 && s.next > 0: // often it is hours behind, so that much is held
		s.let(s.at[s.next-1] - pipeline.Time(s.rnd.Int64N(int64(4*time.Hour))))
	default:
		s.hand()
	}
}

// let lets the other source go on to t.
func (s *ship) let(t pipeline.Time) {
	s.engine.Process(&pipeline.Batch{Stream: s.other, Opened: true, CaughtUp: t})
}

func (s *ship) hand() bool {
	b, ok := s.demux.Next()
	if !ok {
		return false
	}
	s.engine.Process(&b)
	if b.Release != nil {
		b.Release()
	}
	return true
}

// finish reads all that is left.
func (s *ship) finish() {
	for ; s.next < len(s.records); s.next++ {
		s.demux.Add(placeOf(s.next), s.at[s.next], s.records[s.next:s.next+1])
	}
	end := s.at[len(s.at)-1] + pipeline.Time(time.Hour)
	s.demux.Claim(end)
	for s.hand() {
	}
	s.let(end + pipeline.Time(time.Hour))
}

// TestDemuxWithEngine reads a carrier whose logs begin, end idle and come back, is killed again and again, each time
// with a checkpoint of any moment, and counts every line once, in its own stream.
func TestDemuxWithEngine(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 6
	}
	for range rounds {
		demuxWithEngine(t, uint64(time.Now().UnixNano()))
	}
}

func demuxWithEngine(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	s := newShipment(rnd, 2000)
	last := &saved{}
	for range 12 {
		run := s.board(t, rnd, last)
		for range rnd.IntN(2500) {
			run.step()
			if rnd.IntN(50) == 0 {
				last = save(t, run.engine)
			}
		}
	}
	run := s.board(t, rnd, last)
	run.finish()
	got, want := map[pipeline.StreamID]uint64{}, map[pipeline.StreamID]uint64{}
	for _, m := range run.engine.Marks() {
		if m.Lines > 0 {
			got[m.Stream] = m.Lines
		}
	}
	for _, id := range s.streams {
		want[id]++
	}
	if !maps.Equal(got, want) {
		t.Fatalf("seed %d: got %v lines, want %v", seed, got, want)
	}
}
