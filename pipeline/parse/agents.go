package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxAgents and maxAgentBytes bound the cache of agents.
const (
	maxAgents     = 16 << 10
	maxAgentBytes = 1 << 20
)

// agents remembers agents that were read, because a server sends the same one in every request. It
// changes no result, and starts anew when it is full.
type agents struct {
	known map[string]agent
	bytes int
}

// set sets what a user agent tells.
func (c *agents) set(e *pipeline.Event, s string) {
	if s == "" {
		return
	}
	a := c.get(cut(s, readAgentMax))
	e.UserAgent, e.Software, e.Version, e.AgentHost = a.text, a.software, a.version, a.host
}

func (c *agents) get(s string) agent {
	if a, ok := c.known[s]; ok {
		return a
	}
	if c.known == nil {
		c.known = make(map[string]agent)
	}
	if len(c.known) >= maxAgents || c.bytes >= maxAgentBytes {
		clear(c.known)
		c.bytes = 0
	}
	s = strings.Clone(s)
	a := parseAgent(s)
	c.known[s] = a
	c.bytes += len(s)
	return a
}
