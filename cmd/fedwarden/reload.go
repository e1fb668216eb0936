package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A refusal is why a configuration did not take effect.
type refusal struct {
	at  time.Time
	err error
}

// reload makes the configuration as it stands now take effect. If it can't, the old one stays in effect,
// and all that is wrong is said. Either way file sinks are opened anew, for whoever rotates them.
//
// Everything that can be refused is tried beside the session that runs. Then that one saves, and yields; if
// it can't save, it goes on. The next one goes on from the checkpoint, so windows, open alerts, the outbox
// and counts are as they were, and lines that come meanwhile wait in their files.
func (s *service) reload(ctx context.Context, over <-chan error) <-chan error {
	s.systemd.reloading()
	next, err := s.reread()
	if err == nil {
		over, err = s.replace(ctx, over, next)
	}
	if err != nil {
		s.reopen()
	}
	s.noteReload(err)
	s.systemd.ready()
	return over
}

// reread prepares the session of the configuration as it stands now.
func (s *service) reread() (*session, error) {
	cfg, err := loadConfig(s.command.Config)
	if err != nil {
		return nil, err
	}
	inputs, err := cfg.liveInputs(s.console.ctx, s.command.Inputs, s.log)
	if err != nil {
		return nil, err
	}
	next, err := s.prepare(cfg, inputs)
	if err != nil {
		return nil, err
	}
	if dir := stateDir(s.command.State, cfg); dir != s.dir {
		text := fmt.Sprintf("the state directory stays %s until a restart; the configuration has %s", s.dir, dir)
		s.log.Warn(text)
		next.notices = append(next.notices, text)
	}
	return next, nil
}

// replace makes next run instead of the session that does. After an error the one before runs, or a new one
// of its configuration; only if there can be neither, what is returned is over.
func (s *service) replace(ctx context.Context, over <-chan error, next *session) (<-chan error, error) {
	back, err := s.web.move(next.cfg.Listen)
	if err != nil {
		next.discard()
		return over, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.current.Load().runner.Yield(ctx); err != nil {
		back()
		next.discard()
		return over, fmt.Errorf("save the state first: %w", err)
	}
	<-over
	was := s.retire()
	if err = s.begin(next); err == nil {
		return s.launch(ctx), nil
	}
	back()
	next.discard()
	return s.revive(ctx, was), err
}

// retire puts in place of the session that is over what is left of it. Its engine is let go of before there
// is another: there is memory for one.
func (s *service) retire() *session {
	n := s.current.Load()
	n.closeFiles()
	left := &session{cfg: n.cfg, inputs: n.inputs, notices: n.notices, last: n.status()}
	s.current.Store(left)
	return left
}

// revive runs another session like the one that was before.
func (s *service) revive(ctx context.Context, was *session) <-chan error {
	again, err := s.prepare(was.cfg, was.inputs)
	if err == nil {
		err = s.begin(again)
	}
	if err == nil {
		return s.launch(ctx)
	}
	over := make(chan error, 1)
	over <- fmt.Errorf("go on with the configuration before: %w", err)
	return over
}

// noteReload says what came of a reload.
func (s *service) noteReload(err error) {
	now := time.Now()
	s.metrics.Configured(now, err == nil)
	if err == nil {
		s.refused.Store(nil)
		s.log.Info("configuration reloaded", "listen", s.current.Load().cfg.Listen)
		return
	}
	s.refused.Store(&refusal{now, err})
	for _, mistake := range mistakes(err) {
		s.log.Error("configuration not reloaded; the old one stays in effect", "err", mistake)
	}
}

// mistakes returns the errors that are joined in err.
func mistakes(err error) []error {
	if usage, ok := err.(usageError); ok {
		err = usage.error
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

// String says in one line when and why; without the excerpts, which are in the log.
func (r *refusal) String() string {
	var list []string
	for _, mistake := range mistakes(r.err) {
		line, _, _ := strings.Cut(mistake.Error(), "\n")
		list = append(list, line)
	}
	return fmt.Sprintf("the configuration was not reloaded at %s, the old one is in effect: %s", r.at.UTC().Format(time.RFC3339), strings.Join(list, "; "))
}
