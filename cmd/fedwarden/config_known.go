package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

// A CrawlerConfig lists the networks of one crawler: CIDRs, or a File with one on each line, # for comments, or both.
type CrawlerConfig struct {
	Name  string   `yaml:"name"`
	CIDRs []string `yaml:"cidrs"`
	File  string   `yaml:"file"`

	networks []netip.Prefix
}

// A MaintenanceConfig is a time in which the server is worked on: From and To, or Daily, all in UTC.
type MaintenanceConfig struct {
	From      string   `yaml:"from"` // 2026-11-18 02:00, or RFC 3339
	To        string   `yaml:"to"`
	Daily     string   `yaml:"daily"`     // 02:00-03:00
	Detectors []string `yaml:"detectors"` // whom it explains; those of queues and silence

	window benign.Window
}

// Networks this wide would hush the internet.
const (
	widestV4     = 8
	widestV6     = 16
	maxNetworks  = 100_000 // a crawler
	maxListBytes = 8 << 20
)

func (c *Config) validateKnown(d *decoder) {
	for i, host := range c.Relays {
		if !isHost(host) {
			d.problem(fmt.Sprintf("relays[%d]", i), "must be a host name, as in relay.example")
		}
	}
	for i := range c.Crawlers {
		c.Crawlers[i].validate(fmt.Sprintf("crawlers[%d]", i), d)
	}
	for i := range c.Maintenance {
		c.Maintenance[i].validate(fmt.Sprintf("maintenance[%d]", i), d)
	}
}

// isHost reports whether s may be a host's name: ASCII labels of letters, digits and hyphens.
func isHost(s string) bool {
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-')
	}
	return strings.Contains(s, ".") && len(s) <= 253 && strings.Trim(s, ".-") == s && !strings.ContainsFunc(s, odd)
}

func (c *CrawlerConfig) validate(at string, d *decoder) {
	c.networks = nil
	if c.Name == "" {
		d.problem(at+".name", "is missing: whose networks these are")
	}
	if len(c.CIDRs) == 0 && c.File == "" {
		d.problem(at+".cidrs", "is missing (or file)")
	}
	for i, s := range c.CIDRs {
		if err := c.add(s); err != nil {
			d.problem(fmt.Sprintf("%s.cidrs[%d]", at, i), err.Error())
		}
	}
	if c.File == "" {
		return
	}
	if err := c.read(); err != nil {
		d.problem(at+".file", err.Error())
	}
}

func (c *CrawlerConfig) add(s string) error {
	p, err := parsePrefix(s)
	widest := widestV4
	if p.Addr().Is6() {
		widest = widestV6
	}
	switch {
	case err != nil:
		return fmt.Errorf("must be an address or a CIDR, as in 66.249.64.0/19")
	case p.Bits() < widest:
		return fmt.Errorf("is wider than /%d: no crawler has so much", widest)
	case len(c.networks) == maxNetworks:
		return fmt.Errorf("more than %d networks", maxNetworks)
	}
	c.networks = append(c.networks, p)
	return nil
}

// read adds the file's networks, or names its first line that is none.
func (c *CrawlerConfig) read() error {
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxListBytes {
		return fmt.Errorf("%s: must be a file of at most 8MB", c.File)
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := c.add(line); err != nil {
			return fmt.Errorf("%s:%d: %w", c.File, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return nil
}

func (m *MaintenanceConfig) validate(at string, d *decoder) {
	m.window = benign.Window{Detectors: m.Detectors}
	for i, name := range m.Detectors {
		if !isFinder(name) {
			d.problem(fmt.Sprintf("%s.detectors[%d]", at, i), fmt.Sprintf("no detector is named %q; see `fedwarden detectors`", name))
		}
	}
	if m.Daily != "" {
		if m.From+m.To != "" {
			d.problem(at+".daily", "does not go with from and to: make two of them")
		}
		var ok bool
		if m.window.Start, m.window.End, ok = parseDaily(m.Daily); !ok {
			d.problem(at+".daily", "must be two times of a day in UTC, as in 02:00-03:00")
		}
		return
	}
	from, ok := parseInstant(m.From)
	if !ok {
		d.problem(at+".from", "must be a time in UTC, as in 2026-11-18 02:00 (or daily, as in 02:00-03:00)")
		return
	}
	to, ok := parseInstant(m.To)
	if !ok || !to.After(from) {
		d.problem(at+".to", "must be a time in UTC after from, as in 2026-11-18 03:00")
		return
	}
	m.window.From, m.window.To = pipeline.TimeOf(from), pipeline.TimeOf(to)
}

// parseInstant reads a time that a person writes; without a zone it is UTC.
func parseInstant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseDaily reads two times of a day, the second of which may lie after midnight.
func parseDaily(s string) (start, end time.Duration, ok bool) {
	a, b, found := strings.Cut(s, "-")
	from, err := time.Parse("15:04", strings.TrimSpace(a))
	to, err2 := time.Parse("15:04", strings.TrimSpace(b))
	if !found || err != nil || err2 != nil {
		return 0, 0, false
	}
	of := func(t time.Time) time.Duration {
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return of(from), of(to), of(from) != of(to)
}

// known returns what recognisers are told.
func (c *Config) known() detectors.Known {
	var k detectors.Known
	for _, host := range c.Relays {
		k.Relays = append(k.Relays, strings.ToLower(host))
	}
	for i := range c.Crawlers {
		k.Crawlers = append(k.Crawlers, benign.CrawlerList{Name: c.Crawlers[i].Name, Networks: c.Crawlers[i].networks})
	}
	for i := range c.Maintenance {
		k.Maintenance = append(k.Maintenance, c.Maintenance[i].window)
	}
	return k
}
