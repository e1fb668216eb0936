package identity

const (
	maxAliases   = 4
	aliasDays    = 7 // periods of 24 h in which it was seen, and days since it was first seen
	aliasCount   = 50
	aliasForget  = 30 * 24 // hours: one not seen for longer is no alias
	aliasReplace = 7 * 24  // hours after which one that is none yet makes room
)

// An alias is a site that the agents name of deliveries which bear another one's key.
type alias struct {
	agent uint64 // the keyed hash of the agent's site
	first int32  // hours since 1970
	last  int32
	day   int32 // the last period of 24 h since first in which it was seen
	days  uint32
	count uint32
}

// aliases are those of one site, in the order of arrival. What may teach them is not anybody's to send, so a bound of four
// is no weakness.
type aliases struct{ list []alias }

// learn notes a delivery that the site's own address speaks for, or Rails, and whose agent names the other.
func (s *aliases) learn(agent uint64, hour int32) {
	a := s.find(agent)
	if a == nil {
		a = s.add(alias{agent: agent, first: hour, day: -1})
	}
	if a == nil {
		return
	}
	if a.last < hour-aliasForget {
		*a = alias{agent: agent, first: hour, day: -1}
	}
	a.last = max(a.last, hour)
	if day := (hour - a.first) / 24; day > a.day {
		a.day = day
		a.days++
	}
	a.count = min(a.count+1, 1<<30)
}

// knows reports whether the other is an alias.
func (s *aliases) knows(agent uint64, hour int32) bool {
	a := s.find(agent)
	return a != nil && a.isKnown(hour)
}

func (a *alias) isKnown(hour int32) bool {
	return a.days >= aliasDays && hour-a.first >= aliasDays*24 && a.count >= aliasCount && a.last >= hour-aliasForget
}

func (s *aliases) find(agent uint64) *alias {
	for i := range s.list {
		if s.list[i].agent == agent {
			return &s.list[i]
		}
	}
	return nil
}

// add returns the place of a new one; nil if there is no room.
func (s *aliases) add(a alias) *alias {
	if len(s.list) < maxAliases {
		s.list = append(s.list, a)
		return &s.list[len(s.list)-1]
	}
	for i := range s.list {
		o := &s.list[i]
		if o.last < a.first-aliasForget || o.last < a.first-aliasReplace && !o.isKnown(a.first) {
			s.list = append(append(s.list[:i:i], s.list[i+1:]...), a)
			return &s.list[maxAliases-1]
		}
	}
	return nil
}
