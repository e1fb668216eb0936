package window

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// How long a site is young after its first delivery, and how long it must have been quiet to have slept.
const (
	youngFor = 72 * time.Hour
	sleptFor = 14 * 24 * time.Hour
)

// A lastSight is what only the Space knows of the event that is being observed. It is no state: it is made anew with
// each event, and read by those who watch the same one after the Space.
type lastSight struct {
	slept bool    // its site had been quiet for long
	news  nameSet // what it counts as
}

// meet notes what is new of a delivery's site. That it was seen is remembered apart from its record, once on each of
// its days, so that a site that lost its place for want of room isn't taken for a new one.
func (s *Space) meet(k *sight) {
	if k.slot == 0 || !k.fresh && k.last/dayInSeconds == k.second/dayInSeconds {
		return
	}
	s.sight.slept = k.second-k.last >= uint32(sleptFor/time.Second)
	if n := s.novelty[ClaimedPart]; !n.knows(pairAlone.of(mix(k.hash)), k.second) {
		n.learn(pairAlone.of(mix(k.hash)), k.second, k.hash)
	} else if k.fresh {
		s.tables[Site].record(k.slot)[recDays] |= flagBefore
	}
}

// isNewSite reports whether e's site was never seen in the key space. In its first days all are, one after the other.
func (s *Space) isNewSite(e *pipeline.Event) bool {
	return s.isNewPair(e, pairAlone, mix(s.hash(string(e.Site))), false)
}

// Counts reports whether the event that is being observed counts as n, of which only the Space knows.
func (s *Space) Counts(n Name) bool { return s.sight.news.has(n) }

// Fresh reports whether the Space is not older than a site is young: what it sees for the first time is not new because of
// that.
func (s *Space) Fresh(now pipeline.Time) bool { return now.Sub(s.since) < youngFor }

// Daily returns how many events a key's part had on each of its days before the last 24 hours; zero if it had none. The
// metric must have S24h.
func (m *Metric) Daily(slot int32, p Part, now pipeline.Time) float64 {
	w := m.ring(slot, p)
	if w == nil {
		return 0
	}
	before := m.Seen(slot, p) - uint64(m.Sum(slot, p, S24h, now))
	days := m.space.age(m.space.tables[m.table].record(slot), now).Hours()/24 - 1
	return float64(before) / max(days, 1)
}

// Young reports whether the site of that slot delivered for the first time within the last three days.
func (s *Space) Young(site int32, now pipeline.Time) bool {
	if site == 0 {
		return false
	}
	r := s.tables[Site].record(site)
	return s.age(r, now) < youngFor && !r.is(flagBefore)
}

// Newcomer reports whether the site of that slot is young for sure: the Space had been there for as long as a site is
// young when it came.
func (s *Space) Newcomer(site int32, now pipeline.Time) bool {
	return s.Young(site, now) && now.Sub(s.since)-s.age(s.tables[Site].record(site), now) >= youngFor
}

func (s *Space) age(r record, now pipeline.Time) time.Duration {
	return now.Sub(pipeline.Time(*r.at(recFirst)) * pipeline.Second)
}
