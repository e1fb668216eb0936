package benign

import (
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// KeyRotationSpec documents key_rotation.
var KeyRotationSpec = pipeline.Spec{
	Name: "key_rotation", Title: "A peer whose own signatures fail", Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Deliveries answered 401 whose names are those of the site whose own address they come from: one that was proven to be its by days of accepted deliveries. In nginx' log.",
	Matters:    "A peer that was reinstalled, or has new keys, is refused until its new keys are fetched. Nobody's name is forged.",
	Lookalikes: "Who sits at a peer's own address, or is that peer, gains that its own bad signatures are at low for a day. A peer that moved to another address at the same time looks like a forger, and is told.",
	Do:         []string{"If it lasts: tell the peer's administrator that its signatures fail."},
	Defaults:   "at least 10 refusals of the last 10 to 20 m, nine in ten in the name of the site whose address it is; to low, for 24 h from when they became so many",
}

var badSignatures = names{"signature_failures"}

const rotationLasts = 24 * time.Hour

// KeyRotation explains signatures that fail at their owner's address.
type KeyRotation struct{ refusals refusals }

// NewKeyRotation claims that the site space remembers sites' own addresses.
func NewKeyRotation(site *window.Space) *KeyRotation { return &KeyRotation{newRefusals(site)} }

// Observe counts refusals.
func (d *KeyRotation) Observe(e *pipeline.Event, _ pipeline.Report) { d.refusals.observe(e) }

// Explain lowers what a site's own address brings about for a day.
func (d *KeyRotation) Explain(f *pipeline.Finding) {
	if !badSignatures.has(f) {
		return
	}
	if r := d.refusals.own(f); r != nil && f.At.Sub(r.Since) <= rotationLasts && !r.isCrowd(f.At) {
		lower(f, pipeline.ContextKeyRotation)
	}
}

// Advance does nothing.
func (d *KeyRotation) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *KeyRotation) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes who is refused.
func (d *KeyRotation) Snapshot(w io.Writer) error { return d.refusals.by.write(w) }

// Restore reads what Snapshot wrote.
func (d *KeyRotation) Restore(r io.Reader) error { return d.refusals.by.read(r) }
