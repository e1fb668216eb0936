package simulate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// truthTime is RFC 3339 in UTC with milliseconds.
const truthTime = "2006-01-02T15:04:05.000Z"

// maxInvented is how many of the names that an attacker made up are told.
const maxInvented = 50

// A runTruth says what was simulated.
type runTruth struct {
	Kind    string `json:"kind"`
	Seed    uint64 `json:"seed"`
	Family  string `json:"family"`
	Peers   int    `json:"peers"`
	Start   string `json:"start"`
	End     string `json:"end"`
	Warm    string `json:"warm"` // the end of the warm-up
	Nginx   string `json:"nginx"`
	Rails   string `json:"rails"`
	Sidekiq int    `json:"sidekiq"`
}

// An attackTruth says who attacked, how, when, and whose names were abused.
type attackTruth struct {
	Kind      string    `json:"kind"`
	ID        string    `json:"id"`
	Scenario  string    `json:"scenario"`
	Intensity string    `json:"intensity"`
	Threats   []string  `json:"threats"`
	Start     string    `json:"start"`
	End       string    `json:"end"`
	Attackers attackers `json:"attackers"`
	Forged    []string  `json:"forged"`
	Invented  []string  `json:"invented"`
	Leaves    []string  `json:"leaves"`
	Events    int       `json:"events"`
}

// An attackers is everything that an alert may rightly name. No list is null.
type attackers struct {
	Domain   []string `json:"domain"`
	Site     []string `json:"site"`
	Actor    []string `json:"actor"`
	IP       []string `json:"ip"`
	Prefix   []string `json:"prefix"`
	Account  []string `json:"account"`
	Instance bool     `json:"instance"`
	Source   []string `json:"source"`
}

// A weirdTruth says what happened that is no attack.
type weirdTruth struct {
	Kind     string   `json:"kind"`
	ID       string   `json:"id"`
	Scenario string   `json:"scenario"`
	Start    string   `json:"start"`
	End      string   `json:"end"`
	Names    []string `json:"names"`
}

// A siteTruth is an honest site, with the days on which its own traffic was seen.
type siteTruth struct {
	Kind string `json:"kind"`
	Site string `json:"site"`
	Days int    `json:"days"`
}

// writeTruth writes the truth of a run that has ended.
func (s *sim) writeTruth(to io.Writer) error {
	b := bufio.NewWriter(to)
	enc := json.NewEncoder(b)
	c := &s.config
	err := enc.Encode(runTruth{"run", c.Seed, c.Family, c.Peers, stampTruth(c.Start), stampTruth(c.End()),
		stampTruth(c.Start.AddDate(0, 0, WarmUp(c.Days))), c.Nginx, c.Rails, c.Sidekiq})
	for _, p := range s.played {
		if err == nil && p.start.Before(c.End()) {
			err = enc.Encode(p.truth(c))
		}
	}
	for site, days := range s.sites() {
		if err == nil {
			err = enc.Encode(siteTruth{"site", site, days})
		}
	}
	if err != nil {
		return err
	}
	return b.Flush()
}

// truth returns the line of truth about p.
func (p *played) truth(c *Config) any {
	from, to := p.start, p.end
	if p.events > 0 {
		from, to = p.first, p.last
	}
	if end := c.End(); to.After(end) {
		to = end
	}
	start, stop := stampTruth(from), stampTruth(to)
	if p.scenario.weird {
		return weirdTruth{"weird", p.id, p.scenario.name, start, stop, distinct(p.names)}
	}
	invented := distinct(p.invented)
	return attackTruth{
		Kind: "attack", ID: p.id, Scenario: p.scenario.name, Intensity: p.intensity.String(), Threats: p.scenario.threats,
		Start: start, End: stop,
		Attackers: attackers{
			Domain: distinct(p.domains), Site: distinct(p.sites), Actor: distinct(p.actors), IP: texts(p.ips),
			Prefix: texts(p.prefixes), Account: distinct(p.accounts), Instance: p.instance, Source: distinct(p.sources),
		},
		Forged: distinct(p.forged), Invented: invented[:min(len(invented), maxInvented)],
		Leaves: p.traces(c), Events: p.events,
	}
}

// traces returns the logs in which p left a trace, of those that there are.
func (p *played) traces(c *Config) []string {
	kept := [...]bool{Nginx: true, Rails: c.Rails != "", Sidekiq: c.Sidekiq != 0}
	list := []string{}
	for l, left := range p.leaves {
		if left && kept[l] {
			list = append(list, Log(l).String())
		}
	}
	return list
}

// texts returns the different ones of a list of addresses or prefixes, as they are written, sorted as text.
func texts[T fmt.Stringer](list []T) []string {
	written := make([]string, len(list))
	for i, x := range list {
		written[i] = x.String()
	}
	return distinct(written)
}

func stampTruth(t time.Time) string { return t.UTC().Format(truthTime) }
