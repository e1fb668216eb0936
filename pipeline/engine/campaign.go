package engine

import (
	"cmp"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxMembers = 4096    // entities that one campaign knows
	maxListed  = 1 << 16 // and all that are open together
)

// A campaign is what an episode has that carries the notification of others.
type campaign struct {
	Rank    uint64            // the order in which campaigns began
	Listed  bool              // a detector says who belongs to it
	Members []pipeline.Entity // whom a detector listed, and who joined a group, as they came
	group

	has  map[pipeline.Entity]bool // Members
	open int                      // member episodes that are open
}

// carrier makes ep a campaign, if it is none, and returns it.
func (t *tracker) carrier(ep *episode) *campaign {
	if ep.Carries == nil {
		ep.Carries = &campaign{Rank: 1, has: map[pipeline.Entity]bool{}}
		if n := len(t.campaigns); n > 0 {
			ep.Carries.Rank = t.campaigns[n-1].Carries.Rank + 1
		}
		t.campaigns = append(t.campaigns, ep)
	}
	return ep.Carries
}

// add makes e one of c's members, if it is none, and reports whether c has room for it.
func (t *tracker) add(c *campaign, e pipeline.Entity) bool {
	if len(c.Members) == maxMembers || t.listed == maxListed {
		return false
	}
	c.has[e] = true
	c.Members = append(c.Members, e)
	t.listed++
	return true
}

// list takes whom f lists, and reports whether ep, an episode on entity, has more members by it.
func (t *tracker) list(ep *episode, entity pipeline.AlertEntity, f *pipeline.Finding) bool {
	if len(f.Members) == 0 || ep.Alert.Campaign != nil || !mayList(entity.Type) {
		return false
	}
	c, more := t.carrier(ep), false
	c.Listed = true
	for _, e := range f.Members {
		if c.has[e] {
			continue
		}
		if e.Value = clean(e.Value); !c.has[e] && t.add(c, e) {
			more = true
		}
	}
	return more
}

// mayList reports whether what is no accusation, or only that of a network.
func mayList(e pipeline.EntityType) bool {
	return !e.IsParty() || e == pipeline.EntityIP || e == pipeline.EntityPrefix
}

// fold makes the open episodes that belong to ep its members, and returns them: they must be told so.
func (t *tracker) fold(ep *episode, at pipeline.Time) []*episode {
	var folded []*episode
	for _, o := range t.open {
		if t.belongs(o, ep) {
			t.attach(o, ep, at)
			folded = append(folded, o)
		}
	}
	return folded
}

// belongs reports whether ep, which no campaign carries, is one of those whom c's detector listed.
func (t *tracker) belongs(ep, c *episode) bool {
	if !c.Carries.Listed || ep.Alert.Detector == c.Alert.Detector || !t.free(ep) {
		return false
	}
	return slices.ContainsFunc(t.names(ep), func(e pipeline.Entity) bool { return c.Carries.has[e] })
}

// free reports whether ep may become a member.
func (t *tracker) free(ep *episode) bool {
	return ep.Alert.Campaign == nil && ep.Carries == nil && t.threat(ep.Alert.Detector) != pipeline.ThreatHealth
}

// names returns by whom ep may be listed: its entity, what was proven, and the host and the site of both.
func (t *tracker) names(ep *episode) []pipeline.Entity {
	if ep.aka != nil {
		return ep.aka
	}
	ep.aka = t.home(nil, entityOf(ep.Alert.Entity))
	if p := ep.Alert.Proven; p != nil {
		ep.aka = t.home(ep.aka, entityOf(*p))
	}
	return ep.aka
}

// home appends e and where it belongs.
func (t *tracker) home(list []pipeline.Entity, e pipeline.Entity) []pipeline.Entity {
	list = append(list, e)
	if t.locator == nil || !e.Type.IsName() {
		return list
	}
	host, site := t.locator.Home(e)
	return append(list, pipeline.Entity{Type: pipeline.EntityDomain, Value: string(host)},
		pipeline.Entity{Type: pipeline.EntitySite, Value: string(site)})
}

// attach makes ep a member of c.
func (t *tracker) attach(ep, c *episode, at pipeline.Time) {
	id := c.Alert.ID
	ep.Alert.Campaign = &id
	c.Carries.open++
	if g := &c.Carries.group; g.Grouped {
		g.Joined++
		g.Last = at
		if e := entityOf(ep.Alert.Entity); !c.Carries.has[e] && !t.add(c.Carries, e) {
			g.More = true
		}
	}
}

// enlist makes ep, of which a transition is about to be told, a member of the campaign that it belongs to. It
// returns those who became members of ep.
func (t *tracker) enlist(ep *episode, at pipeline.Stamp) (folded []*episode) {
	a := &ep.Alert
	if t.outgrew(ep) {
		a.Campaign = nil
	}
	if a.Campaign != nil || t.threat(a.Detector) == pipeline.ThreatHealth {
		return nil
	}
	for _, c := range t.campaigns {
		if t.belongs(ep, c) {
			t.attach(ep, c, at.Time)
			return nil
		}
	}
	if ep.Loud != 0 || a.Severity < pipeline.SeverityMedium {
		return nil
	}
	ep.Loud = at.Time
	if folded = t.gather(ep, at); len(folded) > 0 {
		a.Severity = max(a.Severity, worst(folded))
		ep.Carries.addTo(&a.Related, a.Entity, ep.Carries.Members)
	}
	return folded
}

// outgrew reports whether ep is worse than its campaign, which is over, ever was: nobody was told of that.
func (t *tracker) outgrew(ep *episode) bool {
	return ep.Alert.Campaign != nil && t.campaignOf(ep) == nil && ep.Alert.Severity > ep.Covered
}

// campaignOf returns the open campaign that ep is a member of, or nil.
func (t *tracker) campaignOf(ep *episode) *episode {
	id := ep.Alert.Campaign
	if id == nil {
		return nil
	}
	for _, c := range t.campaigns {
		if c.Alert.ID == *id {
			return c
		}
	}
	return nil
}

// announce tells a transition of ep and what follows from it: those who were folded have a campaign, and the
// campaign that ep is part of is as severe as ep.
func (t *tracker) announce(ep *episode, status pipeline.Status, at pipeline.Stamp, folded []*episode) {
	t.tell(ep, status, at)
	t.announceAll(folded, at)
	c := t.campaignOf(ep)
	if c == nil {
		return
	}
	rises, grows := ep.Alert.Severity > c.Alert.Severity, c.swells()
	if !rises && !grows {
		return
	}
	t.raise(c, ep.Alert.Severity, at)
	c.Grown = c.Grown || grows
	t.count(c, t.membersOf(c))
	t.tell(c, pipeline.StatusUpdated, at)
}

// raise makes c as severe as a member.
func (t *tracker) raise(c *episode, s pipeline.Severity, at pipeline.Stamp) {
	c.Alert.Severity = max(c.Alert.Severity, s)
	if c.Loud == 0 && c.Alert.Severity >= pipeline.SeverityMedium {
		c.Loud = at.Time
	}
}

// announceAll tells of episodes that were open before that they have a campaign.
func (t *tracker) announceAll(folded []*episode, at pipeline.Stamp) {
	for _, ep := range folded {
		ep.Alert.Evidence.Total = ep.Total
		t.tell(ep, pipeline.StatusUpdated, at)
	}
}

// membersOf returns the open episodes that c carries, in the order in which they fired.
func (t *tracker) membersOf(c *episode) []*episode {
	var list []*episode
	for _, ep := range t.open {
		if id := ep.Alert.Campaign; id != nil && *id == c.Alert.ID {
			list = append(list, ep)
		}
	}
	return list
}

// worst returns the highest severity of episodes.
func worst(list []*episode) pipeline.Severity {
	s := pipeline.SeverityUnknown
	for _, ep := range list {
		s = max(s, ep.Alert.Severity)
	}
	return s
}

// part takes ep, which ends, out of its campaign.
func (t *tracker) part(ep *episode) {
	c := t.campaignOf(ep)
	if c == nil {
		return
	}
	c.Carries.open--
	c.Carries.Past += ep.Total
	t.next = min(t.next, c.due())
}

// disband ends what ep carries. Members keep its id, and what it was told at.
func (t *tracker) disband(ep *episode) {
	if ep.Carries == nil {
		return
	}
	members := t.membersOf(ep)
	t.count(ep, members)
	t.listed -= len(ep.Carries.Members)
	t.campaigns = slices.DeleteFunc(t.campaigns, func(c *episode) bool { return c == ep })
	for _, o := range members {
		o.Covered = ep.Alert.Severity
	}
}

// regroup takes campaigns back after a restart.
func (t *tracker) regroup() {
	for _, ep := range t.open {
		if c := ep.Carries; c != nil {
			t.campaigns = append(t.campaigns, ep)
			t.listed += len(c.Members)
			c.open, c.has = 0, make(map[pipeline.Entity]bool, len(c.Members))
			for _, e := range c.Members {
				c.has[e] = true
			}
		}
	}
	slices.SortStableFunc(t.campaigns, func(a, b *episode) int { return cmp.Compare(a.Carries.Rank, b.Carries.Rank) })
	for _, ep := range t.open {
		if c := t.campaignOf(ep); c != nil {
			c.Carries.open++
		}
	}
}
