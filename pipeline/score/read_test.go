package score

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const runLine = `{"kind":"run","seed":7,"family":"pareto","peers":3000,"start":"2026-09-01T00:00:00Z","end":"2026-09-05T00:00:00Z","warm":"2026-09-02T00:00:00Z","nginx":"json","rails":"","sidekiq":8}`

const attackLine = `{"kind":"attack","id":"a1","scenario":"domain_flood","intensity":"obvious","threats":["dos"],"start":"2026-09-03T10:00:00Z","end":"2026-09-03T11:00:00Z",
"attackers":{"domain":["www.bad.example"],"site":["bad.example"],"actor":["https://big.example/users/turned"],"ip":["192.0.2.7","2a00:1::5"],"prefix":["198.51.100.0/24"],"account":["ada"],"instance":false,"source":["rails"]},
"forged":["kite.example"],"invented":["x1.example"],"leaves":["nginx","rails"],"events":100}`

// line joins a literal that was broken to be read.
func line(s string) string { return strings.ReplaceAll(s, "\n", "") }

func truth(lines ...string) string {
	text := ""
	for _, l := range lines {
		text += line(l) + "\n"
	}
	return text
}

func readTruth(t *testing.T, lines ...string) *Truth {
	t.Helper()
	read, err := ReadTruth(strings.NewReader(truth(lines...)), "truth.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestReadTruthErrors(t *testing.T) {
	f := func(want string, lines ...string) {
		t.Helper()
		_, err := ReadTruth(strings.NewReader(truth(lines...)), "truth.jsonl")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	change := func(old, new string) string { return strings.Replace(attackLine, old, new, 1) }
	f(`truth.jsonl: no line of kind "run"`)
	f(`truth.jsonl: no line of kind "run"`, attackLine)
	f("truth.jsonl:2: a second line of kind", runLine, runLine)
	f("truth.jsonl:2: damaged or cut off at byte", runLine, attackLine[:200])
	f("truth.jsonl:3: damaged or cut off at byte", runLine, attackLine, "%PDF")
	f("truth.jsonl:2: the line is empty", runLine, "", attackLine)
	f(`truth.jsonl:3: the id "a1" is there twice`, runLine, attackLine, attackLine)
	f(`truth.jsonl:2: a line of kind "weird" without an id`, runLine, `{"kind":"weird"}`)
	f(`truth.jsonl:2: unknown kind "riddle"`, runLine, `{"kind":"riddle"}`)
	f(`truth.jsonl:2: attack a1: unknown intensity "loud"`, runLine, change("obvious", "loud"))
	f(`truth.jsonl:2: attack a1: unknown threat "boredom"`, runLine, change(`["dos"]`, `["boredom"]`))
	f("truth.jsonl:2: attack a1 names no threat", runLine, change(`["dos"]`, `[]`))
	f("truth.jsonl:2: attack a1 names no scenario", runLine, change(`domain_flood`, ``))
	f("truth.jsonl:2: attack a1: ParseAddr", runLine, change("192.0.2.7", "nowhere"))
	f("truth.jsonl:2: attack a1: netip.ParsePrefix", runLine, change("198.51.100.0/24", "nowhere"))
	f("truth.jsonl: a1, from 2027-09-03T10:00:00Z", runLine, change("2026-09-03T10", "2027-09-03T10"))
	f("truth.jsonl:2: parsing time", runLine, change("2026-09-03T10", "yesterday"))
	f(`truth.jsonl:3: the site "kite.example" is there twice`, runLine, `{"kind":"site","site":"kite.example","days":1}`, `{"kind":"site","site":"kite.example","days":1}`)
	f("these must rise", strings.Replace(runLine, `"end":"2026-09-05`, `"end":"2026-08-05`, 1))
}

// alert is one line of alerts.jsonl.
func alert(id string, seq int, at, rest string) string {
	status := "firing"
	if seq > 1 {
		status = "updated"
	}
	return fmt.Sprintf(`{"schema":"fedwarden.alert.v1","id":%q,"seq":%d,"at":%q,"status":%q,%s}`, id, seq, at, status, line(rest))
}

const flood = `"severity":"high","threat":"dos","detector":"domain_flood","entity":{"type":"site","value":"bad.example","attribution":"verified"},"proven":null,"campaign":null,"evidence":{"total":50,"samples":[]}`

func TestReadAlertsErrors(t *testing.T) {
	t1 := readTruth(t, runLine, attackLine)
	const at = "2026-09-03T10:00:05Z"
	f := func(want string, lines ...string) {
		t.Helper()
		_, err := ReadAlerts(strings.NewReader(truth(lines...)), "alerts.jsonl", t1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	first := alert("FW-1", 1, at, flood)
	f("alerts.jsonl:2: damaged or cut off at byte", first, first[:len(first)-20])
	f("alerts.jsonl:2: FW-1: seq 1 is there twice", first, first)
	f("alerts.jsonl:2: FW-1: seq 3 follows 1: what was between is lost", first, alert("FW-1", 3, at, flood))
	f("alerts.jsonl:1: FW-1: seq 2 follows 0: what was between is lost", alert("FW-1", 2, at, flood))
	f("alerts.jsonl:1: FW-1 at 2026-10-03T10:00:05Z is outside the run", alert("FW-1", 1, "2026-10-03T10:00:05Z", flood))
	f("alerts.jsonl:1: FW-1: seq 1 is updated", strings.Replace(first, "firing", "updated", 1))
	f(`alerts.jsonl:1: FW-1: unknown status "burning"`, strings.Replace(first, "firing", "burning", 1))
	f("alerts.jsonl:1: FW-1: unknown severity", strings.Replace(first, "high", "shrill", 1))
	f(`alerts.jsonl:1: FW-1: unknown threat "boredom"`, strings.Replace(first, "dos", "boredom", 1))
	f(`alerts.jsonl:1: the schema is "other"`, strings.Replace(first, "fedwarden.alert.v1", "other", 1))
	f("alerts.jsonl:1: an alert must have id, entity and at", strings.Replace(first, `"FW-1"`, `""`, 1))
	f("alerts.jsonl:1: the schema is \"\"", line(attackLine))
}

func TestReadAlerts(t *testing.T) {
	t1 := readTruth(t, runLine)
	low := strings.Replace(flood, "high", "low", 1)
	proven := strings.Replace(flood, `"proven":null`, `"proven":{"type":"domain","value":"www.bad.example","attribution":"corroborated"}`, 1)
	member := strings.Replace(flood, `"campaign":null`, `"campaign":"FW-9"`, 1)
	list, err := ReadAlerts(strings.NewReader(truth(
		alert("FW-1", 1, "2026-09-03T10:00:05Z", low), // a low one that rises, is proven, and joins a campaign
		alert("FW-2", 1, "2026-09-03T10:00:06Z", member),
		alert("FW-1", 2, "2026-09-03T10:00:07Z", flood),
		alert("FW-1", 3, "2026-09-03T10:00:08Z", proven),
		alert("FW-1", 4, "2026-09-03T10:00:09Z", member),
		strings.Replace(alert("FW-1", 5, "2026-09-03T10:20:00Z", member), "updated", "resolved", 1),
	)), "alerts.jsonl", t1)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(list)
	want := `[{"ID":"FW-1","Detector":"domain_flood","Threat":"dos","Entity":{"Type":"site","Value":"bad.example"},"Proven":{"Type":"domain","Value":"www.bad.example"},` +
		`"Opened":"2026-09-03T10:00:05Z","Ended":"2026-09-03T10:20:00Z","Told":"2026-09-03T10:00:07Z","Severity":"high","Member":true,"Messages":3,"Evidence":50},` +
		`{"ID":"FW-2","Detector":"domain_flood","Threat":"dos","Entity":{"Type":"site","Value":"bad.example"},"Proven":null,` +
		`"Opened":"2026-09-03T10:00:06Z","Ended":"0001-01-01T00:00:00Z","Told":"0001-01-01T00:00:00Z","Severity":"high","Member":true,"Messages":0,"Evidence":0}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(truth(runLine, attackLine), alert("FW-1", 1, "2026-09-03T10:00:05Z", flood))
	f.Fuzz(func(t *testing.T, truth, alerts string) {
		read, err := ReadTruth(strings.NewReader(truth), "truth.jsonl")
		if err != nil || read.Run.End.Sub(read.Run.Start) > 10000*day {
			return
		}
		list, err := ReadAlerts(strings.NewReader(alerts), "alerts.jsonl", read)
		if err != nil {
			return
		}
		r := Judge(read, list, nil).Report("fedwarden")
		if n := r.Precision.K + r.Apart.Low + r.Apart.Members + r.Apart.WarmUp + r.Apart.Health + r.Apart.SeenOnly + r.Precision.N - r.Precision.K; n != len(list) {
			t.Errorf("%d incidents, %d are counted", len(list), n)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		Summary([]*Report{r}).Text()
	})
}
