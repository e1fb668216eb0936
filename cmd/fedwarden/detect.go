package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/source/discover"
)

type detectCommand struct {
	Root   string `help:"Look below this directory, as where a container sees its host's files." type:"path" placeholder:"DIR"`
	Output string `help:"text (a configuration, with what was found as comments) or json." enum:"text,json" default:"text"`
}

// Run looks for logs. It fails where there is none that can be read.
func (d *detectCommand) Run(c *console) error {
	found := discover.Find(c.ctx, discover.Options{Root: d.Root, Now: pipeline.TimeOf(time.Now())})
	var b bytes.Buffer
	if d.Output == "json" {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(struct {
			*discover.Found
			Config string `json:"config"`
		}{found, foundConfig(found)}); err != nil {
			return err
		}
	} else {
		foundText(&b, found)
		b.WriteString(foundConfig(found))
	}
	if _, err := c.out.Write(b.Bytes()); err != nil {
		return err
	}
	if !found.Readable() {
		return errors.New("no log was found that can be read")
	}
	return nil
}

// foundText writes what was found, as comments of the configuration that follows.
func foundText(b *bytes.Buffer, f *discover.Found) {
	section := comments(b)
	for _, x := range f.Files {
		section("Found", x.Path+": "+fileText(&x))
	}
	for _, u := range f.Units {
		section("Found", "journal, "+u.Name+newestText(u.Newest))
	}
	for _, x := range f.Containers {
		section("Found", fmt.Sprintf("container %s, service %s: %s%s", x.Name, x.Service, x.Path, newestText(x.Sample.Newest)))
	}
	for _, p := range f.Problems {
		section("Can't be read", p.Subject+": "+p.Reason, p.Mend)
	}
	for _, w := range f.Warnings {
		section("To be mended", w.Subject+": "+w.Text, w.Mend)
	}
	if f.LacksKeys() {
		section("To know more", "nginx tells no key ids: actors are not seen", "fedwarden snippet nginx-logformat")
	}
	if f.HasRails() {
		section("To know more", "Rails can tell which signatures were good, which proves names at once", "fedwarden snippet rails-initializer")
	}
}

// comments returns what writes a line, with what mends it below, under a heading that is written when it changes.
func comments(b *bytes.Buffer) func(heading string, lines ...string) {
	last := ""
	return func(heading string, lines ...string) {
		if heading != last {
			fmt.Fprintf(b, "# %s\n", heading)
			last = heading
		}
		indent := "#   "
		for _, line := range lines {
			if line != "" {
				fmt.Fprintf(b, "%s%s\n", indent, strings.Map(printable, line))
			}
			indent = "#     → "
		}
	}
}

// printable replaces what would end a comment, or act on a terminal.
func printable(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
		return '?'
	}
	return r
}

func fileText(x *discover.File) string {
	text := x.Format.String()
	if x.Format == pipeline.FormatUnknown {
		text = "of no format yet"
	}
	if len(x.Servers) > 0 {
		text += " of " + strings.Join(x.Servers, ", ")
	}
	return fmt.Sprintf("%s; %d lines sampled%s", text, x.Sample.Lines, newestText(x.Sample.Newest))
}

func newestText(t pipeline.Time) string {
	if t == 0 {
		return ""
	}
	return ", the newest of " + t.Floor().String()
}

// foundConfig writes the configuration that says what was found.
func foundConfig(f *discover.Found) string {
	if !f.Readable() {
		return ""
	}
	var b strings.Builder
	b.WriteString("inputs:\n")
	for _, x := range f.Files {
		b.WriteString("  - {path: " + quoted(x.Path))
		if x.Format != pipeline.FormatUnknown {
			b.WriteString(", format: " + x.Format.String())
		}
		if x.LogFormat != "" {
			b.WriteString(", log_format: " + quoted(x.LogFormat))
		}
		if x.Timezone != "" {
			b.WriteString(", timezone: " + quoted(x.Timezone))
		}
		if x.Lateness > 0 {
			b.WriteString(", lateness: " + x.Lateness.String())
		}
		b.WriteString("}\n")
	}
	if len(f.Units) > 0 {
		b.WriteString("  - {journald: " + list(f.Units, unitPattern) + journalDir(f.Journal) + "}\n")
	}
	if len(f.Containers) > 0 {
		services := list(f.Containers, func(x discover.Container) string { return x.Service })
		b.WriteString("  - {docker: " + quoted(f.Docker) + ", services: " + services + "}\n")
	}
	return b.String()
}

// unitPattern names a unit, and of Sidekiq's, into which people split the one and into which they may tomorrow, all.
func unitPattern(u discover.Unit) string {
	if strings.HasPrefix(u.Name, "mastodon-sidekiq") {
		return "mastodon-sidekiq*.service"
	}
	return u.Name
}

func journalDir(dir string) string {
	if dir == "" {
		return ""
	}
	return ", directory: " + quoted(dir)
}

// list writes the names of things, each once.
func list[T any](things []T, name func(T) string) string {
	var names []string
	seen := map[string]bool{}
	for _, x := range things {
		if n := name(x); !seen[n] {
			names, seen[n] = append(names, quoted(n)), true
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// quoted writes a value of YAML: bare if it is a plain path or name, else in quotes.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-", r)
	}
	switch rest := strings.TrimLeftFunc(s, plain); {
	case rest == "" && s != "" && (s[0] == '/' || s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z'):
		return s
	case strings.Map(printable, s) == s:
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(b)
}
