package sinks

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A style writes hostile strings for one destination: clean, defanged, escaped, and at most max long.
type style struct {
	text  func(s string, max int) string // as prose
	name  func(s string, max int) string // as something one copies: code, where there is such a thing
	plan  func(s string, max int) string // as prose whose addresses one copies
	code  func(s string, max int) string // a command of ours within prose
	stamp func(s pipeline.Stamp) string
}

// terminalStyle is for a terminal, where everything can be copied: addresses and commands stay whole.
func terminalStyle(own string) style {
	d := defanger{own: own}
	text := func(s string, max int) string { return clean(d.text(clean(s, max)), max) }
	return style{
		text:  text,
		name:  text,
		plan:  text,
		code:  func(s string, max int) string { return "`" + clean(s, max) + "`" },
		stamp: pipeline.Stamp.String,
	}
}

// slackStyle is for mrkdwn.
func slackStyle(own string) style {
	prose, exact := defanger{own: own, addresses: true}, defanger{own: own}
	span := func(s string, max int) string {
		if s = slackVerbatim(strings.TrimSpace(s), max-2); s == "" {
			return "unknown"
		}
		return "`" + s + "`"
	}
	return style{
		text:  func(s string, max int) string { return slackMarkup(prose.text(clean(s, max)), max) },
		name:  func(s string, max int) string { return span(exact.text(clean(s, max)), max) },
		plan:  func(s string, max int) string { return slackMarkup(exact.text(clean(s, max)), max) },
		code:  func(s string, max int) string { return span(clean(s, max), max) },
		stamp: slackDate,
	}
}

// withCode writes a text of our own in which commands stand between backticks. Commands are not
// defanged: they are there to be copied. An entity in the text may hold a backtick; then code begins
// and ends elsewhere, but it always ends.
func (y style) withCode(s string, max int) string {
	var b strings.Builder
	parts := strings.Split(clean(s, max), "`")
	for i, p := range parts {
		left := max - units(b.String())
		switch {
		case left < 8:
			return b.String() + ellipsis
		case i%2 == 1 && i < len(parts)-1 && strings.TrimSpace(p) != "":
			b.WriteString(y.code(p, left))
		default:
			b.WriteString(y.plan(p, left))
		}
	}
	return b.String()
}

// names writes up to n of the names, and how many more there are in truth.
func (y style) names(list []string, total uint64, n, max int) string {
	var shown []string
	for _, s := range list[:min(n, len(list))] {
		shown = append(shown, y.name(withUnicode(s), max))
	}
	if more := int64(total) - int64(len(shown)); more > 0 && len(shown) > 0 {
		shown = append(shown, "+"+count(uint64(more)))
	}
	return strings.Join(shown, ", ")
}

// withUnicode returns a name with the Unicode form of its host beside it where that differs.
func withUnicode(name string) string {
	if u := unicodeForm(hostOf(name)); u != "" {
		return name + " (" + u + ")"
	}
	return name
}
