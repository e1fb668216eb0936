package main

import (
	"fmt"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/fedwarden/fedwarden/pipeline/notify"
	"github.com/fedwarden/fedwarden/pipeline/parse"
	"github.com/fedwarden/fedwarden/pipeline/source"
	"github.com/fedwarden/fedwarden/pipeline/window"
	"github.com/fedwarden/fedwarden/sinks"
)

// newEngine returns the engine with every detector that is not switched off, and what counts the keys that
// its spaces hold. Change, if given, may change what a detector documents.
func newEngine(c *Config, secret pipeline.Secret, change ...func(*pipeline.Spec)) (*engine.Engine, func() int) {
	var list []engine.Registered
	var spaces []*window.Space
	for _, b := range detectors.Build(detectors.Options{Secret: secret, Off: c.Detectors.Off, Percent: c.percent(), Known: c.known()}) {
		for _, f := range change {
			f(&b.Spec)
		}
		list = append(list, engine.Registered{Spec: b.Spec, Detector: b.Detector})
		if s, ok := b.Detector.(*window.Space); ok {
			spaces = append(spaces, s)
		}
	}
	keys := func() int {
		n := 0
		for _, s := range spaces {
			n += s.Keys()
		}
		return n
	}
	e := engine.New(engine.Config{
		Instance:   c.Instance.Domain,
		Identifier: identity.New(identity.Options{Secret: secret}),
		Detectors:  list,
		Secret:     secret,
		Memory:     int64(c.Memory),
	})
	return e, keys
}

// percent says how large tables may be, for the ceiling on memory.
func (c *Config) percent() int { return int(max(1, min(int64(c.Memory)*100/defaultMemory, 1600))) }

// quicken lets the alert of a log that can be read again end at once, where the console is in haste.
func (c *console) quicken(s *pipeline.Spec) {
	if c.haste > 0 && s.Name == "source_silent" {
		s.Quiet = 1
	}
}

// inputs returns what the command line names, else what the configuration does.
func (c *Config) inputs(args []string) ([]source.Input, error) {
	var list []source.Input
	standard := &parse.Options{TrustedProxies: c.trusted()} // one for all: pieces of one log share it
	for _, arg := range args {
		in, err := source.ParseInput(arg)
		if err != nil {
			return nil, usageError{err}
		}
		list = append(list, c.configured(in, standard))
	}
	if len(args) > 0 {
		return list, nil
	}
	for i := range c.Inputs {
		if c.Inputs[i].Path != "" { // the others have no end
			list = append(list, c.Inputs[i].input(c))
		}
	}
	if len(list) == 0 {
		return nil, usageError{fmt.Errorf("no input: name log files, or set `inputs` in the configuration")}
	}
	return list, nil
}

// configured adds to an input of the command line what the configuration says of the same path.
func (c *Config) configured(in source.Input, standard *parse.Options) source.Input {
	for i := range c.Inputs {
		if c.Inputs[i].Path != in.Path {
			continue
		}
		known := c.Inputs[i].input(c)
		if in.Format != pipeline.FormatUnknown {
			known.Format = in.Format
		}
		return known
	}
	in.Parse = standard
	return in
}

func (in *InputConfig) input(c *Config) source.Input {
	options := in.options(c.trusted())
	return source.Input{Path: in.Path, Format: options.Format, Lateness: in.Lateness.std(), Parse: &options}
}

// newSinks returns the configured sinks and from which severity on each is told.
func newSinks(c *Config, con *console) ([]pipeline.Sink, []notify.Route, error) {
	var list []pipeline.Sink
	var routes []notify.Route
	add := func(s pipeline.Sink, min pipeline.Severity) {
		list = append(list, s)
		routes = append(routes, notify.Route{Sink: s.Name(), Min: min})
	}
	if o := c.Sinks.Stdout; o != nil {
		add(newStdout(o.Format, con), minimum(o.MinSeverity, pipeline.SeverityLow))
	}
	if f := c.Sinks.File; f != nil {
		sink, err := newFile(f)
		if err != nil {
			return nil, nil, fmt.Errorf("sinks.file: %w", err)
		}
		add(sink, minimum(f.MinSeverity, pipeline.SeverityLow))
	}
	if l := c.Sinks.Slack; l != nil {
		sink, err := newSlack(l, "slack")
		if err != nil {
			return nil, nil, fmt.Errorf("sinks.slack: %w", err)
		}
		add(sink, minimum(l.MinSeverity, pipeline.SeverityMedium))
	}
	if w := c.Sinks.Webhook; w != nil {
		sink, err := newWebhook(w)
		if err != nil {
			return nil, nil, fmt.Errorf("sinks.webhook: %w", err)
		}
		add(sink, minimum(w.MinSeverity, pipeline.SeverityMedium))
	}
	return list, routes, nil
}

func newStdout(format string, con *console) *sinks.Stdout {
	return sinks.NewStdout(con.out, sinks.StdoutOptions{JSON: format == "json", Color: con.outTTY && !noColor()})
}

func newFile(c *FileConfig) (*sinks.File, error) {
	return sinks.NewFile(sinks.FileOptions{Path: c.Path})
}

func newSlack(c *SlackConfig, name string) (*sinks.Slack, error) {
	return sinks.NewSlack(sinks.SlackOptions{Name: name, URL: sinks.NewSecret(c.WebhookURL)})
}

func newWebhook(c *WebhookConfig) (*sinks.Webhook, error) {
	o := sinks.WebhookOptions{URL: sinks.NewSecret(c.URL)}
	for _, s := range c.Secrets {
		o.Secrets = append(o.Secrets, sinks.NewSecret(s))
	}
	return sinks.NewWebhook(o)
}
