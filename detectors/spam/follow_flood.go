package spam

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// FollowFloodSpec documents follow_flood.
var FollowFloodSpec = pipeline.Spec{
	Name: "follow_flood", Title: "Follow flood", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointUserInbox},
	Sees:       "Actors of one site that are seen for the first time and deliver to a local account's own inbox (/users/NAME/inbox), as a follow does, and how many local accounts that are. What is too large for a follow doesn't count where the request's length is logged. Needs key ids.",
	Matters:    "Accounts made by script follow people to be followed back, to read what is for followers only, or before they write to them.",
	Lookalikes: "A purge of accounts, of which each sends one Delete. People who have just arrived on a new server and look for friends: they are few, or come over days. When somebody moves here, all follow that one.",
	Do: []string{
		"Look at some of the followers: empty profiles, names in a row.",
		"Suspend the accounts, or limit the domain while it lasts; tell its administrator.",
	},
	Defaults: "at least 30 local accounts in 1 h, and at least 10 new actors, surprising by the site's own past (1 in 10^8), at least twice what is expected, and half of its actors of that hour; of a site first seen within 72 h 15 accounts and 5 new actors; medium; silent in the first 24 h",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look at the newest accounts of %s in Mastodon's admin pages."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain block", Text: "Limit %s while it lasts (domain block with severity silence): follows of limited accounts ask first."},
	},
}

var followFloors = []window.Floor{{Scale: window.S1h, Count: 10}}

const (
	followTargets    = 30
	newFollowActors  = 5
	newFollowTargets = 15
	followShare      = 50 // per cent of the hour's actors that must be new
	followsEach      = 2  // deliveries of an actor
)

// FollowFlood reports a site of which many new actors address many local accounts.
type FollowFlood struct {
	pipeline.Stateless
	space   *window.Space
	fresh   *window.Metric
	all     *window.Metric
	targets *window.Distinct
	actors  *window.Distinct
}

// NewFollowFlood claims its metrics of the site space.
func NewFollowFlood(site *window.Space) *FollowFlood {
	site.Addresses(window.Site)
	return &FollowFlood{
		space:   site,
		fresh:   site.Metric(window.Site, window.NewFollows, window.Of(window.S1h, window.S24h)).Floors(followFloors),
		all:     site.Metric(window.Site, window.Inbox, window.DomainScales),
		targets: site.Distinct(window.Site, window.Targets, window.S1h),
		actors:  site.Distinct(window.Site, window.Actors, window.S1h),
	}
}

// Observe reports the event's site when its new actors and their targets are many.
func (d *FollowFlood) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Endpoint != pipeline.EndpointUserInbox || e.Actor == "" || e.Slots.Site == 0 || e.Counts&pipeline.CountsDomain == 0 || d.space.Learning(e.Time) {
		return
	}
	part := window.PartOf(e)
	x, threshold, ok := d.many(e, part)
	if !ok || !d.fresh.Once(e.Slots.Site, part, e.Time) {
		return
	}
	n, many := d.targets.Reaches(e.Slots.Site, part, threshold, e.Time)
	if many && d.follows(e, x, n) {
		d.report(e, x, n, threshold, r)
	}
}

// many returns how many new actors there are, if they are many, and how many local accounts they must address: half as
// many for a server of which nothing is known to hold them against.
func (d *FollowFlood) many(e *pipeline.Event, part window.Part) (x window.Excess, targets uint32, ok bool) {
	slot := e.Slots.Site
	if d.space.Newcomer(slot, e.Time) {
		x = window.Excess{Count: d.fresh.Sum(slot, part, window.S1h, e.Time), Scale: window.S1h, Part: part}
		return x, newFollowTargets, x.Count >= newFollowActors
	}
	x, ok = d.fresh.Over(slot, part, e.Time)
	return x, followTargets, ok
}

// follows reports whether the new actors are most of the site's, and, unless Rails says that somebody signed it, whether
// they write more than once: a purge of accounts is one Delete each. A new server's few who address many are
// mention_fanout's.
func (d *FollowFlood) follows(e *pipeline.Event, x window.Excess, targets uint32) bool {
	slot := e.Slots.Site
	actors, _ := d.actors.Count(slot, x.Part, e.Time)
	if x.Count*100 < actors*followShare || targets >= targetsAnActor*actors && d.space.Newcomer(slot, e.Time) {
		return false
	}
	each := uint32(followsEach)
	if e.Verified == pipeline.VerdictYes {
		each = 1
	}
	return d.all.Sum(slot, x.Part, window.S1h, e.Time) >= each*actors
}

func (d *FollowFlood) report(e *pipeline.Event, x window.Excess, n, threshold uint32, r pipeline.Report) {
	f := d.fresh.Finding(e, x, pipeline.Entity{Type: pipeline.EntitySite, Value: string(e.Site)}, "local_targets")
	f.Measure.Value, f.Measure.Threshold, f.Measure.Expected, f.Measure.Surprise = float64(n), float64(threshold), nil, nil
	f.Severity = pipeline.SeverityMedium
	f.Summary = "Follow flood from %s: " + strconv.Itoa(int(n)) + " local accounts addressed in 1h, by " + strconv.Itoa(int(x.Count)) + " actors never seen before"
	f.Related.Counts.Actors = uint64(x.Count)
	r.Find(f)
}
