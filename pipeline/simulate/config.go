package simulate

import (
	"fmt"
	"io"
	"time"
)

// A Config says which world is simulated.
type Config struct {
	Seed    uint64
	Family  string    // "lognormal" or "pareto"; default "lognormal"
	Peers   int       // servers that are known at the start: 3,000 is a small server, 20,000 a medium one; default 3,000
	Start   time.Time // UTC; default 2026-09-01
	Days    int       // default 1
	Nginx   string    // "combined" or "json", as `fedwarden snippet nginx-logformat` has it; default "combined"
	Rails   string    // "" writes none, "stock" what Mastodon has, "verified" with verified= too
	Sidekiq int       // 7 or 8, the version whose text is written; 0 writes none
	Plan    Plan      // what happens besides; nil: nothing
}

// Sinks are where the logs go. One that is nil is not written; what is simulated does not depend on it. One that is a
// Rotator is rotated at each midnight, between two lines.
type Sinks struct {
	Nginx, Rails, Sidekiq, Truth io.Writer
}

// A Rotator is a log that is rotated.
type Rotator interface {
	io.Writer
	Rotate() error
}

// The bounds of a Config: a world must fit into memory, and have a peer of every kind.
const (
	minPeers, maxPeers = 50, 200_000
	maxDays            = 400
)

// Run simulates c's world and writes its logs to s.
func Run(c Config, s Sinks) (Marginals, error) {
	if err := c.complete(); err != nil {
		return Marginals{}, err
	}
	w := newSim(c, s)
	if err := w.stage(c.Plan); err != nil {
		return Marginals{}, err
	}
	w.run()
	if err := w.finish(s.Truth); err != nil {
		return Marginals{}, err
	}
	return w.marginals(), nil
}

// complete sets what c leaves open and checks the rest.
func (c *Config) complete() error {
	if c.Family == "" {
		c.Family = "lognormal"
	}
	if c.Peers == 0 {
		c.Peers = 3000
	}
	if c.Days == 0 {
		c.Days = 1
	}
	if c.Nginx == "" {
		c.Nginx = "combined"
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	}
	c.Start = c.Start.UTC()
	return c.check()
}

// Check returns what is wrong with c, or nil; what is left open is not wrong.
func (c Config) Check() error { return c.complete() }

func (c *Config) check() error {
	switch {
	case familyNamed(c.Family) == nil:
		return fmt.Errorf("family %q: must be lognormal or pareto", c.Family)
	case c.Peers < minPeers || c.Peers > maxPeers:
		return fmt.Errorf("peers %d: must be %d to %d", c.Peers, minPeers, maxPeers)
	case c.Days < 1 || c.Days > maxDays:
		return fmt.Errorf("days %d: must be 1 to %d", c.Days, maxDays)
	case c.Start.Year() < 1980 || c.Start.Year() > 2100:
		return fmt.Errorf("start %s: must be in 1980 to 2100", c.Start.Format(time.DateOnly))
	case c.Nginx != "combined" && c.Nginx != "json":
		return fmt.Errorf("nginx %q: must be combined or json", c.Nginx)
	case c.Rails != "" && c.Rails != "stock" && c.Rails != "verified":
		return fmt.Errorf("rails %q: must be stock, verified or empty", c.Rails)
	case c.Sidekiq != 0 && c.Sidekiq != 7 && c.Sidekiq != 8:
		return fmt.Errorf("sidekiq %d: must be 7, 8 or 0", c.Sidekiq)
	}
	return nil
}

// End returns when the run ends.
func (c *Config) End() time.Time { return c.Start.AddDate(0, 0, c.Days) }
