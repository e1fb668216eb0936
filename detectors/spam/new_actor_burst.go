package spam

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// NewActorBurstSpec documents new_actor_burst.
var NewActorBurstSpec = pipeline.Spec{
	Name: "new_actor_burst", Title: "Burst of new actors", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceSite,
	Sees:       "Actors that deliver for the first time in 60 to 90 days, per registrable domain, by the key ids in the Rails log or in nginx's signature field.",
	Matters:    "Spam waves come from accounts that scripts create on open or abandoned servers: each sends little, many are new.",
	Lookalikes: "A server that has just begun to federate with yours; the import of a migrated instance; a popular account that moved, bringing its followers.",
	Do: []string{
		"Look at some of the new actors' posts in Mastodon's admin pages.",
		"Limit the domain while it lasts; tell its administrator, who may not know.",
	},
	Defaults: "at least 15 new actors in 10 m, 30 in 1 h or 100 in 24 h, and at least 5 times the usual and 3 times as many as so many deliveries usually bring; medium, or high when 80 % of the hour's actors are new; silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look at the newest accounts of %s in Mastodon's admin pages."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block",
			Text: "Limit %s while it lasts (domain block with severity silence)."},
	},
}

var newActorFloors = []window.Floor{{Scale: window.S10m, Count: 15}, {Scale: window.S1h, Count: 30}, {Scale: window.S24h, Count: 100}}

// shareGrowth is how many times the new actors that its deliveries usually bring a site must have.
const shareGrowth = 3

// freshShare is the per cent of the hour's actors that must be new for a high severity.
const freshShare = 80

// NewActorBurst reports a site of which many actors are seen for the first time.
type NewActorBurst struct {
	pipeline.Stateless
	space  *window.Space
	fresh  *window.Metric
	all    *window.Metric
	actors *window.Distinct
	note   *window.Note
}

// NewNewActorBurst claims its metrics of the site space.
func NewNewActorBurst(site *window.Space) *NewActorBurst {
	site.Addresses(window.Site)
	return &NewActorBurst{
		space:  site,
		fresh:  site.Metric(window.Site, window.NewActors, window.Of(window.S10m, window.S1h, window.S24h)).Floors(newActorFloors),
		all:    site.Metric(window.Site, window.Inbox, window.DomainScales),
		actors: site.Distinct(window.Site, window.Actors, window.S1h),
		note:   site.Note(window.Site, window.BurstNote),
	}
}

// Observe reports the event's site when its new actors are over a floor and out of line.
func (d *NewActorBurst) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Site == 0 || e.Actor == "" || e.Counts&pipeline.CountsDomain == 0 || d.space.Learning(e.Time) {
		return
	}
	part := window.PartOf(e)
	x, ok := d.fresh.Over(e.Slots.Site, part, e.Time)
	if ok && d.outgrows(e, x) && d.fresh.Once(e.Slots.Site, part, e.Time) {
		d.report(e, x, r)
	}
}

// outgrows reports whether the new actors are more than the site's deliveries account for: a busy hour of a big
// server brings actors that were never heard of in the proportion in which it always does.
func (d *NewActorBurst) outgrows(e *pipeline.Event, x window.Excess) bool {
	slot, now := e.Slots.Site, e.Time
	fresh := d.fresh.Sum(slot, x.Part, window.S24h, now) - x.Count
	before := d.all.Sum(slot, x.Part, window.S24h, now)
	all := d.all.Sum(slot, x.Part, x.Scale, now)
	if before <= all || fresh < x.Count || x.Scale == window.S24h {
		return true // more than in all of the day before
	}
	usual := float64(fresh) / float64(before-all) * float64(all)
	return float64(x.Count) >= shareGrowth*usual
}

func (d *NewActorBurst) report(e *pipeline.Event, x window.Excess, r pipeline.Report) {
	f := d.fresh.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, "new_actors")
	f.Severity = pipeline.SeverityMedium
	fresh := d.fresh.Sum(e.Slots.Site, x.Part, window.S1h, e.Time)
	if all, _ := d.actors.Count(e.Slots.Site, x.Part, e.Time); fresh*100 >= all*freshShare {
		f.Severity = pipeline.SeverityHigh
	}
	f.Summary = "Burst of new actors from %s: " + x.Text("actors never seen before")
	f.Related.Counts.Actors = uint64(x.Count)
	if x.Part == window.Proven {
		d.note.Words(e.Slots.Site)[window.NoteWhen] = uint32(e.Time / pipeline.Second)
	}
	r.Find(f)
}
