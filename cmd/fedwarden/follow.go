package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
	"github.com/fedwarden/fedwarden/pipeline/source"
	"github.com/fedwarden/fedwarden/pipeline/source/kafka"
)

// A past is how much of what the logs hold is read first by a state that knows nothing yet.
type past struct {
	age   time.Duration // zero: nothing but the current files
	until time.Time     // what is left of it then is skipped
}

// A finder looks for sources that come later, until ctx ends.
type finder func(ctx context.Context, found chan<- pipeline.Source) error

// A following is what a session reads: what was there when it began, and who looks for more.
type following struct {
	sources  []pipeline.Source
	finders  []finder
	groups   []*kafka.Group
	log      *slog.Logger
	past     past
	config   *Config
	identity string // of the state, to other members of a Kafka group

	haste time.Duration // as the console has it
}

// open adds what reads one input. It starts nothing: the session before may still read the same.
func (f *following) open(in *InputConfig) error {
	switch {
	case len(in.Journald) > 0:
		return f.openJournald(in)
	case in.Docker != "":
		return f.openDocker(in)
	case in.DockerSocket != "":
		return f.openSocket(in)
	case in.Kafka != nil:
		return f.openKafka(in)
	case in.isGlob():
		return f.openGlob(in)
	}
	tail, err := source.NewTail(f.tail(in, in.Path))
	if err != nil {
		return err
	}
	f.sources = append(f.sources, tail)
	return nil
}

// tail returns how a file of the input is followed.
func (f *following) tail(in *InputConfig, path string) source.TailConfig {
	options := in.options(f.config.trusted())
	return source.TailConfig{Path: path, Format: options.Format, Parse: options, Lateness: in.Lateness.std(), Log: f.log,
		LostAfter: f.haste, History: f.past.age, HistoryUntil: f.past.until}
}

// later returns how a file that came later is followed: what rotation has made of it is no history of this run's.
func (f *following) later(in *InputConfig, path string) source.TailConfig {
	c := f.tail(in, path)
	c.History = 0
	return c
}

func (f *following) openGlob(in *InputConfig) error {
	glob, err := source.NewGlob(in.Path)
	if err != nil {
		return err
	}
	return f.watch(in, glob, func(_ string, base source.TailConfig) source.TailConfig {
		base.EndAfter = endAfter
		return base
	})
}

func (f *following) openDocker(in *InputConfig) error {
	containers, err := source.NewContainers(source.DockerConfig{Dir: in.Docker, Services: in.Services, Log: f.log})
	if err != nil {
		return err
	}
	return f.watch(in, containers, containers.TailConfig)
}

// socketPatience is how long the daemon may take to name its containers before the others are read.
const socketPatience = 3 * time.Second

// openSocket reads the containers that there are now, and those that will come. None is read from before the
// past that is wanted: one that is started again may be old.
func (f *following) openSocket(in *InputConfig) error {
	options := in.options(f.config.trusted())
	socket, err := source.NewSocket(source.SocketConfig{
		Socket: in.DockerSocket, Services: in.Services, Most: maxFound, Log: f.log,
		Reading: source.SocketLogConfig{Format: options.Format, Parse: options, Lateness: in.Lateness.std(),
			Begin: time.Now().Add(-f.past.age), Log: f.log},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), socketPatience)
	defer cancel()
	logs := socket.Next(ctx)
	for _, log := range logs {
		f.sources = append(f.sources, log)
	}
	if len(logs) == 0 {
		f.log.Warn("no log is there yet; it is looked for", "input", in.String())
	}
	f.finders = append(f.finders, socket.Watch)
	return nil
}

// watch follows the logs that a finder finds now, and those that it will.
func (f *following) watch(in *InputConfig, find source.Finder, how func(string, source.TailConfig) source.TailConfig) error {
	var tails []*source.Tail
	for _, path := range find.Next(maxFound) {
		tail, err := source.NewTail(how(path, f.tail(in, path)))
		if err != nil {
			return err
		}
		tails = append(tails, tail)
		f.sources = append(f.sources, tail)
	}
	if len(tails) == 0 {
		f.log.Warn("no log is there yet; it is looked for", "input", in.String())
	}
	f.finders = append(f.finders, func(ctx context.Context, found chan<- pipeline.Source) error {
		return source.Watch(ctx, source.WatchConfig{
			Find: find, Tails: tails, Log: f.log,
			Tail: func(path string) source.TailConfig { return how(path, f.later(in, path)) },
		}, found)
	})
	return nil
}

func (f *following) openJournald(in *InputConfig) error {
	options := in.options(f.config.trusted())
	j, err := source.NewJournald(source.JournaldConfig{
		Units: in.Journald, Directory: in.Directory, Lateness: in.Lateness.std(), LostAfter: f.haste, Log: f.log,
		Options: func(*parse.Record) parse.Options { return options },
		History: f.past.age, HistoryUntil: f.past.until,
	})
	if err != nil {
		return err
	}
	f.sources = append(f.sources, j)
	return nil
}

const (
	maxFound = 256       // logs that one input finds at the start
	endAfter = time.Hour // without its file, after which a log that a pattern has found ends
)

// openKafka joins a group. The group's own end ends the sources that it found later.
func (f *following) openKafka(in *InputConfig) error {
	c := in.kafkaConfig(f.config)
	c.Identity, c.Log = f.identity, f.log
	group, err := kafka.Open(context.Background(), c)
	if err != nil {
		return err
	}
	f.groups = append(f.groups, group)
	f.sources = append(f.sources, group.Sources()...)
	f.finders = append(f.finders, func(ctx context.Context, found chan<- pipeline.Source) error {
		return forward(ctx, group, found)
	})
	return nil
}

// forward hands on the partitions that a group finds. It ends with an error when the group is another's.
func forward(ctx context.Context, group *kafka.Group, found chan<- pipeline.Source) error {
	for {
		select {
		case s, ok := <-group.Found():
			if !ok {
				return nil
			}
			select {
			case found <- s:
			case <-ctx.Done():
				return ctx.Err()
			}
		case <-group.Refused():
			return refusedError{group.Err()}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A refusedError ends the run: what it would read is another's.
type refusedError struct{ error }

// begin lets the finders look, until stop is called. Refuse is called with why the run must not go on.
func (f *following) begin(ctx context.Context, found chan<- pipeline.Source, refuse func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var finders sync.WaitGroup
	for _, find := range f.finders {
		finders.Go(func() {
			err := find(ctx, found)
			var refused refusedError
			switch {
			case err == nil || errors.Is(err, context.Canceled):
			case errors.As(err, &refused):
				refuse(refused)
			default:
				f.log.Error("no further inputs are looked for", "err", err)
			}
		})
	}
	return func() {
		cancel()
		finders.Wait()
		f.leave()
	}
}

// leave leaves Kafka's groups, when nothing is read any more.
func (f *following) leave() {
	for _, g := range f.groups {
		if err := g.Close(); err != nil {
			f.log.Warn("leave", "err", err)
		}
	}
	f.groups = nil
}

// openAll adds what reads each input.
func (f *following) openAll(inputs []InputConfig) error {
	var errs []error
	for i := range inputs {
		if err := f.open(&inputs[i]); err != nil {
			errs = append(errs, fmt.Errorf("input %s: %w", inputs[i].String(), err))
		}
	}
	return errors.Join(errs...)
}

// close closes what was opened and never read.
func (f *following) close() {
	for _, s := range f.sources {
		s.Close() //nolint:errcheck // nothing was read
	}
	f.leave()
}
