package engine

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// nobody is the Identifier of an engine that was given none: it knows no one.
type nobody struct{}

func (nobody) Enrich(*pipeline.Event) {}
func (nobody) Level(*pipeline.Finding, pipeline.Time) pipeline.Attribution {
	return pipeline.Claimed
}
func (nobody) Advance(pipeline.Time)           {}
func (nobody) Due(pipeline.Time) pipeline.Time { return 0 }
func (nobody) Snapshot(io.Writer) error        { return nil }
func (nobody) Restore(io.Reader) error         { return nil }
