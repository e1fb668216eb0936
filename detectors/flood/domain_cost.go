package flood

import (
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DomainCostSpec documents domain_cost.
var DomainCostSpec = pipeline.Spec{
	Name: "domain_cost", Title: "Costly deliveries", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceSite,
	Sees:       "The time that the application takes for deliveries (upstream_response_time in nginx' log, duration in Rails'), and their size (request_length), per registrable domain. A log with neither, as nginx' combined format is, shows nothing.",
	Matters:    "Puma has few threads. Who keeps a quarter of them busy slows down everybody, with few requests if each is costly; bodies by the hundred megabytes take the line and the memory.",
	Lookalikes: "A slow database, which makes everybody slow and is no one's share; a big server that catches up; a server whose actors are all new here, since each must be fetched.",
	Do: []string{
		"Look at the samples: what is sent, and whether it is accepted.",
		"Limit the address in nginx (limit_req on /inbox; client_max_body_size for bodies).",
		"Limit the domain in Mastodon if it goes on.",
	},
	Defaults: "at least 30 s of the application's time in 1 m, in at least 20 deliveries; or 50 MB in 1 m. And at least 25 % of what all deliveries take, and 3 times what the domain's usual number of deliveries would take just now. High for time, medium for bytes, low where neither a proven name nor an address can be told; silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx",
			Text: "Limit /inbox per address in nginx (`limit_req_zone $binary_remote_addr`), and bodies with `client_max_body_size 1m`."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block",
			Text: "Limit %s in Mastodon (domain block with severity silence): posts already received stay hidden, not lost."},
	},
}

const (
	costMS     = 30_000 // a minute: two threads of ten would be 120,000
	costKB     = 50_000 // a minute: ten thousand deliveries as they usually are
	costEvents = 20     // fewer are a slow moment, whatever they took
	costPart   = 4      // a quarter of all
	costGrowth = 3
)

// DomainCost reports a site whose deliveries take a large part of the application's time, or of what comes in.
type DomainCost struct {
	pipeline.Stateless
	space        *window.Space
	time, volume *window.Metric
	inbox        *window.Metric
}

// NewDomainCost claims its metrics of the site space.
func NewDomainCost(site *window.Space) *DomainCost {
	site.Addresses(window.Site)
	minute := window.Of(window.S1m)
	return &DomainCost{
		space:  site,
		time:   site.Metric(window.Site, window.InboxMS, minute),
		volume: site.Metric(window.Site, window.InboxKB, minute),
		inbox:  site.Metric(window.Site, window.Inbox, window.DomainScales),
	}
}

// Observe reports the event's site when it takes too much.
func (d *DomainCost) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || e.Counts&pipeline.CountsDomain == 0 {
		return
	}
	part := window.PartOf(e)
	if x, ok := d.over(d.time, costMS, e, part); ok && d.inbox.Sum(e.Slots.Site, part, window.S1m, e.Time) >= costEvents {
		d.report(d.time, e, x, "application_seconds", 1000, pipeline.SeverityHigh, "Deliveries of %%s take %.0f s of the application's time in 1m, usually %.0f s", r)
		return
	}
	if x, ok := d.over(d.volume, costKB, e, part); ok {
		d.report(d.volume, e, x, "megabytes", 1000, pipeline.SeverityMedium, "Deliveries of %%s bring %.0f MB in 1m, usually %.0f MB", r)
	}
}

// over reports whether a part of the event's site is over a floor and out of line, as a share of what all take: a
// database that is slow is slow for everyone.
func (d *DomainCost) over(m *window.Metric, floor uint32, e *pipeline.Event, p window.Part) (window.Excess, bool) {
	n := m.Sum(e.Slots.Site, p, window.S1m, e.Time)
	if n < floor {
		return window.Excess{}, false
	}
	total := m.Total(window.S1m, e.Time)
	if n*costPart < total || d.space.Learning(e.Time) {
		return window.Excess{}, false
	}
	x := window.Excess{Count: n, Known: true, Scale: window.S1m, Part: p}
	x.Expected = d.usual(e, p) * d.each(m, e, p, n, total)
	x.Threshold = max(float64(floor), costGrowth*x.Expected)
	return x, float64(n) >= x.Threshold
}

// usual returns how many deliveries a minute the event's site brings, by its last 24 hours without the last minute. A
// name that is proven from some hour on has brought what was claimed before.
func (d *DomainCost) usual(e *pipeline.Event, p window.Part) float64 {
	slot, now := e.Slots.Site, e.Time
	n := d.inbox.Sum(slot, p, window.S24h, now) - d.inbox.Sum(slot, p, window.S1m, now)
	if p == window.Proven {
		n += d.inbox.Sum(slot, window.ClaimedPart, window.S24h, now)
	}
	return float64(n) / (24*60 - 1)
}

// each returns what a delivery of the others takes just now; where there are none, what one of the site's does.
func (d *DomainCost) each(m *window.Metric, e *pipeline.Event, p window.Part, n, total uint32) float64 {
	own, all := d.inbox.Sum(e.Slots.Site, p, window.S1m, e.Time), d.inbox.Total(window.S1m, e.Time)
	if all <= own || total <= n {
		return float64(n) / float64(max(own, 1))
	}
	return float64(total-n) / float64(all-own)
}

func (d *DomainCost) report(m *window.Metric, e *pipeline.Event, x window.Excess, measure string, unit float64, s pipeline.Severity, text string, r pipeline.Report) {
	if !m.Once(e.Slots.Site, x.Part, e.Time) {
		return
	}
	f := m.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, measure)
	usual := x.Expected / unit
	f.Measure.Value, f.Measure.Threshold, f.Measure.Expected = float64(x.Count)/unit, x.Threshold/unit, &usual
	f.Severity = s
	f.Summary = fmt.Sprintf(text, float64(x.Count)/unit, usual)
	n := uint64(d.inbox.Sum(e.Slots.Site, x.Part, window.S1m, e.Time))
	f.Evidence.Window, f.Evidence.Seen = n, d.inbox.Seen(e.Slots.Site, x.Part)
	f.Evidence.Part = d.inbox.Level(e.Slots.Site, x.Part, window.S1m, e.Time)
	if x.Part == window.ClaimedPart {
		f.Evidence.Addresses = d.space.Shares(window.Site, e.Slots.Site, n)
		if len(f.Evidence.Addresses) == 0 {
			f.Severity = pipeline.SeverityLow // nobody could be named, nor limited
		}
	}
	r.Find(f)
}
