package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/fedwarden/fedwarden/pipeline/score"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

type scoreCommand struct {
	Output string   `help:"text, json or markdown." enum:"text,json,markdown" default:"text"`
	Read   []string `help:"The logs that were replayed: nginx, rails, sidekiq; attacks that leave no trace in them are counted apart. Default: all." enum:"nginx,rails,sidekiq" placeholder:"LOG"`
	Truth  string   `arg:"" help:"The truth that simulate wrote." type:"path"`
	Alerts string   `arg:"" help:"What replay --output=json printed; - for standard input."`
	Logs   []string `arg:"" optional:"" name:"log" help:"nginx' log of the run, oldest first, for the rivals beside: leaky buckets and a z-score."`
}

// Run scores.
func (s *scoreCommand) Run(c *console) error {
	if n := countStdin(append([]string{s.Truth, s.Alerts}, s.Logs...)); n > 1 {
		return usageError{errors.New("- is standard input, which can be read once")}
	}
	truth, err := readFile(s.Truth, c.in, score.ReadTruth)
	if err != nil {
		return usageError{err}
	}
	incidents, err := readFile(s.Alerts, c.in, func(r io.Reader, name string) ([]score.Incident, error) {
		return score.ReadAlerts(r, name, truth)
	})
	if err != nil {
		return usageError{err}
	}
	reports := []*score.Report{score.Judge(truth, incidents, s.Read).Report("fedwarden")}
	if len(s.Logs) > 0 {
		rivals, err := observeRivals(c.ctx, c.in, s.Logs)
		if err != nil {
			return err
		}
		for _, r := range rivals {
			reports = append(reports, score.Judge(truth, r.Incidents(), rivalsRead).Report(r.Name()))
		}
	}
	return s.print(c.out, reports)
}

func (s *scoreCommand) print(w io.Writer, reports []*score.Report) error {
	if s.Output == "json" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(reports)
	}
	show := score.Table.Text
	if s.Output == "markdown" {
		show = score.Table.Markdown
	}
	_, err := io.WriteString(w, showReports(reports, show))
	return err
}

// showReports is all there is to say of reports, as a person reads it.
func showReports(reports []*score.Report, show func(score.Table) string) string {
	parts := []string{show(score.Summary(reports)), show(score.Scenarios(reports))}
	for _, r := range reports {
		if len(r.Whose) > 0 {
			parts = append(parts, show(score.Blames(r)))
		}
		if len(r.Framed) > 0 {
			parts = append(parts, show(score.Innocents("framed by "+r.Name, r.Framed)))
		}
	}
	if list := reports[0].Honest; len(list) > 0 {
		parts = append(parts, show(score.Innocents("honest sites that "+reports[0].Name+" named", list)))
	}
	return strings.Join(parts, "\n")
}

func countStdin(paths []string) int {
	n := 0
	for _, p := range paths {
		if p == source.Stdin {
			n++
		}
	}
	return n
}

// readFile reads path, or standard input, with read.
func readFile[T any](path string, stdin io.Reader, read func(r io.Reader, name string) (T, error)) (T, error) {
	if path == source.Stdin {
		return read(stdin, path)
	}
	f, err := os.Open(path)
	if err != nil {
		var none T
		return none, err
	}
	defer f.Close()
	return read(f, path)
}

// rivalsRead are the logs that rivals know.
var rivalsRead = []string{pipeline.FormatNginx.String()}

// observeRivals lets new rivals read the logs.
func observeRivals(ctx context.Context, stdin io.Reader, logs []string) ([]score.Rival, error) {
	cfg := defaults()
	inputs, err := cfg.inputs(logs)
	if err != nil {
		return nil, err
	}
	rivals, requests := score.Rivals(), 0
	who := identity.New(identity.Options{Secret: fixedSecret})
	err = source.Explain(ctx, source.ReplayConfig{Inputs: inputs, Stdin: stdin}, func(l source.Line) error {
		if l.Event == nil || l.Err != nil || l.Format != pipeline.FormatNginx {
			return nil
		}
		requests++
		who.Enrich(l.Event)
		for _, r := range rivals {
			r.Observe(l.Event)
		}
		return nil
	})
	if err == nil && requests == 0 {
		err = usageError{fmt.Errorf("%s: no request of nginx, and the rivals read nothing else", strings.Join(logs, ", "))}
	}
	return rivals, err
}
