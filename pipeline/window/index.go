package window

// An index finds slots by their keys' hashes: open addressing with linear probing in a table of slots, whose
// hashes stand in the metas that a hit touches anyway. It is never more than half full.
//
// Invariant: from the home of every indexed hash on, there is no gap before its slot.
type index struct {
	slots []int32 // zero is a gap; a power of two of them
	used  int
}

const firstIndex = 64

func (x *index) find(metas []meta, hash uint64) int32 {
	mask := uint64(len(x.slots) - 1)
	if len(x.slots) == 0 {
		return 0
	}
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := x.slots[i]
		if slot == 0 || metas[slot].hash == hash {
			return slot
		}
	}
}

// put adds a hash that is not there; its meta must be set.
func (x *index) put(metas []meta, slot int32) {
	if 2*(x.used+1) > len(x.slots) {
		x.grow(metas)
	}
	x.used++
	x.place(metas[slot].hash, slot)
}

func (x *index) place(hash uint64, slot int32) {
	mask := uint64(len(x.slots) - 1)
	i := hash & mask
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = slot
}

func (x *index) grow(metas []meta) {
	old := x.slots
	x.slots = make([]int32, max(firstIndex, 2*len(old)))
	for _, slot := range old {
		if slot != 0 {
			x.place(metas[slot].hash, slot)
		}
	}
}

// remove takes a hash out, while its meta still has it, and closes the gap.
func (x *index) remove(metas []meta, hash uint64) {
	mask := uint64(len(x.slots) - 1)
	i := hash & mask
	for metas[x.slots[i]].hash != hash || x.slots[i] == 0 {
		if x.slots[i] == 0 {
			panic("BUG: a key that is not indexed is removed")
		}
		i = (i + 1) & mask
	}
	x.used--
	for {
		x.slots[i] = 0
		j := i
		for {
			j = (j + 1) & mask
			slot := x.slots[j]
			if slot == 0 {
				return
			}
			if home := metas[slot].hash & mask; (j-home)&mask >= (j-i)&mask {
				x.slots[i] = slot
				i = j
				break
			}
		}
	}
}
