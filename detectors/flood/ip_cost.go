package flood

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A cost is what ip_flood knows of the time that requests take the application: by address of costly ones, and of all.
type cost struct {
	window.State
	ips  *window.Metric
	took *window.Counter // milliseconds
	// How many deliveries there were and what they took: by these one sees whether the server is slow for all, since
	// those who ask for what is costly don't deliver.
	deliveries, delivered *window.Counter
}

var (
	costFloors = []window.Floor{{Scale: window.S1m, Count: 30_000}, {Scale: window.S10m, Count: 60_000}}
	costScales = window.Of(window.S1m, window.S10m, window.S24h)
)

const (
	costShare  = 10  // per cent of the time of all requests
	slowShare  = 25  // per cent, while all are slow
	slowServer = 250 // milliseconds that deliveries take on the mean
)

func newCost(network *window.Space) cost {
	scales := window.Of(window.S1m, window.S10m)
	c := cost{
		ips:  network.Metric(window.IP, window.CostlyMS, costScales).Floors(costFloors),
		took: window.NewCounter(scales), deliveries: window.NewCounter(scales), delivered: window.NewCounter(scales),
	}
	c.State = window.NewState(c.took, c.deliveries, c.delivered)
	return c
}

// add counts what a request took.
func (c *cost) add(e *pipeline.Event) {
	if e.Kind != pipeline.KindRequest || e.Counts&pipeline.CountsAddress == 0 || !e.Endpoint.IsDynamic() || e.Endpoint == pipeline.EndpointStreaming {
		return
	}
	ms := window.AppMS(e)
	if ms == 0 {
		return
	}
	c.took.Add(e.Time, ms)
	if e.Endpoint.IsInbox() {
		c.deliveries.Add(e.Time, 1)
		c.delivered.Add(e.Time, ms)
	}
}

// judge reports the event's address when its costly requests take much of all time, and whether they do.
func (c *cost) judge(e *pipeline.Event, r pipeline.Report) bool {
	x, ok := c.ips.Over(e.Slots.IP, window.Proven, e.Time)
	if !ok || x.Count == 0 { // it was told in this second
		return ok
	}
	share := uint64(x.Count) * 100 / uint64(max(c.took.Sum(x.Scale, e.Time), 1))
	if share < costShare {
		return false
	}
	if c.ips.Once(e.Slots.IP, window.Proven, e.Time) {
		r.Find(c.finding(e, x, share))
	}
	return true
}

func (c *cost) finding(e *pipeline.Event, x window.Excess, share uint64) pipeline.Finding {
	f := c.ips.Finding(e, x, window.AddressEntity(e.IP), "milliseconds")
	f.Evidence.Part = pipeline.IPOnly
	f.Severity = pipeline.SeverityMedium
	if share < slowShare && c.slow(x.Scale, e.Time) {
		f.Severity = pipeline.SeverityLow
	}
	f.Summary = "Costly requests from %s: " + strconv.Itoa(int(x.Count/1000)) + " s of the application in " + x.Scale.String() +
		", " + strconv.Itoa(int(min(share, 100))) + " % of all"
	return f
}

// slow reports whether deliveries take long, or come no more.
func (c *cost) slow(s window.Scale, now pipeline.Time) bool {
	n := c.deliveries.Sum(s, now)
	return n == 0 || c.delivered.Sum(s, now)/n >= slowServer
}
