package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/fedwarden/fedwarden/pipeline/runner"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

// levels counts how sure names are: of deliveries, each by the log that is its witness, and of alerts.
type levels struct {
	pipeline.Stateless
	from       pipeline.Time // deliveries before are the history that the others need
	deliveries [pipeline.Verified + 1]int
	named      [pipeline.Verified + 1]int // alerts that name a domain, site or actor
	proven     int                        // alerts that fired on an address, or the server, and named somebody later
	nameless   int                        // alerts on an address, or the server
}

func (l *levels) Observe(e *pipeline.Event, _ pipeline.Report) {
	delivery := e.Kind == pipeline.KindRequest && e.Method == pipeline.MethodPost && e.Endpoint.IsInbox()
	if e.Time >= l.from && delivery && e.Domain != "" && e.Counts&pipeline.CountsDomain != 0 {
		l.deliveries[e.Level]++
	}
}

func (l *levels) alert(a *pipeline.Alert) {
	switch {
	case a.Status == pipeline.StatusResolved && a.Proven != nil:
		l.proven++
	case a.Status != pipeline.StatusFiring || a.Threat == pipeline.ThreatHealth:
	case a.Entity.Type.IsName() && a.Entity.Attribution != nil:
		l.named[*a.Entity.Attribution]++
	default:
		l.nameless++
	}
}

func (l *levels) String() string {
	sum := 0
	for _, n := range l.deliveries {
		sum += n
	}
	share := func(level pipeline.Attribution) string {
		return fmt.Sprintf("%.1f %%", 100*float64(l.deliveries[level])/float64(max(sum, 1)))
	}
	return fmt.Sprintf("%d | %s | %s | %s | %d | %d | %d | %d", sum, share(pipeline.Claimed), share(pipeline.Corroborated), share(pipeline.Verified),
		l.named[pipeline.Corroborated], l.named[pipeline.Verified], l.proven, l.nameless)
}

// TestLevels tells what each log adds to how sure a name is, on the gate's season, or on the first of a small server:
//
//	FEDWARDEN_BENCH=levels go test -run Levels -timeout 1h -v ./cmd/fedwarden
func TestLevels(t *testing.T) {
	s := season{family: "lognormal", seed: gateSeed, peers: gatePeers, days: gateDays}
	if os.Getenv("FEDWARDEN_BENCH") == "levels" {
		s = season{family: "lognormal", seed: seasonFamilies[0].firstSeed, peers: seasonServers[0].peers, days: seasonDays}
	} else if testing.Short() {
		t.Skip("simulates days of logs")
	}
	var rows strings.Builder
	all := map[string]*levels{}
	for _, w := range seasonWorlds {
		dir := filepath.Join(t.TempDir(), w.nginx)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := s.simulate(&w, dir); err != nil {
			t.Fatal(err)
		}
		for _, set := range levelSets {
			if set.nginx != w.nginx {
				continue
			}
			l, err := countLevels(t.Context(), dir, set)
			if err != nil {
				t.Fatal(err)
			}
			all[set.name] = l
			fmt.Fprintf(&rows, "| %s | %s |\n", set.name, l)
		}
	}
	t.Logf("\n| logs | deliveries | claimed | corroborated | verified | alerts that name a corroborated | a verified | named later | nobody |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n%s", &rows)
	stock, verified := all["nginx JSON, Sidekiq, Rails"], all["nginx JSON, Sidekiq, Rails with verified="]
	if n := stock.deliveries[pipeline.Verified]; n > 0 {
		t.Errorf("deliveries that a stock log verifies: got %d, want none", n)
	}
	if got := verified.deliveries; got[pipeline.Verified] <= got[pipeline.Claimed] {
		t.Errorf("deliveries with verified=: got %d verified and %d claimed, want most verified", got[pipeline.Verified], got[pipeline.Claimed])
	}
}

// A levelSet is what is read of a world, and whether verified= is believed.
type levelSet struct {
	name, nginx string
	logs        []string
	verified    bool
}

var levelSets = [...]levelSet{
	{name: "nginx combined", nginx: "combined", logs: []string{"nginx"}},
	{name: "nginx JSON, Sidekiq", nginx: "json", logs: []string{"nginx", "sidekiq"}},
	{name: "nginx JSON, Sidekiq, Rails", nginx: "json", logs: []string{"nginx", "rails", "sidekiq"}},
	{name: "nginx JSON, Sidekiq, Rails with verified=", nginx: "json", logs: []string{"nginx", "rails", "sidekiq"}, verified: true},
}

func countLevels(ctx context.Context, dir string, set levelSet) (*levels, error) {
	cfg, err := loadConfig("")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, log := range set.logs {
		names = append(names, log+":"+logPath(dir, log))
	}
	inputs, err := cfg.inputs(names)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		in.Parse.Verified = set.verified
	}
	src, err := source.NewReplay(source.ReplayConfig{Inputs: inputs})
	if err != nil {
		return nil, err
	}
	l := &levels{from: pipeline.TimeOf(seasonStart.Add(4 * 24 * time.Hour))}
	var list []engine.Registered
	for _, b := range detectors.Build(detectors.Options{Secret: fixedSecret}) {
		list = append(list, engine.Registered{Spec: b.Spec, Detector: b.Detector})
	}
	list = append(list, engine.Registered{Spec: pipeline.Spec{Name: "levels", Space: pipeline.SpaceSite}, Detector: l})
	e := engine.New(engine.Config{Identifier: identity.New(identity.Options{Secret: fixedSecret}), Detectors: list, Secret: fixedSecret})
	err = runner.Replay(ctx, e, src.Sources(), func(a *pipeline.Alert) error { l.alert(a); return nil })
	return l, err
}
