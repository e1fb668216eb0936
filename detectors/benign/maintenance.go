package benign

import (
	"io"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// MaintenanceSpec documents maintenance.
var MaintenanceSpec = pipeline.Spec{
	Name: "maintenance", Title: "Your own maintenance and deploys", Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{pipeline.KindJob},
	Sees:       "The hours that the configuration names (`maintenance`), and deploys: most jobs of a minute are started by processes and threads of Sidekiq's that are new, in its log.",
	Matters:    "Who works on the server knows that its queues stand still.",
	Lookalikes: "A Sidekiq that crashes again and again: it is hushed for the first 15 minutes only, until an hour was quiet. Who can make it crash gains as much; who knows the hours of maintenance gains what the configuration names.",
	Do:         []string{"Keep the hours short, and name further detectors (`detectors`) only where they were wrong."},
	Defaults:   "queue_backlog, job_failures, saturation and source_silent, or what `detectors` of a window names, to low; in a deploy the first three, for 15 m",
}

var (
	byMaintenance = names{"queue_backlog", "job_failures", "saturation", "source_silent"}
	byDeploy      = names{"queue_backlog", "job_failures", "saturation"}
)

// A Window is a time of maintenance: from one instant to another, or every day from one time of day, in UTC, to another,
// which may lie after midnight.
type Window struct {
	From, To   pipeline.Time
	Start, End time.Duration // of a day; both are zero for a window that is not daily
	Detectors  []string      // whom it explains; empty is those of a server that is worked on
}

const dayLength = pipeline.Time(24 * time.Hour)

// includes reports whether now lies in the window.
func (w *Window) includes(now pipeline.Time) bool {
	if w.Start == w.End {
		return now >= w.From && now < w.To
	}
	at := time.Duration(now % dayLength)
	if w.Start < w.End {
		return at >= w.Start && at < w.End
	}
	return at >= w.Start || at < w.End
}

func (w *Window) concerns(f *pipeline.Finding) bool {
	if len(w.Detectors) == 0 {
		return byMaintenance.has(f)
	}
	return names(w.Detectors).has(f)
}

// Maintenance explains what happens while the server is worked on.
type Maintenance struct {
	windows []Window
	deploys deploys
}

// NewMaintenance returns a recogniser of those windows; it needs a space for its hash.
func NewMaintenance(windows []Window, instance *window.Space) *Maintenance {
	return &Maintenance{windows: slices.Clone(windows), deploys: newDeploys(instance)}
}

// Observe learns who works on jobs.
func (d *Maintenance) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind == pipeline.KindJob {
		d.deploys.observe(e)
	}
}

// Explain lowers what maintenance and deploys bring about.
func (d *Maintenance) Explain(f *pipeline.Finding) {
	on := slices.ContainsFunc(d.windows, func(w Window) bool { return w.includes(f.At) && w.concerns(f) })
	if on || byDeploy.has(f) && d.deploys.isOn(f.At) {
		lower(f, pipeline.ContextMaintenance)
	}
}

// Advance does nothing.
func (d *Maintenance) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Maintenance) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes who works on jobs; windows are the configuration's.
func (d *Maintenance) Snapshot(w io.Writer) error { return d.deploys.write(w) }

// Restore reads what Snapshot wrote.
func (d *Maintenance) Restore(r io.Reader) error { return d.deploys.read(r) }
