package window

import (
	"io"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Series is one count of the whole server, held against its own past: for the instance detectors, which have
// few keys and need no table. It is a ring with a baseline of its own; what it knows is in its snapshot.
type Series struct {
	layout layout
	words  []uint32
	floors []Floor
	base   *baseline
	minute uint32
	need   float64 // surprise at which it is out of line
}

// NewSeries returns an empty Series that is held against these floors, shortest window and lowest count first.
func NewSeries(floors []Floor) *Series {
	scales := Of(S1h, S24h)
	for _, f := range floors {
		scales |= Of(f.Scale)
	}
	l := newLayout(scales)
	return &Series{layout: l, words: make([]uint32, l.words), floors: slices.Clone(floors),
		base: newBaseline(newCommon(), firstPrior(Site, Inbox)), need: seriesOpen}
}

// OneOfMany makes it take more to be out of line, for there are others like it; it returns the Series.
func (s *Series) OneOfMany() *Series {
	s.need = manyOpen
	return s
}

// Add counts n events at now, which never goes back.
func (s *Series) Add(now pipeline.Time, n uint32) {
	second := uint32(now / pipeline.Second)
	s.turn(second)
	s.layout.add(s.words, second, n)
}

// turn lets the minutes before that of second end.
func (s *Series) turn(second uint32) {
	if second/60 == s.minute {
		return
	}
	if s.base.turn(second, &s.layout, s.words) {
		s.base.learn(&s.layout, s.words, s.base.first)
	}
	s.layout.roll(s.words, second)
	s.survey(second)
	s.minute = second / 60
}

// survey looks by how much the counts scatter, at each scale once in its length.
func (s *Series) survey(second uint32) {
	if s.layout.pastOf(s.words)[pastOpen] >= second {
		return
	}
	mean := s.base.rateOf(&s.layout, s.words, s.base.first).mean()
	for _, c := range s.layout.list {
		if every := max(c.Seconds()/60, spreadMinute); second/60%every == 0 {
			s.base.spread[c].sample(c, float64(s.layout.sum(s.words, c, second)), mean*s.base.exposure(c, second))
		}
	}
}

// Sum returns the count in the window of scale c that ends at now.
func (s *Series) Sum(c Scale, now pipeline.Time) uint32 {
	return s.layout.sum(s.words, c, uint32(now/pipeline.Second))
}

// Mean returns the count that is expected in the window of scale c that ends at now; zero while learning.
func (s *Series) Mean(c Scale, now pipeline.Time) float64 {
	if s.Learning(now) {
		return 0
	}
	return s.base.rateOf(&s.layout, s.words, s.base.first).mean() * s.base.exposure(c, uint32(now/pipeline.Second))
}

// Seen returns how many events were counted ever, modulo 2^32.
func (s *Series) Seen() uint64 { return uint64(s.words[ringSeen]) }

// Learning reports whether the Series is in its first 24 hours of event time, in which nothing is over.
func (s *Series) Learning(now pipeline.Time) bool {
	return s.base.hour == 0 || uint32(now/pipeline.Second)-s.base.first < dayInSeconds
}

// Over returns the first of the floors over which the count is out of line.
func (s *Series) Over(now pipeline.Time) (Excess, bool) {
	if s.Learning(now) {
		return Excess{}, false
	}
	second := uint32(now / pipeline.Second)
	s.turn(second)
	for _, f := range s.floors {
		x := Excess{Count: s.layout.sum(s.words, f.Scale, second), Scale: f.Scale, Part: Proven}
		if x.Count < f.Count/2 || f.Scale == S24h && second-s.base.first < 2*dayInSeconds {
			continue
		}
		if x = s.judge(x, f.Count, second); float64(x.Count) >= x.Threshold {
			return x, true
		}
	}
	return Excess{}, false
}

func (s *Series) judge(x Excess, floor, second uint32) Excess {
	rate := s.base.rateOf
	if x.Scale == S24h {
		rate = s.base.dayRate
	}
	open := s.layout.pastOf(s.words)[pastOpen] >= second
	return s.base.judge(x, rate(&s.layout, s.words, s.base.first), floor, open, s.need, second)
}

// seriesOpen is the surprise at which a Series is out of line: there is one of it, not one for each of thousands of keys.
const seriesOpen = 7

// manyOpen is that of one of some dozens.
const manyOpen = 10

// Once reports whether it was not yet called in the second of now.
func (s *Series) Once(now pipeline.Time) bool { return once(s.words, ringOnce, now) }

// Finding returns what x says of the whole server; the detector adds severity, summary and who is related. While it
// holds, less is needed for the next, and nothing is learned.
func (s *Series) Finding(now pipeline.Time, x Excess, measure string) pipeline.Finding {
	second := uint32(now / pipeline.Second)
	since := pipeline.Time(max(s.layout.oldest(s.words, x.Scale, second), s.base.first)) * pipeline.Second
	until := now.Add(x.Scale.Length())
	s.layout.pastOf(s.words)[pastOpen] = uint32(until / pipeline.Second)
	return pipeline.Finding{
		Key:      pipeline.Entity{Type: pipeline.EntityInstance},
		Until:    until,
		Since:    since,
		Measure:  x.Measure(measure),
		Evidence: pipeline.Proof{Window: uint64(x.Count), Seen: s.Seen()},
	}
}

// Snapshot writes the series.
func (s *Series) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u32(uint32(len(s.words)))
	c.u32s(s.words)
	c.u32(s.minute)
	s.base.write(&c)
	return c.err
}

// Restore reads what Snapshot wrote by a Series of the same floors.
func (s *Series) Restore(r io.Reader) error {
	d := decoder{r: r}
	d.same("the ring", d.u32(), uint32(len(s.words)))
	d.u32s(s.words)
	s.minute = d.u32()
	if s.base.read(&d); d.err != nil {
		need := s.need
		*s = *NewSeries(s.floors)
		s.need = need
	}
	return d.err
}
