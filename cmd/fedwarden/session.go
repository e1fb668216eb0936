package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/notify"
	"github.com/fedwarden/fedwarden/pipeline/runner"
	"github.com/fedwarden/fedwarden/sinks"
)

// A session is one configuration in effect: what it names, and the runner that was made of it. Each reload
// makes a new one.
type session struct {
	cfg    *Config
	inputs []InputConfig
	sinks  []pipeline.Sink
	routes []notify.Route
	files  []*sinks.File // those of sinks that are files
	following
	later   chan pipeline.Source // what the finders find; nil: there are none
	keys    func() int
	notices []string

	runner *runner.Runner // nil while one session yields to the next
	last   runner.Status  // how the run before stood, then
}

// prepare makes everything of cfg that can be refused, beside the session that runs: a source reads nothing
// before its runner does.
func (s *service) prepare(cfg *Config, inputs []InputConfig) (*session, error) {
	next := &session{cfg: cfg, inputs: inputs}
	if err := next.openSinks(s.console); err != nil {
		next.discard()
		return nil, err
	}
	next.following = following{log: s.log, config: cfg, past: s.past(cfg), identity: s.identity(), haste: s.console.haste}
	if err := next.openAll(inputs); err != nil {
		next.discard()
		return nil, err
	}
	if len(next.finders) > 0 {
		next.later = make(chan pipeline.Source)
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

// gcPercent is half of what Go has: what is kept by key holds no pointers, so that collecting twice as often costs
// little, and a small server's process stays small.
const gcPercent = 50

// begin makes the runner of n, which goes on from the checkpoint, and n the session that all ask.
func (s *service) begin(n *session) error {
	if s.loaded == nil {
		if err := s.load(); err != nil {
			return err
		}
	}
	cp := s.loaded
	n.notices = append(n.notices, s.damage...)
	s.loaded, s.damage = nil, nil
	debug.SetMemoryLimit(int64(n.cfg.Memory) / 10 * 8)
	debug.SetGCPercent(gcPercent)
	e, keys := newEngine(n.cfg, s.store.Secret(), s.console.quicken)
	n.keys = keys
	anew := func() *engine.Engine {
		e, n.keys = newEngine(n.cfg, s.store.Secret(), s.console.quicken)
		return e
	}
	s.metrics.Renew()
	var err error
	n.runner, err = runner.New(runner.Config{
		Engine: e, Sources: n.sources, Found: n.later, Anew: anew, Vital: isVital, Sinks: n.sinks, Store: s.store, Restored: cp,
		Notifier: notify.New(notify.Config{Routes: n.routes, HistoryUntil: pipeline.TimeOf(time.Now())}),
		Grace:    n.cfg.Grace.std(), Log: s.log, Metrics: s.metrics, Keys: func() int { return n.keys() },
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
	n.following.close()
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
