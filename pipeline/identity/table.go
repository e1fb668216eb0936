package identity

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	// reach is among how many unprotected sites a newcomer looks for the one whose place it takes, and
	// maxSweep how many sites it passes at most to find them.
	reach    = 32
	maxSweep = 4096
	// protectedPercent bounds the share of the table that can't be replaced.
	protectedPercent = 70
)

// A table holds the sites that have a history. Its order is that of arrival and replacement, so it follows
// from the events alone.
type table struct {
	sites     []*site
	index     map[string]int32
	held      map[[16]byte]int32 // for how many sites an address is in the history
	hand      int32
	protected int
	max       int
	maxShared int32
}

func newTable(sites, shared int) table {
	return table{index: map[string]int32{}, held: map[[16]byte]int32{}, max: sites, maxShared: int32(shared)}
}

// find returns the site of h, or nil.
func (t *table) find(h *host) *site {
	if h.slot >= 0 && int(h.slot) < len(t.sites) && t.sites[h.slot].name == h.site {
		return t.sites[h.slot]
	}
	slot, ok := t.index[string(h.site)]
	if !ok {
		return nil
	}
	h.slot = slot
	return t.sites[slot]
}

// site returns the site of h, making room for it if need be; nil if there is none to be had.
func (t *table) site(h *host, hour int32) *site {
	if s := t.find(h); s != nil {
		return s
	}
	s := &site{hour: hour, first: hour}
	slot := int32(len(t.sites))
	if len(t.sites) < t.max {
		t.sites = append(t.sites, s)
	} else if slot = t.weakest(hour); slot < 0 {
		return nil
	} else {
		t.remove(slot)
		t.sites[slot] = s
	}
	s.name = pipeline.Site(strings.Clone(string(h.site)))
	t.index[string(s.name)] = slot
	h.slot = slot
	return s
}

// weakest returns the site with the fewest hours, then the oldest, among the unprotected ones that the hand
// sweeps over; negative if there are none.
func (t *table) weakest(hour int32) int32 {
	best := int32(-1)
	seen := 0
	for range min(maxSweep, len(t.sites)) {
		if seen == reach {
			break
		}
		i := t.hand
		t.hand = (t.hand + 1) % int32(len(t.sites))
		s := t.sites[i]
		if s.protected && s.isSilent(hour) {
			s.protected = false
			t.protected--
		}
		if s.protected {
			continue
		}
		seen++
		if best < 0 || isWeaker(s, t.sites[best]) {
			best = i
		}
	}
	return best
}

func isWeaker(a, b *site) bool {
	if a.hours != b.hours {
		return a.hours < b.hours
	}
	return a.first < b.first
}

func (t *table) remove(slot int32) {
	s := t.sites[slot]
	for i := range s.list {
		if s.list[i].entered {
			t.release(s.list[i].key)
		}
	}
	delete(t.index, string(s.name))
}

func (t *table) enter(a *address, hour int32) {
	a.entered, a.since, a.keyed = true, hour, 0
	t.held[a.key]++
}

func (t *table) release(key [16]byte) {
	if t.held[key]--; t.held[key] == 0 {
		delete(t.held, key)
	}
}

// deliver counts an accepted delivery to s from key, and reports whether it is corroborated. It may be named by its
// key id, and proven.
func (t *table) deliver(s *site, key [16]byte, hour int32, keyed, proven bool) bool {
	t.roll(s, hour)
	if keyed {
		s.keyed++
	}
	a := s.come(key, proven)
	if a == nil {
		return false
	}
	a.last = s.hour
	if !a.entered && (proven || !s.isHeld()) {
		t.enter(a, s.hour)
	}
	switch {
	case !a.entered && keyed:
		a.keyed++
	case a.entered && a.open < 1<<30:
		a.open++
	}
	return a.good
}

// corroborates reports whether what comes from key is corroborated for s.
func (t *table) corroborates(s *site, key [16]byte, hour int32) bool {
	t.roll(s, hour)
	a := s.find(key)
	return a != nil && a.good
}

// roll brings s to the hour of an event: it closes the hour before, lets the silent go and judges anew.
func (t *table) roll(s *site, hour int32) {
	if hour <= s.hour {
		return
	}
	s.close()
	if dayOf(hour) > dayOf(s.hour) {
		t.admit(s)
	}
	s.hour = hour
	t.forget(s)
	t.judge(s)
	if !s.protected && s.isKnown() && t.protected*100 < t.max*protectedPercent {
		s.protected = true
		t.protected++
	}
}

// forget drops the addresses that were not seen for 30 days. If none is left in the history, the oldest
// newcomer enters, and the hours count anew.
func (t *table) forget(s *site) {
	kept := s.list[:0]
	for _, a := range s.list {
		if a.last >= s.hour-aliveHours {
			kept = append(kept, a)
		} else if a.entered {
			t.release(a.key)
		}
	}
	s.list = kept
	if s.isHeld() {
		return
	}
	s.hours = 0
	if len(s.list) > 0 {
		t.enter(&s.list[0], s.hour)
	}
}

// judge decides which addresses corroborate s in the open hour.
func (t *table) judge(s *site) {
	out := s.leaveOut()
	for i := range s.list {
		a := &s.list[i]
		a.good = a.entered && out&(1<<i) == 0 && a.days >= minDays && a.requests >= minRequests &&
			t.held[a.key] <= t.maxShared
	}
}
