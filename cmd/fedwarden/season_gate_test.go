package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline/score"
)

const gateFile = "testdata/bench/gate.json"

// A gateFigure is what was recorded of fedwarden on one family and set of logs.
type gateFigure struct {
	Found     map[string]counted `json:"found"` // by intensity
	Precision counted            `json:"precision"`
	False     map[string]counted `json:"false"` // incidents in whole days, by kind of day
}

// A counted is k of n.
type counted struct{ K, N int }

// MarshalText writes c as people say it.
func (c counted) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d of %d", c.K, c.N), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *counted) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%d of %d", &c.K, &c.N)
	return err
}

// TestGate holds detection to what it was: on a small fixed season of each family it fails when a figure is worse
// than recorded, beyond the recorded one's interval at 95 %, and whenever an innocent is framed. What is
// better is told: `go test ./cmd/fedwarden -run Gate -rewrite` records it.
func TestGate(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates days of logs")
	}
	got := map[string]gateFigure{}
	for _, family := range seasonFamilies {
		s := season{family: family.name, seed: gateSeed, peers: gatePeers, days: gateDays}
		all, err := s.judge(context.Background(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for who, tally := range all {
			if who.who != judgedSelf {
				continue
			}
			r := tally.Report(who.who)
			if len(r.Framed) > 0 {
				t.Errorf("%s, %s: innocents were framed:\n%s", family.name, who.logs, score.Innocents("framed", r.Framed).Text())
			}
			got[family.name+", "+who.logs] = figureOf(r)
		}
	}
	if *rewriteREADME {
		recordGate(t, got)
		return
	}
	want := recordedGate(t)
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Fatalf("got figures of %q, recorded are %q", g, w)
	}
	for name, figure := range want {
		for _, worse := range figure.worse(got[name]) {
			t.Errorf("%s: %s", name, worse)
		}
	}
}

func figureOf(r *score.Report) gateFigure {
	f := gateFigure{Found: map[string]counted{}, Precision: counted{r.Precision.K, r.Precision.N}, False: map[string]counted{}}
	for _, row := range r.Overall {
		f.Found[row.Intensity] = counted{row.Found.K, row.Found.N}
	}
	for _, rate := range r.False {
		f.False[rate.Day] = counted{rate.Incidents, int(rate.Days)}
	}
	return f
}

// worse tells in which figures got is worse than f, which was recorded.
func (f gateFigure) worse(got gateFigure) []string {
	var list []string
	share := func(what string, was, is counted) {
		low, _ := score.Wilson(was.K, was.N)
		if float64(is.K) < low*float64(is.N) || was.N > 0 && is.N == 0 {
			list = append(list, fmt.Sprintf("%s: %d of %d, recorded are %d of %d: at least %.0f %% are expected", what, is.K, is.N, was.K, was.N, low*100))
		}
	}
	for in, was := range f.Found {
		share("found, "+in, was, got.Found[in])
	}
	share("precision", f.Precision, got.Precision)
	for day, was := range f.False {
		is, upper := got.False[day], score.PoissonUpper(was.K)
		if float64(is.K)*float64(was.N) > upper*float64(is.N) {
			list = append(list, fmt.Sprintf("false on %s days: %d in %d days, recorded are %d in %d", day, is.K, is.N, was.K, was.N))
		}
	}
	slices.Sort(list)
	return list
}

func recordedGate(t *testing.T) map[string]gateFigure {
	t.Helper()
	text, err := os.ReadFile(gateFile)
	if err != nil {
		t.Fatal(err)
	}
	var figures map[string]gateFigure
	if err := json.Unmarshal(text, &figures); err != nil {
		t.Fatalf("%s: %v", gateFile, err)
	}
	return figures
}

func recordGate(t *testing.T, figures map[string]gateFigure) {
	t.Helper()
	text, err := json.MarshalIndent(figures, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gateFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGateCloses shows that the gate lets pass what may be chance, and nothing that is worse.
func TestGateCloses(t *testing.T) {
	recorded := gateFigure{Found: map[string]counted{"obvious": {19, 20}}, Precision: counted{30, 30}, False: map[string]counted{"quiet": {1, 10}}}
	f := func(want int, found, precision, quiet counted) {
		t.Helper()
		got := gateFigure{Found: map[string]counted{"obvious": found}, Precision: precision, False: map[string]counted{"quiet": quiet}}
		if worse := recorded.worse(got); len(worse) != want {
			t.Errorf("got %q, want %d", worse, want)
		}
	}
	f(0, counted{19, 20}, counted{30, 30}, counted{1, 10})
	f(0, counted{16, 20}, counted{27, 30}, counted{4, 10})
	f(0, counted{20, 20}, counted{40, 40}, counted{0, 10})
	f(1, counted{14, 20}, counted{30, 30}, counted{1, 10})
	f(1, counted{19, 20}, counted{26, 30}, counted{1, 10})
	f(1, counted{19, 20}, counted{30, 30}, counted{5, 10})
	f(0, counted{19, 20}, counted{30, 30}, counted{5, 20})
	f(3, counted{0, 20}, counted{0, 30}, counted{50, 10})
	f(2, counted{0, 0}, counted{0, 0}, counted{0, 10})
}
