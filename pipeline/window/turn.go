package window

import "slices"

// turn lets the minutes before that of second end: once for all that is learned of all keys at once.
func (s *Space) turn(second uint32) {
	minute := second / 60
	if minute == s.common.minute {
		return
	}
	for _, m := range s.metrics {
		if m.base == nil {
			continue
		}
		m.layout.roll(m.total, second)
		if m.base.turn(second, &m.layout, m.total) && m.base.hour%priorEvery == 0 {
			m.refit()
		}
	}
	factor := s.common.now
	for _, m := range s.metrics {
		if m.base != nil && len(m.base.panel) > 0 {
			m.survey(second)
		}
		if m == s.leader {
			factor = m.factor(second)
		}
	}
	s.common.set(minute, factor)
}

// refit learns the prior anew from the keys that were seen on two days, and lets who has gone leave the panel.
func (m *Metric) refit() {
	tab, b := m.space.tables[m.table], m.base
	var all moments
	for slot := int32(1); slot <= int32(tab.keys.used); slot++ {
		if r := tab.record(slot); r.used() && r.daysSeen() >= shieldDays {
			all.add(m.events(slot), b.seen(*r.at(recFirst), b.hour))
		}
	}
	b.prior = all.fit(b.prior)
	b.young = b.days.fit(b.young)
	b.days.fade()
	b.panel = slices.DeleteFunc(b.panel, func(k member) bool {
		slot := tab.find(k.hash)
		return slot == 0 || b.seen(tab.record(slot)[recLast], b.hour) > panelGone
	})
}

// events returns what all parts of a key had, discounted.
func (m *Metric) events(slot int32) float64 {
	n := 0.0
	for p := numParts - Part(m.parts); p < numParts; p++ {
		if w := m.ring(slot, p); w != nil {
			n += m.base.events(&m.layout, w)
		}
	}
	return n
}

// learn closes the hours before now of a key's ring, to which an event is about to be added.
func (m *Metric) learn(slot int32, w []uint32) {
	r := m.space.tables[m.table].record(slot)
	first := *r.at(recFirst)
	grown := w[ringSecond]/3600-first/3600 < 24 && m.base.hour-first/3600 >= 24
	m.base.learn(&m.layout, w, first)
	if grown && first/3600-m.base.first/3600 >= 24 { // whoever came before is new to the Space alone
		m.base.days.add(m.base.events(&m.layout, w), m.base.seen(first, m.base.hour))
	}
	if r.daysSeen() >= panelDays {
		m.base.panel.note(r.hash(), m.base.rateOf(&m.layout, w, first).mean())
	}
}

// factor returns by how much the panel is above what is usual, by the shortest window in which enough is.
func (m *Metric) factor(second uint32) float64 {
	for _, scale := range m.layout.list {
		if scale < S1m || scale > S10m {
			continue
		}
		if factor, ok := m.factorIn(scale, second); ok {
			return factor
		}
	}
	return 1
}

func (m *Metric) factorIn(scale Scale, second uint32) (factor float64, ok bool) {
	list, total := make([]ratio, 0, panelKeys), 0.0
	usual := m.base.exposure(scale, second) / m.base.common.now
	for _, k := range m.base.panel {
		slot := m.space.tables[m.table].find(k.hash)
		if slot == 0 || m.isOpen(slot, second) {
			continue
		}
		mu := k.mean * usual
		list = append(list, ratio{m.sums(slot, scale, second) / mu, mu})
		total += mu
	}
	if total < commonFrom || len(list) < commonKeys {
		return 1, false
	}
	return median(list), true
}

// sums returns the count of all parts of a key.
func (m *Metric) sums(slot int32, s Scale, second uint32) float64 {
	n := 0.0
	for p := numParts - Part(m.parts); p < numParts; p++ {
		if w := m.ring(slot, p); w != nil {
			n += float64(m.layout.sum(w, s, second))
		}
	}
	return n
}

// isOpen reports whether an incident is open about a key.
func (m *Metric) isOpen(slot int32, second uint32) bool {
	for p := numParts - Part(m.parts); p < numParts; p++ {
		if w := m.ring(slot, p); w != nil && m.layout.pastOf(w)[pastOpen] >= second {
			return true
		}
	}
	return false
}

// survey looks by how much the panel's counts scatter, at each scale once in its length.
func (m *Metric) survey(second uint32) {
	minute := second / 60
	for _, s := range m.layout.list {
		if every := max(s.Seconds()/60, spreadMinute); minute%every != 0 {
			continue
		}
		for _, k := range m.base.panel {
			m.sample(k, s, second)
		}
	}
}

func (m *Metric) sample(k member, s Scale, second uint32) {
	slot := m.space.tables[m.table].find(k.hash)
	if slot == 0 || m.isOpen(slot, second) {
		return
	}
	m.base.spread[s].sample(s, m.sums(slot, s, second), k.mean*m.base.exposure(s, second))
}
