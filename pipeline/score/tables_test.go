package score

import (
	"encoding/json"
	"strings"
	"testing"
)

func reports(t *testing.T) []*Report {
	t.Helper()
	read := readTruth(t, story...)
	hit := Judge(read, []Incident{told(inAttack, "site", "bad.example"), told(quietDay, "domain", "kite.example")}, nil)
	return []*Report{hit.Report("fedwarden"), Judge(read, nil, nil).Report("z-score")}
}

// TestTables reads what a person would.
func TestTables(t *testing.T) {
	list := reports(t)
	f := func(table Table, want string) {
		t.Helper()
		if got := table.Markdown(); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
		for _, row := range table {
			if len(row) != len(table[0]) {
				t.Errorf("a row of %d cells under a head of %d: %q", len(row), len(table[0]), row)
			}
		}
	}
	f(Summary(list), "|  | fedwarden | z-score |\n| --- | --- | --- |\n| recall, obvious | 100 % (20–100), 1 of 1 | 0 % (0–80), 0 of 1 |\n| recall, moderate | none tried | none tried |")
	f(Summary(list), "| told after, obvious (median, 90 %) | 5.0 s, 5.0 s | –, – |")
	f(Summary(list), "| precision | 50 % (9–91), 1 of 2 | none tried |")
	f(Summary(list), "| false per quiet day | 1 (< 4.7), 1 in 1 days | 0 (< 3), 0 in 1 days |")
	f(Scenarios(list), "| domain_flood | obvious | 100 % (20–100), 1 of 1 | 5.0 s | 5.0 s | 25 % | 0 | 2 | 0 | MISSED, 0 % (0–80), 0 of 1 |")
	f(Overview([]string{"logs", "who"}, []Row{{[]string{"nginx", "fedwarden"}, list[0]}, {[]string{"nginx", "z-score"}, list[1]}}),
		"| nginx | z-score | 0 % (0–80) | none tried | none tried | 0 %, –, – | none tried | 0 (< 3) | 0 (< 3) | 0 | –, –, – |")
	f(Blames(list[0]), "| domain_flood | quiet |  |  | 1 |")
	f(Innocents("named", list[0].Honest), "| kite.example | 9 | domain_flood | 2026-09-02T10:00:00Z |  | pareto 7 | FW-1 |")
}

func TestTableText(t *testing.T) {
	got := Table{{"a", "bbb"}, {"cccc", "d"}}.Text()
	if want := "a     bbb\ncccc  d\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Table{{"a|b"}}).Markdown(); got != "| a\\|b |\n| --- |\n" {
		t.Errorf("got %q", got)
	}
}

// TestReportJSON holds the output to its promise: unknown is null, empty is [].
func TestReportJSON(t *testing.T) {
	b, err := json.Marshal((&Tally{}).Report("nobody"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"scenarios":[]`, `"threats":[]`, `"whose":[]`, `"framed":[]`, `"honest_named":[]`, `"precision":{"k":0,"n":0,"value":null,"low":0,"high":1}`,
		`{"day":"quiet","incidents":0,"days":0,"value":null,"upper":null}`, `"per_day":null`, `"median_s":null`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
}

func TestNumbers(t *testing.T) {
	for k, want := range map[int]string{0: "0 % (0–1)", 1: "0.1 % (0–1)", 500: "50 % (46–54)", 999: "99.9 % (99–100)", 1000: "100 % (99–100)"} {
		if got := shareOf(k, 1000).brief(); got != want {
			t.Errorf("%d of 1000: got %s, want %s", k, got, want)
		}
	}
	for s, want := range map[float64]string{0.5: "0.5 s", 9.94: "9.9 s", 42.4: "42 s", 600: "10 min", 7200: "2.0 h"} {
		if got := seconds(s); got != want {
			t.Errorf("%v: got %s, want %s", s, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.0512: "0.051", 3: "3", 9.96: "10", 117.2: "117"} {
		if got := number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}
