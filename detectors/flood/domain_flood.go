package flood

import (
	"math"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DomainFloodSpec documents domain_flood.
var DomainFloodSpec = pipeline.Spec{
	Name: "domain_flood", Title: "Inbox flood", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Deliveries (POST to an inbox) per remote host and per registrable domain, in the nginx or the Rails log.",
	Matters:    "Mastodon has no rate limit on its inbox: each accepted delivery is a job, and one server can fill the queues of another.",
	Lookalikes: "A relay that was just subscribed; a big server that catches up after an outage of its own or of yours; Delete storms after many suspensions; a viral thread.",
	Do: []string{
		"Look whether Sidekiq falls behind: without a backlog a flood is noise.",
		"Limit the address in nginx (limit_req on /inbox).",
		"Limit the domain in Mastodon; suspend it only after a look at who follows whom.",
	},
	Defaults: "surprising by the domain's own past (1 in 10^10 at 10 s and 1 m, 10^9 at 10 m, 10^8 at 1 h, 10^7 at 24 h), at least twice what is expected, and at least 50 in 10 s, 120 in 1 m, 400 in 10 m, 1,200 in 1 h or 6,000 in 24 h; on a server that usually hears little, 1.2 times all deliveries of 1 m (30 at least), 30 % of 10 m (60), 7 % of 1 h (80), unless one actor of a domain that is known sends them; ten times as much as anywhere of what is refused, or answered unread; on a big one at least 2 %; medium, or high from 20 % of all deliveries on",
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
	space          *window.Space
	domains, sites *window.Metric
	actors         *window.Distinct
	own, fresh     *window.Metric
	targets        *window.Distinct
}

const (
	refusedFloors    = 10
	unansweredFloors = 3
)

// From so many targets or new actors in an hour on, which are at least a third of the deliveries, it is spam.
const (
	spamFrom  = 15
	spamShare = 3
)

// loneActor is the per cent of a domain's deliveries from which on they are one actor's.
const loneActor = 60

// NewDomainFlood claims its metrics of the site space.
func NewDomainFlood(site *window.Space) *DomainFlood {
	site.Addresses(window.Domain)
	site.Addresses(window.Site)
	site.Origins()
	return &DomainFlood{
		space:   site,
		domains: site.Metric(window.Domain, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
		sites:   site.Metric(window.Site, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
		actors:  site.Distinct(window.Site, window.Actors, window.S1h),
		own:     site.Metric(window.Actor, window.Inbox, window.ActorScales),
		fresh:   site.Metric(window.Site, window.NewActors, window.Of(window.S10m, window.S1h, window.S24h)),
		targets: site.Distinct(window.Site, window.Targets, window.S1h),
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
	if !m.Once(slot, x.Part, e.Time) || x.Count < floorsFor(e)*window.FullFloor(x.Scale) {
		return
	}
	little := x.Count < window.FullFloor(x.Scale)
	if little && (d.jumps(e, x) || d.isSpam(e, x)) {
		return
	}
	f := m.Finding(e, x, key, "requests")
	f.Severity = pipeline.SeverityMedium
	if x.Count*5 >= m.Total(x.Scale, e.Time) {
		f.Severity = pipeline.SeverityHigh
	}
	if window.IsScattered(&f) && (little || len(f.Evidence.Addresses) == 0 && e.Counts&pipeline.CountsAddress == 0) {
		f.Severity = pipeline.SeverityLow // nobody can be named; where nginx' log has addresses, it tells of them
	}
	f.Summary = "Inbox flood from %s: " + x.Text("requests")
	n, _ := d.actors.Count(e.Slots.Site, x.Part, e.Time)
	f.Related.Counts.Actors = uint64(n)
	usual := math.Inf(1) // it is not known
	if x.Known {
		usual = x.Expected
	}
	for _, f := range d.space.Split(f, e, usual) {
		r.Find(f)
	}
}

// floorsFor returns how many times what would be a flood on any server it takes, of requests like e. What was refused, or
// answered without a look at its signature, costs little; what could not be answered may be everybody's, in an outage.
func floorsFor(e *pipeline.Event) uint32 {
	switch {
	case e.Status >= 500:
		return unansweredFloors
	case e.Status >= 400 && e.Status != 499, e.Verified == pipeline.VerdictNo:
		return refusedFloors
	}
	return 0
}

// isSpam reports whether it is what the detectors of spam tell of: mentions or follows of many local accounts, or new
// actors of a server that has been there for days.
func (d *DomainFlood) isSpam(e *pipeline.Event, x window.Excess) bool {
	slot, n := e.Slots.Site, min(x.Count, d.sites.Sum(e.Slots.Site, x.Part, window.S1h, e.Time))
	if targets, _ := d.targets.Count(slot, x.Part, e.Time); targets >= spamFrom && targets*spamShare >= n {
		return true
	}
	fresh := d.fresh.Sum(slot, x.Part, window.S1h, e.Time)
	return fresh >= spamFrom && fresh*spamShare >= n && !d.space.Young(slot, e.Time)
}

// jumps reports whether it is one actor of a domain that is known for a day: of whom actor_jump tells, if he has a past,
// and who is a new bot else.
func (d *DomainFlood) jumps(e *pipeline.Event, x window.Excess) bool {
	if e.Slots.Actor == 0 || e.Time.Sub(d.space.First(window.Domain, e.Slots.Domain)) < window.S24h.Length() {
		return false
	}
	return d.own.Sum(e.Slots.Actor, x.Part, window.S1h, e.Time)*100 >= x.Count*loneActor
}
