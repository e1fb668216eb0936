package flood

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// QueueBacklogSpec documents queue_backlog.
var QueueBacklogSpec = pipeline.Spec{
	Name: "queue_backlog", Title: "Sidekiq falls behind", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{pipeline.KindJob},
	Sees:       "Deliveries that were accepted, in nginx' or Rails' log, against the jobs that process them (ActivityPub::ProcessingWorker), in Sidekiq's; one of both alone shows nothing. Deliveries that leave no job, as Deletes of unknown accounts do, are allowed for as far as they are usual, and while threads are idle nothing can be behind.",
	Matters:    "What waits in the ingress queue is posts that nobody sees yet, from everybody: a flood by one delays all.",
	Lookalikes: "Sidekiq that stands still, is restarted and works off what has piled up (low: it is no flood); Delete storms, which leave no jobs.",
	Do: []string{
		"Look at which other alerts are open: whoever floods is named there.",
		"Give ingress a Sidekiq process of its own (`sidekiq -q ingress`) while it lasts.",
	},
	Defaults: "the deliveries of 10 m, 30 m or 1 h are at least 5 minutes of work ahead of their jobs, at the pace of the last 1 m or 10 m or the usual one, whichever is higher; medium, or high from 30 minutes on, while the threads are busy for 80 % of the last 5 m and the backlog still grows; low while no job of any class starts for a minute; silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "sidekiq.process", Undo: "stop the process", Text: "Start one more Sidekiq process for the queue %s."},
	},
}

const (
	backlogMinutes = 5
	backlogHigh    = 30
	backlogJobs    = 100 // fewer are no backlog, however slow the server is
	backlogBusy    = 80  // per cent of the threads' time
	backlogEvery   = 10 * pipeline.Second
	processing     = "ActivityPub::ProcessingWorker"
)

// QueueBacklog reports that more deliveries are accepted than are processed.
type QueueBacklog struct {
	space    *window.Space
	accepted *window.Counter
	starts   *window.Counter // of processing
	all      *window.Counter // of jobs of any class
	busy     *window.Counter // milliseconds that jobs ran
	threads  threads
	work     jobWork
	since    pipeline.Time // of the first delivery
	looked   pipeline.Time
}

// NewQueueBacklog claims its metric of the instance space.
func NewQueueBacklog(instance *window.Space) *QueueBacklog {
	scales := window.Of(window.S1m, window.S5m, window.S10m, window.S30m, window.S1h, window.S24h)
	return &QueueBacklog{
		space:    instance,
		accepted: window.NewCounter(scales), starts: window.NewCounter(scales),
		all: window.NewCounter(window.Of(window.S1m)), busy: window.NewCounter(window.Of(window.S5m)),
		work: newJobWork(instance),
	}
}

// Observe counts what is accepted and what is started, and looks at both while deliveries come.
func (d *QueueBacklog) Observe(e *pipeline.Event, r pipeline.Report) {
	switch e.Kind {
	case pipeline.KindJob:
		d.job(e)
	case pipeline.KindSignal:
		if e.Signal.Name == window.TotalAccepted {
			d.accept(e, r)
		}
	}
}

func (d *QueueBacklog) job(e *pipeline.Event) {
	if e.JobState != pipeline.JobStart {
		d.busy.Add(e.Time, uint32(min(max(e.Duration.Milliseconds(), 0), 1<<24)))
		d.threads.see(e)
		d.work.meet(e)
		return
	}
	d.all.Add(e.Time, 1)
	if e.JobClass == processing {
		d.starts.Add(e.Time, 1)
	}
}

func (d *QueueBacklog) accept(e *pipeline.Event, r pipeline.Report) {
	if d.since == 0 {
		d.since = e.Time
	}
	d.accepted.Add(e.Time, uint32(min(e.Signal.Count, 1<<20)))
	if e.Time < d.looked+backlogEvery || e.Time.Sub(d.since) < window.S24h.Length() {
		return
	}
	d.looked = e.Time
	if b, ok := d.behind(e.Time); ok {
		d.report(e.Time, b, r)
	}
}

// A backlog is how many jobs wait, by which window, and how many start in a minute.
type backlog struct {
	jobs, pace float64
	scale      window.Scale
	grows      bool
	stands     bool // no job starts
	full       bool // all threads are busy
}

func (b backlog) minutes() float64 { return b.jobs / b.pace }

// behind returns the largest backlog that a window shows, if there is one that is to be told. A window forgets what
// came before it, so what never becomes a job is no backlog for longer than an hour.
func (d *QueueBacklog) behind(now pipeline.Time) (backlog, bool) {
	usual, share := d.usual(now)
	if share == 0 {
		return backlog{}, false // no Sidekiq log, or a new one
	}
	b := backlog{stands: d.all.Sum(window.S1m, now) == 0}
	for _, s := range [...]window.Scale{window.S10m, window.S30m, window.S1h} {
		if n := d.missing(share, s, now); n > b.jobs {
			b.jobs, b.scale = n, s
		}
	}
	b.pace = max(usual, float64(d.starts.Sum(window.S10m, now))/10, float64(d.starts.Sum(window.S1m, now)))
	b.grows = d.missing(share, window.S5m, now)*5 > float64(d.starts.Sum(window.S5m, now))
	could := d.threads.count(now) * window.S5m.Seconds() * 1000
	b.full = could > 0 && d.busy.Sum(window.S5m, now) >= could/100*backlogBusy
	return b, b.jobs >= backlogJobs && b.minutes() >= backlogMinutes && (b.stands || b.grows && b.full)
}

// missing returns how many jobs of a window's deliveries have not started, if each delivery makes so many.
func (d *QueueBacklog) missing(share float64, s window.Scale, now pipeline.Time) float64 {
	return share*float64(d.accepted.Sum(s, now)) - float64(d.starts.Sum(s, now))
}

// usual returns how many jobs start in a minute, and how many a delivery makes, by the day before the last hour.
func (d *QueueBacklog) usual(now pipeline.Time) (pace, share float64) {
	accepted := d.accepted.Sum(window.S24h, now) - d.accepted.Sum(window.S1h, now)
	starts := d.starts.Sum(window.S24h, now) - d.starts.Sum(window.S1h, now)
	if accepted == 0 || starts == 0 {
		return 0, 0
	}
	return float64(starts) / (23 * 60), min(1, float64(starts)/float64(accepted))
}

func (d *QueueBacklog) report(now pipeline.Time, b backlog, r pipeline.Report) {
	expected := 0.0
	f := pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityQueue, Value: "ingress"}, Until: now.Add(time.Minute), Since: now.Add(-b.scale.Length()),
		Severity: pipeline.SeverityMedium,
		Measure:  pipeline.Measure{Name: "minutes_behind", Value: b.minutes(), Expected: &expected, Threshold: backlogMinutes, Window: b.scale.String()},
		Evidence: pipeline.Proof{Window: uint64(b.jobs), Seen: d.accepted.Seen()},
		Summary:  fmt.Sprintf("The queue %%s is %.0f minutes of work behind: %.0f deliveries wait", b.minutes(), b.jobs),
	}
	switch {
	case b.stands:
		f.Severity, f.Context = pipeline.SeverityLow, []pipeline.Context{pipeline.ContextMaintenance}
		f.Summary += "; Sidekiq stands still"
	case b.minutes() >= backlogHigh:
		f.Severity = pipeline.SeverityHigh
	}
	if top := d.work.top(now); len(top) > 0 && !b.stands {
		f.Summary += "; most work is " + strings.Join(top, ", ")
	}
	r.Find(f)
}

// Advance does nothing: a backlog grows with what is accepted.
func (d *QueueBacklog) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *QueueBacklog) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the counts and the names of classes.
func (d *QueueBacklog) Snapshot(w io.Writer) error {
	s := saver{w: w}
	s.numbers(uint64(d.since), uint64(d.looked))
	s.counters(d.accepted, d.starts, d.all, d.busy)
	d.threads.save(&s)
	d.work.save(&s)
	return s.err
}

// Restore reads what Snapshot wrote.
func (d *QueueBacklog) Restore(r io.Reader) error {
	next := NewQueueBacklog(d.space)
	l := loader{r: r}
	next.since, next.looked = pipeline.Time(l.number()), pipeline.Time(l.number())
	l.counters(next.accepted, next.starts, next.all, next.busy)
	next.threads.load(&l)
	next.work.load(&l)
	if l.err != nil {
		next = NewQueueBacklog(d.space)
	}
	*d = *next
	return l.err
}
