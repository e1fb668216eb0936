package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/runner"
	"github.com/fedwarden/fedwarden/pipeline/source"
	"github.com/fedwarden/fedwarden/sinks"
)

// fixedSecret keys the hashes of a replay that has no state directory of its own, so that its output is
// the same everywhere. It guards nothing: what a replay prints is read by whoever has the logs.
var fixedSecret = pipeline.Secret([]byte("fedwarden-replay"))

type replayCommand struct {
	Config   string   `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State    string   `help:"Use the secret of this state directory (for its pseudonyms)." type:"path" placeholder:"DIR"`
	Output   string   `help:"text or json: one line for each transition." enum:"text,json" default:"text"`
	Verified bool     `help:"Believe verified= in Rails' lines: the initializer of snippet rails-initializer wrote it."`
	Inputs   []string `arg:"" optional:"" name:"input" help:"A path, a glob, - for standard input, or nginx:PATH, rails:PATH, sidekiq:PATH; .gz and .zst are read as they are."`
}

// Run replays.
func (r *replayCommand) Run(c *console) error {
	cfg, err := loadConfig(r.Config)
	if err != nil {
		return usageError{err}
	}
	cfg.Memory = max(cfg.Memory, defaultMemory) // the output is the same in every cgroup
	inputs, err := cfg.inputs(r.Inputs)
	if err != nil {
		return err
	}
	for _, in := range inputs {
		in.Parse.Verified = in.Parse.Verified || r.Verified
	}
	secret, err := replaySecret(r.State)
	if err != nil {
		return err
	}
	p := &progress{w: c.err, on: c.errTTY}
	src, err := source.NewReplay(source.ReplayConfig{Inputs: inputs, Stdin: c.in, Progress: p.show})
	if err != nil {
		return usageError{err}
	}
	out := &writer{to: c.out}
	err = runReplay(c, cfg, secret, src, func(a *pipeline.Alert) error {
		p.clear() // both may be one terminal
		if r.Output == "json" {
			return out.write(sinks.AppendJSON(nil, a))
		}
		return out.write(sinks.AppendText(nil, a, c.outTTY && !noColor()))
	})
	p.clear()
	return err
}

func runReplay(c *console, cfg *Config, secret pipeline.Secret, src *source.Replay, emit func(*pipeline.Alert) error) error {
	e, _ := newEngine(cfg, secret)
	fired := 0
	err := runner.Replay(c.ctx, e, src.Sources(), func(a *pipeline.Alert) error {
		if a.Status == pipeline.StatusFiring {
			fired++
		}
		return emit(a)
	})
	if err != nil {
		return err
	}
	var lines, events, rejected, late uint64
	for _, m := range e.Marks() {
		lines, events, rejected, late = lines+m.Lines, events+m.Events, rejected+m.Rejected, late+m.Late
	}
	fmt.Fprintf(c.err, "fedwarden: %d lines, %d events, %d rejected, %d late; %d alerts, %d still open\n",
		lines, events, rejected, late, fired, len(e.Open()))
	for _, m := range e.Marks() {
		if m.Rejected > 0 {
			fmt.Fprintf(c.err, "fedwarden: %s: %d of %d lines were rejected; `fedwarden explain` shows which, and why\n", m.Stream, m.Rejected, m.Lines)
		}
	}
	return nil
}

// A writer writes whole and keeps no error to itself.
type writer struct{ to io.Writer }

func (w *writer) write(b []byte) error {
	_, err := w.to.Write(b)
	return err
}

// A progress is a line on a terminal that is drawn over, and nothing elsewhere.
type progress struct {
	w  io.Writer
	on bool
}

const barWidth = 30

func (p *progress) show(at source.Progress) {
	if !p.on {
		return
	}
	bar := ""
	if at.Total > 0 {
		n := int(min(at.Bytes, at.Total) * barWidth / at.Total)
		bar = "[" + strings.Repeat("=", n) + strings.Repeat(" ", barWidth-n) + "] " + strconv.FormatInt(min(at.Bytes, at.Total)*100/at.Total, 10) + " % "
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s%d lines", bar, at.Lines)
}

func (p *progress) clear() {
	if p.on {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// noColor reports whether the user wants none.
func noColor() bool { return os.Getenv("NO_COLOR") != "" }

// replaySecret returns the secret of a state directory, or the fixed one.
func replaySecret(dir string) (pipeline.Secret, error) {
	if dir == "" {
		return fixedSecret, nil
	}
	store, err := openReadOnly(dir)
	if err != nil {
		return pipeline.Secret{}, err
	}
	defer store.Close()
	return store.Secret(), nil
}
