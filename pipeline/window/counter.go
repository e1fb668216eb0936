package window

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Counter is one ring outside any table, for what is few by nature, such as streams.
type Counter struct {
	layout layout
	words  []uint32
}

// NewCounter returns an empty Counter over those scales.
func NewCounter(scales Scales) *Counter {
	l := newLayout(scales)
	return &Counter{layout: l, words: make([]uint32, l.words)}
}

// Add counts n events at now, which never goes back.
func (c *Counter) Add(now pipeline.Time, n uint32) {
	c.layout.add(c.words, uint32(now/pipeline.Second), n)
}

// Sum returns the count in the window of scale s that ends at now.
func (c *Counter) Sum(s Scale, now pipeline.Time) uint32 {
	return c.layout.sum(c.words, s, uint32(now/pipeline.Second))
}

// Seen returns how many events were counted ever, modulo 2^32.
func (c *Counter) Seen() uint64 { return uint64(c.words[ringSeen]) }

// Snapshot writes the counter.
func (c *Counter) Snapshot(w io.Writer) error {
	out := coder{w: w}
	out.u32s(c.words)
	return out.err
}

// Restore reads what Snapshot wrote by a Counter of the same scales.
func (c *Counter) Restore(r io.Reader) error {
	in := decoder{r: r}
	in.u32s(c.words)
	return in.err
}
