package spam

import (
	"io"
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// MentionFanoutSpec documents mention_fanout.
var MentionFanoutSpec = pipeline.Spec{
	Name: "mention_fanout", Title: "Mention fan-out", Threat: pipeline.ThreatMaliciousInstance,
	Space: pipeline.SpaceSite | pipeline.SpaceInstance,
	Kinds: []pipeline.Kind{pipeline.KindRequest, pipeline.KindJob}, Endpoints: []pipeline.Endpoint{pipeline.EndpointUserInbox},
	Sees: "Distinct local accounts whose own inbox (/users/NAME/inbox) one actor, one host that logs no actor, or the few actors of a new server deliver to. Deliveries to the shared inbox don't show their targets: " +
		"of those it sees the notifications that they cause, by the LocalNotificationWorkers for each ActivityPub::ProcessingWorker in Sidekiq's log.",
	Matters:    "Mention spam reaches people who follow nobody there; each target is a notification.",
	Lookalikes: "A popular thread with many local participants; an announcement by a moderator; software without shared-inbox delivery that has many local followers.",
	Do: []string{
		"Look at the actor's posts; report or limit the actor.",
		"If several actors of one server do it, limit the server.",
	},
	Defaults: "an actor: at least 20 local accounts in 10 m or 60 in 1 h; a host without actors: 60 in 10 m, and five times its day's mean; three times as many while learning; high. A server first seen within 72 h: 20 in 1 h, at least three for each of its actors, or 60 where none are logged; medium, high while notifications surge. " +
		"Notifications: at least 60 in 10 m or 150 in 1 h, surprising by the days before (1 in 10^7), at least twice what is expected, and four times as many per delivery; low. Counts above 8 are estimates, 3.3 % at one sigma",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.account_review", Undo: "nothing to undo", Text: "Look at the posts of %s and at who was mentioned."},
		{Kind: "mastodon.account_limit", Undo: "undo the limit on the account's admin page", Text: "Limit the account in Mastodon's admin pages."},
	},
}

const (
	actorTargets10m = 20
	actorTargets1h  = 60
	hostTargets10m  = 60
	newTargets1h    = 20
	targetsAnActor  = 3
	learningFactor  = 3
	hostTargets1h   = 60
	hostGrowth      = 5
	daysTens        = 143 // windows of ten minutes in the rest of a day
)

// MentionFanout reports an actor, a host without actors or a new server that addresses many local accounts, and a surge
// of notifications, of which nobody knows whose deliveries caused them.
type MentionFanout struct {
	space            *window.Space
	actors, hosts    *window.Metric
	sites            *window.Metric
	short, long      *window.Distinct
	hostTargets      *window.Distinct
	targets, authors *window.Distinct
	notifications    notifications
}

// NewMentionFanout claims its metrics of the site space.
func NewMentionFanout(site *window.Space) *MentionFanout {
	site.Addresses(window.Actor)
	site.Addresses(window.Domain)
	site.Addresses(window.Site)
	return &MentionFanout{
		space:       site,
		actors:      site.Metric(window.Actor, window.Inbox, window.ActorScales),
		hosts:       site.Metric(window.Domain, window.Inbox, window.DomainScales),
		sites:       site.Metric(window.Site, window.Inbox, window.DomainScales),
		short:       site.Distinct(window.Actor, window.Targets, window.S10m),
		long:        site.Distinct(window.Actor, window.Targets, window.S1h),
		hostTargets: site.Distinct(window.Domain, window.Targets, window.S10m),
		targets:     site.Distinct(window.Site, window.Targets, window.S1h),
		authors:     site.Distinct(window.Site, window.Actors, window.S1h),

		notifications: newNotifications(),
	}
}

// Observe reports the event's actor, host or new server when it addresses too many.
func (d *MentionFanout) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind == pipeline.KindJob {
		d.notifications.count(e, r)
		return
	}
	if e.Endpoint != pipeline.EndpointUserInbox || e.Counts&pipeline.CountsDomain == 0 || e.Slots.Domain == 0 {
		return
	}
	part := window.PartOf(e)
	key := pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)}
	if e.Actor == "" && !d.grows(e, part) {
		return
	}
	if e.Actor == "" {
		d.check(e, part, aim{d.hosts, d.hostTargets, e.Slots.Domain, key, window.S10m, hostTargets10m, pipeline.SeverityHigh}, r)
	} else if d.checkActor(e, part, r) {
		return
	}
	if d.space.Newcomer(e.Slots.Site, e.Time) && d.few(e, part) {
		key.Type, key.Value = pipeline.EntitySite, string(e.Site)
		least := uint32(newTargets1h)
		if e.Actor == "" {
			least = hostTargets1h
		}
		d.check(e, part, aim{d.sites, d.targets, e.Slots.Site, key, window.S1h, least, d.notifications.severity(e.Time)}, r)
	}
}

// grows reports whether a host of which no actors are logged sends several times as much as on the mean of its day: software
// without a shared inbox addresses many accounts all day long.
func (d *MentionFanout) grows(e *pipeline.Event, part window.Part) bool {
	now := d.hosts.Sum(e.Slots.Domain, part, window.S10m, e.Time)
	day := d.hosts.Sum(e.Slots.Domain, part, window.S24h, e.Time)
	return uint64(now)*daysTens >= hostGrowth*uint64(day-min(now, day))
}

func (d *MentionFanout) checkActor(e *pipeline.Event, part window.Part, r pipeline.Report) bool {
	key := pipeline.Entity{Type: pipeline.EntityActor, Value: string(e.Actor)}
	short := aim{d.actors, d.short, e.Slots.Actor, key, window.S10m, actorTargets10m, pipeline.SeverityHigh}
	long := aim{d.actors, d.long, e.Slots.Actor, key, window.S1h, actorTargets1h, pipeline.SeverityHigh}
	return d.check(e, part, short, r) || d.check(e, part, long, r)
}

// few reports whether what a new server sends is by few, where actors are logged: many who address one or two each are
// people who have just arrived, or a flood of follows, which is another matter.
func (d *MentionFanout) few(e *pipeline.Event, part window.Part) bool {
	if e.Actor == "" {
		return true
	}
	n, enough := d.targets.Reaches(e.Slots.Site, part, newTargets1h, e.Time)
	if !enough {
		return false
	}
	authors, _ := d.authors.Count(e.Slots.Site, part, e.Time)
	return n >= targetsAnActor*authors
}

// An aim is one count of targets and the threshold it is held against.
type aim struct {
	events    *window.Metric
	targets   *window.Distinct
	slot      int32
	key       pipeline.Entity
	scale     window.Scale
	threshold uint32
	severity  pipeline.Severity
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
	f.Severity = a.severity
	f.Summary = "Mention fan-out from %s: " + strconv.Itoa(int(n)) + " local accounts addressed in " + a.scale.String()
	r.Find(f)
	return true
}

// Advance does nothing.
func (d *MentionFanout) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *MentionFanout) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes what is known of notifications.
func (d *MentionFanout) Snapshot(w io.Writer) error { return d.notifications.write(w) }

// Restore reads what Snapshot wrote.
func (d *MentionFanout) Restore(r io.Reader) error { return d.notifications.read(r) }
