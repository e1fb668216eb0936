package window

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Crowd is who did one rare thing in the last hours, by a name of up to 256 bytes each: for instance detectors,
// to which signals bring it. Its windows are panes of ten minutes, of ceiling semantics. It holds 4,096 names; the
// ones that come when it is full are not told apart until some have been quiet for four hours.
type Crowd struct {
	members map[string]*crowdMember
}

type crowdMember struct {
	pane   uint32 // of the last event
	counts [crowdPanes]uint16
}

const (
	crowdPanes  = 24
	paneSeconds = 600
	maxCrowd    = 4096
	maxCrowdKey = 256
)

// A Member is one of a Crowd, with how often it was there.
type Member struct {
	Key   string
	Count uint32
}

// NewCrowd returns an empty Crowd.
func NewCrowd() *Crowd { return &Crowd{members: map[string]*crowdMember{}} }

// Add counts n events of key at now, which never goes back. It reports whether they are the first of its pane of ten
// minutes: added up, that is how many there were, however often each came.
func (c *Crowd) Add(now pipeline.Time, key string, n uint64) (first bool) {
	pane := paneAt(now)
	m := c.members[key]
	if m == nil {
		if len(key) > maxCrowdKey || len(c.members) >= maxCrowd && !c.prune(pane) {
			return false
		}
		m = &crowdMember{pane: pane}
		c.members[string([]byte(key))] = m
	}
	m.turn(pane)
	count := &m.counts[pane%crowdPanes]
	first = *count == 0
	*count = uint16(min(uint64(*count)+n, 1<<16-1))
	return first
}

func paneAt(now pipeline.Time) uint32 { return uint32(now / (paneSeconds * pipeline.Second)) }

func (m *crowdMember) turn(pane uint32) {
	for k := range min(pane-m.pane, crowdPanes) {
		m.counts[(pane-k)%crowdPanes] = 0
	}
	m.pane = pane
}

// sum returns how many there were in that many panes before the open one, and in it.
func (m *crowdMember) sum(pane, panes uint32) (n uint32) {
	for k := range min(panes+1, crowdPanes) {
		if p := pane - k; p <= m.pane && m.pane-p < crowdPanes {
			n += uint32(m.counts[p%crowdPanes])
		}
	}
	return n
}

// prune forgets who is quiet for all that is kept, and reports whether there is room.
func (c *Crowd) prune(pane uint32) bool {
	maps.DeleteFunc(c.members, func(_ string, m *crowdMember) bool { return pane-m.pane >= crowdPanes })
	return len(c.members) < maxCrowd
}

// Sum returns how many events key had in the window of that many seconds that ends at now.
func (c *Crowd) Sum(now pipeline.Time, key string, seconds uint32) uint32 {
	if m := c.members[key]; m != nil {
		return m.sum(paneAt(now), seconds/paneSeconds)
	}
	return 0
}

// Within returns who was there in the window of that many seconds that ends at now, most first. It looks at all, so it
// is not for every event.
func (c *Crowd) Within(now pipeline.Time, seconds uint32) []Member {
	var list []Member
	for key, m := range c.members {
		if n := m.sum(paneAt(now), seconds/paneSeconds); n > 0 {
			list = append(list, Member{key, n})
		}
	}
	slices.SortFunc(list, func(a, b Member) int { // a map has no order
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Key, b.Key))
	})
	return list
}

// Snapshot writes the crowd, sorted.
func (c *Crowd) Snapshot(w io.Writer) error {
	out := coder{w: w}
	out.u32(uint32(len(c.members)))
	for _, key := range slices.Sorted(maps.Keys(c.members)) {
		m := c.members[key]
		out.text(key)
		out.u32(m.pane)
		for _, n := range m.counts {
			out.u32(uint32(n))
		}
	}
	return out.err
}

// Restore reads what Snapshot wrote.
func (c *Crowd) Restore(r io.Reader) error {
	c.members = map[string]*crowdMember{}
	d := decoder{r: r}
	for range d.count(maxCrowd) {
		key, m := d.text(), &crowdMember{pane: d.u32()}
		for i := range m.counts {
			m.counts[i] = uint16(d.u32())
		}
		if d.err != nil {
			break
		}
		c.members[key] = m
	}
	if d.err != nil {
		c.members = map[string]*crowdMember{}
	}
	return d.err
}
