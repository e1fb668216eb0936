package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/simulate"
)

type simulateCommand struct {
	Seed     uint64   `help:"Of the random numbers: the same seed makes the same world." default:"1"`
	Family   string   `help:"Of the parameters: lognormal or pareto." enum:"lognormal,pareto" default:"lognormal"`
	Peers    int      `help:"Servers that are known: 3000 is a small server, 20000 a medium one." default:"3000"`
	Days     int      `help:"How many." default:"2"`
	Start    string   `help:"The first day, in UTC." default:"2026-09-01" placeholder:"DATE"`
	Nginx    string   `help:"Format of access.log: json, as snippet nginx-logformat has it, or combined." enum:"json,combined" default:"json"`
	Rails    string   `help:"rails.log: stock, verified (with verified=) or none." enum:"verified,stock,none" default:"verified"`
	Sidekiq  string   `help:"sidekiq.log: 7 or 8, whose text is written, or none." enum:"8,7,none" default:"8"`
	Plan     string   `help:"What happens besides: season, four quiet days and then attacks and weird days, or none." enum:"season,none" default:"none"`
	Scenario []string `help:"An attack or a weird thing, obvious, moderate or stealthy. The first begins on the second day at ten, each other one an hour after the one before ends." placeholder:"NAME[:INTENSITY]" sep:"none"`
	Rotate   bool     `help:"Rotate at midnight, as logrotate does: .1, then .2.gz and so on."`
	Partial  bool     `help:"Leave the last line of each log unfinished, as if it were being written."`
	Dir      string   `arg:"" help:"A directory that is empty or not there yet." type:"path"`
}

// Run simulates.
func (x *simulateCommand) Run(c *console) error {
	cfg, err := x.config()
	if err != nil {
		return usageError{err}
	}
	if err := emptyDir(x.Dir); err != nil {
		return usageError{err}
	}
	logs := x.open(&cfg)
	m, err := simulate.Run(cfg, logs.sinks())
	err = errors.Join(err, logs.close(x.Partial))
	if err != nil {
		return err
	}
	return printMarginals(c.err, &m)
}

// config is what the flags say.
func (x *simulateCommand) config() (simulate.Config, error) {
	if x.Days < 1 || x.Peers < 1 {
		return simulate.Config{}, fmt.Errorf("--days %d and --peers %d: must be at least 1", x.Days, x.Peers)
	}
	start, err := time.Parse(time.DateOnly, x.Start)
	if err != nil {
		return simulate.Config{}, fmt.Errorf("--start %q: must be a day, as 2026-09-01", x.Start)
	}
	cfg := simulate.Config{Seed: x.Seed, Family: x.Family, Peers: x.Peers, Start: start, Days: x.Days, Nginx: x.Nginx}
	if x.Rails != "none" {
		cfg.Rails = x.Rails
	}
	if x.Sidekiq != "none" {
		cfg.Sidekiq, _ = strconv.Atoi(x.Sidekiq) // an enum
	}
	if err := cfg.Check(); err != nil {
		return cfg, err
	}
	cfg.Plan, err = x.plan(cfg)
	return cfg, err
}

// plan is what happens besides.
func (x *simulateCommand) plan(cfg simulate.Config) (simulate.Plan, error) {
	if x.Plan == "season" {
		if len(x.Scenario) > 0 {
			return nil, errors.New("--scenario: the season has its own; leave --plan out")
		}
		return simulate.Season(cfg, x.Days), nil
	}
	at := cfg.Start.Add(34 * time.Hour)
	if x.Days == 1 {
		at = cfg.Start.Add(10 * time.Hour)
	}
	var plan simulate.Plan
	for _, s := range x.Scenario {
		p, lasts, err := plannedScenario(s, at)
		if err != nil {
			return nil, err
		}
		if at = at.Add(lasts + time.Hour); at.After(cfg.End().Add(time.Hour)) {
			return nil, fmt.Errorf("--scenario %s: it would last until %s, after the end: add --days", s, at.Add(-time.Hour).Format(time.DateTime))
		}
		plan = append(plan, p)
	}
	return plan, nil
}

// plannedScenario reads NAME[:INTENSITY], and tells how long it lasts.
func plannedScenario(s string, at time.Time) (simulate.Planned, time.Duration, error) {
	name, word, given := strings.Cut(s, ":")
	p := simulate.Planned{At: at, Scenario: name}
	if given {
		i, ok := simulate.ParseIntensity(word)
		if !ok {
			return p, 0, fmt.Errorf("--scenario %s: the intensities are obvious, moderate and stealthy", s)
		}
		p.Intensity = i
	}
	lasts, ok := simulate.Lasts(name, p.Intensity)
	if !ok {
		return p, 0, fmt.Errorf("--scenario %s: there is no %q; the scenarios are %s", s, name, strings.Join(simulate.Scenarios(), ", "))
	}
	return p, lasts, nil
}

// emptyDir makes a directory, or checks that it is empty.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: it has %s", dir, entries[0].Name())
	}
	return nil
}

// A simulatedLogs are the files of a run; one that is not written is nil.
type simulatedLogs struct {
	access, rails, sidekiq, truth *simulatedLog
}

func (x *simulateCommand) open(cfg *simulate.Config) *simulatedLogs {
	log := func(written, rotated bool, name string) *simulatedLog {
		if !written {
			return nil
		}
		return &simulatedLog{path: filepath.Join(x.Dir, name), rotated: rotated}
	}
	return &simulatedLogs{log(true, x.Rotate, "access.log"), log(cfg.Rails != "", x.Rotate, "rails.log"),
		log(cfg.Sidekiq != 0, x.Rotate, "sidekiq.log"), log(true, false, "truth.jsonl")}
}

func (l *simulatedLogs) sinks() simulate.Sinks {
	writer := func(log *simulatedLog) io.Writer {
		if log == nil {
			return nil
		}
		return log
	}
	return simulate.Sinks{Nginx: writer(l.access), Rails: writer(l.rails), Sidekiq: writer(l.sidekiq), Truth: writer(l.truth)}
}

// close closes all; with partial, logs end in half a line.
func (l *simulatedLogs) close(partial bool) error {
	var errs []error
	for _, log := range []*simulatedLog{l.access, l.rails, l.sidekiq} {
		if log != nil {
			errs = append(errs, log.close(partial))
		}
	}
	return errors.Join(append(errs, l.truth.close(false))...)
}

// printMarginals prints what was simulated, beside what is known of real servers.
func printMarginals(to io.Writer, m *simulate.Marginals) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "what\tsimulated\texpected\tby\n")
	for _, r := range m.Rows() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, r.Got, r.Known, r.Source)
	}
	return w.Flush()
}
