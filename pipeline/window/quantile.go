package window

import (
	"io"
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
	"github.com/fedwarden/fedwarden/pipeline"
)

// Quantiles estimates quantiles of a quantity over one sliding window, such as seconds of latency or bytes of a body,
// with ceiling semantics in panes of a sixth of the window. Each pane is a DDSketch: a histogram of bins that grow
// by the same ratio, so it depends on what was added and not on the order.
//
// What At returns is within 2 % of a value of just that rank, if that lies from 0.0001 to 10 billion. What is lower,
// and whatever is negative, counts as zero; what is higher counts as 10 billion; NaN is not counted.
//
// It takes some 67 kB, all at once. An Add takes 30 ns and allocates nothing; At merges the panes, 7 µs.
type Quantiles struct {
	length uint32 // seconds a pane
	pane   uint32 // of the last Add
	panes  [panes + 1]*ddsketch.DDSketch
	merged *ddsketch.DDSketch
	lowest int // indices of the bins of the bounds
	last   int
}

const (
	quantileError = 0.02
	quantileLow   = 1e-4
	quantileHigh  = 1e10
	maxCounted    = 1 << 53 // a float64 counts by one up to here
)

// NewQuantiles returns an empty Quantiles over that window.
func NewQuantiles(window Scale) *Quantiles {
	bins, err := mapping.NewCubicallyInterpolatedMapping(quantileError)
	if err != nil {
		panic("BUG: no mapping of that error: " + err.Error())
	}
	q := &Quantiles{length: paneLength(window), lowest: bins.Index(quantileLow), last: bins.Index(quantileHigh)}
	for i := range q.panes {
		q.panes[i] = newQuantilePane(bins)
	}
	q.merged = newQuantilePane(bins)
	return q
}

// newQuantilePane returns an empty sketch that has room for all bins.
func newQuantilePane(bins mapping.IndexMapping) *ddsketch.DDSketch {
	s := ddsketch.NewDDSketch(bins, store.NewDenseStore(), store.NewDenseStore())
	addValue(s, quantileLow)
	addValue(s, quantileHigh)
	s.Clear()
	return s
}

func addValue(s *ddsketch.DDSketch, v float64) {
	if err := s.Add(v); err != nil {
		panic("BUG: a value within bounds is not counted: " + err.Error())
	}
}

// paneLength returns the seconds of a pane: six panes make at least the window.
func paneLength(window Scale) uint32 { return (window.Seconds() + panes - 1) / panes }

// Add counts v at now, which never goes back.
func (q *Quantiles) Add(now pipeline.Time, v float64) {
	if math.IsNaN(v) {
		return
	}
	q.turn(uint32(now/pipeline.Second) / q.length)
	switch {
	case v < quantileLow:
		v = 0
	case v > quantileHigh:
		v = quantileHigh
	}
	addValue(q.place(q.pane), v)
}

func (q *Quantiles) place(pane uint32) *ddsketch.DDSketch { return q.panes[pane%uint32(len(q.panes))] }

// turn empties the panes that have gone by.
func (q *Quantiles) turn(pane uint32) {
	for k := range min(pane-q.pane, uint32(len(q.panes))) {
		q.place(pane - k).Clear()
	}
	q.pane = pane
}

// live calls f with the panes that are in the window which ends at now.
func (q *Quantiles) live(now pipeline.Time, f func(*ddsketch.DDSketch)) {
	gone := uint32(now/pipeline.Second)/q.length - q.pane
	for k := range uint32(len(q.panes)) {
		if gone+k <= panes {
			f(q.place(q.pane - k))
		}
	}
}

// Count returns how many values were counted in the window that ends at now.
func (q *Quantiles) Count(now pipeline.Time) uint64 {
	var n float64
	q.live(now, func(s *ddsketch.DDSketch) { n += s.GetCount() })
	return uint64(n)
}

// At returns an estimate of the value below which the share p, from 0 to 1, of the window's values lies; not ok
// when there are none. Of n values in order, that is the one at place p (n−1), rounded down.
func (q *Quantiles) At(now pipeline.Time, p float64) (v float64, ok bool) {
	q.merged.Clear()
	q.live(now, func(s *ddsketch.DDSketch) {
		if err := q.merged.MergeWith(s); err != nil {
			panic("BUG: panes of two mappings: " + err.Error())
		}
	})
	v, err := q.merged.GetValueAtQuantile(p)
	if err != nil {
		return 0, false
	}
	return v, true
}

// Snapshot writes what was counted: equal counts, equal bytes.
func (q *Quantiles) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u32(q.length)
	c.u32(q.pane)
	for _, s := range q.panes {
		bins := s.GetPositiveValueStore()
		used := uint32(0)
		bins.ForEach(func(int, float64) bool { used++; return false })
		c.u64(uint64(s.GetZeroCount()))
		c.u32(used)
		bins.ForEach(func(index int, count float64) bool {
			c.u32(uint32(index - q.lowest))
			c.u64(uint64(count))
			return false
		})
	}
	return c.err
}

// Restore reads what Snapshot wrote by Quantiles of the same window; after an error nothing is counted.
func (q *Quantiles) Restore(r io.Reader) error {
	d := decoder{r: r}
	d.same("pane", d.u32(), q.length)
	q.pane = d.u32()
	for _, s := range q.panes {
		s.Clear()
		q.read(&d, s)
	}
	if d.err != nil {
		for _, s := range q.panes {
			s.Clear()
		}
	}
	return d.err
}

// read reads a pane; its bins are in order, for they are written so.
func (q *Quantiles) read(d *decoder, s *ddsketch.DDSketch) {
	if err := s.AddWithCount(0, float64(d.counted(0))); err != nil {
		d.fail(err)
	}
	next := 0
	for range d.count(q.last - q.lowest + 1) {
		bin := d.count(q.last - q.lowest)
		count := d.counted(1)
		if bin < next {
			d.fail(errBound)
		}
		if d.err != nil {
			return
		}
		next = bin + 1
		s.GetPositiveValueStore().AddWithCount(q.lowest+bin, float64(count))
	}
}

// counted reads a number of values, at least least.
func (d *decoder) counted(least uint64) uint64 {
	n := d.u64()
	if n > maxCounted || n < least {
		d.fail(errBound)
		return 0
	}
	return n
}
