package benign

import (
	"errors"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// RecoverySpec documents recovery.
var RecoverySpec = pipeline.Spec{
	Name: "recovery", Title: "What comes after an outage", Space: pipeline.SpaceSite | pipeline.SpaceInstance,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Our own outage: no request for 2 minutes where one in ten seconds is usual, or most of them answered 502, 503 or 504 for as long. A known peer's: a domain that was silent for an hour or more, in which it usually delivers 20 times or more. Then the senders' queues empty.",
	Matters:    "After an outage everybody comes again at once, and each of them looks like a flood.",
	Lookalikes: "A flood that hides in our recovery, or that brought the outage about; a server that was taken over while it was down. What is lowered is bounded by what the outage left out: of a forger of a peer's name by what is usually claimed in that name, of a peer by three times what it did not send. A name first seen since the outage began is never lowered, nor is what takes half of all deliveries, but for a peer's backlog.",
	Do:         []string{"See whether the load falls within the hour."},
	Defaults:   "for as long as the outage, at least 10 m, up to 1 h; beyond, 0.65 of it, at most 12 h. A count that is not over 3 times what all others grew by, or over twice what the outage left out (ten times, while we are down and answer), or that surprises by less than 3 decades above the threshold, goes to low; a count of the whole server up to 1.5 times what senders' backoff makes of the outage: 3 times the usual after 10 m, 9 times after 12 h",
}

var (
	afterOutage = names{"domain_flood", "domain_cost", "ip_flood", "slow_connections", "actor_jump", "new_actor_burst", "mention_fanout", "follow_flood", "dormant_wake",
		"queue_backlog", "distributed_surge", "fetch_amplification", "coordinated_wave", "template_wave"}
	afterAway = names{"domain_flood", "domain_cost", "actor_jump", "dormant_wake"}
)

const (
	ourArrears  = 2.0  // times what the outage left out
	attempts    = 10.0 // times that, while we are down and answer: a sender tries five times in an hour, by day twice as much
	shareGrowth = 3.0  // times its usual share of all deliveries
	decades     = 3.0  // of surprise, above what opens an incident
	maxCommon   = 8.0
)

// Recovery explains what comes after an outage, ours or a peer's.
type Recovery struct {
	site, network *window.Space
	volume        volume
	sites, actors *window.Metric
	ours          outages
	theirs        backlogs
}

// NewRecovery claims its metrics of the site space, and reads the network space.
func NewRecovery(site, network *window.Space) *Recovery {
	v := newVolume(site)
	return &Recovery{site: site, network: network, volume: v, ours: newOutages(), theirs: newBacklogs(site, v.domains),
		sites:  site.Metric(window.Site, window.Inbox, window.DomainScales),
		actors: site.Metric(window.Actor, window.Inbox, window.Of(window.S10m, window.S1h, window.S24h))}
}

// Observe hears how many requests there are, and notes which domains come back.
func (d *Recovery) Observe(e *pipeline.Event, _ pipeline.Report) {
	switch {
	case e.Kind == pipeline.KindSignal:
		d.ours.observe(e)
	case e.Slots.Domain != 0:
		d.theirs.observe(e)
	}
}

// Explain lowers what an outage accounts for.
func (d *Recovery) Explain(f *pipeline.Finding) {
	if afterAway.has(f) && d.theirs.explains(f) {
		lower(f, pipeline.ContextRecovery)
		return
	}
	if !afterOutage.has(f) || f.Measure.Expected == nil {
		return
	}
	from, length, ok := d.ours.at(f.At)
	switch {
	case !ok:
	case f.Key.Type == pipeline.EntityTemplate:
		lower(f, pipeline.ContextRecovery) // coordinated_wave tells of the servers
	case f.Key.Type == pipeline.EntityInstance:
		if f.Measure.Value <= growth(length)**f.Measure.Expected {
			lower(f, pipeline.ContextRecovery)
		}
	case !d.knows(f, from) || !d.isShare(f, from, length):
	case d.volume.takesMost(f) && !d.isArrears(f, from, length):
		ease(f, pipeline.ContextRecovery)
	default:
		lower(f, pipeline.ContextRecovery)
	}
}

// knows reports whether the party that f is about was seen before the outage: others have nothing to come again with.
func (d *Recovery) knows(f *pipeline.Finding, outage pipeline.Time) bool {
	var first pipeline.Time
	if addr := addressOf(f); addr.IsValid() {
		first = d.network.First(window.IP, d.network.AddressSlot(addr))
	} else if name := domainOf(f); f.Key.Type == pipeline.EntitySite {
		first = d.site.First(window.Site, d.site.Slot(window.Site, name))
	} else if name != "" {
		first = d.site.First(window.Domain, d.site.Slot(window.Domain, name))
	}
	return first != 0 && first < outage
}

// isShare reports whether f is what the outage makes of its party: what is left out comes again, or its share of all
// deliveries is not far from the usual one, or it is no great surprise.
func (d *Recovery) isShare(f *pipeline.Finding, from pipeline.Time, length time.Duration) bool {
	s, ok := windowOf(f)
	if !ok {
		return false
	}
	if d.isArrears(f, from, length) || f.Measure.Value < shareGrowth*d.common(f, s, length)**f.Measure.Expected {
		return true
	}
	return f.Measure.Surprise != nil && *f.Measure.Surprise < opensAt(s)+decades
}

// isArrears reports whether all that came of f's party since the outage ended is no more than twice what was left out
// since it began, and what is usual; while we are down and answer 502, it may come again and again.
func (d *Recovery) isArrears(f *pipeline.Finding, from pipeline.Time, length time.Duration) bool {
	w, ok := windowOf(f)
	times := ourArrears
	since := f.At.Sub(from) - length
	if d.ours.isDown(f.At) {
		times, since = attempts, f.At.Sub(from)
	}
	count, span := d.count(f, since)
	if !ok || span == 0 {
		return false
	}
	usual := *f.Measure.Expected / float64(w.Seconds())
	return max(count, f.Measure.Value) <= usual*(times*f.At.Sub(from).Seconds()+span.Seconds())
}

// count returns how much f's party did since then, or a little longer, and in what time: zero if that is not known. A
// short window must not hide what a long one would show.
func (d *Recovery) count(f *pipeline.Finding, since time.Duration) (float64, time.Duration) {
	m, slot := d.metricOf(f)
	w, _ := windowOf(f)
	if m == nil && w.Length() >= since {
		return f.Measure.Value, w.Length()
	}
	if m == nil {
		return 0, 0
	}
	for _, s := range scales {
		if s.Length() >= since && m.Has(s) {
			return float64(m.Sum(slot, window.ClaimedPart, s, f.At)) + float64(m.Sum(slot, window.Proven, s, f.At)), s.Length()
		}
	}
	return 0, 0
}

// metricOf returns what counts the requests of f's party, and where it stands; nil where f counts something else.
func (d *Recovery) metricOf(f *pipeline.Finding) (*window.Metric, int32) {
	switch {
	case f.Measure.Name != "requests":
		return nil, 0
	case f.Key.Type == pipeline.EntityDomain:
		return d.volume.domains, d.site.Slot(window.Domain, f.Key.Value)
	case f.Key.Type == pipeline.EntitySite:
		return d.sites, d.site.Slot(window.Site, f.Key.Value)
	case f.Key.Type == pipeline.EntityActor:
		return d.actors, d.site.Slot(window.Actor, f.Key.Value)
	}
	return nil, 0
}

// common returns by how much the deliveries of all but f's party are more than usual.
func (d *Recovery) common(f *pipeline.Finding, s window.Scale, length time.Duration) float64 {
	day := window.S24h.Length() - min(length, window.S24h.Length()/2)
	if window.DomainScales&window.Of(s) == 0 {
		return 1
	}
	usual := float64(d.volume.domains.Total(window.S24h, f.At))*float64(s.Length())/float64(day) - *f.Measure.Expected
	now := float64(d.volume.domains.Total(s, f.At)) - f.Measure.Value
	if usual <= 0 || now <= usual {
		return 1
	}
	return min(now/usual, maxCommon)
}

// opensAt returns the surprise that opens an incident.
func opensAt(s window.Scale) float64 {
	switch {
	case s <= window.S1m:
		return 10.5
	case s <= window.S30m:
		return 9.5
	case s == window.S1h:
		return 8.5
	}
	return 7
}

// Advance does nothing: that we are down shows when we are asked.
func (d *Recovery) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Recovery) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the outages.
func (d *Recovery) Snapshot(w io.Writer) error {
	return errors.Join(d.ours.write(w), d.theirs.back.write(w))
}

// Restore reads what Snapshot wrote.
func (d *Recovery) Restore(r io.Reader) error {
	if err := errors.Join(d.ours.read(r), d.theirs.back.read(r)); err != nil {
		d.ours, d.theirs.back = newOutages(), newShelf[back](maxAways)
		return err
	}
	return nil
}
