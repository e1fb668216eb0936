package engine

import (
	"net/netip"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	together = 600 * pipeline.Second // apart at most
	minAkin  = 3                     // of one network or site
	minCrowd = 5                     // with nothing in common but the minutes
	swelling = 10                    // times as many members as it fired with are told once
)

// A group is the part of a campaign that the tracker found itself.
type group struct {
	Grouped bool          `json:",omitempty"`
	Founded uint64        `json:",omitempty"` // members it began with
	Joined  uint64        `json:",omitempty"` // members ever
	Last    pipeline.Time `json:",omitempty"` // when one joined last
	Past    uint64        `json:",omitempty"` // events of those that ended
	More    bool          `json:",omitempty"` // not all that joined are known
	Speaks  bool          `json:",omitempty"` // the tracker says what is told, no finding does
}

// A cause is what episodes of a detector may have in common, and how many must have it to be told as one.
type cause struct {
	pipeline.Entity
	least int
}

// causes returns what ep may have in common with others, the narrowest first.
func (t *tracker) causes(ep *episode) []cause {
	var list []cause
	if kin := t.kin(entityOf(ep.Alert.Entity)); kin.Type != "" {
		list = append(list, cause{kin, minAkin})
	}
	return append(list, cause{pipeline.Entity{Type: pipeline.EntityInstance, Value: t.server()}, minCrowd})
}

// kin returns the network that e is in, or the site of a host; nothing of what has no such thing.
func (t *tracker) kin(e pipeline.Entity) pipeline.Entity {
	switch e.Type {
	case pipeline.EntityIP:
		if a, err := netip.ParseAddr(e.Value); err == nil {
			return pipeline.Entity{Type: pipeline.EntityPrefix, Value: pipeline.NetKey(a).String()}
		}
	case pipeline.EntityPrefix:
		if p, err := netip.ParsePrefix(e.Value); err == nil && pipeline.NetKey(p.Addr()).Bits() < p.Bits() {
			return pipeline.Entity{Type: pipeline.EntityPrefix, Value: pipeline.NetKey(p.Addr()).String()}
		}
	case pipeline.EntityDomain:
		if t.locator == nil {
			break
		}
		if _, site := t.locator.Home(e); site != "" {
			return pipeline.Entity{Type: pipeline.EntitySite, Value: string(site)}
		}
	}
	return pipeline.Entity{}
}

// gather makes ep, which is loud since now, a member of the group that it belongs to, or of a new one that there
// are enough for. It returns those who became members of ep.
func (t *tracker) gather(ep *episode, at pipeline.Stamp) []*episode {
	if ep.Alert.Entity.Type == pipeline.EntityInstance {
		return nil
	}
	causes := t.causes(ep)
	for _, c := range causes {
		if ep.Carries == nil && t.joins(ep, c.Entity, at.Time) {
			return nil
		}
	}
	folded := t.below(ep, at.Time)
	for _, c := range causes {
		if ep.Carries != nil {
			break
		}
		if others, enough := t.others(ep, c, at.Time); enough && t.unite(c.Entity, append(others, ep), at) {
			break
		}
	}
	return folded
}

// joins makes ep a member of the group on e, if that takes it. An alert on the network or site of ep takes it anyway.
func (t *tracker) joins(ep *episode, e pipeline.Entity, at pipeline.Time) bool {
	c := t.byEntity[entityKey{ep.Alert.Detector, e}]
	if c == nil || c.Loud == 0 || c.Alert.Campaign != nil {
		return false
	}
	if e.Type == pipeline.EntityInstance {
		late := c.Carries == nil || !c.Carries.Grouped || at-c.Carries.Last > together
		if late || ep.Alert.Severity > c.Alert.Severity {
			return false
		}
	}
	t.absorb(c, []*episode{ep}, at)
	return true
}

// below makes the loud episodes of ep's detector that are of the network or site that ep is on its members.
func (t *tracker) below(ep *episode, at pipeline.Time) []*episode {
	e := entityOf(ep.Alert.Entity)
	if e.Type != pipeline.EntityPrefix && e.Type != pipeline.EntitySite {
		return nil
	}
	var list []*episode
	for _, o := range t.open {
		if o != ep && o.Alert.Detector == ep.Alert.Detector && o.Loud != 0 && t.free(o) && t.kin(entityOf(o.Alert.Entity)) == e {
			list = append(list, o)
		}
	}
	if len(list) > 0 {
		t.absorb(ep, list, at)
	}
	return list
}

// absorb makes members part of c, which is a group from now on.
func (t *tracker) absorb(c *episode, members []*episode, at pipeline.Time) {
	g := &t.carrier(c).group
	g.Grouped = true
	for _, ep := range members {
		t.attach(ep, c, at)
	}
	if g.Founded == 0 {
		g.Founded = g.Joined
	}
}

// others returns which episodes are loud since lately and may have the cause in common with ep, and whether
// they are enough to be told as one. Groups that are narrower count as one each.
func (t *tracker) others(ep *episode, c cause, now pipeline.Time) (list []*episode, enough bool) {
	n := 1
	for _, o := range t.open {
		if o == ep || o.Alert.Detector != ep.Alert.Detector || o.Loud == 0 || now-o.Loud > together || entityOf(o.Alert.Entity) == c.Entity {
			continue
		}
		crowd := c.Type == pipeline.EntityInstance
		switch {
		case o.Carries != nil && crowd:
			n++
		case t.free(o) && (crowd || t.kin(entityOf(o.Alert.Entity)) == c.Entity):
			n++
			list = append(list, o)
		}
	}
	return list, n >= c.least
}

// unite makes members, of which the last is about to be told, a campaign on e, and reports whether it could.
func (t *tracker) unite(e pipeline.Entity, members []*episode, at pipeline.Stamp) bool {
	newest := members[len(members)-1]
	c := t.byEntity[entityKey{newest.Alert.Detector, e}]
	fresh := c == nil
	switch {
	case fresh && !t.admits(newest.Alert.Detector, worst(members)):
		return false
	case fresh:
		c = t.found(e, members, at)
	case c.Alert.Campaign != nil:
		return false // another speaks for it
	}
	before := c.Carries != nil && c.Carries.Grouped
	t.absorb(c, members, at.Time)
	rises := worst(members) > c.Alert.Severity
	t.raise(c, worst(members), at)
	t.count(c, members)
	switch {
	case fresh:
		t.tell(c, pipeline.StatusFiring, at)
	case rises || !before && !c.Grown: // it speaks for others from now on
		c.Grown = c.Grown || !before
		t.tell(c, pipeline.StatusUpdated, at)
	}
	t.announceAll(members[:len(members)-1], at)
	return true
}

// found opens an episode on e that speaks for members.
func (t *tracker) found(e pipeline.Entity, members []*episode, at pipeline.Stamp) *episode {
	detector := members[0].Alert.Detector
	print, since := t.fingerprint(detector, e), at.Time
	for _, ep := range members {
		since = min(since, ep.Alert.StartsAt.Time)
	}
	starts := t.ends.after(print, since, at.Time)
	c := &episode{Print: print, Quiet: t.quiet(detector)}
	entity := pipeline.AlertEntity{Type: e.Type, Value: e.Value, Attribution: sureness(e.Type, members)}
	c.Alert = t.describe(c, &pipeline.Finding{Detector: detector}, entity)
	a := &c.Alert
	a.ID, a.Fingerprint, a.StartsAt = episodeID(print, starts), hex(print), pipeline.Stamp{Time: starts}
	a.Context = slices.Clone(members[0].Alert.Context)
	for _, ep := range members {
		a.Context = slices.DeleteFunc(a.Context, func(x pipeline.Context) bool { return !slices.Contains(ep.Alert.Context, x) })
	}
	if e.Type == pipeline.EntityInstance {
		a.Suggestions = t.general(detector)
	}
	t.byEntity[entityKey{detector, e}] = c
	t.open = append(t.open, c)
	t.carrier(c).Speaks = true
	return c
}

// sureness returns how sure it is that who did what members did is of type e: no surer than of each of them.
func sureness(e pipeline.EntityType, members []*episode) *pipeline.Attribution {
	least := pipeline.IPOnly
	switch {
	case !e.IsParty():
		return nil
	case e.IsName():
		least = pipeline.Verified
		for _, ep := range members {
			if sure := ep.Alert.Entity.Attribution; sure != nil {
				least = min(least, *sure)
			}
		}
	}
	return &least
}

// swells reports whether a group is ten times as large as it was.
func (ep *episode) swells() bool {
	g := &ep.Carries.group
	return g.Grouped && !ep.Grown && g.Founded > 0 && g.Joined >= swelling*g.Founded
}
