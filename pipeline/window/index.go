package window

// An index finds slots by their keys' hashes: open addressing with linear probing. A place holds a slot and
// the upper half of the hash, so that a probe touches no record but the one it looks for; what it finds is
// still to be held against the whole hash. It is never more than half full.
//
// Invariant: from the home of every indexed hash on, there is no gap before its place.
type index struct {
	places []uint64 // upper half of the hash, slot; zero is a gap; a power of two of them
	used   int
}

const firstIndex = 64

func place(hash uint64, slot int32) uint64 { return hash>>32<<32 | uint64(uint32(slot)) }

// find returns the slot of hash among keys, which are records, or 0.
func (x *index) find(hash uint64, keys *slab) int32 {
	if len(x.places) == 0 {
		return 0
	}
	mask := uint64(len(x.places) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		p := x.places[i]
		if p == 0 {
			return 0
		}
		if p>>32 == hash>>32 && hashAt(p, keys) == hash {
			return slotAt(p)
		}
	}
}

func slotAt(place uint64) int32 { return int32(uint32(place)) }

func hashAt(place uint64, keys *slab) uint64 { return record(keys.cell(uint32(place))).hash() }

// put adds a hash that is not there.
func (x *index) put(hash uint64, slot int32, keys *slab) {
	if 2*(x.used+1) > len(x.places) {
		x.grow(keys)
	}
	x.used++
	x.set(hash, slot)
}

func (x *index) set(hash uint64, slot int32) {
	mask := uint64(len(x.places) - 1)
	i := hash & mask
	for x.places[i] != 0 {
		i = (i + 1) & mask
	}
	x.places[i] = place(hash, slot)
}

func (x *index) grow(keys *slab) {
	old := x.places
	x.places = make([]uint64, max(firstIndex, 2*len(old)))
	for _, p := range old {
		if p != 0 {
			x.set(hashAt(p, keys), slotAt(p))
		}
	}
}

// remove takes out a hash with its slot, and closes the gap.
func (x *index) remove(hash uint64, slot int32, keys *slab) {
	mask := uint64(len(x.places) - 1)
	i := hash & mask
	for want := place(hash, slot); x.places[i] != want; i = (i + 1) & mask {
		if x.places[i] == 0 {
			panic("BUG: a key that is not indexed is removed")
		}
	}
	x.used--
	for {
		x.places[i] = 0
		next, ok := x.follower(i, keys)
		if !ok {
			return
		}
		x.places[i] = x.places[next]
		i = next
	}
}

// follower returns the place after the gap at i whose hash could stand in the gap.
func (x *index) follower(i uint64, keys *slab) (uint64, bool) {
	mask := uint64(len(x.places) - 1)
	for j := (i + 1) & mask; x.places[j] != 0; j = (j + 1) & mask {
		home := hashAt(x.places[j], keys) & mask
		if (j-home)&mask >= (j-i)&mask {
			return j, true
		}
	}
	return 0, false
}
