package window

import (
	"io"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Series is one count of the whole server, held against its own past: for the instance detectors, which have
// few keys and need no table. What it knows is in its snapshot.
type Series struct {
	layout layout
	words  []uint32
	floors []Floor
	since  pipeline.Time
}

// NewSeries returns an empty Series that is held against these floors, shortest window and lowest count first.
func NewSeries(floors []Floor) *Series {
	scales := Of(S1h, S24h)
	for _, f := range floors {
		scales |= Of(f.Scale)
	}
	l := newLayout(scales)
	return &Series{layout: l, words: make([]uint32, l.words), floors: slices.Clone(floors)}
}

// Add counts n events at now, which never goes back.
func (s *Series) Add(now pipeline.Time, n uint32) {
	if s.since == 0 {
		s.since = now
	}
	s.layout.add(s.words, uint32(now/pipeline.Second), n)
}

// Sum returns the count in the window of scale c that ends at now.
func (s *Series) Sum(c Scale, now pipeline.Time) uint32 {
	return s.layout.sum(s.words, c, uint32(now/pipeline.Second))
}

// Seen returns how many events were counted ever, modulo 2^32.
func (s *Series) Seen() uint64 { return uint64(s.words[ringSeen]) }

// Learning reports whether the Series is in its first 24 hours of event time, in which nothing is over.
func (s *Series) Learning(now pipeline.Time) bool { return now.Sub(s.since) < learnFor }

// Over returns the first of the floors over which the count is out of line.
func (s *Series) Over(now pipeline.Time) (Excess, bool) {
	if s.since == 0 || s.Learning(now) {
		return Excess{}, false
	}
	for _, f := range s.floors {
		n := s.Sum(f.Scale, now)
		if n < f.Count {
			continue
		}
		mean := float64(s.Sum(S24h, now)-min(n, s.Sum(S24h, now))) * float64(f.Scale.Seconds()) / dayInSeconds
		x := Excess{Count: n, Expected: mean, Known: true, Threshold: max(float64(f.Count), ownGrowth*mean), Scale: f.Scale, Part: Proven}
		if float64(n) >= x.Threshold {
			return x, true
		}
	}
	return Excess{}, false
}

// Once reports whether it was not yet called in the second of now.
func (s *Series) Once(now pipeline.Time) bool { return once(s.words, ringOnce, now) }

// Finding returns what x says of the whole server; the detector adds severity, summary and who is related.
func (s *Series) Finding(now pipeline.Time, x Excess, measure string) pipeline.Finding {
	second := uint32(now / pipeline.Second)
	since := max(pipeline.Time(s.layout.oldest(s.words, x.Scale, second))*pipeline.Second, s.since)
	return pipeline.Finding{
		Key:      pipeline.Entity{Type: pipeline.EntityInstance},
		Until:    now.Add(x.Scale.Length()),
		Since:    since,
		Measure:  x.Measure(measure),
		Evidence: pipeline.Proof{Window: uint64(x.Count), Seen: s.Seen()},
	}
}

// Snapshot writes the series.
func (s *Series) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u64(uint64(s.since))
	c.u32(uint32(len(s.words)))
	c.u32s(s.words)
	return c.err
}

// Restore reads what Snapshot wrote by a Series of the same floors.
func (s *Series) Restore(r io.Reader) error {
	d := decoder{r: r}
	s.since = pipeline.Time(d.u64())
	d.same("the ring", d.u32(), uint32(len(s.words)))
	if d.u32s(s.words); d.err != nil {
		clear(s.words)
		s.since = 0
	}
	return d.err
}
