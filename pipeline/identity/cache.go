package identity

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A host is what is known of one spelling of a host. Its strings are its own.
type host struct {
	domain pipeline.Domain // empty: it is no name
	site   pipeline.Site
	slot   int32     // where its site was last found in the table; a hint
	hash   [2]uint32 // of site and domain, once a matcher has asked
}

// named reports whether h is there and a name.
func (h *host) named() bool { return h != nil && h.domain != "" }

// A cache maps hosts as logged to what they are. It is emptied when full: under a flood of new names that
// costs what no cache would cost, and it keeps no order that a flood could play with.
type cache struct {
	known map[string]*host
	used  int
	limit int // bytes
}

// hostBytes is what an entry takes besides its text: a map's slot and a host.
const hostBytes = 128

func (c *cache) clear() { c.known, c.used = make(map[string]*host), 0 }

// host returns what raw is. The result is good until the cache is emptied at some later call but the next:
// one event asks for two hosts.
func (c *cache) host(raw string) *host {
	if h := c.known[raw]; h != nil {
		return h
	}
	h := &host{slot: -1}
	if name := canonical(raw); name != "" {
		name = strings.Clone(name)
		h.domain, h.site = pipeline.Domain(name), pipeline.Site(siteOf(name))
	}
	size := hostBytes + len(raw) + len(h.domain)
	if len(raw) > 4*maxHost || size > c.limit {
		return h
	}
	if c.used+size > c.limit {
		c.clear()
	}
	c.known[strings.Clone(raw)] = h
	c.used += size
	return h
}
