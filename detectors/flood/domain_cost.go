package flood

import (
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DomainCostSpec documents domain_cost.
var DomainCostSpec = pipeline.Spec{
	Name: "domain_cost", Title: "Costly deliveries", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "The time that the application takes for deliveries that it answers (upstream_response_time in nginx' log, duration in Rails'), and the size of those of 64 kB or more (request_length), per registrable domain. A log with neither, as nginx' combined format is, shows nothing.",
	Matters:    "Puma has few threads. Who keeps a quarter of them busy slows down everybody, with few requests if each is costly; bodies by the hundred megabytes take the line and the memory.",
	Lookalikes: "A slow database, which makes everybody slow and is no one's share; a big server that catches up; a server whose actors are all new here, since each must be fetched.",
	Do: []string{
		"Look at the samples: what is sent, and whether it is accepted.",
		"Limit the address in nginx (limit_req on /inbox; client_max_body_size for bodies).",
		"Limit the domain in Mastodon if it goes on.",
	},
	Defaults: "at least 30 s of the application's time in 1 m, in at least 20 deliveries; or 50 MB in 1 m, in large ones. And at least 25 % of what all deliveries take, twice as much for each as the others' take just now, and 3 times what the domain's usual number would take. High for time, medium for bytes; silent where neither a proven name nor a few addresses can be told, and in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx",
			Text: "Limit /inbox per address in nginx (`limit_req_zone $binary_remote_addr`), and bodies with `client_max_body_size 1m`."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block",
			Text: "Limit %s in Mastodon (domain block with severity silence): posts already received stay hidden, not lost."},
	},
}

const (
	costMS     = 30_000 // a minute: two threads of ten would be 120,000
	costKB     = 50_000 // a minute: fifty of the largest that Mastodon takes
	costEvents = 20     // fewer are a slow moment, whatever they took
	costPart   = 4      // a quarter of all
	costEach   = 2      // times what others take for a delivery
	costOthers = 5      // deliveries, to compare with
	costGrowth = 3
)

// DomainCost reports a site whose deliveries take a large part of the application's time, or of what comes in.
type DomainCost struct {
	pipeline.Stateless
	space *window.Space
	loads [2]load
	inbox *window.Metric
}

// A load is what deliveries cost, in thousandths of what is told.
type load struct {
	*window.Metric
	floor, events uint32
	severity      pipeline.Severity
	measure, text string
}

// NewDomainCost claims its metrics of the site space.
func NewDomainCost(site *window.Space) *DomainCost {
	site.Addresses(window.Site)
	scales := window.Of(window.S1m, window.S1h)
	return &DomainCost{
		space: site,
		loads: [...]load{
			{site.Metric(window.Site, window.InboxMS, scales), costMS, costEvents, pipeline.SeverityHigh,
				"application_seconds", "take %.0f s of the application's time"},
			{site.Metric(window.Site, window.InboxKB, scales), costKB, 1, pipeline.SeverityMedium, "megabytes", "bring %.0f MB"},
		},
		inbox: site.Metric(window.Site, window.Inbox, window.DomainScales),
	}
}

// Observe reports the event's site when it takes too much. Deliveries whose signature failed are counted, but they are
// signature_failures' to tell of.
func (d *DomainCost) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || e.Counts&pipeline.CountsDomain == 0 || e.Status == 401 {
		return
	}
	part := window.PartOf(e)
	for i := range d.loads {
		if x, ok := d.over(&d.loads[i], e, part); ok {
			d.report(&d.loads[i], e, x, r)
			return
		}
	}
}

// over reports whether a part of the event's site is over a floor, is a large share of what all take, and takes more for
// each delivery than the others do just now: while the database is slow, or somebody keeps all threads busy, everyone
// takes long, and who merely sends much is domain_flood's.
func (d *DomainCost) over(l *load, e *pipeline.Event, p window.Part) (window.Excess, bool) {
	slot, now := e.Slots.Site, e.Time
	n := l.Sum(slot, p, window.S1m, now)
	if n < l.floor || n < l.Total(window.S1m, now)/costPart || d.space.Learning(now) {
		return window.Excess{}, false
	}
	each, ok := d.each(l.Metric, slot, p, now)
	own := d.inbox.Sum(slot, p, window.S1m, now)
	if !ok || own < l.events || float64(n) < costEach*each*float64(own) {
		return window.Excess{}, false
	}
	x := window.Excess{Count: n, Expected: d.usual(e, p) * each, Known: true, Scale: window.S1m, Part: p}
	x.Threshold = max(float64(l.floor), costGrowth*x.Expected)
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

// each returns what a delivery of all others takes, in the last minute, or in the last hour if these are few; false if
// there are none to compare with.
func (d *DomainCost) each(m *window.Metric, slot int32, p window.Part, now pipeline.Time) (float64, bool) {
	for _, s := range [...]window.Scale{window.S1m, window.S1h} {
		own, all := d.inbox.Sum(slot, p, s, now), d.inbox.Total(s, now)
		if others := all - min(own, all); others >= costOthers {
			total := m.Total(s, now)
			return float64(total-min(m.Sum(slot, p, s, now), total)) / float64(others), true
		}
	}
	return 0, false
}

func (d *DomainCost) report(l *load, e *pipeline.Event, x window.Excess, r pipeline.Report) {
	slot := e.Slots.Site
	if !l.Once(slot, x.Part, e.Time) {
		return
	}
	f := l.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, l.measure)
	f.Severity = l.severity
	*f.Measure.Expected /= 1000
	f.Measure.Value, f.Measure.Threshold = f.Measure.Value/1000, f.Measure.Threshold/1000
	f.Summary = "Deliveries of %s " + fmt.Sprintf(l.text+" in 1m, usually %.0f", f.Measure.Value, *f.Measure.Expected)
	f.Evidence.Window, f.Evidence.Seen = uint64(d.inbox.Sum(slot, x.Part, window.S1m, e.Time)), d.inbox.Seen(slot, x.Part)
	f.Evidence.Part = d.inbox.Level(slot, x.Part, window.S1m, e.Time)
	if x.Part == window.ClaimedPart {
		f.Evidence.Addresses = d.space.Shares(window.Site, slot, f.Evidence.Window)
	}
	for _, g := range d.space.Split(f, e, d.usual(e, x.Part)) {
		if g.Key != f.Key {
			g.Measure.Value = f.Measure.Value * float64(g.Evidence.Window) / float64(f.Evidence.Window)
		}
		if !window.IsScattered(&g) {
			r.Find(g)
		}
	}
}
