package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/notify"
	"github.com/fedwarden/fedwarden/pipeline/runner"
	"github.com/fedwarden/fedwarden/pipeline/source"
	"github.com/fedwarden/fedwarden/sinks"
)

type runCommand struct {
	Config string   `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State  string   `help:"State directory." type:"path" placeholder:"DIR"`
	Inputs []string `arg:"" optional:"" name:"input" help:"Log files to follow: a path, a glob, or nginx:PATH, rails:PATH, sidekiq:PATH; else those of the configuration."`
}

// Run follows the inputs until the console's context ends.
func (r *runCommand) Run(c *console) error {
	cfg, err := loadConfig(r.Config)
	if err != nil {
		return usageError{err}
	}
	inputs, err := cfg.liveInputs(r.Inputs)
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(int64(cfg.Memory) / 10 * 8)
	store, err := checkpoint.Open(stateDir(r.State, cfg), checkpoint.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	defer store.Close()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before there is a file that somebody could rotate
	defer signal.Stop(hangup)
	s := &session{cfg: cfg, console: c, store: store, hangup: hangup, log: slog.New(slog.NewTextHandler(c.err, nil))}
	if err := s.build(inputs); err != nil {
		return err
	}
	return s.run(stateDir(r.State, cfg))
}

// liveInputs returns the files to follow. A file that is not there yet is waited for; a glob must match.
func (c *Config) liveInputs(args []string) ([]source.Input, error) {
	inputs, err := c.inputs(args)
	if err != nil {
		return nil, err
	}
	var list []source.Input
	var errs []error
	for _, in := range inputs {
		if in.Stdin() {
			errs = append(errs, errors.New("input -: run follows files; replay reads standard input"))
			continue
		}
		if info, err := os.Stat(in.Path); err == nil && info.IsDir() {
			errs = append(errs, fmt.Errorf("input %s: is a directory; name its files, as in %s/*.log", in.Path, in.Path))
			continue
		}
		if _, err := os.Stat(in.Path); err == nil || !strings.ContainsAny(in.Path, "*?[") {
			list = append(list, in)
			continue
		}
		files, err := source.Expand([]source.Input{in})
		errs = append(errs, err)
		list = append(list, files...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, usageError{err}
	}
	return list, nil
}

// A session is one run.
type session struct {
	cfg     *Config
	console *console
	store   *checkpoint.Store
	log     *slog.Logger
	runner  *runner.Runner
	metrics *runner.Metrics
	keys    func() int
	files   []*sinks.File
	hangup  <-chan os.Signal
	notices []string
}

// build makes the runner, going on from the checkpoint.
func (s *session) build(inputs []source.Input) error {
	cp, notices, err := s.store.Load()
	if err != nil {
		return err
	}
	for _, n := range notices {
		s.log.Warn("state directory", "notice", n.String())
		s.notices = append(s.notices, n.String())
	}
	e, keys := newEngine(s.cfg, s.store.Secret())
	s.keys = keys
	list, routes, err := s.sinks()
	if err != nil {
		return err
	}
	sources, err := s.sources(inputs)
	if err != nil {
		return err
	}
	s.metrics = runner.NewMetrics(runner.Build{Version: buildVersion()})
	s.runner, err = runner.New(runner.Config{
		Engine: e, Sources: sources, Sinks: list, Store: s.store, Restored: cp,
		Notifier: notify.New(notify.Config{Routes: routes, HistoryUntil: pipeline.TimeOf(time.Now())}),
		Grace:    s.cfg.Grace.std(), Log: s.log, Metrics: s.metrics, Keys: keys,
		StateBytes: func() int64 { return s.store.Info().StoredBytes },
	})
	return err
}

// sinks returns the configured sinks, or standard output if there are none.
func (s *session) sinks() ([]pipeline.Sink, []notify.Route, error) {
	if s.cfg.Sinks == (SinksConfig{}) {
		s.cfg.Sinks.Stdout = &StdoutConfig{}
	}
	list, routes, err := newSinks(s.cfg, s.console)
	if err != nil {
		return nil, nil, usageError{err}
	}
	for _, sink := range list {
		file, ok := sink.(*sinks.File)
		if !ok {
			continue
		}
		if err := file.Reopen(); err != nil {
			return nil, nil, fmt.Errorf("sinks.file: %w", err)
		}
		s.files = append(s.files, file)
	}
	return list, routes, nil
}

func (s *session) sources(inputs []source.Input) ([]pipeline.Source, error) {
	var list []pipeline.Source
	for _, in := range inputs {
		tail, err := source.NewTail(source.TailConfig{Path: in.Path, Format: in.Format, Parse: *in.Parse, Lateness: in.Lateness, Log: s.log})
		if err != nil {
			return nil, usageError{fmt.Errorf("input %s: %w", in.Path, err)}
		}
		list = append(list, tail)
	}
	return list, nil
}

// run serves and runs until the context ends.
func (s *session) run(dir string) error {
	ctx, cancel := context.WithCancel(s.console.ctx)
	defer cancel()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	if err := listenControl(serving, dir, s); err != nil {
		return err
	}
	if err := listenHTTP(serving, s.cfg.Listen, s); err != nil {
		return err
	}
	s.onHangup(ctx)
	s.log.Info("started", "version", buildVersion(), "state", dir, "listen", s.cfg.Listen)
	err := s.runner.Run(ctx)
	s.log.Info("stopped")
	return err
}

// onHangup opens file sinks again, for whoever rotates them.
func (s *session) onHangup(ctx context.Context) {
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.hangup:
				s.reopen()
			}
		}
	}()
}

func (s *session) reopen() {
	for _, f := range s.files {
		if err := f.Reopen(); err != nil {
			s.log.Error("reopen", "sink", f.Name(), "err", err)
		}
	}
}

// staleAfter is how old a status may be before the loop counts as stuck: it is renewed every second.
const staleAfter = 60 * time.Second

// Healthy implements probe.
func (s *session) Healthy() error {
	if age := time.Since(s.runner.Status().At); age > staleAfter {
		return fmt.Errorf("the loop has not come round for %s", age.Round(time.Second))
	}
	return nil
}

// Ready implements probe. Logs without a line yet are no reason to wait: on a quiet server they may stay so.
func (s *session) Ready() error {
	if err := s.Healthy(); err != nil {
		return err
	}
	st := s.runner.Status()
	for _, stream := range st.Streams {
		if stream.Err != "" {
			return fmt.Errorf("%s: %s", stream.Stream, stream.Err)
		}
	}
	for i := range st.Engine.Streams {
		if s := &st.Engine.Streams[i]; s.Lost {
			return fmt.Errorf("%s: can't be read", s.Stream)
		}
	}
	return nil
}

// WriteMetrics implements probe.
func (s *session) WriteMetrics(w io.Writer) {
	if err := s.metrics.WritePrometheus(w); err != nil {
		s.log.Warn("write metrics", "err", err)
	}
}

// State implements asked.
func (s *session) State(ctx context.Context) (*stateReport, error) {
	report := &stateReport{Running: true, MemoryLimit: int64(s.cfg.Memory)}
	err := s.runner.Do(ctx, func(e *engine.Engine) { fillReport(report, e, s.keys) })
	if err != nil {
		return nil, err
	}
	st, info := s.runner.Status(), s.store.Info()
	report.Outbox, report.StateBytes = st.Outbox, info.FileBytes
	if info.Generation > 0 {
		report.SavedAt = &info.Saved
	}
	if n, err := runner.ResidentBytes(); err == nil {
		report.MemoryBytes = n
	}
	report.Notes = append(append([]string{}, s.notices...), notes(&st)...)
	return report, nil
}

// Alerts implements asked.
func (s *session) Alerts(_ context.Context, q alertQuery) ([]episode, error) {
	return s.store.History(q.Query)
}

// Alert implements asked.
func (s *session) Alert(_ context.Context, id string) (*episode, error) {
	ep, err := s.store.Episode(id)
	return &ep, err
}

// notes says what of a run is not well.
func notes(st *runner.Status) []string {
	list := append([]string{}, st.Notices...)
	if st.Save.Err != "" {
		list = append(list, fmt.Sprintf("%d transitions are not saved: %s", st.Unsaved, st.Save.Err))
	}
	for _, sink := range st.Sinks {
		if sink.Err != "" {
			list = append(list, fmt.Sprintf("sink %s: %d waiting after %d failures: %s", sink.Name, sink.Queued, sink.Failures, sink.Err))
		}
	}
	for _, stream := range st.Streams {
		if stream.Err != "" {
			list = append(list, fmt.Sprintf("%s: %s", stream.Stream, stream.Err))
		}
	}
	return list
}
