package flood

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DistributedSurgeSpec documents distributed_surge.
var DistributedSurgeSpec = pipeline.Spec{
	Name: "distributed_surge", Title: "Surge from many networks", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{}, // signals only
	Sees:       "Networks (/24 or /48) that read what is public (pages, timelines, searches) and were not seen for a month, save those that come for the profile or post which others just came for; with requests, errors and time of the whole server.",
	Matters:    "A botnet of people's devices, or a crawler that hides behind them, asks little by each address: no limit by address holds.",
	Lookalikes: "A post or a person that is linked to from elsewhere: readers come for one thing. A report about your server: they come for its front page, and sign up.",
	Do: []string{
		"See in nginx' log what is asked for, and by which agents.",
		"Limit or cache these paths in nginx; disallow public timelines to those who are not signed in (LIMITED_FEDERATION or DISALLOW_UNAUTHENTICATED_API_ACCESS).",
		"Put a challenge before the web pages while it lasts.",
	},
	Defaults: "at least 60 new networks in 1 m or 80 in 10 m, surprising by the server's own past (1 in 10^7) and at least twice what is expected; medium; high when there are 3 times the usual requests too; critical when 5 % of the requests are answered 502, 503 or 504, or take 3 times as long as usual; silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx", Text: "Limit requests for public pages in nginx for all addresses together, or cache them for a minute (`proxy_cache`)."},
	},
}

var networkFloors = []window.Floor{{Scale: window.S1m, Count: 60}, {Scale: window.S10m, Count: 80}}

const (
	manyRequests = 3
	slower       = 3
	errorShare   = 20 // requests for an error, at the most
	leastErrors  = 20
)

// DistributedSurge reports that many networks which were never seen come at once.
type DistributedSurge struct {
	window.State
	networks               *window.Series
	requests, errors, took *window.Counter // took in hundredths of a second
}

// NewDistributedSurge returns one that has seen nothing.
func NewDistributedSurge() *DistributedSurge {
	scales := window.Of(window.S10m, window.S24h)
	d := &DistributedSurge{networks: window.NewSeries(networkFloors), requests: window.NewCounter(scales),
		errors: window.NewCounter(scales), took: window.NewCounter(scales)}
	d.State = window.NewState(d.networks, d.requests, d.errors, d.took)
	return d
}

// Observe counts the requests of a second, and reports when too many networks are new. Signals of a second come sorted
// by name, and that of networks last.
func (d *DistributedSurge) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal {
		return
	}
	d.networks.Add(e.Time, 0) // whatever it is, from now on it is known that there were no others
	n := uint32(min(e.Signal.Count, 1<<31))
	switch e.Signal.Name {
	case window.TotalDynamic:
		d.requests.Add(e.Time, n)
	case window.TotalErrors:
		d.errors.Add(e.Time, n)
	case window.TotalMS:
		d.took.Add(e.Time, n/10)
	case window.TotalNewNetworks:
		d.networks.Add(e.Time, n)
		if x, ok := d.networks.Over(e.Time); ok && d.networks.Once(e.Time) {
			r.Find(d.finding(e.Time, x))
		}
	}
}

func (d *DistributedSurge) finding(now pipeline.Time, x window.Excess) pipeline.Finding {
	f := d.networks.Finding(now, x, "new_networks")
	f.Until = now.Add(window.S10m.Length())
	f.Severity = pipeline.SeverityMedium
	f.Summary = "Surge from many networks at %s: " + x.Text("networks never seen before")
	n, usual := d.requests.Sum(window.S10m, now), d.usual(d.requests, now)
	if float64(n) >= manyRequests*usual {
		f.Severity = pipeline.SeverityHigh
	}
	f.Summary += "; " + strconv.Itoa(int(n)) + " requests in 10m, usually " + strconv.Itoa(int(usual))
	switch errors := d.errors.Sum(window.S10m, now); {
	case errors >= leastErrors && errors*errorShare >= n:
		f.Severity = pipeline.SeverityCritical
		f.Summary += ", " + strconv.Itoa(int(errors)) + " of them errors"
	case d.slow(n, usual, now):
		f.Severity = pipeline.SeverityCritical
		f.Summary += ", and they take " + strconv.Itoa(slower) + " times as long as usual"
	}
	return f
}

// usual returns a counter's mean of ten minutes in the last 24 hours, these ten aside.
func (d *DistributedSurge) usual(c *window.Counter, now pipeline.Time) float64 {
	just, day := c.Sum(window.S10m, now), c.Sum(window.S24h, now)
	return float64(day-min(just, day)) / 143
}

func (d *DistributedSurge) slow(n uint32, usual float64, now pipeline.Time) bool {
	took, usualTook := d.took.Sum(window.S10m, now), d.usual(d.took, now)
	return n > 0 && usual > 0 && usualTook > 0 && float64(took)/float64(n) >= slower*usualTook/usual
}
