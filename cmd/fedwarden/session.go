package main

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/notify"
	"github.com/fedwarden/fedwarden/pipeline/runner"
	"github.com/fedwarden/fedwarden/pipeline/source"
	"github.com/fedwarden/fedwarden/sinks"
)

// A session is one configuration in effect: what it names, and the runner that was made of it. Each reload
// makes a new one.
type session struct {
	cfg     *Config
	inputs  []source.Input
	sinks   []pipeline.Sink
	routes  []notify.Route
	files   []*sinks.File // those of sinks that are files
	sources []pipeline.Source
	keys    func() int
	notices []string

	runner *runner.Runner // nil while one session yields to the next
	last   runner.Status  // how the run before stood, then
}

// prepare makes everything of cfg that can be refused, beside the session that runs: a source reads nothing
// before its runner does.
func (s *service) prepare(cfg *Config, inputs []source.Input) (*session, error) {
	next := &session{cfg: cfg, inputs: inputs}
	if err := next.openSinks(s.console); err != nil {
		next.discard()
		return nil, err
	}
	if err := next.openSources(s.log); err != nil {
		next.discard()
		return nil, err
	}
	return next, nil
}

// openSinks makes the configured sinks, or standard output if there are none.
func (n *session) openSinks(c *console) (err error) {
	if n.cfg.Sinks == (SinksConfig{}) {
		n.cfg.Sinks.Stdout = &StdoutConfig{}
	}
	if n.sinks, n.routes, err = newSinks(n.cfg, c); err != nil {
		return usageError{err}
	}
	for _, sink := range n.sinks {
		file, ok := sink.(*sinks.File)
		if !ok {
			continue
		}
		if err := file.Reopen(); err != nil {
			return fmt.Errorf("sinks.file: %w", err)
		}
		n.files = append(n.files, file)
	}
	return nil
}

func (n *session) openSources(log *slog.Logger) error {
	for _, in := range n.inputs {
		tail, err := source.NewTail(source.TailConfig{Path: in.Path, Format: in.Format, Parse: *in.Parse, Lateness: in.Lateness, Log: log})
		if err != nil {
			return usageError{fmt.Errorf("input %s: %w", in.Path, err)}
		}
		n.sources = append(n.sources, tail)
	}
	return nil
}

// begin makes the runner of n, which goes on from the checkpoint, and n the session that all ask.
func (s *service) begin(n *session) error {
	cp, notices, err := s.store.Load()
	if err != nil {
		return err
	}
	for _, notice := range notices {
		s.log.Warn("state directory", "notice", notice.String())
		n.notices = append(n.notices, notice.String())
	}
	debug.SetMemoryLimit(int64(n.cfg.Memory) / 10 * 8)
	e, keys := newEngine(n.cfg, s.store.Secret())
	n.keys = keys
	s.metrics.Renew()
	n.runner, err = runner.New(runner.Config{
		Engine: e, Sources: n.sources, Sinks: n.sinks, Store: s.store, Restored: cp,
		Notifier: notify.New(notify.Config{Routes: n.routes, HistoryUntil: pipeline.TimeOf(time.Now())}),
		Grace:    n.cfg.Grace.std(), Log: s.log, Metrics: s.metrics, Keys: keys,
		StateBytes: func() int64 { return s.store.Info().StoredBytes },
	})
	if err != nil {
		return err
	}
	s.current.Store(n)
	return nil
}

// discard closes what a session that never ran has opened.
func (n *session) discard() {
	for _, source := range n.sources {
		source.Close() //nolint:errcheck // nothing was read
	}
	n.closeFiles()
}

func (n *session) closeFiles() {
	for _, f := range n.files {
		f.Close() //nolint:errcheck // every alert in it is on the disk
	}
}

// reopen opens file sinks again, for whoever rotates them.
func (s *service) reopen() {
	for _, f := range s.current.Load().files {
		if err := f.Reopen(); err != nil {
			s.log.Error("reopen", "sink", f.Name(), "err", err)
		}
	}
}

// status returns how n stands or, while it yields, how it stood.
func (n *session) status() runner.Status {
	if n.runner == nil {
		return n.last
	}
	return n.runner.Status()
}
