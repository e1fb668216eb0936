package takeover

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// ActorJumpSpec documents actor_jump.
var ActorJumpSpec = pipeline.Spec{
	Name: "actor_jump", Title: "Actor behaves unlike itself", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees: "Deliveries per remote actor that is known here, against the actor's own past, by the key ids in the Rails log or in nginx's signature field. Silent while the actor's domain as a whole is in flood, " +
		"or has grown with it: then domain_flood, or what is said of the domain, says so.",
	Matters:    "An account that was taken over posts like another one.",
	Lookalikes: "Live-posting of an event; a bot with a new feed; a moved account that re-sends its follows; a server of one person that sends what it could not while it was down.",
	Do: []string{
		"Look at what the actor posts now and posted before.",
		"Limit the account; tell the administrator of its server.",
	},
	Defaults: "an actor with 20 deliveries before the last 24 h, or known for 3 days: at least 30 deliveries in 10 m or 60 in 1 h, surprising by its own past (1 in 10^9, 10^8), at least twice what is expected, half of its domain's, and twice its usual day in 24 h; " +
		"low, medium from twice that on unless the domain was silent for a day, and one more when the domain's software or network changed within 24 h",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.account_review", Undo: "nothing to undo", Text: "Compare what %s posts now with what it posted before."},
		{Kind: "mastodon.account_limit", Undo: "undo the limit on the account's admin page", Text: "Limit the account in Mastodon's admin pages."},
	},
}

var actorFloors = []window.Floor{{Scale: window.S10m, Count: 30}, {Scale: window.S1h, Count: 60}}

const (
	pastDeliveries = 20                 // before the last 24 h, of an actor with a history
	pastTime       = 3 * 24 * time.Hour // or for how long it is known
	domainGrowth   = 3                  // times what the domain's others usually send: then it is the domain
	fewOthers      = 10                 // of whose deliveries nothing is said
	dayGrowth      = 2                  // times its usual day that the last 24 h must be
	plainJump      = 2                  // times the floor that live-posting does not reach
)

// ActorJump reports a known actor that delivers far more than it used to.
type ActorJump struct {
	pipeline.Stateless
	space             *window.Space
	actors, domains   *window.Metric
	software, network *window.Note
}

// NewActorJump claims its metrics of the site space.
func NewActorJump(site *window.Space) *ActorJump {
	site.Addresses(window.Actor)
	return &ActorJump{
		space:    site,
		actors:   site.Metric(window.Actor, window.Inbox, window.ActorScales).Floors(actorFloors),
		domains:  site.Metric(window.Domain, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
		software: site.Note(window.Domain, window.SoftwareNote),
		network:  site.Note(window.Domain, window.NetworkNote),
	}
}

// Observe reports the event's actor when it is over a floor and out of line, and its domain is not.
func (d *ActorJump) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Actor == 0 || e.Counts&pipeline.CountsDomain == 0 || e.Verified == pipeline.VerdictNo {
		return // who is refused, or answered unread, is not the actor
	}
	x, ok := d.actors.Over(e.Slots.Actor, window.PartOf(e), e.Time)
	if !ok || !d.outgrowsItself(e, x) || d.domainGrows(e, x) || !d.actors.Once(e.Slots.Actor, x.Part, e.Time) {
		return
	}
	f := d.actors.Finding(e, x, pipeline.Entity{Type: pipeline.EntityActor, Value: string(e.Actor)}, "requests")
	f.Severity = d.severity(e, x)
	f.Summary = "%s behaves unlike itself: " + x.Text("deliveries")
	r.Find(f)
}

// outgrowsItself reports whether the actor has a history, which a burst of its last 24 hours outgrows as a whole: what
// comes late, after an outage, makes no day longer than usual.
func (d *ActorJump) outgrowsItself(e *pipeline.Event, x window.Excess) bool {
	slot, now := e.Slots.Actor, e.Time
	day := d.actors.Sum(slot, x.Part, window.S24h, now)
	past := float64(d.actors.Seen(slot, x.Part)) - float64(day)
	if x.Part == window.Proven { // its name may be believed since today
		past += float64(d.actors.Seen(slot, window.ClaimedPart))
	}
	known := now.Sub(d.space.First(window.Actor, slot))
	if past < 1 || past < pastDeliveries && known < pastTime {
		return false
	}
	usual := past * 24 / max((known-24*time.Hour).Hours(), 24)
	return float64(day) >= dayGrowth*usual
}

// domainGrows reports whether it is the domain, not the actor: it is in flood, or its other actors send at least as
// much, or several times as much as they used to.
func (d *ActorJump) domainGrows(e *pipeline.Event, x window.Excess) bool {
	slot, now := e.Slots.Domain, e.Time
	all := d.domains.Sum(slot, x.Part, x.Scale, now)
	others := all - min(x.Count, all)
	if others > x.Count {
		return true
	}
	day := d.domains.Sum(slot, x.Part, window.S24h, now)
	own := d.actors.Sum(e.Slots.Actor, x.Part, window.S24h, now)
	usual := float64(day-min(own+others, day)) * x.Scale.Length().Hours() / 24
	if others >= fewOthers && float64(others) >= domainGrowth*usual {
		return true
	}
	return window.IsFlood(d.domains, slot, x.Part, now)
}

// severity tells what people do at times, if seldom, from what nobody does by hand.
func (d *ActorJump) severity(e *pipeline.Event, x window.Excess) pipeline.Severity {
	s, all := pipeline.SeverityLow, d.domains.Sum(e.Slots.Domain, x.Part, window.S24h, e.Time)
	if all <= d.domains.Sum(e.Slots.Domain, x.Part, x.Scale, e.Time) {
		return s // the domain is back after a day: this may be what it could not send
	}
	for _, f := range actorFloors {
		if d.actors.Sum(e.Slots.Actor, x.Part, f.Scale, e.Time) >= plainJump*f.Count {
			s = pipeline.SeverityMedium
		}
	}
	if d.software.Recent(e.Slots.Domain, e.Time) || d.network.Recent(e.Slots.Domain, e.Time) {
		s++
	}
	return s
}
