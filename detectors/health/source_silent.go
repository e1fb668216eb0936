package health

import (
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SourceSilentSpec documents source_silent.
var SourceSilentSpec = pipeline.Spec{
	Name: "source_silent", Title: "A log has gone silent", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance, Quiet: 60,
	Sees:       "Each log's own rhythm: a log that brings nothing for far longer than its last hour and day make likely, or that can't be read; of a journal, one alert for all its units.",
	Matters:    "A quiet detector and a dead detector must look different; and who fills the disk or breaks the log format is not seen.",
	Lookalikes: "A deploy or a maintenance of the server; a very quiet night.",
	Do: []string{
		"Look whether the service runs and writes, and whether the disk is full.",
		"Look whether fedwarden may still read the file: `fedwarden state`.",
	},
	Defaults: "no line for at least 10 m, for as long as 30 lines usually take (by the slower of the last hour's and the last day's pace) and for 3 times the longest gap of this day and the day before; never in the first hour; or unreadable for 60 s; high",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.source", Undo: "nothing to undo", Text: "Check that the service behind %s runs, that it writes its log, and that fedwarden may read it (`fedwarden state`)."},
	},
}

const (
	minSilence   = pipeline.Time(10 * time.Minute)
	silenceLines = 30
	silenceGaps  = 3
	patience     = pipeline.Time(time.Minute) // after which a log that can't be read is claimed lost
	maxSilence   = pipeline.Time(24 * time.Hour)
)

// The states of a stream, to SourceSilent.
const (
	sounding uint32 = iota
	silent
	lost
	ended
	along // lost with its carrier, of which it is told
)

// SourceSilent reports a stream that is lost, or silent against its own rhythm.
type SourceSilent struct{ streams }

// NewSourceSilent returns a detector that knows no stream.
func NewSourceSilent() *SourceSilent {
	return &SourceSilent{streams{scales: window.Of(window.S1h, window.S24h)}}
}

// Observe learns the rhythm, and hears of lost streams.
func (d *SourceSilent) Observe(e *pipeline.Event, r pipeline.Report) {
	switch e.Kind {
	case pipeline.KindSignal:
		return
	case pipeline.KindStream:
		d.observeFact(e, r)
		return
	}
	st := d.get(e.Stream, e.Time)
	if st.state == silent {
		d.end(st, r)
	}
	st.learnGap(e.Time)
	st.last = e.Time
	st.all.Add(e.Time, 1)
}

// learnGap remembers the longest gap of the stream's day, counted from the epoch, and of the day before.
func (st *stream) learnGap(now pipeline.Time) {
	if day := uint32(now / maxSilence); day != st.day {
		if st.gaps[1] = st.gaps[0]; day != st.day+1 {
			st.gaps[1] = 0
		}
		st.gaps[0], st.day = 0, day
	}
	if st.last != 0 {
		st.gaps[0] = max(st.gaps[0], min(now-st.last, maxSilence)) // more would only overflow
	}
}

func (d *SourceSilent) observeFact(e *pipeline.Event, r pipeline.Report) {
	st := d.get(e.Stream, e.Time)
	switch e.Fact.State {
	case pipeline.StreamLost:
		st.late = 0
		if d.carrier(st) != nil {
			st.state = along
			return
		}
		st.state, st.last = lost, max(st.last, d.lastCarried(st))
		d.tell(st, e.Time, patience, "%s can't be read"+because(e.Fact.Reason), r)
	case pipeline.StreamLate:
		if c := d.carrier(st); c != nil && st.state == along {
			c.late++
		} else if st.state == lost {
			st.late++
		}
	case pipeline.StreamRejoined, pipeline.StreamOpened:
		if st.state == lost || st.state == silent {
			d.end(st, r)
		}
		st.state = sounding
		st.last = max(st.last, e.Time)
	case pipeline.StreamEnded:
		if st.state == lost || st.state == silent {
			d.end(st, r) // a log that was taken away is not missed
		}
		st.state = ended
	}
}

// carrier returns the lost stream that carries st, as a journal does its units: one alert tells of all.
func (d *SourceSilent) carrier(st *stream) *stream {
	for _, c := range d.list {
		if c.state == lost && c.carries(st) {
			return c
		}
	}
	return nil
}

// carries reports whether o is one of st's, by its name.
func (st *stream) carries(o *stream) bool {
	rest, ok := strings.CutPrefix(string(o.id), string(st.id))
	return ok && strings.HasPrefix(rest, "/")
}

// lastCarried returns when anything that c carries brought something last.
func (d *SourceSilent) lastCarried(c *stream) (last pipeline.Time) {
	for _, st := range d.list {
		if c.carries(st) {
			last = max(last, st.last)
		}
	}
	return last
}

// Advance finds the streams that have gone silent.
func (d *SourceSilent) Advance(now pipeline.Time, r pipeline.Report) {
	for _, st := range d.list {
		if st.state != sounding || now < st.deadline() {
			continue
		}
		st.state = silent
		d.tell(st, now, st.deadline()-st.last, "%s has brought no line for "+now.Sub(st.last).Round(time.Minute).String(), r)
	}
}

// Due returns when the next stream's patience ends.
func (d *SourceSilent) Due(now pipeline.Time) pipeline.Time {
	var due pipeline.Time
	for _, st := range d.list {
		if st.state != sounding || st.last == 0 || st.deadline() == forever {
			continue
		}
		if t := max(st.deadline().Ceil(), now+pipeline.Second); due == 0 || t < due {
			due = t
		}
	}
	return due
}

// deadline returns when the stream is silent if it brings nothing more: forever while its rhythm is unknown.
func (st *stream) deadline() pipeline.Time {
	hour, day := st.all.Sum(window.S1h, st.last), st.all.Sum(window.S24h, st.last)
	known := min(st.last-st.first, pipeline.Time(window.S24h.Length()))
	if known < pipeline.Time(time.Hour) || hour == 0 || day == 0 {
		return forever
	}
	pace := max(pipeline.Time(window.S1h.Length())/pipeline.Time(hour), known/pipeline.Time(day))
	gap := max(minSilence, silenceLines*pace, silenceGaps*st.gaps[0], silenceGaps*st.gaps[1])
	if gap > maxSilence {
		return forever
	}
	return st.last + gap
}

func (d *SourceSilent) tell(st *stream, now, threshold pipeline.Time, summary string, r pipeline.Report) {
	r.Find(pipeline.Finding{
		Key: source(st.id), Until: forever, Since: max(st.last, st.first), Severity: pipeline.SeverityHigh, Summary: summary,
		Measure:  pipeline.Measure{Name: "silence_seconds", Value: now.Sub(st.last).Seconds(), Threshold: time.Duration(threshold).Seconds(), Window: "24h"},
		Evidence: pipeline.Proof{Window: 0, Seen: st.all.Seen()},
	})
}

// end tells that a stream is there again. What a lost stream brought before it had caught up came too late to
// be judged, which is said.
func (d *SourceSilent) end(st *stream, r pipeline.Report) {
	f := pipeline.Finding{Key: source(st.id), Resolving: true}
	if st.state == lost {
		f.Summary = "%s can be read again; " + strconv.FormatUint(st.late, 10) + " lines of the time between came too late to be judged"
	}
	st.state = sounding
	r.Find(f)
}

// because joins a reason, if there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// forever is the expiry of a fact that only another fact ends.
const forever = pipeline.Time(1<<62 - 1)
