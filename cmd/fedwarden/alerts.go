package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
	"github.com/fedwarden/fedwarden/sinks"
)

type alertsCommand struct {
	List alertsListCommand `cmd:"" help:"List episodes, newest first."`
	Show alertsShowCommand `cmd:"" help:"Show one episode with all its transitions."`
}

type alertsListCommand struct {
	Config   string        `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State    string        `help:"State directory." type:"path" placeholder:"DIR"`
	Output   string        `help:"text, or json: one line for each episode's latest transition." enum:"text,json" default:"text"`
	Status   string        `help:"firing or resolved." enum:",firing,resolved" default:""`
	Severity string        `help:"At least low, medium, high or critical." enum:",low,medium,high,critical" default:""`
	Since    time.Duration `help:"Only what happened in that time, as in 24h."`
	Limit    int           `help:"At most so many; 0 for all." default:"50"`
}

type alertsShowCommand struct {
	Config string `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State  string `help:"State directory." type:"path" placeholder:"DIR"`
	Output string `help:"text, or json: one line for each transition." enum:"text,json" default:"text"`
	ID     string `arg:"" help:"The alert's id, or a unique beginning of five characters or more."`
}

type episode = checkpoint.Episode

// An alertQuery says which episodes are asked for.
type alertQuery struct{ checkpoint.Query }

// Run lists.
func (l *alertsListCommand) Run(c *console) error {
	a, done, err := whoKnows(c, l.Config, l.State)
	if err != nil {
		return err
	}
	defer done()
	q := alertQuery{checkpoint.Query{Status: pipeline.Status(l.Status), MinSeverity: pipeline.ParseSeverity(l.Severity), Limit: l.Limit}}
	if l.Since > 0 {
		q.Since = pipeline.TimeOf(time.Now().Add(-l.Since))
	}
	list, err := a.Alerts(c.ctx, q)
	if err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	if l.Output == "json" {
		for i := range list {
			if _, err := c.out.Write(sinks.AppendJSON(nil, list[i].Last())); err != nil {
				return err
			}
		}
		return nil
	}
	return listEpisodes(c.out, list)
}

func listEpisodes(w io.Writer, list []episode) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSTARTED\tSTATUS\tSEVERITY\tDETECTOR\tCAMPAIGN\tSUMMARY")
	for i := range list {
		a := list[i].Last()
		campaign := "-"
		if a.Campaign != nil {
			campaign = *a.Campaign
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.StartsAt, a.Status, a.Severity, a.Detector, campaign, sinks.CleanLine(a.Summary))
	}
	return t.Flush()
}

// Run shows.
func (s *alertsShowCommand) Run(c *console) error {
	a, done, err := whoKnows(c, s.Config, s.State)
	if err != nil {
		return err
	}
	defer done()
	ep, err := a.Alert(c.ctx, s.ID)
	if err != nil {
		return err
	}
	for i := range ep.Transitions {
		b := sinks.AppendText(nil, &ep.Transitions[i], c.outTTY && !noColor())
		if s.Output == "json" {
			b = sinks.AppendJSON(nil, &ep.Transitions[i])
		}
		if _, err := c.out.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (q alertQuery) values() url.Values {
	return url.Values{"status": {string(q.Status)}, "severity": {q.MinSeverity.String()},
		"since": {strconv.FormatInt(int64(q.Since), 10)}, "limit": {strconv.Itoa(q.Limit)}}
}

func queryOf(v url.Values) alertQuery {
	since, _ := strconv.ParseInt(v.Get("since"), 10, 64) // absent is zero: no limit
	limit, _ := strconv.Atoi(v.Get("limit"))
	return alertQuery{checkpoint.Query{Status: pipeline.Status(v.Get("status")),
		MinSeverity: pipeline.ParseSeverity(v.Get("severity")), Since: pipeline.Time(since), Limit: limit}}
}
