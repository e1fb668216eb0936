package window

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// The names of the signals that Totals sends: how many there were in a second, of all of the network key space.
const (
	TotalDynamic  = "total.dynamic"  // requests that cost the application
	TotalErrors   = "total.errors"   // of these, answered 502, 503 or 504
	TotalAccepted = "total.accepted" // deliveries answered 2xx
	TotalMS       = "total.ms"       // milliseconds, rounded up, that the application took, streaming aside
)

// A total is one row of what is added up.
type total struct {
	name string
	of   func(e *pipeline.Event) uint32
}

var totals = []total{
	{TotalDynamic, func(e *pipeline.Event) uint32 { return one(e.Endpoint.IsDynamic()) }},
	{TotalErrors, func(e *pipeline.Event) uint32 {
		return one(e.Endpoint.IsDynamic() && e.Status >= 502 && e.Status <= 504)
	}},
	{TotalAccepted, func(e *pipeline.Event) uint32 { return one(isDelivery(e) && e.Status >= 200 && e.Status < 300) }},
	{TotalMS, func(e *pipeline.Event) uint32 {
		return one(e.Endpoint != pipeline.EndpointStreaming) * weights[InboxMS](e)
	}},
}

func one(is bool) uint32 {
	if is {
		return 1
	}
	return 0
}

// Totals tells the instance detectors, once a second, what requests there were, by whoever is the witness of
// addresses: a pipeline.Detector of the network key space, registered after the witness.
type Totals struct {
	counts []uint64 // since the last tick, by row of totals
	some   bool
}

// NewTotals returns Totals that have seen nothing.
func NewTotals() *Totals { return &Totals{counts: make([]uint64, len(totals))} }

// Observe adds a request up.
func (t *Totals) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind != pipeline.KindRequest || e.Counts&pipeline.CountsAddress == 0 {
		return
	}
	t.some = true
	for i := range totals {
		t.counts[i] += uint64(totals[i].of(e))
	}
}

// Advance sends what there was since the second before.
func (t *Totals) Advance(_ pipeline.Time, r pipeline.Report) {
	for i, n := range t.counts {
		if n > 0 {
			r.Signal(pipeline.Signal{Name: totals[i].name, Count: n})
		}
	}
	clear(t.counts)
	t.some = false
}

// Due returns the next second if there is anything to send.
func (t *Totals) Due(now pipeline.Time) pipeline.Time {
	if t.some {
		return now + pipeline.Second
	}
	return 0
}

// Snapshot writes what was not sent yet.
func (t *Totals) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.bool(t.some)
	c.u32(uint32(len(t.counts)))
	c.u64s(t.counts)
	return c.err
}

// Restore reads what Snapshot wrote.
func (t *Totals) Restore(r io.Reader) error {
	*t = *NewTotals()
	d := decoder{r: r}
	t.some = d.bool()
	d.same("the number of totals", d.u32(), uint32(len(t.counts)))
	if d.u64s(t.counts); d.err != nil {
		*t = *NewTotals()
	}
	return d.err
}
