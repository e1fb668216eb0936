package flood

import (
	"fmt"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SaturationSpec documents saturation. Its threat is health: it tells what the load does to the server, and nobody's
// part in it, which domain_flood, domain_cost and ip_flood tell. Most often it is an outage or a deploy of the server's own.
var SaturationSpec = pipeline.Spec{
	Name: "saturation", Title: "The server can't answer", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{}, // signals only
	Sees:       "Requests that nginx answers with 502, 503 or 504 in the application's place, among those that cost it; a 503 to a delivery is none, for it tells of the sender's key.",
	Matters:    "People see error pages, and other servers come again and again with what they could not deliver.",
	Lookalikes: "A deploy, a restart, an outage of the server's own, and the rush after it (all low): then there is no more demand than usual, or nothing is answered at all.",
	Do: []string{
		"Look at which other alerts are open: whoever floods is named there.",
		"Without one, look whether Puma runs, and at the database.",
	},
	Defaults: "at least 5 % and 50 of the dynamic requests of 1 m; high while requests are at least 3 times the day's mean and no fewer than the mean is answered, and no outage was in the hour before (longer after one of more than 90 minutes); else low",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.puma", Undo: "nothing to undo", Text: "Look whether Puma runs on %s, and how many of its threads are busy."},
	},
}

const (
	manyErrors     = 50
	errorPart      = 20 // a twentieth
	saturationRise = 3
	outagePart     = 90 // per cent
	outageErrors   = 10
	outageApart    = 10 * time.Minute
	recoverFor     = time.Hour
)

// Saturation reports that the application does not answer all that it is asked.
type Saturation struct {
	asked, errors *window.Counter
	since         pipeline.Time // of the first request
	last          pipeline.Time // request
	down, up      pipeline.Time // the last outage
}

// NewSaturation returns a detector that has seen nothing.
func NewSaturation() *Saturation {
	return &Saturation{asked: window.NewCounter(window.Of(window.S1m, window.S24h)), errors: window.NewCounter(window.Of(window.S1m))}
}

// Observe counts requests and errors, and looks at both when there are errors.
func (d *Saturation) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal {
		return
	}
	n := uint32(min(e.Signal.Count, 1<<20))
	switch e.Signal.Name {
	case window.TotalDynamic: // comes before the errors: signals are sorted
		d.ask(e.Time, n)
	case window.TotalErrors:
		d.errors.Add(e.Time, n)
		d.look(e.Time, r)
	}
}

// ask counts requests. Where there were none for long although there are many, nginx was down.
func (d *Saturation) ask(now pipeline.Time, n uint32) {
	if d.since == 0 {
		d.since, d.last = now, now
	}
	if gap := now.Sub(d.last); gap > outageApart && d.usual(d.last) >= 1 {
		d.outage(d.last, now)
	}
	d.last = now
	d.asked.Add(now, n)
}

func (d *Saturation) outage(from, to pipeline.Time) {
	if from.Sub(d.up) > outageApart {
		d.down = from
	}
	d.up = to
}

func (d *Saturation) look(now pipeline.Time, r pipeline.Report) {
	n, bad := d.asked.Sum(window.S1m, now), d.errors.Sum(window.S1m, now)
	if bad*100 >= n*outagePart && bad >= outageErrors {
		d.outage(now, now)
	}
	if bad < manyErrors || bad*errorPart < n {
		return
	}
	usual := d.usual(now)
	expected := 0.0
	f := pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityInstance}, Until: now.Add(time.Minute), Since: now.Add(-time.Minute),
		Severity: pipeline.SeverityLow,
		Measure:  pipeline.Measure{Name: "errors", Value: float64(bad), Expected: &expected, Threshold: max(manyErrors, float64(n)/errorPart), Window: "1m"},
		Evidence: pipeline.Proof{Window: uint64(bad), Seen: d.errors.Seen()},
		Summary:  fmt.Sprintf("%%s can't answer %d of %d requests in 1m, usually %.0f are asked", bad, n, usual),
	}
	surge := usual > 0 && float64(n) >= saturationRise*usual && float64(n-min(bad, n)) >= usual
	switch {
	case d.recovers(now):
		f.Context = []pipeline.Context{pipeline.ContextRecovery}
	case surge:
		f.Severity = pipeline.SeverityHigh
	default:
		f.Context = []pipeline.Context{pipeline.ContextMaintenance}
	}
	r.Find(f)
}

// usual returns how many requests there are in a minute, by the last 24 hours; zero while that is not known.
func (d *Saturation) usual(now pipeline.Time) float64 {
	if now.Sub(d.since) < window.S24h.Length() {
		return 0
	}
	return float64(d.asked.Sum(window.S24h, now)-d.asked.Sum(window.S1m, now)) / (24*60 - 1)
}

// recovers reports whether there is an outage, or the rush after one, which lasts the longer the longer it was.
func (d *Saturation) recovers(now pipeline.Time) bool {
	return d.up != 0 && now.Sub(d.up) < max(recoverFor, d.up.Sub(d.down)*2/3)
}

// Advance does nothing: it is errors that tell.
func (d *Saturation) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Saturation) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the counts and the last outage.
func (d *Saturation) Snapshot(w io.Writer) error {
	s := saver{w: w}
	s.numbers(uint64(d.since), uint64(d.last), uint64(d.down), uint64(d.up))
	s.counters(d.asked, d.errors)
	return s.err
}

// Restore reads what Snapshot wrote.
func (d *Saturation) Restore(r io.Reader) error {
	next := NewSaturation()
	l := loader{r: r}
	next.since, next.last = pipeline.Time(l.number()), pipeline.Time(l.number())
	next.down, next.up = pipeline.Time(l.number()), pipeline.Time(l.number())
	l.counters(next.asked, next.errors)
	if l.err != nil {
		next = NewSaturation()
	}
	*d = *next
	return l.err
}
