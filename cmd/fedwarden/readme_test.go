package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/detectors"
)

var rewriteREADME = flag.Bool("rewrite", false, "write the README's table of detectors anew")

const (
	tableBegin = "<!-- detectors: written by `go test ./cmd/fedwarden -rewrite` -->\n"
	tableEnd   = "<!-- end of detectors -->\n"
)

// TestREADMEDetectors holds the README's table to the detectors' own documentation.
func TestREADMEDetectors(t *testing.T) {
	const path = "../../README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("the README has no place for the table of detectors")
	}
	want := before + tableBegin + detectorTable() + tableEnd + after
	if *rewriteREADME {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Error("the README's table is not that of the detectors; `go test ./cmd/fedwarden -run README -rewrite` writes it anew")
	}
}

func detectorTable() string {
	var b strings.Builder
	b.WriteString("| detector | threat | tells of | from which numbers on |\n| --- | --- | --- | --- |\n")
	for _, s := range detectors.Specs() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", s.Name, s.Threat, s.Title, s.Defaults)
	}
	b.WriteString("\n| recogniser | explains, and lowers to low | who imitates it |\n| --- | --- | --- |\n")
	for _, s := range detectors.Recognisers() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, s.Title, s.Lookalikes)
	}
	return b.String()
}
