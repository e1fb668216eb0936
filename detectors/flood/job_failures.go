package flood

import (
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// JobFailuresSpec documents job_failures. Its threat is health: that jobs fail is a symptom, which says nothing of who
// is behind it, and most often it is nobody.
var JobFailuresSpec = pipeline.Spec{
	Name: "job_failures", Title: "Jobs fail", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance, Quiet: 3600,
	Kinds:      []pipeline.Kind{pipeline.KindJob, pipeline.KindJobError},
	Sees:       "Attempts that failed among those that were started, per job class, in Sidekiq's log; and the server that the error names, or else the job's arguments.",
	Matters:    "Each failure is tried again, up to 16 times: what can't succeed fills the queues. A body that breaks ProcessingWorker is an attack, or a bug that anybody may use.",
	Lookalikes: "Big peers that are down (DeliveryWorker fails to their hosts: Mastodon gives up by itself); a deploy; a database or a disk that is full.",
	Do: []string{
		"Look at the errors: Sidekiq's log, or /sidekiq/retries.",
		"If all is of one class of error and began with a deploy, it is a bug: tell Mastodon's developers.",
	},
	Defaults: "at least 30 attempts of a class in 10 m, of which 10 % and at least 3 times the usual fail, more than chance explains (surprise 7); medium, or low where the errors that name another server account for it, save that 80 % of 100 or more fail and no server has half of these; silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.jobs", Undo: "nothing to undo", Text: "Look at what %s fails with: Sidekiq's log, or /sidekiq/retries."},
	},
}

const (
	failAttempts = 30
	failPart     = 10 // a tenth
	failGrowth   = 3
	failSurprise = 7
	outAttempts  = 100
	outPart      = 5 // all but a fifth
)

// JobFailures reports a class of jobs that fails more than it does usually.
type JobFailures struct {
	space         *window.Space
	starts, fails *window.Metric
	sites         failingSites
}

// NewJobFailures claims its metrics of the instance space.
func NewJobFailures(instance *window.Space) *JobFailures {
	scales := window.Of(window.S10m, window.S24h)
	return &JobFailures{
		space:  instance,
		starts: instance.Metric(window.Class, window.JobStarts, scales),
		fails:  instance.Metric(window.Class, window.JobFails, scales),
	}
}

// Observe reports a class when an attempt has failed and too many have.
func (d *JobFailures) Observe(e *pipeline.Event, r pipeline.Report) {
	switch {
	case e.Kind == pipeline.KindJobError && e.Site != "" && e.JobClass != "":
		d.sites.add(e.JobClass, e)
	case e.Kind == pipeline.KindJob && e.JobState == pipeline.JobFail && e.Slots.Class != 0:
		d.check(e, r)
	}
}

func (d *JobFailures) check(e *pipeline.Event, r pipeline.Report) {
	slot, now := e.Slots.Class, e.Time
	t := tries{
		fails: d.fails.Sum(slot, window.Proven, window.S10m, now), starts: d.starts.Sum(slot, window.Proven, window.S10m, now),
		failed: d.fails.Sum(slot, window.Proven, window.S24h, now), started: d.starts.Sum(slot, window.Proven, window.S24h, now),
	}
	if !t.many() || d.space.Learning(now) || !d.fails.Once(slot, window.Proven, now) {
		return
	}
	surprise := t.surprise()
	if surprise < failSurprise {
		return
	}
	x := window.Excess{Count: t.fails, Expected: t.usual() * float64(t.starts), Known: true, Surprise: surprise, Scale: window.S10m, Part: window.Proven}
	x.Threshold = max(float64(t.starts)/failPart, failGrowth*x.Expected)
	f := d.fails.Finding(e, x, pipeline.Entity{Type: pipeline.EntityJobClass, Value: e.JobClass}, "failed_jobs")
	f.Evidence.Part = pipeline.AttributionNone
	f.Severity = pipeline.SeverityMedium
	f.Summary = fmt.Sprintf("%%s fails: %d of %d jobs in 10m, usually %.1f %%", t.fails, t.starts, 100*t.usual())
	site, worst, named := d.sites.worst(e.JobClass, now)
	rest := t.without(named)
	if (!rest.many() || rest.surprise() < failSurprise) && !t.everywhere(worst) {
		f.Related.Domains = []string{site}
		f.Severity = pipeline.SeverityLow
		f.Summary += ", most of them at other servers"
	}
	r.Find(f)
}

// tries are the attempts of a class: of 10 minutes, and of the day that these belong to.
type tries struct{ fails, starts, failed, started uint32 }

// usual returns the part of attempts that failed before, as ratioSurprise sees it.
func (t tries) usual() float64 {
	return (float64(t.failed-min(t.failed, t.fails)) + priorFails) / (float64(t.started-min(t.started, t.starts)) + priorAttempts)
}

func (t tries) many() bool {
	return t.starts >= failAttempts && t.fails*failPart >= t.starts && float64(t.fails) >= failGrowth*t.usual()*float64(t.starts)
}

// everywhere reports whether nearly all attempts fail, and not at one site: then it is not the others who are down.
func (t tries) everywhere(worst uint32) bool {
	return t.starts >= outAttempts && t.fails*outPart >= t.starts*(outPart-1) && worst*2 < t.fails
}

// surprise takes a fail whose start lies before the window for one within.
func (t tries) surprise() float64 {
	return ratioSurprise(min(t.fails, t.starts), t.starts, t.failed-min(t.failed, t.fails), t.started-min(t.started, t.starts))
}

// without returns the attempts less n that failed.
func (t tries) without(n uint32) tries {
	n = min(n, t.fails, t.starts)
	return tries{t.fails - n, t.starts - n, t.failed - min(n, t.failed), t.started - min(n, t.started)}
}

// Advance does nothing: what fails is an event.
func (d *JobFailures) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *JobFailures) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the sites.
func (d *JobFailures) Snapshot(w io.Writer) error {
	s := saver{w: w}
	d.sites.save(&s)
	return s.err
}

// Restore reads what Snapshot wrote.
func (d *JobFailures) Restore(r io.Reader) error {
	l := loader{r: r}
	d.sites.load(&l)
	return l.err
}
