package window

import (
	"cmp"
	"slices"
)

// A common is the factor by which all keys of a Space differ at once from what is usual: when our server comes back after
// an outage everybody comes again, and when the whole world talks of something, everybody does. It is the median, weighted by
// what they usually send, of what the busiest keys sent against what was expected: so whoever would raise it must be half of
// the busiest, who have been there for days.
type common struct {
	now    float64
	sum    float64 // over the minutes of the hour
	count  float64
	minute uint32
}

const (
	mostCommon   = 8
	commonFrom   = 40 // expected of the panel in the window, below which nothing is said
	commonKeys   = 10
	commonQuiet  = 1.5 // below which it is taken for one
	panelKeys    = 48
	panelDays    = 3  // on which a key must have been seen
	panelGone    = 24 // hours of exposure without it, after which it has gone
	spreadMinute = 5  // counts of windows up to a minute are looked at once in so many minutes
)

func newCommon() *common { return &common{now: 1} }

// mean returns the factor of the hour so far.
func (c *common) mean() float64 {
	if c.count == 0 {
		return c.now
	}
	return c.sum / c.count
}

// set takes the factor of a minute, and begins anew with the first minute of an hour. That all are quiet makes none of them
// more suspect, and that who was busiest has gone makes nobody busier.
func (c *common) set(minute uint32, factor float64) {
	if minute/60 != c.minute/60 {
		c.sum, c.count = 0, 0
	}
	if factor = min(factor, mostCommon); factor < commonQuiet {
		factor = 1
	}
	c.now, c.minute = factor, minute
	c.sum += factor
	c.count++
}

func (c *common) write(w *coder) {
	for _, v := range []float64{c.now, c.sum, c.count} {
		w.float(v)
	}
	w.u32(c.minute)
}

func (c *common) read(d *decoder) {
	c.now, c.sum, c.count = d.float(1, mostCommon), d.float(0, 1e6), d.float(0, 1e6)
	c.minute = d.u32()
}

// A panel is the busiest keys of a metric that have been there for days.
type panel []member

type member struct {
	hash uint64
	mean float64 // events an hour, when it was last learned
}

// note takes a key into the panel if it is among the busiest.
func (p *panel) note(hash uint64, mean float64) {
	low := -1
	for i := range *p {
		m := &(*p)[i]
		if m.hash == hash {
			m.mean = mean
			return
		}
		if low < 0 || m.mean < (*p)[low].mean {
			low = i
		}
	}
	switch {
	case len(*p) < panelKeys:
		*p = append(*p, member{hash, mean})
	case mean > (*p)[low].mean:
		(*p)[low] = member{hash, mean}
	}
}

func (p *panel) write(c *coder) {
	c.u32(uint32(len(*p)))
	for _, m := range *p {
		c.u64(m.hash)
		c.float(m.mean)
	}
}

func (p *panel) read(d *decoder) {
	*p = nil
	for range d.count(panelKeys) {
		*p = append(*p, member{d.u64(), d.float(0, 1e12)})
	}
}

// A ratio is what a key sent against what was expected, and how much that was.
type ratio struct{ value, weight float64 }

// median returns the weighted median.
func median(list []ratio) float64 {
	slices.SortFunc(list, func(a, b ratio) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.weight, b.weight)) })
	total, sum := 0.0, 0.0
	for _, r := range list {
		total += r.weight
	}
	for _, r := range list {
		if sum += r.weight; 2*sum >= total {
			return r.value
		}
	}
	return 1
}
