package window

// A table is a bounded set of keys, each with a slot and a record. Slots count from 1 and stay while the
// key stays. Who gets in, and who goes for it, is in admit; doc.go says what that guarantees.
//
// Invariant: index has exactly the hashes of the records that are in use.
type table struct {
	capacity int
	quota    uint32 // children of one kind that a parent may have
	keys     slab   // of records
	refs     uint32 // words of a record that are claimed
	own      uint32 // words of the ring that each record holds itself
	ownAt    uint32 // where it begins
	hotAt    uint32 // where of it ends what most events touch
	index    index
	ranks    ranks
	door     *doorkeeper // nil until the table has been half full
	largest  int         // words of its largest filter
	hand     uint32
	shielded [2]int // all of them, and those shielded by age alone
	bound    bound
}

const (
	sweep       = 32                // keys looked at for one that may go
	pinnedAhead = 8                 // pinned keys of a class looked past
	shieldShare = 70                // per cent of a table that may be shielded
	agedShare   = 35                // per cent of a table that may be shielded by age alone
	shieldDays  = 2                 // days with a proven event
	agedDays    = 3                 // days with any event
	shieldFor   = 30 * dayInSeconds // since the last event
	quietChild  = 2 * 3600          // seconds without an event: out of all windows but that of a day
)

func newTable(capacity int, quota uint32) *table {
	t := &table{capacity: capacity, quota: quota}
	t.arrange()
	return t
}

// arrange says where in a record its parts lie, for so many claims, without a gap: a record is whole lines, and one line
// less for each of 100,000 is six megabytes. What an event touches of the ring of its own mostly lies in one line.
func (t *table) arrange() {
	t.ownAt = recRefs + t.refs
	t.keys.words = lines(t.ownAt + t.own + recTail)
	t.hotAt = min(t.ownAt+lineWords, t.keys.words) - 1
}

// find returns the slot of the key with that hash, or 0.
func (t *table) find(hash uint64) int32 { return t.index.find(hash, &t.keys) }

// record returns the record of a slot.
func (t *table) record(slot int32) record { return record(t.keys.cell(uint32(slot))) }

// used returns how many keys there are.
func (t *table) used() int { return t.index.used }

// knock counts an event of a key that has no place, and returns whether it is to get one, and how many had
// come before: the eighth that the doorkeeper counts gets one, any while there is no doorkeeper, and any that is
// proven, for names that are really used cost something. Claimed and proven ones are counted apart.
func (t *table) knock(hash uint64, second uint32, p Part, proven bool) (before tally, in bool) {
	if t.door == nil {
		if 2*t.used() < t.capacity {
			return tally{}, true
		}
		t.door = &doorkeeper{largest: t.largest}
	}
	n := t.door.raise(doorHash(hash, p), second, 1)
	return n.less(1), proven || n.sum() >= admitAt
}

// admit gives the key a slot, with the weight of what came before or of whom it replaces, if that is more (what
// the door counted may be counted there for another minute, and must not add up); 0 when its parent's quota is
// spent and no sibling found that may go, or when nobody may go. forget is told of a slot that is taken from
// another key, before its record is cleared.
func (t *table) admit(hash uint64, before tally, second uint32, parent record, proven bool, forget func(slot int32)) int32 {
	t.ranks.turn(epochOf(second), &t.keys)
	slot, inherited := t.room(hash, second, parent, proven, forget)
	if slot == 0 {
		return 0
	}
	r := t.record(slot)
	r.setHash(hash)
	*r.at(recFirst), r[recLast], r[recWeight] = second, second, max(before.sum(), inherited)
	if proven {
		r[recDays] = flagProven
	}
	if parent != nil {
		parent.addChild(proven, 1)
		r.setParent(parent.hash())
	}
	t.ranks.link(slot, r.class(t.ranks.epoch), &t.keys)
	t.index.put(hash, slot, &t.keys)
	return slot
}

// room returns a slot that is free, or is made so, and the weight of whom it was taken from for want of room: a
// newcomer that began at nothing would be the lightest, and go for the next (Space-Saving).
func (t *table) room(hash uint64, second uint32, parent record, proven bool, forget func(int32)) (slot int32, weight uint32) {
	if t.spent(hash, parent, proven) {
		slot = t.sibling(parent.hash(), proven, second)
		if slot == 0 {
			return 0, 0
		}
		t.replace(slot, forget)
		return int32(t.keys.take()), 0
	}
	t.turn(second)
	if t.used() >= t.capacity {
		slot = t.lightest(second)
		if slot == 0 {
			t.bound.refuse(second)
			return 0, 0
		}
		weight = t.record(slot).weight(t.ranks.epoch)
		t.bound.lose(t.record(slot), t.ranks.epoch, second)
		t.replace(slot, forget)
	}
	return int32(t.keys.take()), weight
}

// lightest returns a key of the lowest class that has one which is not pinned, the one that has been in it for longest.
// Where all that it looks at are pinned, a pinned one goes: incidents without number must not keep newcomers out.
func (t *table) lightest(second uint32) int32 {
	pinned := int32(0)
	for class := range numRanks {
		if slot := t.first(class, second); slot != 0 {
			return slot
		}
		if pinned == 0 {
			pinned = t.ranks.heads[class]
		}
	}
	return pinned
}

// first looks at some keys of a class for one that is not pinned; pinned ones go to the class's end.
func (t *table) first(class int, second uint32) int32 {
	last := t.ranks.tails[class]
	for range pinnedAhead {
		slot := t.ranks.heads[class]
		if slot == 0 || *t.record(slot).at(recPinned) < second {
			return slot
		}
		if slot == last {
			return 0
		}
		t.ranks.unlink(slot, class, &t.keys)
		t.ranks.link(slot, class, &t.keys)
	}
	return 0
}

// replace takes the slot from its key, which is not shielded.
func (t *table) replace(slot int32, forget func(int32)) {
	forget(slot)
	r := t.record(slot)
	t.ranks.unlink(slot, r.class(t.ranks.epoch), &t.keys)
	t.index.remove(r.hash(), slot, &t.keys)
	t.keys.give(uint32(slot))
	t.bound.evictions++
}

// touch counts an event for the key's weight, and its day for its protection.
func (t *table) touch(slot int32, r record, second uint32, proven bool) {
	epoch := epochOf(second)
	if epoch != t.ranks.epoch {
		t.ranks.turn(epoch, &t.keys)
	}
	old := r.class(epoch)
	w := r.weight(epoch)
	if w < 1<<31 {
		w++
	}
	r[recWeight], r[recLast] = w, second
	if now := r.class(epoch); now != old && !r.is(flagShielded) {
		t.ranks.unlink(slot, old, &t.keys)
		t.ranks.link(slot, now, &t.keys)
	}
	if r[recDays]>>16 != second/dayInSeconds || proven && !r.is(flagProvenToday) {
		t.age(slot, r, second, proven)
	}
}
