package benign

import (
	"errors"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DeleteStormSpec documents delete_storm.
var DeleteStormSpec = pipeline.Spec{
	Name: "delete_storm", Title: "Deletes of accounts that nobody here knows", Space: pipeline.SpaceSite | pipeline.SpaceInstance,
	Kinds: []pipeline.Kind{pipeline.KindRequest, pipeline.KindJob}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Deliveries of one site that nobody reads: accepted, but Rails says that no signature was checked (verified=); or, with Sidekiq's log and without verified=, accepted while the jobs that would read them keep their usual pace; or refused with 401 at the site's own address, each of another actor.",
	Matters:    "A server that removes accounts tells every server it knows. Mastodon answers without looking when it does not know the account: such a delivery is unverified, and costs next to nothing.",
	Lookalikes: "Forged Deletes look the same, so nothing is lowered unless nine in ten deliveries in the name come from the site's own networks, the /24 or /48 around addresses that days of deliveries have proven (nginx' log). Nor is it if what was read beside them would have been told by itself: who sends from there gains that what nobody reads is at low, up to ten a second.",
	Do:         []string{"Nothing, unless it is slow: then limit /inbox per address in nginx."},
	Defaults:   "at least 20 unread and fewer that were read, of the last 10 to 20 m (1 to 2 h, or 1 to 2 days, for longer windows), than the finding's threshold. By jobs: those that are missing for all that was accepted from sites' own networks, with 0.3 to 3 times as many jobs as usual. To low up to 10 a second, above to medium at most",
}

var byUnread = names{"domain_flood", "domain_cost", "new_actor_burst"}

const (
	minUnread   = 20
	minPace     = 0.3 // times the usual jobs
	maxPace     = 3.0
	minJobs     = 5 // usual in 10 m
	unreadPace  = 10.0
	maxStorms   = 32
	readerClass = "ActivityPub::ProcessingWorker"
)

var stormScales = window.Of(window.S10m, window.S1h, window.S24h)

// DeleteStorm explains deliveries that nobody reads.
type DeleteStorm struct {
	site             *window.Space
	domains, sites   *window.Metric
	refusals         refusals
	storms           shelf[storm]
	now              weather
	accepted, starts *window.Counter
}

// A weather says until when there may be a storm, by verdicts or by jobs, and when the jobs are looked at next.
type weather struct{ Verdicts, Jobs, Look pipeline.Time }

// A storm is what is known of a host, or a site, of which something came unread, in panes of each length.
type storm struct {
	Site uint64
	In   [len(panes)]struct{ All, Unread, Own, Other tally }
}

// panes are the lengths of what storms count in, for windows up to as long.
var panes = [...]pipeline.Time{minutes(10), hourTime, dayLength}

// paneOf returns the pane that serves a window.
func paneOf(s window.Scale) int {
	for i, p := range panes {
		if pipeline.Time(s.Length()) <= p {
			return i
		}
	}
	return len(panes) - 1
}

// NewDeleteStorm claims its metrics of the site space, and that it remembers sites' own addresses.
func NewDeleteStorm(site *window.Space) *DeleteStorm {
	d := &DeleteStorm{site: site, domains: newVolume(site).domains, sites: site.Metric(window.Site, window.Inbox, window.DomainScales), refusals: newRefusals(site)}
	d.reset()
	return d
}

func (d *DeleteStorm) reset() {
	d.refusals.by, d.storms, d.now = newShelf[refused](maxRefused), newShelf[storm](maxStorms), weather{}
	d.accepted, d.starts = window.NewCounter(stormScales), window.NewCounter(stormScales)
}

// Observe counts what is read and what is not.
func (d *DeleteStorm) Observe(e *pipeline.Event, _ pipeline.Report) {
	switch {
	case e.Kind == pipeline.KindJob && e.JobState == pipeline.JobStart && e.JobClass == readerClass:
		d.starts.Add(e.Time, 1)
	case e.Slots.Site != 0:
		d.refusals.observe(e)
		d.deliver(e)
	}
}

// deliver counts a delivery while there may be a storm.
func (d *DeleteStorm) deliver(e *pipeline.Event) {
	if d.starts.Seen() > 0 && isAccepted(e) && e.Counts&pipeline.CountsAddress != 0 && d.isOwn(e) {
		d.accepted.Add(e.Time, 1)
	}
	if e.Time >= d.now.Look {
		d.look(e.Time)
	}
	unread := e.Verified == pipeline.VerdictNo && isAccepted(e)
	if !unread && e.Time >= max(d.now.Verdicts, d.now.Jobs) {
		return
	}
	own := d.isOwn(e)
	d.count(string(e.Domain), e, own, unread)
	if string(e.Site) != string(e.Domain) {
		d.count(string(e.Site), e, own, unread)
	}
}

// isOwn reports whether e comes from one of its site's own networks.
func (d *DeleteStorm) isOwn(e *pipeline.Event) bool {
	return isProvenEvent(e) || d.site.IsNear(d.site.Hash(string(e.Site)), e.IP, e.Time)
}

// look sees once a minute whether jobs are missing.
func (d *DeleteStorm) look(now pipeline.Time) {
	d.now.Look = now + minutes(1)
	if n, ok := d.missing(window.S10m, now); ok && n >= minUnread {
		d.now.Jobs = now + 2*panes[0]
	}
}

func (d *DeleteStorm) count(name string, e *pipeline.Event, own, unread bool) {
	s := d.storms.find(d.site.Hash(name))
	if unread || e.Time < d.now.Jobs {
		s = d.storms.take(d.site.Hash(name), e.Time)
	}
	if s == nil {
		return
	}
	s.Site = d.site.Hash(string(e.Site))
	for i, pane := range panes {
		of := &s.In[i]
		if unread {
			of.Unread.add(e.Time, pane, 1)
		}
		if e.Counts&pipeline.CountsDomain != 0 {
			of.All.add(e.Time, pane, 1)
		}
		switch {
		case e.Counts&pipeline.CountsAddress == 0 || !e.IP.IsValid():
		case own:
			of.Own.add(e.Time, pane, 1)
		default:
			of.Other.add(e.Time, pane, 1)
		}
	}
	if s.In[0].Unread.sum(e.Time, panes[0]) >= minUnread/2 {
		d.now.Verdicts = e.Time + 2*panes[0]
	}
}

// Explain lowers what nobody reads.
func (d *DeleteStorm) Explain(f *pipeline.Finding) {
	if badSignatures.has(f) {
		if r := d.refusals.own(f); r != nil && r.isCrowd(f.At) {
			lower(f, pipeline.ContextDeleteStorm)
		}
		return
	}
	name := domainOf(f)
	if name == "" || !byUnread.has(f) {
		return
	}
	if read, ok := d.readOf(name, f); !ok || read >= f.Measure.Threshold {
		return
	}
	if perSecond(f) <= unreadPace {
		lower(f, pipeline.ContextDeleteStorm)
	} else {
		ease(f, pipeline.ContextDeleteStorm)
	}
}

// readOf returns how many of the name's deliveries were read, at most, if there is a storm from its own networks.
func (d *DeleteStorm) readOf(name string, f *pipeline.Finding) (float64, bool) {
	w, ok := windowOf(f)
	s := d.storms.find(d.site.Hash(name))
	if s == nil || !ok {
		return 0, false
	}
	i := paneOf(w)
	of, pane := &s.In[i], panes[i]
	own, other := float64(of.Own.sum(f.At, pane)), float64(of.Other.sum(f.At, pane))
	if own < minUnread/2 || own < ownShare*(own+other) {
		return 0, false
	}
	unread := float64(of.Unread.sum(f.At, pane))
	if unread >= minUnread {
		return float64(of.All.sum(f.At, pane)) - unread, !isProven(f) // of what is proven where there are verdicts, all was read
	}
	missing, ok := d.missing(max(w, window.S10m), f.At)
	if !ok || missing < minUnread || d.isOthers(s.Site, i, missing, f.At) {
		return 0, false
	}
	sent := d.sent(f, name, max(w, window.S10m))
	return sent - missing, sent >= missing
}

// isOthers reports whether another site sent so much that what is missing may be its.
func (d *DeleteStorm) isOthers(site uint64, i int, missing float64, now pipeline.Time) bool {
	for k := range d.storms.of {
		if s := &d.storms.of[k]; s.Site != site && float64(s.In[i].Own.sum(now, panes[i])) >= missing/2 {
			return true
		}
	}
	return false
}

// sent returns how many deliveries came in f's name.
func (d *DeleteStorm) sent(f *pipeline.Finding, name string, w window.Scale) float64 {
	m, slot := d.domains, d.site.Slot(window.Domain, name)
	if f.Key.Type == pipeline.EntitySite {
		m, slot = d.sites, d.site.Slot(window.Site, name)
	}
	return float64(m.Sum(slot, window.ClaimedPart, w, f.At)) + float64(m.Sum(slot, window.Proven, w, f.At))
}

// missing returns how many more deliveries were accepted from sites' own networks than were read: what strangers
// claim is no part of it, though jobs may be theirs. Jobs that go on as usual is a condition: a queue that stands still,
// or can't follow, explains nothing.
func (d *DeleteStorm) missing(w window.Scale, now pipeline.Time) (float64, bool) {
	if stormScales&window.Of(w) == 0 {
		return 0, false
	}
	starts := float64(d.starts.Sum(w, now))
	usual := float64(d.starts.Sum(window.S24h, now)) * float64(w.Seconds()) / float64(window.S24h.Seconds())
	if usual < minJobs || starts < minPace*usual || starts > maxPace*usual {
		return 0, false
	}
	return float64(d.accepted.Sum(w, now)) - starts, true
}

// Advance does nothing.
func (d *DeleteStorm) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *DeleteStorm) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes what is counted.
func (d *DeleteStorm) Snapshot(w io.Writer) error {
	return errors.Join(put(w, &d.now), d.refusals.by.write(w), d.storms.write(w), d.accepted.Snapshot(w), d.starts.Snapshot(w))
}

// Restore reads what Snapshot wrote.
func (d *DeleteStorm) Restore(r io.Reader) error {
	err := errors.Join(get(r, &d.now), d.refusals.by.read(r), d.storms.read(r), d.accepted.Restore(r), d.starts.Restore(r))
	if err != nil {
		d.reset()
	}
	return err
}
