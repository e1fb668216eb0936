package main

import (
	"context"
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

// whoKnows returns the run that holds the state directory, or the directory when none runs, and what must
// be called when it is no longer needed.
func whoKnows(c *console, config, state string) (asked, func(), error) {
	cfg, err := loadConfig(config)
	if err != nil {
		return nil, nil, usageError{err}
	}
	dir := stateDir(state, cfg)
	if client, err := dialControl(c.ctx, dir); err == nil {
		return client, func() {}, nil
	}
	store, err := openReadOnly(dir)
	if err != nil {
		return nil, nil, err
	}
	return &directory{store: store, cfg: cfg}, func() { store.Close() }, nil
}

func openReadOnly(dir string) (*checkpoint.Store, error) {
	return checkpoint.Open(dir, checkpoint.Options{ReadOnly: true})
}

// A directory answers for a run that is over.
type directory struct {
	store *checkpoint.Store
	cfg   *Config
}

// State reads the newest checkpoint.
func (d *directory) State(context.Context) (*stateReport, error) {
	cp, notices, err := d.store.Load()
	if err != nil {
		return nil, err
	}
	report := &stateReport{MemoryLimit: int64(d.cfg.Memory)}
	for _, n := range notices {
		report.Notes = append(report.Notes, n.String())
	}
	info := d.store.Info()
	report.StateBytes, report.Outbox = info.FileBytes, info.Outbox
	if cp == nil {
		return report, nil
	}
	report.SavedAt = &info.Saved
	e, keys := newEngine(d.cfg, cp.Secret)
	report.Notes = append(report.Notes, restoreParts(e, cp.Parts)...)
	e.SetMarks(cp.Streams)
	fillReport(report, e, keys)
	return report, nil
}

// fillReport adds what the engine knows.
func fillReport(r *stateReport, e *engine.Engine, keys func() int) {
	r.Time = pipeline.Stamp{Time: e.Now().Floor()}
	r.Streams = reportStreams(e.Marks(), source.Position)
	r.Keys = keys()
	r.OpenAlerts = len(e.Open())
}

// restoreParts gives the engine its parts; what can't be read starts empty and is said.
func restoreParts(e *engine.Engine, parts []pipeline.Part) []string {
	var notes []string
	for _, p := range parts {
		if p.Name == notifyPart {
			continue
		}
		if err := e.RestorePart(p); err != nil {
			notes = append(notes, fmt.Sprintf("%s starts empty: %v", p.Name, err))
		}
	}
	return notes
}

// notifyPart is the name of the notifier's snapshot.
const notifyPart = "notify"

// Alerts reads the history.
func (d *directory) Alerts(_ context.Context, q alertQuery) ([]episode, error) {
	return d.store.History(q.Query)
}

// Alert reads one episode.
func (d *directory) Alert(_ context.Context, id string) (*episode, error) {
	ep, err := d.store.Episode(id)
	return &ep, err
}
