package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

type explainCommand struct {
	Config string   `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	Output string   `help:"text or json: one object for each line." enum:"text,json" default:"text"`
	Inputs []string `arg:"" optional:"" name:"input" help:"A path, a glob, - for standard input, or nginx:PATH, rails:PATH, sidekiq:PATH."`
}

// An explained is how one line was understood.
type explained struct {
	Input  string          `json:"input"`
	Line   uint64          `json:"line"`
	Format string          `json:"format,omitempty"` // unknown until a line of the input was understood
	Result string          `json:"result"`
	Reason string          `json:"reason,omitempty"`
	Column int             `json:"column,omitempty"`
	Event  *explainedEvent `json:"event,omitempty"`
}

// An explainedEvent is the public form of an Event; unknown fields are absent.
type explainedEvent struct {
	Time         pipeline.Stamp  `json:"time"`
	Kind         string          `json:"kind"`
	IP           string          `json:"ip,omitempty"`
	Method       string          `json:"method,omitempty"`
	Endpoint     string          `json:"endpoint,omitempty"`
	Path         string          `json:"path,omitempty"`
	Status       *uint16         `json:"status,omitempty"`
	Bytes        *int64          `json:"bytes,omitempty"`
	RequestBytes int64           `json:"request_bytes,omitempty"`
	Duration     float64         `json:"duration,omitempty"`
	Upstream     float64         `json:"upstream,omitempty"`
	Software     string          `json:"software,omitempty"`
	Version      string          `json:"version,omitempty"`
	Domain       pipeline.Domain `json:"domain,omitempty"`
	Site         pipeline.Site   `json:"site,omitempty"`
	Actor        pipeline.Actor  `json:"actor,omitempty"`
	ClaimedBy    string          `json:"claimed_by,omitempty"`
	JobClass     string          `json:"job_class,omitempty"`
	JobID        string          `json:"job_id,omitempty"`
	JobState     string          `json:"job_state,omitempty"`
	Error        string          `json:"error,omitempty"`
	RemoteHost   string          `json:"remote_host,omitempty"`
}

// Run explains.
func (x *explainCommand) Run(c *console) error {
	cfg, err := loadConfig(x.Config)
	if err != nil {
		return usageError{err}
	}
	inputs, err := cfg.inputs(x.Inputs)
	if err != nil {
		return err
	}
	if inputs, err = source.Expand(inputs); err != nil {
		return usageError{err}
	}
	out := bufio.NewWriter(c.out)
	show := explainText
	if x.Output == "json" {
		show = explainJSON
	}
	who := identity.New(identity.Options{Secret: fixedSecret})
	err = source.Explain(c.ctx, source.ReplayConfig{Inputs: inputs, Stdin: c.in}, func(l source.Line) error {
		return show(out, explainLine(l, who))
	})
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return err
}

func explainLine(l source.Line, who pipeline.Identifier) *explained {
	x := &explained{Input: l.Input, Line: l.Number}
	if l.Format != pipeline.FormatUnknown {
		x.Format = l.Format.String()
	}
	switch {
	case l.Err != nil:
		x.Result, x.Reason, x.Column = "rejected", l.Err.Reason, l.Err.Column
	case l.Event == nil:
		x.Result, x.Reason = "skipped", l.Skipped
	default:
		who.Enrich(l.Event)
		x.Result, x.Event = "event", explainEvent(l.Event)
	}
	return x
}

func explainEvent(e *pipeline.Event) *explainedEvent {
	x := &explainedEvent{
		Time: pipeline.Stamp{Time: e.Time, Digits: e.Digits}, Kind: e.Kind.String(), Method: e.Method.String(),
		Path: e.Path, RequestBytes: e.RequestBytes, Duration: e.Duration.Seconds(), Upstream: e.Upstream.Seconds(), Software: e.Software,
		Version: e.Version, Domain: e.Domain, Site: e.Site, Actor: e.Actor, ClaimedBy: e.ClaimedBy.String(),
		JobClass: e.JobClass, JobID: e.JobID, JobState: e.JobState.String(), Error: e.Error, RemoteHost: e.RemoteHost,
	}
	if e.IP.IsValid() {
		x.IP = e.IP.String()
	}
	if e.Kind == pipeline.KindRequest || e.Kind == pipeline.KindThrottle {
		x.Endpoint, x.Status = e.Endpoint.String(), &e.Status
	}
	if e.Kind == pipeline.KindRequest && e.Format == pipeline.FormatNginx {
		x.Bytes = &e.Bytes
	}
	return x
}

func explainJSON(w *bufio.Writer, x *explained) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(x)
}

func explainText(w *bufio.Writer, x *explained) error {
	at := fmt.Sprintf("%s:%d %s %s", x.Input, x.Line, cmp.Or(x.Format, "unknown"), x.Result)
	switch {
	case x.Event != nil:
		b, err := json.Marshal(x.Event)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s %s\n", at, b)
		return err
	case x.Column > 0:
		at += fmt.Sprintf(" at column %d", x.Column)
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", at, x.Reason)
	return err
}
