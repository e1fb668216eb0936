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
	if door == nil || k.slot != 0 && !k.fresh {
		return
	}
	part := s.partOf(k)
	for _, m := range s.metrics {
		if m.table != k.table || m.weigh != nil {
			continue
		}
		base := m.name == baseOf[k.table]
		var before [numParts]uint32
		before[part] = k.before
		if !base && set.has(m.name) {
			before[part] = door.raise(rareHash(k.hash, m.name, part), k.second, 1) - 1
		}
		if !k.fresh {
			continue
		}
		for p := range numParts {
			if p != part || !base && !set.has(m.name) {
				before[p] = door.count(m.doorHash(k.hash, p), k.second)
			}
			own := uint32(0)
			if p == part && set.has(m.name) {
				own = 1
			}
			if before[p]+own > 0 {
				m.layout.credit(m.make(k.slot, p), k.second, before[p], before[p]+own)
			}
		}
	}
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
		for p := range numParts {
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
