package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
)

type detectorsCommand struct {
	Name string `arg:"" optional:"" help:"A detector's name, for its full documentation."`
}

// Run lists the detectors, or documents one.
func (d *detectorsCommand) Run(c *console) error {
	if d.Name == "" {
		return listDetectors(c.out)
	}
	for _, s := range slices.Concat(detectors.Specs(), detectors.Recognisers()) {
		if s.Name == d.Name {
			return documentDetector(c.out, &s)
		}
	}
	return usageError{fmt.Errorf("detectors: no detector is named %q; `fedwarden detectors` lists them", d.Name)}
}

func listDetectors(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tTHREAT\tTELLS")
	for _, s := range detectors.Specs() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Name, s.Threat, s.Title)
	}
	fmt.Fprintln(t, "\nNAME\t\tEXPLAINS")
	for _, s := range detectors.Recognisers() {
		fmt.Fprintf(t, "%s\t-\t%s\n", s.Name, s.Title)
	}
	return t.Flush()
}

func documentDetector(w io.Writer, s *pipeline.Spec) error {
	var b strings.Builder
	what := "threat " + string(s.Threat)
	if s.Threat == "" {
		what = "explains what others find, and lowers its severity"
	}
	fmt.Fprintf(&b, "%s: %s (%s)\n", s.Name, s.Title, what)
	for _, part := range []struct{ title, text string }{
		{"Sees", s.Sees}, {"Why it matters", s.Matters}, {"Benign look-alikes", s.Lookalikes}, {"Defaults", s.Defaults},
	} {
		fmt.Fprintf(&b, "\n%s\n%s\n", part.title, wrapped(part.text))
	}
	b.WriteString("\nWhat to do\n")
	for i, step := range s.Do {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, step)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrapped breaks text into lines of some 78 characters.
func wrapped(text string) string {
	var b strings.Builder
	width := 0
	for word := range strings.FieldsSeq(text) {
		if width+len(word) > 76 {
			b.WriteString("\n")
			width = 0
		}
		if width == 0 {
			b.WriteString(" ")
			width = 1
		}
		b.WriteString(" " + word)
		width += len(word) + 1
	}
	return b.String()
}
