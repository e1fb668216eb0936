package runner

import (
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// backfillAfter is how far a transition may lie in the past before whoever is told should know that it does.
const backfillAfter = 2 * time.Minute

// markBackfill says of alerts that they come from a backlog: their times are real, only the telling is late.
func (r *Runner) markBackfill(alerts []pipeline.Alert) {
	now := pipeline.TimeOf(r.now())
	for i := range alerts {
		a := &alerts[i]
		if now.Sub(a.At.Time) < backfillAfter || slices.Contains(a.Context, pipeline.ContextBackfill) {
			continue
		}
		a.Context = append(slices.Clone(a.Context), pipeline.ContextBackfill)
	}
}
