package simulate

import (
	"bufio"
	"encoding/json"
	"io"
	"time"
)

const truthTime = "2006-01-02T15:04:05.000Z"

// A runTruth says what was simulated.
type runTruth struct {
	Kind    string `json:"kind"`
	Seed    uint64 `json:"seed"`
	Family  string `json:"family"`
	Peers   int    `json:"peers"`
	Start   string `json:"start"`
	End     string `json:"end"`
	Warm    string `json:"warm"`
	Nginx   string `json:"nginx"`
	Rails   string `json:"rails"`
	Sidekiq int    `json:"sidekiq"`
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
	err := enc.Encode(runTruth{"run", c.Seed, c.Family, c.Peers, stampTruth(c.Start), stampTruth(c.End()), stampTruth(c.Start),
		c.Nginx, c.Rails, c.Sidekiq})
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

func stampTruth(t time.Time) string { return t.UTC().Format(truthTime) }
