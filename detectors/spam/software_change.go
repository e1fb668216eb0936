package spam

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SoftwareChangeSpec documents software_change.
var SoftwareChangeSpec = pipeline.Spec{
	Name: "software_change", Title: "Domain changed its software", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "The software and major version in the agent of a domain's deliveries, where address history or Rails proves that they are the domain's, in the nginx log. Forks are one family: Mastodon and Glitch, Misskey and Sharkey, Pleroma and Akkoma.",
	Matters:    "A domain that expired and was bought, or was taken over, comes back with other software; an older major version is an old copy.",
	Lookalikes: "A server that moved to other software, which has new keys and new actors too; a restored backup.",
	Do: []string{
		"Look at the domain's front page and its newest accounts.",
		"If it is another owner's: limit the domain; its old followers were not followers of this one.",
	},
	Defaults: "5 proven deliveries in a row by software of another family, or by an older major version of the same; low, high when signing_change or new_actor_burst tells of it within 24 h; of two that alternate the second change and all later ones are silent",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look at %s: whose is it now, and what do its newest accounts post?"},
	},
}

// inRow is how many deliveries in a row must come by the other software: of two behind one name neither replaces the
// other by one line.
const inRow = 5

// The words of a domain's window.SoftwareNote, besides the second of the last change and the domain's own software.
const (
	coming = window.NoteOwn + 1 + iota // another software, and how many deliveries in a row came by it
	former                             // the one before the last change
)

const (
	toldHigh = window.SoftwareMask + 1 // beside the domain's own: the change was told together with another
	rowOne   = window.SoftwareMask + 1 // beside the coming one
	rowMask  = ^uint32(window.SoftwareMask)
)

// SoftwareChange reports a domain that delivers by another software than it did.
type SoftwareChange struct {
	pipeline.Stateless
	note, network, burst *window.Note
}

// NewSoftwareChange claims its notes of the site space.
func NewSoftwareChange(site *window.Space) *SoftwareChange {
	return &SoftwareChange{
		note:    site.Note(window.Domain, window.SoftwareNote),
		network: site.Note(window.Domain, window.NetworkNote),
		burst:   site.Note(window.Site, window.BurstNote),
	}
}

// Observe compares the event's software with its domain's.
func (d *SoftwareChange) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Domain == 0 || e.Software == "" || e.Status/100 != 2 || window.PartOf(e) != window.Proven {
		return
	}
	w, now := d.note.Words(e.Slots.Domain), window.SoftwareOf(e)
	switch own := window.Software(w[window.NoteOwn] & window.SoftwareMask); {
	case own == 0:
		w[window.NoteOwn] = uint32(now)
	case !now.SameFamily(own) || now.Below(own):
		if d.comes(w, uint32(now)) && d.changes(w, e.Time) {
			d.report(e, pipeline.SeverityLow, r)
		}
		return
	default: // it is upgraded, or has become another of the family
		w[window.NoteOwn], w[coming] = w[window.NoteOwn]&rowMask|uint32(now), 0
	}
	if w[window.NoteWhen] != 0 && w[window.NoteOwn]&toldHigh == 0 && d.together(e, w[window.NoteWhen]) {
		w[window.NoteOwn] |= toldHigh
		d.report(e, pipeline.SeverityHigh, r)
	}
}

// comes reports whether enough deliveries in a row came by the other software.
func (d *SoftwareChange) comes(w []uint32, other uint32) bool {
	if w[coming]&window.SoftwareMask != other {
		w[coming] = other
	}
	w[coming] += rowOne
	return w[coming]/rowOne >= inRow
}

// changes makes the coming software the domain's own, and reports whether it was not so before.
func (d *SoftwareChange) changes(w []uint32, now pipeline.Time) bool {
	before, own := w[former]&window.SoftwareMask, w[coming]&window.SoftwareMask
	if w[former] = w[window.NoteOwn] & window.SoftwareMask; before != 0 && window.Software(own).SameFamily(window.Software(before)) {
		w[window.NoteOwn], w[coming] = w[window.NoteOwn]&toldHigh|own, 0
		return false
	}
	w[window.NoteWhen], w[window.NoteOwn], w[coming] = uint32(now/pipeline.Second), own, 0
	return true
}

// together reports whether the change, at that second, was in the 24 hours before now, and another sign was too.
func (d *SoftwareChange) together(e *pipeline.Event, at uint32) bool {
	return window.WithinDay(at, e.Time) && (d.network.Recent(e.Slots.Domain, e.Time) || d.burst.Recent(e.Slots.Site, e.Time))
}

func (d *SoftwareChange) report(e *pipeline.Event, s pipeline.Severity, r pipeline.Report) {
	f := pipeline.Finding{
		Key:      pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)},
		Until:    e.Time.Add(time.Hour),
		Since:    e.Time,
		Severity: s,
		Measure:  pipeline.Measure{Name: "requests", Value: inRow, Threshold: inRow, Window: "24h"},
		Summary:  "%s changed its software: it is now " + e.Software,
		Related:  window.RelatedTo(e),
		Evidence: pipeline.Proof{Window: inRow, Part: pipeline.Corroborated, Samples: []pipeline.Sample{e.AsSample()}},
	}
	if e.Version != "" {
		f.Summary += " " + e.Version
	}
	if s == pipeline.SeverityHigh {
		f.Summary += ", and has " + d.sign(e)
	}
	r.Find(f)
}

// sign says what else was told of the domain.
func (d *SoftwareChange) sign(e *pipeline.Event) string {
	if d.network.Recent(e.Slots.Domain, e.Time) {
		return "signed from a new network"
	}
	return "many new actors"
}
