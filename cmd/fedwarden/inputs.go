package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/source"
	"github.com/fedwarden/fedwarden/pipeline/source/discover"
)

// liveInputs returns what run follows: what the command line names, else what the configuration does, else
// what is found on this machine.
func (c *Config) liveInputs(ctx context.Context, args []string, log *slog.Logger) ([]InputConfig, error) {
	inputs := c.Inputs
	if len(args) > 0 {
		var err error
		if inputs, err = c.named(args); err != nil {
			return nil, usageError{err}
		}
	}
	if len(inputs) == 0 {
		return c.found(ctx, log)
	}
	var errs []error
	for i := range inputs {
		errs = append(errs, inputs[i].followable())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, usageError{err}
	}
	return inputs, nil
}

// named returns the inputs of the command line, each with what the configuration says of the same path.
func (c *Config) named(args []string) ([]InputConfig, error) {
	var list []InputConfig
	for _, arg := range args {
		in, err := source.ParseInput(arg)
		if err != nil {
			return nil, err
		}
		one := InputConfig{Path: in.Path}
		for _, known := range c.Inputs {
			if known.Path == in.Path {
				one = known
			}
		}
		if in.Format != pipeline.FormatUnknown {
			one.Format = in.Format.String()
		}
		list = append(list, one)
	}
	return list, nil
}

// followable reports why a path is nothing that can be followed. One that is not there yet is waited for.
func (in *InputConfig) followable() error {
	switch {
	case in.Path == source.Stdin:
		return errors.New("input -: run follows files; replay reads standard input")
	case in.Path == "":
		return nil
	}
	if info, err := os.Stat(in.Path); err == nil && info.IsDir() {
		return fmt.Errorf("input %s: is a directory; name its files, as in %s/*.log", in.Path, in.Path)
	}
	return nil
}

// isGlob reports whether the path is a pattern, not a file with odd characters in its name.
func (in *InputConfig) isGlob() bool {
	_, err := os.Stat(in.Path)
	return err != nil && strings.ContainsAny(in.Path, "*?[")
}

// found looks for logs on this machine, and says what it finds, what it can't read and what would mend that.
func (c *Config) found(ctx context.Context, log *slog.Logger) ([]InputConfig, error) {
	f := discover.Find(ctx, discover.Options{Root: "/", Now: pipeline.TimeOf(time.Now())})
	for _, p := range f.Problems {
		log.Warn("can't be read", "input", p.Subject, "reason", p.Reason, "mend", p.Mend)
	}
	for _, w := range f.Warnings {
		log.Warn(w.Text, "input", w.Subject, "mend", w.Mend)
	}
	if !f.Readable() {
		return nil, usageError{errors.New("no input: no log was found that can be read (`fedwarden detect` says why); name log files, or set `inputs` in the configuration")}
	}
	list := inputsOf(f)
	for i := range list {
		log.Info("input found", "input", list[i].String())
	}
	return list, nil
}

// inputsOf returns the inputs that read all that was found.
func inputsOf(f *discover.Found) []InputConfig {
	var list []InputConfig
	for _, x := range f.Files {
		list = append(list, InputConfig{Path: x.Path, Format: formatName(x.Format), LogFormat: x.LogFormat,
			Lateness: Duration(x.Lateness), Timezone: x.Timezone})
	}
	if len(f.Units) > 0 {
		list = append(list, InputConfig{Journald: source.DefaultUnits(), Directory: f.Journal})
	}
	if len(f.Containers) > 0 {
		list = append(list, InputConfig{Docker: f.Docker})
	}
	return list
}

func formatName(f pipeline.Format) string {
	if f == pipeline.FormatUnknown {
		return ""
	}
	return f.String()
}

// String names the input for people.
func (in *InputConfig) String() string {
	switch {
	case len(in.Journald) > 0:
		return "journal: " + strings.Join(in.Journald, ", ")
	case in.Docker != "":
		return "containers: " + in.Docker
	case in.DockerSocket != "":
		return "containers: " + in.DockerSocket
	case in.Kafka != nil:
		return "kafka: " + strings.Join(in.Kafka.Topics, ", ")
	}
	return in.Path
}
