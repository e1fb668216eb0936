package takeover

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DormantWakeSpec documents dormant_wake.
var DormantWakeSpec = pipeline.Spec{
	Name: "dormant_wake", Title: "Dormant actors wake together", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Actors that deliver again after 30 days or more, per registrable domain, by the key ids in the Rails log or in nginx's signature field. Who was gone for 60 to 90 days is a new actor, which new_actor_burst counts.",
	Matters:    "Whoever gets hold of old accounts, by leaked passwords or by the server's database, uses many at once: their followers still see what they post.",
	Lookalikes: "A server that was down for a month (all its actors wake, and nobody was awake); a moderator who deletes accounts that nobody used (each sends one Delete); an event that brings people back.",
	Do: []string{
		"Look at what the actors post now and posted before.",
		"Limit the domain while it lasts; tell its administrator.",
	},
	Defaults: "at least 5 actors dormant for 30 days in 1 h, surprising by the site's own past (1 in 10^8), at least twice what is expected, and 30 % of the actors of that hour; high, low when nobody of the site was awake in the day before, or when they deliver once each; silent until the state is 30 days old",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look at the latest posts of accounts of %s in Mastodon's admin pages."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block", Text: "Limit %s while it lasts (domain block with severity silence)."},
	},
}

var wokenFloors = []window.Floor{{Scale: window.S1h, Count: 5}}

const (
	wokenShare  = 30  // per cent of the hour's actors
	postsOfEach = 1.5 // deliveries an actor of the hour, below which they only say goodbye
)

// DormantWake reports a site of which many dormant actors deliver within the hour.
type DormantWake struct {
	pipeline.Stateless
	woken, all *window.Metric
	actors     *window.Distinct
}

// NewDormantWake claims its metrics of the site space.
func NewDormantWake(site *window.Space) *DormantWake {
	site.Addresses(window.Site)
	return &DormantWake{
		woken:  site.Metric(window.Site, window.Woken, window.Of(window.S1h, window.S24h)).Floors(wokenFloors),
		all:    site.Metric(window.Site, window.Inbox, window.DomainScales),
		actors: site.Distinct(window.Site, window.Actors, window.S1h),
	}
}

// Observe reports the event's site when too many of its dormant actors are back.
func (d *DormantWake) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || e.Actor == "" || e.Counts&pipeline.CountsDomain == 0 {
		return
	}
	x, ok := d.woken.Over(e.Slots.Site, window.PartOf(e), e.Time)
	if !ok || x.Learning {
		return
	}
	actors, _ := d.actors.Count(e.Slots.Site, x.Part, e.Time)
	if x.Count*100 < actors*wokenShare || !d.woken.Once(e.Slots.Site, x.Part, e.Time) {
		return
	}
	f := d.woken.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, "woken_actors")
	f.Severity = d.severity(e, x, actors)
	f.Summary = "Dormant actors of %s wake together: " + x.Text("actors not seen for 30 days")
	f.Related.Counts.Actors = uint64(x.Count)
	r.Find(f)
}

// severity is low when the whole site slept, or when its actors hardly say more than that they are gone.
func (d *DormantWake) severity(e *pipeline.Event, x window.Excess, actors uint32) pipeline.Severity {
	hour := d.all.Sum(e.Slots.Site, x.Part, window.S1h, e.Time)
	if d.all.Sum(e.Slots.Site, x.Part, window.S24h, e.Time) <= hour || float64(hour) < postsOfEach*float64(actors) {
		return pipeline.SeverityLow
	}
	return pipeline.SeverityHigh
}
