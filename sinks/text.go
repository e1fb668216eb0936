package sinks

import (
	"fmt"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Bounds of the text, in characters.
const (
	textHandle  = 60
	textSummary = 500
	textName    = 300
	textSample  = 1000
	textAdvice  = 500
	textUndo    = 200
	textNames   = 5  // names shown of each kind
	textListed  = 10 // suggestions and samples shown
)

// AppendText appends a to b as people read it: the severity first, then what, how much against what is
// usual, since when, who and how sure that is, the evidence, and what could be done; an empty line ends
// it. Whatever a log said is cleaned and defanged.
func AppendText(b []byte, a *pipeline.Alert, color bool) []byte {
	t := text{style: terminalStyle(own(a)), color: color}
	t.head(a)
	if a.Status == pipeline.StatusResolved {
		t.row("Over", t.lasted(a)+", "+plural(a.Evidence.Total, "event", "events")+t.partOf(a))
		t.row("Who", t.who(a.Entity, textName))
	} else {
		t.body(a)
	}
	t.b.WriteByte('\n')
	return append(b, t.b.String()...)
}

// A text is an alert's text under construction.
type text struct {
	style
	color bool
	b     strings.Builder
}

// The colours of a terminal.
const (
	colorReset = "\x1b[0m"
	colorDim   = "\x1b[2m"
)

// tint returns the colour of an alert's first word.
func tint(a *pipeline.Alert) string {
	if a.Status == pipeline.StatusResolved {
		return "\x1b[32m"
	}
	switch a.Severity {
	case pipeline.SeverityCritical:
		return "\x1b[1;31m"
	case pipeline.SeverityHigh:
		return "\x1b[31m"
	case pipeline.SeverityMedium:
		return "\x1b[33m"
	}
	return "\x1b[36m"
}

// paint returns s in the given colour, if there are colours.
func (t *text) paint(color, s string) string {
	if !t.color {
		return s
	}
	return color + s + colorReset
}

func (t *text) head(a *pipeline.Alert) {
	word := t.paint(tint(a), "["+headword(a)+"]")
	fmt.Fprintf(&t.b, "%s %s  %s\n", word, t.text(a.ID, textHandle), t.text(a.Summary, textSummary))
}

// row writes a labelled line; further lines of it are indented, empty ones left out.
func (t *text) row(label string, lines ...string) {
	for _, l := range lines {
		if l != "" {
			fmt.Fprintf(&t.b, "%s%s\n", t.paint(colorDim, fmt.Sprintf("%-7s", label)), l)
			label = ""
		}
	}
}

func (t *text) body(a *pipeline.Alert) {
	t.row("Now", t.howMuch(a.Measure))
	t.row("Since", t.since(a))
	t.row("Who", t.who(a.Entity, textName), sure(a.Entity))
	if p := a.Proven; p != nil {
		t.row("Proven", t.who(*p, textName), sure(*p))
	}
	t.row("Spread", spread(a.Related.Counts))
	t.row("", t.involved(a, textNames, textName)...)
	t.row("Maybe", t.benign(a.Context))
	t.evidence(a.Evidence)
	t.advice(a.Suggestions)
	t.row("By", t.origin(a))
}

func (t *text) evidence(e pipeline.AlertEvidence) {
	var lines []string
	for _, s := range e.Samples[:min(len(e.Samples), textListed)] {
		lines = append(lines, t.text(s.Source, 20)+" "+s.Time.String()+" "+t.name(s.Line, textSample))
	}
	if len(lines) > 0 {
		lines = append(lines, fmt.Sprintf("%d of %s", len(lines), plural(e.Total, "event", "events")))
	} else {
		lines = append(lines, plural(e.Total, "event", "events"))
	}
	t.row("Proof", lines...)
}

func (t *text) advice(list []pipeline.Suggestion) {
	var lines []string
	for i, s := range list[:min(len(list), textListed)] {
		line := fmt.Sprintf("%d) %s", i+1, t.withCode(s.Text, textAdvice))
		if s.Destructive {
			line += " (destructive)"
		}
		lines = append(lines, line)
		if s.Undo != "" {
			lines = append(lines, "   undo: "+t.withCode(s.Undo, textUndo))
		}
	}
	t.row("Do", lines...)
}

// origin says which detector says so, about which server.
func (t *text) origin(a *pipeline.Alert) string {
	s := t.text(a.Detector, textHandle)
	if a.Threat != "" {
		s += " (" + t.text(threatWord(a.Threat), textHandle) + ")"
	}
	if a.Instance != nil {
		s += " on " + t.text(*a.Instance, textName)
	}
	return s + t.partOf(a)
}

// partOf says which larger alert a belongs to.
func (t *text) partOf(a *pipeline.Alert) string {
	if a.Campaign == nil {
		return ""
	}
	return ", part of " + t.text(*a.Campaign, textHandle)
}
