package takeover

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// ActorJumpSpec documents actor_jump.
var ActorJumpSpec = pipeline.Spec{
	Name: "actor_jump", Title: "Actor behaves unlike itself", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceSite,
	Sees:       "Deliveries per remote actor against the actor's own last 24 hours, by the key ids in the Rails log or in nginx's signature field. Silent while the actor's whole domain is in flood: then domain_flood says so.",
	Matters:    "An account that was taken over posts like another one.",
	Lookalikes: "Live-posting of an event; a bot with a new feed; a moved account that re-sends its follows.",
	Do: []string{
		"Look at what the actor posts now and posted before.",
		"Limit the account; tell the administrator of its server.",
	},
	Defaults: "at least 30 deliveries in 10 m or 60 in 1 h, and at least 5 times the actor's own mean; medium",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.account_review", Undo: "nothing to undo", Text: "Compare what %s posts now with what it posted before."},
		{Kind: "mastodon.account_limit", Undo: "undo the limit on the account's admin page", Text: "Limit the account in Mastodon's admin pages."},
	},
}

var actorFloors = []window.Floor{{Scale: window.S10m, Count: 30}, {Scale: window.S1h, Count: 60}}

// ActorJump reports an actor that delivers far more than it used to.
type ActorJump struct {
	pipeline.Stateless
	actors, domains *window.Metric
}

// NewActorJump claims its metrics of the site space.
func NewActorJump(site *window.Space) *ActorJump {
	site.Addresses(window.Actor)
	return &ActorJump{
		actors:  site.Metric(window.Actor, window.Inbox, window.ActorScales).Floors(actorFloors),
		domains: site.Metric(window.Domain, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
	}
}

// Observe reports the event's actor when it is over a floor and out of line.
func (d *ActorJump) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Actor == 0 || e.Counts&pipeline.CountsDomain == 0 || e.Verified == pipeline.VerdictNo {
		return // who is refused, or answered unread, is not the actor
	}
	part := window.PartOf(e)
	x, ok := d.actors.Over(e.Slots.Actor, part, e.Time)
	if !ok || !d.actors.Once(e.Slots.Actor, part, e.Time) {
		return
	}
	if _, flood := d.domains.Over(e.Slots.Domain, part, e.Time); flood {
		return
	}
	f := d.actors.Finding(e, x, pipeline.Entity{Type: pipeline.EntityActor, Value: string(e.Actor)}, "requests")
	f.Severity = pipeline.SeverityMedium
	f.Summary = "%s behaves unlike itself: " + x.Text("deliveries")
	r.Find(f)
}
