package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline/source"
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
	s := newService(r, c, stateDir(r.State, cfg))
	defer s.close()
	return s.run(c.ctx, cfg, inputs)
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
