package health

import (
	"encoding/binary"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// LogMismatchSpec documents log_mismatch.
var LogMismatchSpec = pipeline.Spec{
	Name: "log_mismatch", Title: "The logs disagree", Threat: pipeline.ThreatHealth, Space: pipeline.SpaceInstance, Quiet: 60,
	Kinds:      []pipeline.Kind{}, // signals and facts only
	Sees:       "Which log is the witness of domain and actor counters: Rails while it shows at least 90 % of the deliveries that nginx shows as accepted, else nginx.",
	Matters:    "When the witness changes, attribution changes with it: key ids come with Rails, addresses with nginx.",
	Lookalikes: "A start or a deploy: it settles within a minute or two.",
	Do:         []string{"If it goes to and fro, look whether one of the logs loses lines (journald's rate limit does)."},
	Defaults:   "each change; low",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.logs", Undo: "nothing to undo", Text: "Check that neither log loses lines: `fedwarden state`."},
	},
}

// LogMismatch reports each change of the witness.
type LogMismatch struct {
	witness *window.Witness
	told    uint64
}

// NewLogMismatch watches the witness.
func NewLogMismatch(w *window.Witness) *LogMismatch { return &LogMismatch{witness: w} }

// Observe does nothing: the witness changes on ticks, and is told of on the tick after.
func (d *LogMismatch) Observe(*pipeline.Event, pipeline.Report) {}

// Advance reports a change since it last looked.
func (d *LogMismatch) Advance(now pipeline.Time, r pipeline.Report) {
	if d.witness.Changes() == d.told {
		return
	}
	d.told = d.witness.Changes()
	who := "nginx's log"
	if d.witness.ByRails() {
		who = "Rails' log"
	}
	r.Find(pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityInstance}, Until: now + pipeline.Second, Since: now,
		Severity: pipeline.SeverityLow,
		Summary:  "Domain and actor counts of %s come from " + who + " from now on",
		Measure:  pipeline.Measure{Name: "changes", Value: float64(d.told), Threshold: 1, Window: "1m"},
		Evidence: pipeline.Proof{Window: 1, Seen: d.told},
	})
}

// Due returns the next second when a change is untold.
func (d *LogMismatch) Due(now pipeline.Time) pipeline.Time {
	if d.witness.Changes() != d.told {
		return now + pipeline.Second
	}
	return 0
}

// Snapshot writes what was told.
func (d *LogMismatch) Snapshot(w io.Writer) error {
	return binary.Write(w, binary.LittleEndian, d.told)
}

// Restore reads what Snapshot wrote.
func (d *LogMismatch) Restore(r io.Reader) error {
	return binary.Read(r, binary.LittleEndian, &d.told)
}
