package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestListEpisodes(t *testing.T) {
	id := "FW-0000000001"
	list := []episode{
		{Transitions: []pipeline.Alert{{ID: "FW-0000000002", Detector: "login_bruteforce", Campaign: &id, Summary: "guessing\n"}}},
		{Transitions: []pipeline.Alert{{ID: id, Detector: "login_bruteforce", Summary: "many"}}},
	}
	var b bytes.Buffer
	if err := listEpisodes(&b, list); err != nil {
		t.Fatal(err)
	}
	var campaigns []string
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n")[1:] {
		fields := strings.Fields(line)
		campaigns = append(campaigns, fields[0]+" of "+fields[len(fields)-2])
	}
	if got, want := strings.Join(campaigns, ", "), "FW-0000000002 of FW-0000000001, FW-0000000001 of -"; got != want {
		t.Errorf("got %q, want %q in\n%s", got, want, b.String())
	}
}
