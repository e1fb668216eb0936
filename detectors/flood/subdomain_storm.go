package flood

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SubdomainStormSpec documents subdomain_storm.
var SubdomainStormSpec = pipeline.Spec{
	Name: "subdomain_storm", Title: "Storm of sub-domains", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Hosts below one registrable domain that deliver for the first time in 30 to 60 days, by key ids and agents in nginx' or Rails' log. Suffixes under which strangers have servers count as registrable domains each (public suffix list, private section on).",
	Matters:    "With a wildcard in DNS one server is as many as it likes: blocks of a host never catch up, each new host is fetched with its accounts, and what these mention is fetched from further hosts.",
	Lookalikes: "A hoster that the public suffix list lacks and whose customers are discovered all at once, as by a new relay.",
	Do: []string{
		"Suspend the registrable domain: in Mastodon a block of it covers all that is below.",
		"Look at Sidekiq's pull queue: what was already queued goes on fetching.",
	},
	Defaults: "at least 20 new sub-domains in 10 m, 40 in 1 h or 100 in 24 h, surprising by the domain's own past (1 in 10^9, 10^8, 10^7) and at least twice what is expected; 5 times as many, and medium, for a domain of 30 days with 50 proven sub-domains or more; else high. Silent where neither a proven name nor a few addresses can be told, and in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_suspend", Destructive: true, Undo: "delete the domain block; follows that were severed stay severed",
			Text: "Suspend %s as a whole, unless it is a hoster: all hosts below are covered."},
	},
}

var subdomainFloors = []window.Floor{{Scale: window.S10m, Count: 20}, {Scale: window.S1h, Count: 40}, {Scale: window.S24h, Count: 100}}

const (
	manyTenants = 50 // proven sub-domains
	tenantDays  = 30
	tenantTimes = 5
)

// SubdomainStorm reports a site of which ever new sub-domains deliver.
type SubdomainStorm struct {
	pipeline.Stateless
	space *window.Space
	fresh *window.Metric
}

// NewSubdomainStorm claims its metric of the site space.
func NewSubdomainStorm(site *window.Space) *SubdomainStorm {
	site.Addresses(window.Site)
	site.Origins()
	scales := window.Of(window.S10m, window.S1h, window.S24h)
	return &SubdomainStorm{space: site, fresh: site.Metric(window.Site, window.NewDomains, scales).Floors(subdomainFloors)}
}

// Observe reports the event's site when its new sub-domains are over a floor and out of line.
func (d *SubdomainStorm) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || len(e.Domain) == len(e.Site) || e.Counts&pipeline.CountsDomain == 0 {
		return
	}
	part := window.PartOf(e)
	x, ok := d.fresh.Over(e.Slots.Site, part, e.Time)
	if !ok || !d.space.Counts(window.NewDomains) || d.space.Learning(e.Time) || !d.fresh.Once(e.Slots.Site, part, e.Time) {
		return
	}
	f := d.fresh.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, "new_subdomains")
	f.Severity = pipeline.SeverityHigh
	if d.hosts(e) {
		if f.Severity = pipeline.SeverityMedium; x.Count < tenantTimes*uint32(x.Threshold) {
			return
		}
	}
	f.Summary = "Storm of sub-domains below %s: " + x.Text("new ones")
	f.Related.Counts.Domains = uint64(x.Count)
	if part == window.ClaimedPart { // what its own host sends is no part of it
		f.Evidence.Addresses = d.space.SharesBelow(e.Slots.Site, f.Evidence.Window)
	}
	for _, g := range d.space.Split(f, e, 0) {
		if !window.IsScattered(&g) && (g.Key != f.Key || isFrom(&g, e)) {
			r.Find(g)
		}
	}
}

// isFrom reports whether e, a new host's delivery, came from the network that f would be told of: a host below that has been
// there for long may send more than all new ones.
func isFrom(f *pipeline.Finding, e *pipeline.Event) bool {
	return len(f.Evidence.Addresses) == 0 || pipeline.NetKey(f.Evidence.Addresses[0].Addr) == pipeline.NetKey(e.IP)
}

// hosts reports whether the event's site has long had the servers of many below it. A storm's own hosts make it no
// older than it is, and its proven ones don't count on the day on which they are new.
func (d *SubdomainStorm) hosts(e *pipeline.Event) bool {
	slot := e.Slots.Site
	tenants, since := d.space.Children(window.Site, slot)
	fresh := d.fresh.Sum(slot, window.Proven, window.S24h, e.Time)
	return tenants >= manyTenants && fresh < manyTenants && e.Time.Sub(since) >= tenantDays*window.S24h.Length()
}
