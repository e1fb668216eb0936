package main

import (
	"github.com/fedwarden/fedwarden/pipeline"
)

// validate checks what can be known without building a sink; the sinks' constructors check the rest.
func (s *SinksConfig) validate(d *decoder) {
	severity := func(path, value string) {
		if value != "" && pipeline.ParseSeverity(value) == pipeline.SeverityUnknown {
			d.problem(path+".min_severity", "must be low, medium, high or critical")
		}
	}
	if o := s.Stdout; o != nil {
		severity("sinks.stdout", o.MinSeverity)
		if o.Format != "" && o.Format != "text" && o.Format != "json" {
			d.problem("sinks.stdout.format", "must be text or json")
		}
	}
	if f := s.File; f != nil {
		severity("sinks.file", f.MinSeverity)
		if f.Path == "" {
			d.problem("sinks.file.path", "is missing")
		} else if _, err := newFile(f); err != nil {
			d.problem("sinks.file", err.Error())
		}
	}
	if l := s.Slack; l != nil {
		severity("sinks.slack", l.MinSeverity)
		if _, err := newSlack(l, ""); err != nil {
			d.problem("sinks.slack", err.Error())
		}
	}
	if w := s.Webhook; w != nil {
		severity("sinks.webhook", w.MinSeverity)
		if _, err := newWebhook(w); err != nil {
			d.problem("sinks.webhook", err.Error())
		}
	}
}

// minimum returns the severity from which on a sink is told, or its default.
func minimum(name string, standard pipeline.Severity) pipeline.Severity {
	if s := pipeline.ParseSeverity(name); s != pipeline.SeverityUnknown {
		return s
	}
	return standard
}
