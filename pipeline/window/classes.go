package window

// Classes order the keys that may be replaced by their weight, so that one within a factor of two of the
// lightest is found at once: a list for each number of bits of the weight, oldest member first. When an hour
// ends all weights are halved: each list becomes the one below it, and the lowest takes in its upper one.
//
// Invariant: every key of the table that is not shielded is in the list of its record's class at epoch.
type classes struct {
	epoch uint32
	heads [numClasses]int32
	tails [numClasses]int32
}

const numClasses = 33 // bits of a weight: 0 to 32

// turn brings the lists to epoch.
func (c *classes) turn(epoch uint32, keys *slab) {
	for n := min(epoch-c.epoch, numClasses); n > 0; n-- {
		c.halve(keys)
	}
	c.epoch = epoch
}

func (c *classes) halve(keys *slab) {
	if c.heads[1] != 0 {
		if c.heads[0] == 0 {
			c.heads[0] = c.heads[1]
		} else {
			*record(keys.cell(uint32(c.tails[0]))).at(recNext) = uint32(c.heads[1])
			*record(keys.cell(uint32(c.heads[1]))).at(recPrev) = uint32(c.tails[0])
		}
		c.tails[0] = c.tails[1]
	}
	copy(c.heads[1:], c.heads[2:])
	copy(c.tails[1:], c.tails[2:])
	c.heads[numClasses-1], c.tails[numClasses-1] = 0, 0
}

// link puts a key at the end of a class.
func (c *classes) link(slot int32, class int, keys *slab) {
	r := record(keys.cell(uint32(slot)))
	*r.at(recPrev), *r.at(recNext) = uint32(c.tails[class]), 0
	if c.tails[class] == 0 {
		c.heads[class] = slot
	} else {
		*record(keys.cell(uint32(c.tails[class]))).at(recNext) = uint32(slot)
	}
	c.tails[class] = slot
}

// unlink takes a key out of its class.
func (c *classes) unlink(slot int32, class int, keys *slab) {
	r := record(keys.cell(uint32(slot)))
	prev, next := *r.at(recPrev), *r.at(recNext)
	if prev == 0 {
		c.heads[class] = int32(next)
	} else {
		*record(keys.cell(prev)).at(recNext) = next
	}
	if next == 0 {
		c.tails[class] = int32(prev)
	} else {
		*record(keys.cell(next)).at(recPrev) = prev
	}
	*r.at(recPrev), *r.at(recNext) = 0, 0
}
