package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

type stateCommand struct {
	Config string `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State  string `help:"State directory." type:"path" placeholder:"DIR"`
	Output string `help:"text or json." enum:"text,json" default:"text"`
}

// A stateReport is what `state` shows.
type stateReport struct {
	Running     bool           `json:"running"`
	Time        pipeline.Stamp `json:"time"` // event time that was reached
	SavedAt     *time.Time     `json:"saved_at"`
	Streams     []streamReport `json:"streams"`
	Keys        int            `json:"keys"`
	MemoryBytes uint64         `json:"memory_bytes"` // resident, of a running process
	MemoryLimit int64          `json:"memory_limit"`
	StateBytes  int64          `json:"state_bytes"`
	OpenAlerts  int            `json:"open_alerts"`
	Outbox      int            `json:"outbox"`
	Notes       []string       `json:"notes"` // what is not well
}

// A streamReport is what is known of one stream since it was first seen.
type streamReport struct {
	Stream   pipeline.StreamID `json:"stream"`
	Position string            `json:"position"`
	Lines    uint64            `json:"lines"`
	Events   uint64            `json:"events"`
	Skipped  uint64            `json:"skipped"`
	Rejected uint64            `json:"rejected"`
	Late     uint64            `json:"late"`
	Lost     uint64            `json:"lost"`
	Last     pipeline.Stamp    `json:"last"`
}

// Run shows the state.
func (s *stateCommand) Run(c *console) error {
	a, done, err := whoKnows(c, s.Config, s.State)
	if err != nil {
		return err
	}
	defer done()
	report, err := a.State(c.ctx)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if s.Output == "json" {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	return report.print(c.out)
}

func reportStreams(marks []pipeline.StreamMark, position func(pipeline.Cursor) string) []streamReport {
	list := make([]streamReport, 0, len(marks))
	for _, m := range marks {
		list = append(list, streamReport{
			Stream: m.Stream, Position: position(m.Cursor), Lines: m.Lines, Events: m.Events, Skipped: m.Skipped,
			Rejected: m.Rejected, Late: m.Late, Lost: m.Lost, Last: pipeline.Stamp{Time: m.Last},
		})
	}
	return list
}

func (r *stateReport) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STREAM\tPOSITION\tLINES\tEVENTS\tSKIPPED\tREJECTED\tLATE\tLOST\tLAST EVENT")
	for _, s := range r.Streams {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", s.Stream, s.Position, s.Lines, s.Events, s.Skipped, s.Rejected, s.Late, s.Lost, s.Last)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	running := "not running"
	if r.Running {
		running = fmt.Sprintf("running, %s of %s resident", megabytes(int64(r.MemoryBytes)), megabytes(r.MemoryLimit))
	}
	saved := "never saved"
	if r.SavedAt != nil {
		saved = "saved " + r.SavedAt.UTC().Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(w, "%s; %s; time %s; %d keys; %d open alerts; %d deliveries waiting\n",
		running, saved, r.Time, r.Keys, r.OpenAlerts, r.Outbox)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	return err
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
