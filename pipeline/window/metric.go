package window

import "github.com/fedwarden/fedwarden/pipeline"

// A Part is which events of a key a count is of.
type Part uint8

// The parts. A metric of an address has one part only, Proven: nobody claims an address.
const (
	ClaimedPart Part = iota
	Proven
)

// A Metric is a claim on a ring in every record of a table, one for each part, and one for the whole
// table. It is read by slot; slot 0 counts nothing.
type Metric struct {
	space  *Space
	table  Table
	name   Name
	layout layout
	at     uint32 // of the claimed part's ring; the proven part's follows, then one word
	total  []uint32
	ever   uint64
}

// Metric claims the metric of that name for the table's keys over those scales. Equal claims share one.
func (s *Space) Metric(t Table, n Name, scales Scales) *Metric {
	for _, m := range s.metrics {
		if m.table == t && m.name == n && m.layout.scales == scales {
			return m
		}
	}
	m := &Metric{space: s, table: t, name: n, layout: newLayout(scales)}
	m.total = make([]uint32, m.layout.words)
	m.at = s.grow(t, m.layout.words*uint32(m.parts())+1)
	s.metrics = append(s.metrics, m)
	return m
}

func (m *Metric) parts() Part {
	if spaceOf[m.table] == pipeline.SpaceSite {
		return 2
	}
	return 1
}

// ring returns the words of a key's ring.
func (m *Metric) ring(slot int32, p Part) []uint32 {
	at := m.at
	if m.parts() == 2 {
		at += uint32(p) * m.layout.words
	}
	return m.space.tables[m.table].record(slot)[at : at+m.layout.words]
}

// softWord is the second of the key's last proven event that was not verified.
func (m *Metric) softWord(slot int32) *uint32 {
	return &m.space.tables[m.table].record(slot)[m.at+m.layout.words*uint32(m.parts())]
}

func (m *Metric) add(slot int32, second uint32, level pipeline.Attribution, proven bool) {
	m.layout.add(m.total, second, 1)
	m.ever++
	if slot == 0 {
		return
	}
	part := ClaimedPart
	if proven {
		part = Proven
	}
	m.layout.add(m.ring(slot, part), second, 1)
	if proven && level != pipeline.Verified {
		*m.softWord(slot) = second
	}
}

// Sum returns the count of a key's part in the window of scale s that ends at now.
func (m *Metric) Sum(slot int32, p Part, s Scale, now pipeline.Time) uint32 {
	if slot == 0 {
		return 0
	}
	return m.layout.sum(m.ring(slot, p), s, uint32(now/pipeline.Second))
}

// Total returns the count of all keys of the table in the window of scale s that ends at now.
func (m *Metric) Total(s Scale, now pipeline.Time) uint32 {
	return m.layout.sum(m.total, s, uint32(now/pipeline.Second))
}

// Seen returns how many events of the part the key had since it is known.
func (m *Metric) Seen(slot int32, p Part) uint64 {
	if slot == 0 {
		return 0
	}
	return uint64(m.ring(slot, p)[ringSeen])
}

// Once reports whether it was not yet called for this key and part in the second of now. A detector asks
// it before it reports, so that a flood makes one finding a second and not one an event.
func (m *Metric) Once(slot int32, p Part, now pipeline.Time) bool {
	second := uint32(now / pipeline.Second)
	w := &m.ring(slot, p)[ringOnce]
	if *w == second {
		return false
	}
	*w = second
	return true
}

// Level returns the least attribution of the events of a part in the window of scale s.
func (m *Metric) Level(slot int32, p Part, s Scale, now pipeline.Time) pipeline.Attribution {
	if p == ClaimedPart {
		return pipeline.Claimed
	}
	soft := pipeline.Time(*m.softWord(slot)) * pipeline.Second
	if soft != 0 && now.Sub(soft) <= s.Reach() {
		return pipeline.Corroborated
	}
	return pipeline.Verified
}
