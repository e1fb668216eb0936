package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/score"
)

const (
	benchBegin  = "<!-- bench %s -->\n" // of one size of server
	benchEnd    = "<!-- /bench %s -->\n"
	benchDetail = "bench_%s.md"
	benchAtOnce = 2 // seasons
)

// A benchPart is one size of server in one family.
type benchPart struct {
	server seasonServer
	family seasonFamily
	all    verdicts
}

// TestFullBench judges all seasons of both families on all sets of logs, which takes an hour or two, and writes the
// README's table and bench_small.md and bench_medium.md, misses included, each as soon as it is known:
//
//	FEDWARDEN_BENCH=full go test -run FullBench -timeout 6h -v ./cmd/fedwarden
//
// FEDWARDEN_BENCH_SEEDS says how many seeds at most there are of each, FEDWARDEN_BENCH_SERVER=small that there
// are no others.
func TestFullBench(t *testing.T) {
	if os.Getenv("FEDWARDEN_BENCH") != "full" {
		t.Skip("takes hours: FEDWARDEN_BENCH=full runs it")
	}
	for _, server := range seasonServers {
		if parts := benchParts(server); len(parts) > 0 {
			benchServer(t, server.name, parts)
		}
	}
}

func benchServer(t *testing.T, name string, parts []*benchPart) {
	runBench(t, parts)
	if t.Failed() {
		return
	}
	writeBetween(t, "../../README.md", fmt.Sprintf(benchBegin, name), fmt.Sprintf(benchEnd, name), benchTable(parts))
	if err := os.WriteFile(fmt.Sprintf(benchDetail, name), []byte(benchReport(parts)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		for who, tally := range p.all {
			if who.who == judgedSelf && len(tally.Framed) > 0 {
				t.Errorf("%s, %s, %s: %d innocents were framed", p.server.name, p.family.name, who.logs, len(tally.Framed))
			}
		}
	}
}

// benchParts are what the environment asks for of one size of server.
func benchParts(server seasonServer) []*benchPart {
	if only := os.Getenv("FEDWARDEN_BENCH_SERVER"); only != "" && only != server.name {
		return nil
	}
	if most, err := strconv.Atoi(os.Getenv("FEDWARDEN_BENCH_SEEDS")); err == nil && most > 0 {
		server.seeds = min(server.seeds, most)
	}
	var parts []*benchPart
	for _, family := range seasonFamilies {
		parts = append(parts, &benchPart{server: server, family: family, all: verdicts{}})
	}
	return parts
}

// runBench judges all seasons, a few at a time, and tells how far it is.
func runBench(t *testing.T, parts []*benchPart) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex // guards the parts' verdicts
		slots = make(chan struct{}, benchAtOnce)
		dir   = t.TempDir()
	)
	one := func(p *benchPart, seed uint64) {
		defer func() { <-slots }()
		began := time.Now()
		s := season{family: p.family.name, seed: seed, peers: p.server.peers, days: seasonDays}
		v, err := s.judge(ctx, dir)
		if err != nil {
			t.Error(err)
			cancel()
			return
		}
		mu.Lock()
		defer mu.Unlock()
		p.all.add(v)
		t.Logf("%s, %s, seed %d: %s", p.server.name, p.family.name, seed, time.Since(began).Round(time.Second))
	}
	for _, p := range parts {
		for n := range p.server.seeds {
			select {
			case slots <- struct{}{}:
				wait.Go(func() { one(p, p.family.firstSeed+uint64(n)) })
			case <-ctx.Done():
			}
		}
	}
	wait.Wait()
}

// benchTable is the README's.
func benchTable(parts []*benchPart) string {
	var rows []score.Row
	for _, p := range parts {
		title := fmt.Sprintf("%s, %s (%s), runs: %d", p.server.name, p.family.name, p.family.note, p.server.seeds)
		for _, who := range benchRows() {
			rows = append(rows, score.Row{Labels: []string{title, who.logs, who.who}, Report: p.all[who].Report(who.who)})
		}
	}
	return score.Overview([]string{"server", "logs", "who"}, rows).Markdown()
}

// benchRows are who is shown on which logs: rivals on the plain one, as such tools are used. How they do with key
// ids is in bench_small.md.
func benchRows() []judged {
	plain := seasonWorlds[0].sets[0].name
	list := []judged{}
	for _, w := range seasonWorlds {
		for _, set := range w.sets {
			list = append(list, judged{set.name, judgedSelf})
		}
	}
	for _, r := range score.Rivals() {
		list = append(list, judged{plain, r.Name()})
	}
	return list
}

// maxListed cuts long lists.
const maxListed = 60

// benchReport is one server's bench_*.md: everything by scenario.
func benchReport(parts []*benchPart) string {
	var b strings.Builder
	b.WriteString(benchIntro)
	for _, p := range parts {
		fmt.Fprintf(&b, "\n## %s server (%d peers), %s (%s), runs of %[6]d days: %[5]d\n", p.server.name, p.server.peers, p.family.name, p.family.note, p.server.seeds, seasonDays)
		for _, w := range seasonWorlds {
			for _, set := range w.sets {
				reports := []*score.Report{p.all[judged{set.name, judgedSelf}].Report(judgedSelf)}
				for _, r := range score.Rivals() {
					reports = append(reports, p.all[judged{w.sets[0].name, r.Name()}].Report(r.Name()))
				}
				fmt.Fprintf(&b, "\n### %s\n\n%s", set.name, benchSection(reports))
			}
		}
	}
	return b.String()
}

// benchSection is one set of logs; the rivals read nginx' alone.
func benchSection(reports []*score.Report) string {
	self := reports[0]
	parts := []string{score.Summary(reports).Markdown(), score.Scenarios(reports).Markdown()}
	if len(self.Whose) > 0 {
		parts = append(parts, cutTable(score.Blames(self)))
	}
	if len(self.Framed) > 0 {
		parts = append(parts, cutTable(score.Innocents("FRAMED", self.Framed)))
	}
	if len(self.Honest) > 0 {
		parts = append(parts, cutTable(score.Innocents("honest sites that were named", self.Honest)))
	}
	return strings.Join(parts, "\n")
}

func cutTable(t score.Table) string {
	if n := len(t) - 1 - maxListed; n > 0 {
		return t[:1+maxListed].Markdown() + fmt.Sprintf("\nand %d more.\n", n)
	}
	return t.Markdown()
}

const benchIntro = `# The bench, in full

Written by ` + "`FEDWARDEN_BENCH=full go test -run FullBench -timeout 6h -v ./cmd/fedwarden`" + `; nothing here is edited by hand.

Each run is a season of a simulated server (pipeline/simulate): 4 days to warm up, then quiet days, days on which something
benign but weird happens, and days of attacks, from obvious to stealthy. Seeds and parameters stand in season_params_test.go.
Detection may be tuned on the family "lognormal"; "pareto" is held out. How it is judged stands in pipeline/score/doc.go. Rivals
read nginx' log alone, and any threat is right for them. Intervals are at 95 %: Wilson's for shares; for false incidents per day
the exact Poisson bound from above, in brackets. "MISSED" is a scenario of which no attack at all was found.
`

// writeBetween replaces what stands between two markers of a file.
func writeBetween(t *testing.T, path, begin, end, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the bench's table", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
