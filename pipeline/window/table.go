package window

// A meta is what a table knows of a key beside its record.
type meta struct {
	hash     uint64
	parent   uint64 // the parent's hash; zero for none
	first    uint32 // second of the first event
	last     uint32 // second of the last event
	weight   uint32 // events, halved for every hour since last
	children uint32
	day      uint16 // last day with a proven event, counted from the epoch
	days     uint8  // days with a proven event, saturating
	shielded bool   // protected from replacement
}

// A table is a bounded set of keys, each with a slot and a record of words. Slots count from 1 and stay
// while the key stays.
//
// Invariant: index has exactly the hashes of metas[1:] that are not zero.
type table struct {
	capacity  int
	quota     uint32 // children a parent may have
	stride    uint32 // words of a record
	index     index
	metas     []meta
	names     []string
	words     []uint32
	hand      int
	shielded  int
	evictions uint64
}

const (
	sweep       = 32 // keys looked at to find the lightest
	shieldShare = 70 // per cent of a table that may be protected
	shieldDays  = 2
	shieldFor   = 30 * dayInSeconds // since the last event
	quietChild  = 2 * 3600          // seconds without an event: out of all windows but that of a day
)

func newTable(capacity int, quota uint32) *table {
	return &table{capacity: capacity, quota: quota, metas: make([]meta, 1), names: make([]string, 1)}
}

// find returns the slot of the key with that hash, or 0.
func (t *table) find(hash uint64) int32 { return t.index.find(t.metas, hash) }

// admit gives the key a slot; 0 when its parent's quota is spent and no sibling found that has been quiet,
// or when all keys are protected. forget is told of a slot that is taken from another key, before its record
// is cleared.
func (t *table) admit(hash uint64, name string, second uint32, parent *meta, forget func(slot int32)) int32 {
	var slot int32
	if parent != nil && parent.children >= t.quota {
		if slot = t.quietChild(parent.hash, second); slot != 0 {
			t.replace(slot, forget)
		}
	} else {
		slot = t.room(second, forget)
	}
	if slot == 0 {
		return 0
	}
	t.metas[slot] = meta{hash: hash, first: second, last: second}
	if parent != nil {
		parent.children++
		t.metas[slot].parent = parent.hash
	}
	t.names[slot] = string(append([]byte(nil), name...))
	t.index.put(t.metas, slot)
	return slot
}

func (t *table) room(second uint32, forget func(int32)) int32 {
	if len(t.metas) <= t.capacity {
		t.metas = append(t.metas, meta{})
		t.names = append(t.names, "")
		t.words = append(t.words, make([]uint32, t.stride)...)
		return int32(len(t.metas) - 1)
	}
	slot := t.lightest(second)
	if slot != 0 {
		t.replace(slot, forget)
	}
	return slot
}

// replace takes the slot from its key.
func (t *table) replace(slot int32, forget func(int32)) {
	forget(slot)
	t.index.remove(t.metas, t.metas[slot].hash)
	clear(t.record(slot))
	t.evictions++
}

// turn moves the hand on, and takes its protection from a key that is gone.
func (t *table) turn(second uint32) *meta {
	t.hand++
	if t.hand >= len(t.metas) {
		t.hand = 1
	}
	m := &t.metas[t.hand]
	if m.shielded && second-m.last > shieldFor {
		m.shielded, m.days = false, 0
		t.shielded--
	}
	return m
}

// quietChild sweeps the hand over some keys for an unprotected child of parent that has been quiet.
func (t *table) quietChild(parent uint64, second uint32) int32 {
	for range min(sweep, len(t.metas)-1) {
		if m := t.turn(second); m.parent == parent && !m.shielded && second-m.last > quietChild {
			return int32(t.hand)
		}
	}
	return 0
}

// lightest sweeps the hand over some keys and returns the unprotected one of least weight.
func (t *table) lightest(second uint32) int32 {
	var best int32
	var least uint32
	for range sweep {
		m := t.turn(second)
		if m.shielded {
			continue
		}
		if w := m.decayed(second); best == 0 || w < least {
			best, least = int32(t.hand), w
		}
	}
	return best
}

// decayed returns the key's weight as of that second.
func (m *meta) decayed(second uint32) uint32 { return m.weight >> min(31, (second-m.last)/3600) }

// touch counts an event for the key's weight, and its proof for its protection.
func (t *table) touch(slot int32, second uint32, proven bool) {
	m := &t.metas[slot]
	m.weight = m.decayed(second) + 1
	m.last = second
	if day := uint16(second / 86400); proven && m.day != day {
		m.day = day
		m.days = min(m.days+1, 250)
		if m.days >= shieldDays && !m.shielded && t.shielded < t.capacity*shieldShare/100 {
			m.shielded = true
			t.shielded++
		}
	}
}

// record returns the words of a slot.
func (t *table) record(slot int32) []uint32 {
	at := uint32(slot-1) * t.stride
	return t.words[at : at+t.stride : at+t.stride]
}

// orphan tells the parent table that a child of hash's key is gone.
func (t *table) orphan(hash uint64) {
	if slot := t.find(hash); slot != 0 && t.metas[slot].children > 0 {
		t.metas[slot].children--
	}
}
