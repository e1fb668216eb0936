package source

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A SocketConfig says which containers' logs to follow over which socket. Socket is needed.
type SocketConfig struct {
	Socket   string   // a path, or the tcp:// or http:// address of a proxy to it
	Services []string // patterns of compose services; empty: DefaultServices, unless Names are given
	Names    []string // patterns of containers' names, for those that no compose file made
	Projects []string // patterns of compose projects; empty: every one
	Reading  SocketLogConfig

	Most  int              // logs that are followed at once; zero is 256
	Every time.Duration    // between two looks for new containers; zero is 2 s
	Ticks <-chan time.Time // tells when to look, instead of Every
	Log   *slog.Logger     // nil is silent
}

// A Socket finds the containers that Docker's daemon knows, each once, and reads their logs.
type Socket struct {
	cfg     SocketConfig
	api     *dockerAPI
	want    Containers // which are ours
	logs    map[string]*SocketLog
	trouble string
	full    bool // it was said that there are too many
}

// NewSocket returns a Socket that has found nothing yet. It asks nothing, so that there is no daemon is no error.
func NewSocket(cfg SocketConfig) (*Socket, error) {
	api, err := newDockerAPI(cfg.Socket)
	if err != nil {
		return nil, err
	}
	if len(cfg.Services) == 0 && len(cfg.Names) == 0 {
		cfg.Services = DefaultServices()
	}
	for _, list := range [][]string{cfg.Services, cfg.Names, cfg.Projects} {
		for _, p := range list {
			if _, err := path.Match(p, ""); err != nil || p == "" {
				return nil, fmt.Errorf("docker %s: %q is no pattern", cfg.Socket, p)
			}
		}
	}
	if cfg.Most <= 0 {
		cfg.Most = defaultMost
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Every = orDefault(cfg.Every, defaultEvery)
	want := Containers{cfg: DockerConfig{Services: cfg.Services, Names: cfg.Names, Projects: cfg.Projects}}
	return &Socket{cfg: cfg, api: api, want: want, logs: map[string]*SocketLog{}}, nil
}

// Check reports why the daemon can't be asked, and what mends it.
func (s *Socket) Check(ctx context.Context) error {
	_, err := s.api.list(ctx)
	return err
}

// Next returns the logs of the containers that have come since the last call. What keeps the daemon from being
// asked is logged once; Check says it, too.
func (s *Socket) Next(ctx context.Context) []*SocketLog {
	list, err := s.api.list(ctx)
	s.tell(ctx, err)
	for id, log := range s.logs {
		if log.over.Load() {
			delete(s.logs, id)
		}
	}
	var found []*SocketLog
	for _, c := range list {
		if s.logs[c.ID] != nil || !s.want.wants(c) || s.isFull() {
			continue
		}
		log, err := newSocketLog(s.api, c, s.cfg.Reading)
		if err != nil {
			s.cfg.Log.Warn("log can't be followed", "err", err)
			continue
		}
		s.cfg.Log.Info("log was found", "stream", log.name)
		s.logs[c.ID] = log
		found = append(found, log)
	}
	return found
}

func (s *Socket) isFull() bool {
	full := len(s.logs) >= s.cfg.Most
	if full && !s.full {
		s.cfg.Log.Warn("too many logs: what else matches is not followed", "logs", len(s.logs))
	}
	s.full = full
	return full
}

func (s *Socket) tell(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	if err != nil && text != s.trouble {
		s.cfg.Log.Warn("containers can't be read", "err", err)
	}
	s.trouble = text
}

// Watch sends the log of each container that comes, until ctx ends. One that is made anew has another id, and so
// another stream.
func (s *Socket) Watch(ctx context.Context, found chan<- pipeline.Source) error {
	ticks := s.cfg.Ticks
	if ticks == nil {
		ticker := time.NewTicker(s.cfg.Every)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		for _, log := range s.Next(ctx) {
			select {
			case found <- log:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
