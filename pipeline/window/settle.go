package window

import "github.com/fedwarden/fedwarden/pipeline"

// baseOf names the metric to which all events count that the doorkeeper counts of a key, for want of better.
var baseOf = [numTables]Name{Site: Inbox, Domain: Inbox, Actor: Inbox, IP: Dynamic, Prefix: Dynamic, Class: JobStarts}

// partOf returns the part to which an event of k counts.
func (s *Space) partOf(k *sight) Part {
	if k.proven || s.opts.Space != pipeline.SpaceSite {
		return Proven
	}
	return ClaimedPart
}

// settle counts an event at the door for the metrics that few events belong to, if the key has no slot. For one
// that got its slot just now it makes good what had come before: all that it knocked with is its base metric's.
func (s *Space) settle(k *sight, set nameSet) {
	door := s.tables[k.table].door
	if door == nil || !k.counts || k.slot != 0 && !k.fresh {
		return
	}
	part := s.partOf(k)
	for _, m := range s.metrics {
		if m.table != k.table || m.weigh != nil {
			continue
		}
		before := k.before
		if m.name != baseOf[k.table] {
			before = m.knock(door, k, part, set.has(m.name))
		}
		if !k.fresh {
			continue
		}
		known := before.sum()
		if set.has(m.name) {
			known++
		}
		m.credit(k, part, before, known)
		if part == Proven && m.named() {
			other := door.count(m.doorHash(k.hash, ClaimedPart), k.second)
			m.credit(k, ClaimedPart, other, other.sum())
		}
	}
}

// knock counts an event at the door for a metric that few events belong to, if it has it, and returns what had come
// before.
func (m *Metric) knock(door *doorkeeper, k *sight, p Part, has bool) tally {
	if !has {
		return door.count(m.doorHash(k.hash, p), k.second)
	}
	return door.raise(m.doorHash(k.hash, p), k.second, 1).less(1)
}

// credit counts what came at the door, in the minutes in which it came; known are counted there, the event that is to
// be added next included.
func (m *Metric) credit(k *sight, p Part, before tally, known uint32) {
	if known == 0 {
		return
	}
	w := m.make(m.space.tables[k.table].record(k.slot), p)
	if before.older > 0 {
		m.layout.add(w, k.second-k.second%60-1, before.older)
	}
	m.layout.credit(w, k.second, before.newer, known)
}

// refund counts at the door what a key that is replaced had in the last minute while it had its place, so that it
// is not lost if the key comes back. What had come before is counted there still, or too old.
func (s *Space) refund(t Table, slot int32, second uint32) {
	door, hash := s.tables[t].door, s.tables[t].record(slot).hash()
	if door == nil {
		return
	}
	for _, m := range s.metrics {
		if m.table != t || m.weigh != nil {
			continue
		}
		for p := numParts - Part(m.parts); p < numParts; p++ {
			if w := m.ring(slot, p); w != nil {
				if n := m.layout.inside(w, second); n > 0 {
					door.raise(m.doorHash(hash, p), second, n)
				}
			}
		}
	}
}

func (m *Metric) doorHash(hash uint64, p Part) uint64 {
	if m.name == baseOf[m.table] {
		return doorHash(hash, p)
	}
	return rareHash(hash, m.name, p)
}
