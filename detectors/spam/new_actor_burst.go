package spam

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// NewActorBurstSpec documents new_actor_burst.
var NewActorBurstSpec = pipeline.Spec{
	Name: "new_actor_burst", Title: "Burst of new actors", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees: "Actors that deliver for the first time in 60 to 90 days, per registrable domain, by the key ids in the Rails log or in nginx's signature field. Held against the site's own history, and against the actors that it is known by: " +
		"a big server always brings some new ones. Follows, likes and Deletes don't count where the request's length is logged, nor does what Rails says nobody signed; where neither is known, each must deliver more than once, for a purge of accounts is one Delete each.",
	Matters:    "Spam waves come from accounts that scripts create on open or abandoned servers: each sends little, many are new.",
	Lookalikes: "A server that has just begun to federate with yours: in its first three days it takes four times as many; the import of a migrated instance; a popular account that moved, bringing its followers.",
	Do: []string{
		"Look at some of the new actors' posts in Mastodon's admin pages.",
		"Limit the domain while it lasts; tell its administrator, who may not know.",
	},
	Defaults: "at least 15 new actors in 10 m, 20 in 1 h or 100 in 24 h, surprising by the site's own past (1 in 10^9, 10^8, 10^7), at least twice what is expected, and at least 80 % of the actors of the last hour; four times as many of a site first seen within 72 h; medium, high from 30 in 1 h on; silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look at the newest accounts of %s in Mastodon's admin pages."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block",
			Text: "Limit %s while it lasts (domain block with severity silence)."},
	},
}

var newActorFloors = []window.Floor{{Scale: window.S10m, Count: 15}, {Scale: window.S1h, Count: 20}, {Scale: window.S24h, Count: 100}}

const (
	freshShare  = 80 // per cent of the hour's actors that must be new
	manyFresh   = 30 // new actors in an hour, for a high severity
	youngFactor = 4  // times the floor, for a site that has just begun
	eachTwice   = 1.5
)

// NewActorBurst reports a site of which many actors are seen for the first time.
type NewActorBurst struct {
	pipeline.Stateless
	space   *window.Space
	fresh   *window.Metric
	all     *window.Metric
	actors  *window.Distinct
	note    *window.Note
	targets *window.Distinct
}

// NewNewActorBurst claims its metrics of the site space.
func NewNewActorBurst(site *window.Space) *NewActorBurst {
	site.Addresses(window.Site)
	return &NewActorBurst{
		space:   site,
		fresh:   site.Metric(window.Site, window.NewActors, window.Of(window.S10m, window.S1h, window.S24h)).Floors(newActorFloors),
		all:     site.Metric(window.Site, window.Inbox, window.DomainScales),
		actors:  site.Distinct(window.Site, window.Actors, window.S1h),
		note:    site.Note(window.Site, window.BurstNote),
		targets: site.Distinct(window.Site, window.Targets, window.S1h),
	}
}

// Observe reports the event's site when its new actors are over a floor and out of line.
func (d *NewActorBurst) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || e.Actor == "" || e.Counts&pipeline.CountsDomain == 0 || d.space.Learning(e.Time) {
		return
	}
	part := window.PartOf(e)
	x, ok := d.fresh.Over(e.Slots.Site, part, e.Time)
	if ok && d.fresh.Once(e.Slots.Site, part, e.Time) && d.strange(e, x) {
		d.report(e, x, r)
	}
}

// strange reports whether the new actors are most of the site's: a busy hour of a big server brings some that were
// never heard of, among the many that it is known by.
func (d *NewActorBurst) strange(e *pipeline.Event, x window.Excess) bool {
	slot, now := e.Slots.Site, e.Time
	if d.space.Young(slot, now) && x.Count < youngFactor*d.floorOf(x.Scale) {
		return false
	}
	if _, two := d.targets.Reaches(slot, x.Part, 2, now); e.Endpoint == pipeline.EndpointUserInbox && !two {
		return false // they all follow one of us, who moved here
	}
	fresh := d.fresh.Sum(slot, x.Part, window.S1h, now)
	actors, _ := d.actors.Count(slot, x.Part, now)
	if fresh*100 < actors*freshShare {
		return false
	}
	told := e.RequestBytes > 0 || e.Verified == pipeline.VerdictYes
	return told || float64(d.all.Sum(slot, x.Part, window.S1h, now)) >= eachTwice*float64(actors)
}

func (d *NewActorBurst) floorOf(s window.Scale) uint32 {
	for _, f := range newActorFloors {
		if f.Scale == s {
			return f.Count
		}
	}
	return 0
}

func (d *NewActorBurst) report(e *pipeline.Event, x window.Excess, r pipeline.Report) {
	f := d.fresh.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, "new_actors")
	f.Severity = pipeline.SeverityMedium
	if d.fresh.Sum(e.Slots.Site, x.Part, window.S1h, e.Time) >= manyFresh {
		f.Severity = pipeline.SeverityHigh
	}
	f.Summary = "Burst of new actors from %s: " + x.Text("actors never seen before")
	f.Related.Counts.Actors = uint64(x.Count)
	if x.Part == window.Proven {
		d.note.Words(e.Slots.Site)[window.NoteWhen] = uint32(e.Time / pipeline.Second)
	}
	r.Find(f)
}
