package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
	"github.com/fedwarden/fedwarden/pipeline/runner"
)

// A service is what lives as long as the process: the state directory, the listeners, the metrics, and one
// session after another.
type service struct {
	command *runCommand // what the command line says wins over each configuration
	console *console
	dir     string
	log     *slog.Logger
	metrics *runner.Metrics
	systemd *supervisor
	hangup  chan os.Signal
	store   *checkpoint.Store
	web     *web
	start   time.Time
	loaded  *pipeline.Checkpoint // what the first session goes on from, until it does
	damage  []string             // what of it could not be read

	turn    sync.RWMutex // held to write while one session yields to the next
	current atomic.Pointer[session]
	refused atomic.Pointer[refusal] // of the last reload; nil: it took effect
}

func newService(command *runCommand, c *console, dir string) *service {
	s := &service{
		command: command, console: c, dir: dir, start: time.Now(),
		log:     slog.New(slog.NewTextHandler(c.err, nil)),
		metrics: runner.NewMetrics(runner.Build{Version: buildVersion()}),
		hangup:  make(chan os.Signal, 1),
	}
	s.systemd = newSupervisor(os.Getenv, s.log)
	s.web = &web{handler: probeHandler(s)}
	signal.Notify(s.hangup, syscall.SIGHUP) // before there is a file that somebody could rotate
	return s
}

// close lets go of everything, in the reverse order.
func (s *service) close() {
	signal.Stop(s.hangup)
	s.web.close()
	if s.store != nil {
		s.store.Close()
	}
}

// run opens everything and runs one session after another until ctx ends.
func (s *service) run(ctx context.Context, cfg *Config) error {
	inputs, err := cfg.liveInputs(ctx, s.command.Inputs, s.log)
	if err != nil {
		return err
	}
	if s.store, err = checkpoint.Open(s.dir, checkpoint.Options{Timeout: time.Second}); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	first, err := s.prepare(cfg, inputs)
	if err != nil {
		return err
	}
	if err := s.begin(first); err != nil {
		first.discard()
		return err
	}
	control, err := listenControl(s.dir, s)
	if err != nil {
		return err
	}
	defer control.Close()
	if _, err := s.web.move(cfg.Listen); err != nil {
		return err
	}
	s.metrics.Configured(s.start, true)
	s.log.Info("started", "version", buildVersion(), "state", s.dir, "listen", cfg.Listen)
	err = s.loop(ctx)
	s.log.Info("stopped")
	return err
}

// load reads the checkpoint that the process begins with.
func (s *service) load() error {
	cp, notices, err := s.store.Load()
	if err != nil {
		return err
	}
	for _, notice := range notices {
		s.log.Warn("state directory", "notice", notice.String())
		s.damage = append(s.damage, notice.String())
	}
	s.loaded = cp
	if cp == nil {
		s.loaded = &pipeline.Checkpoint{}
	}
	return nil
}

// loop runs sessions, and tells systemd, until ctx ends.
func (s *service) loop(ctx context.Context) error {
	defer context.AfterFunc(ctx, s.systemd.stopping)()
	over := s.launch(ctx)
	attending, stop := context.WithCancel(ctx)
	defer stop()
	rate := &rate{}
	s.systemd.ready()
	go s.systemd.attend(attending, func() string { return s.line(rate) }, s.round)
	for {
		select {
		case err := <-over:
			return err
		case <-s.hangup:
			over = s.reload(ctx, over)
		}
	}
}

// launch runs the current session; what comes of it is sent when it is over.
func (s *service) launch(ctx context.Context) <-chan error {
	over := make(chan error, 1)
	n := s.current.Load()
	reading, refuse := context.WithCancelCause(ctx)
	stop := n.following.begin(ctx, n.later, func(err error) { refuse(err) })
	go func() {
		err := n.runner.Run(reading)
		stop()
		if cause := context.Cause(reading); err == nil && ctx.Err() == nil && cause != nil {
			err = cause
		}
		refuse(nil)
		over <- err
	}()
	return over
}
