package health

import (
	"math"
	"strconv"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// ClockSkewSpec documents clock_skew.
var ClockSkewSpec = pipeline.Spec{
	Name: "clock_skew", Title: "A log's clock is off", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance,
	Sees:       "Events that come later than their log's lateness allows, stamps far ahead that no other confirms, and logs whose stamps are shifted against the clock.",
	Matters:    "Late events are not applied: what they show is not seen.",
	Lookalikes: "A shipper that was down and catches up; nginx with a long `flush=`; a server set to local time.",
	Do: []string{
		"If it is off by whole quarters of an hour, set the input's `timezone`.",
		"If nginx buffers its log, set the input's `lateness` above its `flush=`.",
		"Else check the clock of the machine that writes the log.",
	},
	Defaults: "at least 20 late events in 10 m that are at least 1 % of the log's, or 3 stamps far ahead in 10 m, medium; a log that had to be shifted, high",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.clock", Undo: "nothing to undo", Text: "Check the clock, `timezone` and `lateness` of %s."},
	},
}

const (
	minLate  = 20
	latePer  = 100 // one in so many events
	minLeaps = 3
	quarter  = 15 * time.Minute

	// unread is the state of a stream that can't be read: what it brings before it has caught up is late for sure,
	// which source_silent tells.
	unread = math.MaxUint32
)

// ClockSkew reports a stream whose stamps can't be right.
type ClockSkew struct {
	streams
}

// NewClockSkew returns a detector that knows no stream.
func NewClockSkew() *ClockSkew { return &ClockSkew{streams{scales: window.Of(window.S10m)}} }

// Observe counts events, and reports at a fact that is one too many.
func (d *ClockSkew) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind == pipeline.KindSignal {
		return
	}
	st := d.get(e.Stream, e.Time)
	if e.Kind != pipeline.KindStream {
		st.all.Add(e.Time, 1)
		return
	}
	switch e.Fact.State {
	case pipeline.StreamLost:
		st.state = unread
	case pipeline.StreamRejoined, pipeline.StreamOpened:
		st.state = 0
	case pipeline.StreamLate:
		d.late(st, e, r)
	case pipeline.StreamLeap:
		st.leaps.Add(e.Time, 1)
		if n := st.leaps.Sum(window.S10m, e.Time); n >= minLeaps {
			d.find(st, e, n, pipeline.SeverityMedium, "%s has stamps far ahead of its clock, by "+about(e.Fact.Late), r)
		}
	case pipeline.StreamRebased:
		d.rebased(st, e, r)
	}
}

func (d *ClockSkew) late(st *stream, e *pipeline.Event, r pipeline.Report) {
	if st.state == unread {
		return
	}
	st.odd.Add(e.Time, 1)
	n, all := st.odd.Sum(window.S10m, e.Time), st.all.Sum(window.S10m, e.Time)
	second := uint32(e.Time / pipeline.Second)
	if n < minLate || n*latePer < all || st.state == second {
		return
	}
	st.state = second
	d.find(st, e, n, pipeline.SeverityMedium, "%s: "+strconv.Itoa(int(n))+" events came too late to be applied, the last by "+about(e.Fact.Late), r)
}

// rebased tells of a stream that had to be shifted; a shift of zero says that its stamps are right again.
func (d *ClockSkew) rebased(st *stream, e *pipeline.Event, r pipeline.Report) {
	if e.Fact.Late == 0 {
		r.Find(pipeline.Finding{Key: source(st.id), Resolving: true})
		return
	}
	d.find(st, e, max(1, st.odd.Sum(window.S10m, e.Time)), pipeline.SeverityHigh, "%s is off by "+about(e.Fact.Late)+setting(e.Fact.Late), r)
}

func (d *ClockSkew) find(st *stream, e *pipeline.Event, n uint32, severity pipeline.Severity, summary string, r pipeline.Report) {
	r.Find(pipeline.Finding{
		Key: source(st.id), Until: e.Time.Add(window.S10m.Length()), Since: e.Time,
		Severity: severity, Summary: summary,
		Measure:  pipeline.Measure{Name: "offset_seconds", Value: e.Fact.Late.Seconds(), Threshold: 0, Window: "10m"},
		Evidence: pipeline.Proof{Window: uint64(n), Seen: st.odd.Seen() + st.leaps.Seen()},
	})
}

func about(d time.Duration) string { return d.Round(time.Second).String() }

// setting names the setting that mends an offset of whole quarters of an hour.
func setting(d time.Duration) string {
	if off := d.Round(quarter); off != 0 && (d-off).Abs() < time.Minute {
		return ": set its `timezone`, it is not UTC"
	}
	return ""
}
