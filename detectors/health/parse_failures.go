package health

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// ParseFailuresSpec documents parse_failures.
var ParseFailuresSpec = pipeline.Spec{
	Name: "parse_failures", Title: "Lines that can't be read", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance,
	Sees:       "The share of each log's lines that are no record of a known format.",
	Matters:    "What can't be read is not watched: a changed log_format, or an attacker who breaks the lines.",
	Lookalikes: "A log_format that was just changed; a file that several programs write to.",
	Do: []string{
		"See why: `fedwarden explain FILE`.",
		"Name the format, or give the log_format, in the configuration.",
	},
	Defaults: "at least 1 % of at least 100 lines in 5 m; medium",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.format", Undo: "nothing to undo", Text: "Run `fedwarden explain` on %s, and name its format or log_format in the configuration."},
	},
}

const (
	minLines   = 100
	failurePer = 100 // one in so many lines
)

// ParseFailures reports a stream of which too many lines are rejected.
type ParseFailures struct{ streams }

// NewParseFailures returns a detector that knows no stream.
func NewParseFailures() *ParseFailures {
	return &ParseFailures{streams{scales: window.Of(window.S5m)}}
}

// Observe counts, and reports at a rejected line when they are too many.
func (d *ParseFailures) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind == pipeline.KindSignal || e.Kind == pipeline.KindStream {
		return
	}
	st := d.get(e.Stream, e.Time)
	st.all.Add(e.Time, max(1, e.Lines))
	if e.Kind != pipeline.KindRejected {
		return
	}
	st.odd.Add(e.Time, 1)
	n, all := st.odd.Sum(window.S5m, e.Time), st.all.Sum(window.S5m, e.Time)
	second := uint32(e.Time / pipeline.Second)
	if all < minLines || n*failurePer < all || st.state == second {
		return
	}
	st.state = second
	r.Find(pipeline.Finding{
		Key: source(st.id), Until: e.Time.Add(window.S5m.Length()), Since: max(e.Time.Add(-window.S5m.Length()), st.first),
		Severity: pipeline.SeverityMedium,
		Summary:  "%s: " + strconv.Itoa(int(n)) + " of " + strconv.Itoa(int(all)) + " lines can't be read" + why(e),
		Measure:  pipeline.Measure{Name: "rejected_lines", Value: float64(n), Threshold: float64(all) / failurePer, Window: "5m"},
		Evidence: pipeline.Proof{Window: uint64(n), Seen: st.odd.Seen(), Samples: []pipeline.Sample{e.AsSample()}},
	})
}

func why(e *pipeline.Event) string {
	if e.Error == "" {
		return ""
	}
	return ", last: " + e.Error
}
