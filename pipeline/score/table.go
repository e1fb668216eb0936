package score

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// A Table is rows of cells; the first is the head.
type Table [][]string

// Text returns t in columns.
func (t Table) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range t {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	return b.String()
}

// Markdown returns t as a table of Markdown.
func (t Table) Markdown() string {
	var b strings.Builder
	for i, row := range t {
		for _, cell := range row {
			b.WriteString("| " + strings.ReplaceAll(cell, "|", "\\|") + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	return b.String()
}

// percent returns a share in per cent with its interval and what it was counted from.
func (s Share) percent() string {
	if s.Value == nil {
		return "none tried"
	}
	return fmt.Sprintf("%s, %d of %d", s.brief(), s.K, s.N)
}

// brief returns a share in per cent with its interval. All and none are said of all and none only.
func (s Share) brief() string {
	if s.Value == nil {
		return "none tried"
	}
	v := fmt.Sprintf("%.0f", *s.Value*100)
	switch {
	case v == "100" && s.K < s.N:
		v = fmt.Sprintf("%.1f", math.Floor(*s.Value*1000)/10)
	case v == "0" && s.K > 0:
		v = fmt.Sprintf("%.1f", math.Ceil(*s.Value*1000)/10)
	}
	return fmt.Sprintf("%s %% (%.0f–%.0f)", v, math.Floor(s.Low*100), math.Ceil(s.High*100))
}

// rate returns incidents a day, and the bound.
func (r Rate) rate() string {
	if r.Value == nil {
		return "no such day"
	}
	return fmt.Sprintf("%s (< %s)", number(*r.Value), number(*r.Upper))
}

// number returns v with two digits that tell something.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 10:
		return fmt.Sprintf("%.2g", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func orDash(v *float64, show func(float64) string) string {
	if v == nil {
		return "–"
	}
	return show(*v)
}

// seconds returns a time as people say it.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", s)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", s)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

func percentage(v float64) string { return number(v*100) + " %" }
