package health

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// LinesLostSpec documents lines_lost.
var LinesLostSpec = pipeline.Spec{
	Name: "lines_lost", Title: "Lines were lost", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance, Quiet: 600,
	Kinds:      []pipeline.Kind{}, // signals and facts only
	Sees:       "Lines that are known to be lost: journald's rate limit, a file that was truncated unread, a place to go on from that is gone (vacuumed, expired, deleted).",
	Matters:    "What is lost was not watched; who floods may do so to hide in it.",
	Lookalikes: "Rotation by copytruncate; a journal or a topic that keeps less than an outage lasted.",
	Do: []string{
		"For journald: raise `RateLimitBurst=`, or set `LogRateLimitIntervalSec=0` in Mastodon's units.",
		"For files: rotate by renaming (`create` and a signal), not by `copytruncate`.",
		"For outages: keep the journal, the rotated files or the topic for longer.",
	},
	Defaults: "each loss, one alert until there is none for 10 m; medium, or high from 1,000 lines in 1 h on; counts are what is lost at least",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.loss", Undo: "nothing to undo", Text: "See how lines of %s came to be lost, and raise the limit that dropped them."},
	},
}

const manyLost = 1000

// LinesLost reports each stream of which lines are lost.
type LinesLost struct{ streams }

// NewLinesLost returns a detector that knows no stream.
func NewLinesLost() *LinesLost { return &LinesLost{streams{scales: window.Of(window.S1h)}} }

// Observe reports a gap.
func (d *LinesLost) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindStream || e.Fact.State != pipeline.StreamGap {
		return
	}
	st := d.get(e.Stream, e.Time)
	st.odd.Add(e.Time, uint32(min(e.Fact.Lines, 1<<30)))
	n := st.odd.Sum(window.S1h, e.Time)
	severity := pipeline.SeverityMedium
	if n >= manyLost {
		severity = pipeline.SeverityHigh
	}
	r.Find(pipeline.Finding{
		Key: source(st.id), Until: e.Time, Since: e.Time, Severity: severity,
		Summary:  "%s: at least " + strconv.FormatUint(uint64(n), 10) + " lines are lost" + because(e.Fact.Reason),
		Measure:  pipeline.Measure{Name: "lost_lines", Value: float64(n), Window: "1h"},
		Evidence: pipeline.Proof{Window: uint64(n), Seen: st.odd.Seen()},
	})
}
