package benign

import (
	"errors"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// RolloutSpec documents rollout.
var RolloutSpec = pipeline.Spec{
	Name: "rollout", Title: "A new version that many servers install", Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "Sites whose names are proven, known for a day, that come with a version of their software which they never had; five of them or more with the same one within a day. By the agents in nginx' log.",
	Matters:    "What a new version does otherwise, all servers that install it do: it is that version, and no attack on or by each of them.",
	Lookalikes: "A flaw in a new version that is exploited on the day of its release. Who has five sites with days of history gains that their oddities of protocol are at low for a day; who has one gains it on the days of releases, by installing them.",
	Do:         []string{"If it breaks something: look for the version among the software's known problems."},
	Defaults:   "at least 5 sites in 12 to 24 h; to low, for 24 h from the version's first sight at the site on",
}

var byVersion = names{"software_change", "signing_change", "malformed_burst", "protocol_anomaly"}

const (
	minAdopters = 5
	rolloutPane = pipeline.Time(12 * time.Hour)
	rolloutFor  = 24 * time.Hour
	minKnown    = 24 * time.Hour
	maxVersions = 64
	maxAdopters = 512
)

// Rollout explains what a new version brings.
type Rollout struct {
	site     *window.Space
	versions shelf[crowd]   // the sites that have a version anew
	adopters shelf[adopted] // by host
}

// An adopted is the version that a host has anew.
type adopted struct {
	At      pipeline.Time
	Version uint64
	Site    uint64
}

// NewRollout claims that the site space remembers sites' own addresses.
func NewRollout(site *window.Space) *Rollout {
	site.Origins()
	return &Rollout{site: site, versions: newShelf[crowd](maxVersions), adopters: newShelf[adopted](maxAdopters)}
}

// Observe notes who has a new version.
func (d *Rollout) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Version == "" || e.Slots.Domain == 0 || !isProvenEvent(e) {
		return
	}
	version, fresh := d.site.NewVersion(e)
	if !fresh || e.Time.Sub(d.site.First(window.Site, e.Slots.Site)) < minKnown {
		return
	}
	site := d.site.Hash(string(e.Site))
	d.versions.take(version, e.Time).add(e.Time, rolloutPane, site)
	*d.adopters.take(d.site.Hash(string(e.Domain)), e.Time) = adopted{e.Time, version, site}
	*d.adopters.take(site, e.Time) = adopted{e.Time, version, site}
}

// Explain lowers the oddities of who has a version that many others have anew.
func (d *Rollout) Explain(f *pipeline.Finding) {
	if !byVersion.has(f) {
		return
	}
	a := d.adopter(f)
	if a == nil || f.At.Sub(a.At) > rolloutFor {
		return
	}
	if sites := d.versions.find(a.Version); sites != nil && sites.count(f.At, rolloutPane) >= minAdopters {
		lower(f, pipeline.ContextRollout)
	}
}

// adopter returns what is known of the host that f is about, by its proven name or by an address that is its own.
func (d *Rollout) adopter(f *pipeline.Finding) *adopted {
	name, addr := domainOf(f), addressOf(f)
	switch {
	case name != "" && isProven(f):
		return d.adopters.find(d.site.Hash(name))
	case addr.IsValid() && len(f.Related.Domains) > 0:
		a := d.adopters.find(d.site.Hash(f.Related.Domains[0]))
		if a != nil && d.site.IsOrigin(a.Site, addr, f.At) {
			return a
		}
	}
	return nil
}

// Advance does nothing.
func (d *Rollout) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Rollout) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the versions.
func (d *Rollout) Snapshot(w io.Writer) error {
	return errors.Join(d.versions.write(w), d.adopters.write(w))
}

// Restore reads what Snapshot wrote.
func (d *Rollout) Restore(r io.Reader) error {
	if err := errors.Join(d.versions.read(r), d.adopters.read(r)); err != nil {
		d.versions, d.adopters = newShelf[crowd](maxVersions), newShelf[adopted](maxAdopters)
		return err
	}
	return nil
}
