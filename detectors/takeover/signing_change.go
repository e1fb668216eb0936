package takeover

import (
	"strconv"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SigningChangeSpec documents signing_change.
var SigningChangeSpec = pipeline.Spec{
	Name: "signing_change", Title: "Another machine signs", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees: "Accepted deliveries of a known domain from a /24 or /48 that its site never used, by another software, or another major version, than the domain's own: by address, agent and name in the nginx log, or in a Rails log that has them.",
	Matters: "Whoever has a server's keys but not the server signs from elsewhere and with other software. While the true one goes on beside it, it is no move to another hoster. " +
		"A new address is mostly a mere claim: then it is told of the address alone, which says that it is the domain.",
	Lookalikes: "A move to another hoster together with other software (the old network falls silent); somebody who only writes the domain's name.",
	Do: []string{
		"Ask the domain's administrator by another way whether that is theirs.",
		"If it is not: limit the domain until its keys are changed.",
	},
	Defaults: "5 deliveries in 1 h; low on a claim, and where the old network is silent; medium when both deliver and it is proven; silent in the first 7 days of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Compare what came from the new address in the name of the domain with what it sent before."},
	},
}

const (
	strangeDeliveries = 5
	strangeFor        = 3600               // seconds within which they come
	settled           = 7 * 24 * time.Hour // before a network is called new
)

// The words of a domain's window.NetworkNote.
const (
	strangeNet = window.NoteWhen + 1 + iota // the network that is new here, 24 bits; above, its deliveries, and whether one was a mere claim
	strangeAt                               // second of the first of these
	othersAt                                // second of the last delivery from another network since then
)

// The bits of strangeNet.
const (
	netBits      = 1<<24 - 1
	strangeOne   = 1 << 24
	strangeMost  = 127 << 24
	strangeClaim = 1 << 31
)

// SigningChange reports a domain in whose name another network and another software deliver.
type SigningChange struct {
	pipeline.Stateless
	space          *window.Space
	note, software *window.Note
}

// NewSigningChange claims its notes of the site space.
func NewSigningChange(site *window.Space) *SigningChange {
	return &SigningChange{
		space:    site,
		note:     site.Note(window.Domain, window.NetworkNote),
		software: site.Note(window.Domain, window.SoftwareNote),
	}
}

// Observe follows one strange network of each domain, for an hour.
func (d *SigningChange) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.Domain == 0 || e.Software == "" || e.Status/100 != 2 || !e.IP.IsValid() || e.Verified == pipeline.VerdictNo {
		return
	}
	own := window.SoftwareIn(d.software, e.Slots.Domain)
	if own == 0 {
		return // nothing was ever proven of it: there is nothing to compare with
	}
	w := d.note.Words(e.Slots.Domain)
	if !d.follow(e, w, own) {
		return
	}
	if n := w[strangeNet] & strangeMost / strangeOne; n == strangeDeliveries || n > strangeDeliveries && n&(n-1) == 0 {
		d.report(e, w, n, r)
	}
}

// follow reports whether e came from the domain's strange network, and counts it there.
func (d *SigningChange) follow(e *pipeline.Event, w []uint32, own window.Software) bool {
	second, isNew := uint32(e.Time/pipeline.Second), d.space.NewNetwork(e)
	open := w[strangeAt] != 0 && second-w[strangeAt] < strangeFor
	if !open && !isNew {
		return false
	}
	network := d.space.NetworkPrint(e.IP) & netBits
	switch {
	case open && w[strangeNet]&netBits != network:
		w[othersAt] = second
		return false
	case open:
	case !window.SoftwareOf(e).Replaces(own) || e.Time.Sub(d.space.Since()) < settled:
		return false
	default:
		w[strangeNet], w[strangeAt], w[othersAt] = network, second, 0
	}
	if w[strangeNet]&strangeMost < strangeMost {
		w[strangeNet] += strangeOne
	}
	if window.PartOf(e) == window.ClaimedPart {
		w[strangeNet] |= strangeClaim
	}
	return true
}

// report tells of n deliveries from a strange network: of the address alone, unless all of them are proven.
func (d *SigningChange) report(e *pipeline.Event, w []uint32, n uint32, r pipeline.Report) {
	f := pipeline.Finding{
		Key:      window.AddressEntity(e.IP),
		Until:    e.Time.Add(strangeFor * time.Second),
		Since:    pipeline.Time(w[strangeAt]) * pipeline.Second,
		Severity: pipeline.SeverityLow,
		Measure:  pipeline.Measure{Name: "requests", Value: float64(n), Threshold: strangeDeliveries, Window: "1h"},
		Summary:  strconv.Itoa(int(n)) + " deliveries from %s in the name of a domain that never came from that network, nor with that software",
		Related:  window.RelatedTo(e),
		Evidence: pipeline.Proof{Window: uint64(n), Part: pipeline.IPOnly, Samples: []pipeline.Sample{e.AsSample()}},
	}
	if w[strangeNet]&strangeClaim == 0 {
		f.Key = pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)}
		f.Evidence.Part = pipeline.Corroborated
		f.Summary = "%s signs from a network and with a software that it never used: " + strconv.Itoa(int(n)) + " deliveries in 1h"
		if w[othersAt] != 0 {
			w[window.NoteWhen] = uint32(e.Time / pipeline.Second)
			f.Severity = pipeline.SeverityMedium
			f.Summary += ", while the known network goes on"
		}
	}
	r.Find(f)
}
