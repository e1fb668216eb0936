package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/fedwarden/fedwarden/pipeline/source"
)

type checkCommand struct {
	Config string `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State  string `help:"State directory." type:"path" placeholder:"DIR"`
	Quiet  bool   `help:"Print mistakes only."`
}

// Run checks the configuration and that its inputs can be read, and prints what is in effect.
func (k *checkCommand) Run(c *console) error {
	cfg, err := loadConfig(k.Config)
	if err != nil {
		return usageError{err}
	}
	if err := checkInputs(cfg); err != nil {
		return usageError{err}
	}
	if cfg.Instance.Domain == "" {
		fmt.Fprintln(c.err, "fedwarden: note: instance.domain is not set: alerts will have no links to your server")
	}
	if cfg.Sinks == (SinksConfig{}) {
		fmt.Fprintln(c.err, "fedwarden: note: no sink is configured: run will print alerts to standard output")
	}
	if w := cfg.Sinks.Webhook; w != nil && len(w.Secrets) == 0 {
		fmt.Fprintln(c.err, "fedwarden: note: sinks.webhook has no secret: its deliveries will not be signed")
	}
	for _, note := range cfg.secretNotes(os.Getenv) {
		fmt.Fprintln(c.err, "fedwarden: note:", note)
	}
	if k.Quiet {
		return nil
	}
	cfg.State = stateDir(k.State, cfg)
	return printConfig(c, cfg)
}

func checkInputs(cfg *Config) error {
	var errs []error
	for i := range cfg.Inputs {
		if err := checkInput(cfg, &cfg.Inputs[i]); err != nil {
			errs = append(errs, fmt.Errorf("inputs[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// checkInput reports why an input can't be read. Of the journal `fedwarden detect` tells, and of Kafka
// `fedwarden kafka check`.
func checkInput(cfg *Config, in *InputConfig) error {
	switch {
	case in.Docker != "":
		containers, err := source.NewContainers(source.DockerConfig{Dir: in.Docker, Services: in.Services})
		if err != nil {
			return err
		}
		return containers.Check()
	case in.DockerSocket != "":
		socket, err := source.NewSocket(source.SocketConfig{Socket: in.DockerSocket, Services: in.Services})
		if err != nil {
			return err
		}
		return socket.Check(context.Background())
	case in.Path != "":
		_, err := source.Expand([]source.Input{in.input(cfg)})
		return err
	}
	return nil
}

const hidden = "<secret>"

// printConfig prints what is in effect, without secrets.
func printConfig(c *console, cfg *Config) error {
	shown := *cfg
	if s := cfg.Sinks.Slack; s != nil {
		masked := *s
		masked.WebhookURL = hidden
		shown.Sinks.Slack = &masked
	}
	if w := cfg.Sinks.Webhook; w != nil {
		masked := *w
		masked.URL = hidden
		masked.Secrets = make([]string, len(w.Secrets))
		for i := range masked.Secrets {
			masked.Secrets[i] = hidden
		}
		shown.Sinks.Webhook = &masked
	}
	b, err := yaml.Marshal(&shown)
	if err != nil {
		return err
	}
	_, err = c.out.Write(b)
	return err
}

// MarshalYAML writes d as it is read.
func (d Duration) MarshalYAML() (any, error) { return d.std().String(), nil }
