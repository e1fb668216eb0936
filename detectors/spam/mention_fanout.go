package spam

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// MentionFanoutSpec documents mention_fanout.
var MentionFanoutSpec = pipeline.Spec{
	Name: "mention_fanout", Title: "Mention fan-out", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceSite,
	Sees:       "Distinct local accounts whose own inbox (/users/NAME/inbox) one actor, or one host that logs no actor, delivers to. Deliveries to the shared inbox don't show their targets.",
	Matters:    "Mention spam reaches people who follow nobody there; each target is a notification.",
	Lookalikes: "A popular thread with many local participants; an announcement by a moderator; software without shared-inbox delivery that has many local followers.",
	Do: []string{
		"Look at the actor's posts; report or limit the actor.",
		"If several actors of one server do it, limit the server.",
	},
	Defaults: "an actor: at least 20 local accounts in 10 m or 60 in 1 h; a host without actors: 60 in 10 m; three times as many while learning; counts above 8 are estimates, 3.3 % at one sigma",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.account_review", Undo: "nothing to undo", Text: "Look at the posts of %s and at who was mentioned."},
		{Kind: "mastodon.account_limit", Undo: "undo the limit on the account's admin page", Text: "Limit the account in Mastodon's admin pages."},
	},
}

const (
	actorTargets10m = 20
	actorTargets1h  = 60
	hostTargets10m  = 60
	learningFactor  = 3
)

// MentionFanout reports an actor, or a host without actors, that addresses many local accounts.
type MentionFanout struct {
	pipeline.Stateless
	space         *window.Space
	actors, hosts *window.Metric
	short, long   *window.Distinct
	hostTargets   *window.Distinct
}

// NewMentionFanout claims its metrics of the site space.
func NewMentionFanout(site *window.Space) *MentionFanout {
	site.Addresses(window.Actor)
	site.Addresses(window.Domain)
	return &MentionFanout{
		space:       site,
		actors:      site.Metric(window.Actor, window.Inbox, window.ActorScales),
		hosts:       site.Metric(window.Domain, window.Inbox, window.DomainScales),
		short:       site.Distinct(window.Actor, window.Targets, window.S10m),
		long:        site.Distinct(window.Actor, window.Targets, window.S1h),
		hostTargets: site.Distinct(window.Domain, window.Targets, window.S10m),
	}
}

// Observe reports the event's actor or host when it addresses too many.
func (d *MentionFanout) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Endpoint != pipeline.EndpointUserInbox || e.Counts&pipeline.CountsDomain == 0 || e.Slots.Domain == 0 {
		return
	}
	part := window.PartOf(e)
	if e.Actor == "" {
		key := pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)}
		d.check(e, part, aim{d.hosts, d.hostTargets, e.Slots.Domain, key, window.S10m, hostTargets10m}, r)
		return
	}
	key := pipeline.Entity{Type: pipeline.EntityActor, Value: string(e.Actor)}
	short := aim{d.actors, d.short, e.Slots.Actor, key, window.S10m, actorTargets10m}
	long := aim{d.actors, d.long, e.Slots.Actor, key, window.S1h, actorTargets1h}
	if !d.check(e, part, short, r) {
		d.check(e, part, long, r)
	}
}

// An aim is one count of targets and the threshold it is held against.
type aim struct {
	events    *window.Metric
	targets   *window.Distinct
	slot      int32
	key       pipeline.Entity
	scale     window.Scale
	threshold uint32
}

// check reports whether the aim's targets are too many; it makes one finding a second of it.
func (d *MentionFanout) check(e *pipeline.Event, p window.Part, a aim, r pipeline.Report) bool {
	if a.slot == 0 {
		return false
	}
	learning := d.space.Learning(e.Time)
	if learning {
		a.threshold *= learningFactor
	}
	n, ok := a.targets.Reaches(a.slot, p, a.threshold, e.Time)
	if !ok || !a.targets.Once(a.slot, p, e.Time) {
		return ok
	}
	x := window.Excess{Count: a.events.Sum(a.slot, p, a.scale, e.Time), Scale: a.scale, Part: p, Learning: learning}
	f := a.events.Finding(e, x, a.key, "local_targets")
	f.Measure.Value, f.Measure.Threshold = float64(n), float64(a.threshold)
	f.Severity = pipeline.SeverityHigh
	f.Summary = "Mention fan-out from %s: " + strconv.Itoa(int(n)) + " local accounts addressed in " + a.scale.String()
	r.Find(f)
	return true
}
