package window

import "github.com/fedwarden/fedwarden/pipeline"

// A Part is which events of a key a count is of.
type Part uint8

// The parts. A metric of an address or a job class has one part only, Proven: nobody claims an address.
const (
	ClaimedPart Part = iota
	Proven
	numParts
)

// A Metric is a claim on a ring for every key of a table, one for each part, and one for the whole table. A
// key has no ring before its first event of that metric and part. The first ring of a table's first metric lies in
// the record itself. It is read by slot; slot 0 counts nothing.
type Metric struct {
	space  *Space
	table  Table
	name   Name
	weigh  func(*pipeline.Event) uint32 // nil: every event counts one
	layout layout
	floors []Floor
	base   *baseline // nil: it is not held against its past
	rings  *slab     // shared by all metrics of these scales
	first  bool      // the table's first metric
	parts  uint32
	at     uint32 // the record's word that leads to the claimed part's ring, if it has one; then to the proven part's
	total  []uint32
	ever   uint64
	last   lastRing
}

// A lastRing is the ring that an event was counted in last: it is no state, but what detectors ask for most.
type lastRing struct {
	slot  int32
	part  Part
	words []uint32
}

// Metric claims the metric of that name for the table's keys over those scales. Equal claims share one.
func (s *Space) Metric(t Table, n Name, scales Scales) *Metric {
	for _, m := range s.metrics {
		if m.table == t && m.name == n && m.layout.scales == scales {
			return m
		}
	}
	m := &Metric{space: s, table: t, name: n, weigh: weights[n], layout: newLayout(scales)}
	m.total = make([]uint32, m.layout.words)
	m.rings = s.slab(m.layout.words)
	if tab := s.tables[t]; tab != nil && tab.own == 0 {
		m.first, tab.own = true, m.layout.used
	}
	m.parts = 1
	if m.named() {
		m.parts = uint32(numParts)
	}
	m.at = s.grow(t, m.parts)
	s.metrics = append(s.metrics, m)
	s.named[n] = append(s.named[n], m)
	s.claimed |= n.bit()
	return m
}

// ring returns the words of a key's ring; nil if it has none.
func (m *Metric) ring(slot int32, p Part) []uint32 {
	if slot == 0 {
		return nil
	}
	if slot == m.last.slot && p == m.last.part {
		return m.last.words
	}
	r := m.space.tables[m.table].record(slot)
	return m.behind(r, *m.ref(r, p))
}

// behind returns the words that a record's ref leads to; nil for none.
func (m *Metric) behind(r record, ref uint32) []uint32 {
	switch ref {
	case 0:
		return nil
	case ownRing:
		return r[m.space.tables[m.table].ownAt:]
	default:
		return m.rings.cell(ref)
	}
}

// ref returns the word that leads to the ring of a part; without a claimed part there is one ring only.
func (m *Metric) ref(r record, p Part) *uint32 { return &r[m.at+uint32(p)&(m.parts-1)] }

// ownRing is in the place of a cell's number when the ring lies in the record itself.
const ownRing = 1 << 31

// make returns the words of a record's ring, which it has from now on.
func (m *Metric) make(r record, p Part) []uint32 {
	ref := m.ref(r, p)
	if *ref == 0 {
		if m.first && *m.ref(r, 1-p) != ownRing {
			*ref = ownRing
		} else {
			*ref = m.rings.take()
		}
	}
	return m.behind(r, *ref)
}

// release gives back the rings of a record that is about to be cleared.
func (m *Metric) release(r record) {
	m.last = lastRing{}
	for _, ref := range r[m.at : m.at+m.parts] {
		if ref != 0 && ref != ownRing {
			m.rings.give(ref)
		}
	}
}

func (m *Metric) add(e *pipeline.Event, second uint32, p Part) {
	n := uint32(1)
	if m.weigh != nil {
		if n = m.weigh(e); n == 0 {
			return // a log that does not tell costs no ring
		}
	}
	m.layout.add(m.total, second, n)
	m.ever += uint64(n)
	slot := slotOf(m.table, e)
	if slot == 0 {
		return
	}
	w := m.make(m.space.records[m.table], p)
	m.last = lastRing{slot, p, w}
	if m.base != nil && w[ringSecond] != second && w[ringSecond]/3600 != second/3600 {
		m.learn(slot, w)
	}
	m.layout.add(w, second, n)
	if p == Proven && e.Level != pipeline.Verified {
		w[ringSoft] = second
	}
}

// Sum returns the count of a key's part in the window of scale s that ends at now.
func (m *Metric) Sum(slot int32, p Part, s Scale, now pipeline.Time) uint32 {
	w := m.ring(slot, p)
	if w == nil {
		return 0
	}
	return m.layout.sum(w, s, uint32(now/pipeline.Second))
}

// Total returns the count of all keys of the table in the window of scale s that ends at now.
func (m *Metric) Total(s Scale, now pipeline.Time) uint32 {
	return m.layout.sum(m.total, s, uint32(now/pipeline.Second))
}

// Seen returns how many events of the part the key had since it is known.
func (m *Metric) Seen(slot int32, p Part) uint64 {
	w := m.ring(slot, p)
	if w == nil {
		return 0
	}
	return uint64(w[ringSeen])
}

// Once reports whether it was not yet called for this key and part in the second of now. A detector asks
// it before it reports, so that a flood makes one finding a second and not one an event.
func (m *Metric) Once(slot int32, p Part, now pipeline.Time) bool {
	return once(m.ring(slot, p), ringOnce, now)
}

// once reports whether the word at that place is not yet the second of now, and makes it that; false without words.
func once(w []uint32, at int, now pipeline.Time) bool {
	second := uint32(now / pipeline.Second)
	if w == nil || w[at] == second {
		return false
	}
	w[at] = second
	return true
}

// Level returns the least attribution of the events of a part in the window of scale s.
func (m *Metric) Level(slot int32, p Part, s Scale, now pipeline.Time) pipeline.Attribution {
	w := m.ring(slot, p)
	if p == ClaimedPart || w == nil {
		return pipeline.Claimed
	}
	soft := pipeline.Time(w[ringSoft]) * pipeline.Second
	if soft != 0 && now.Sub(soft) <= s.Reach() {
		return pipeline.Corroborated
	}
	return pipeline.Verified
}
