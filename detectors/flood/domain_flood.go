package flood

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DomainFloodSpec documents domain_flood.
var DomainFloodSpec = pipeline.Spec{
	Name: "domain_flood", Title: "Inbox flood", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceSite,
	Sees:       "Deliveries (POST to an inbox) per remote host and per registrable domain, in the nginx or the Rails log.",
	Matters:    "Mastodon has no rate limit on its inbox: each accepted delivery is a job, and one server can fill the queues of another.",
	Lookalikes: "A relay that was just subscribed; a big server that catches up after an outage of its own or of yours; Delete storms after many suspensions; a viral thread.",
	Do: []string{
		"Look whether Sidekiq falls behind: without a backlog a flood is noise.",
		"Limit the address in nginx (limit_req on /inbox).",
		"Limit the domain in Mastodon; suspend it only after a look at who follows whom.",
	},
	Defaults: "at least 50 in 10 s, 120 in 1 m, 400 in 10 m, 1,200 in 1 h or 6,000 in 24 h, and at least 5 times the domain's own mean; medium, or high from 20 % of all deliveries on",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx",
			Text: "If load is the problem, limit /inbox per address in nginx (`limit_req_zone $binary_remote_addr`)."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block",
			Text: "Limit %s in Mastodon (domain block with severity silence): posts already received stay hidden, not lost."},
		{Kind: "mastodon.domain_suspend", Destructive: true, Undo: "delete the domain block; follows that were severed stay severed",
			Text: "Suspend %s only after a person has looked at what it sends and who of yours follows it."},
	},
}

// DomainFlood reports a domain, or a site whose domains share the load, that delivers far more than usual.
type DomainFlood struct {
	pipeline.Stateless
	domains, sites *window.Metric
	actors         *window.Distinct
}

// NewDomainFlood claims its metrics of the site space.
func NewDomainFlood(site *window.Space) *DomainFlood {
	site.Addresses(window.Domain)
	site.Addresses(window.Site)
	return &DomainFlood{
		domains: site.Metric(window.Domain, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
		sites:   site.Metric(window.Site, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
		actors:  site.Distinct(window.Site, window.Actors, window.S1h),
	}
}

// Observe reports the event's domain or site when it is over a floor and out of line.
func (d *DomainFlood) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || e.Counts&pipeline.CountsDomain == 0 {
		return
	}
	part := window.PartOf(e)
	x, ok := d.domains.Over(e.Slots.Domain, part, e.Time)
	if ok {
		d.report(d.domains, e, e.Slots.Domain, x, pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)}, r)
		return
	}
	x, ok = d.sites.Over(e.Slots.Site, part, e.Time)
	if ok {
		d.report(d.sites, e, e.Slots.Site, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, r)
	}
}

func (d *DomainFlood) report(m *window.Metric, e *pipeline.Event, slot int32, x window.Excess, key pipeline.Entity, r pipeline.Report) {
	if !m.Once(slot, x.Part, e.Time) {
		return
	}
	f := m.Finding(e, x, key, "requests")
	f.Severity = pipeline.SeverityMedium
	if x.Count*5 >= m.Total(x.Scale, e.Time) {
		f.Severity = pipeline.SeverityHigh
	}
	f.Summary = "Inbox flood from %s: " + x.Text("requests")
	n, _ := d.actors.Count(e.Slots.Site, x.Part, e.Time)
	f.Related.Counts.Actors = uint64(n)
	r.Find(f)
}
