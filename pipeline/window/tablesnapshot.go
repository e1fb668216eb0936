package window

func (t *table) write(c *coder) {
	t.keys.write(c)
	c.u32(t.ranks.epoch)
	for i := range t.ranks.heads {
		c.u32(uint32(t.ranks.heads[i]))
		c.u32(uint32(t.ranks.tails[i]))
	}
	c.u32(t.hand)
	c.u32(uint32(t.shielded[0]))
	c.u32(uint32(t.shielded[1]))
	t.bound.write(c)
	c.bool(t.door != nil)
	if t.door != nil {
		t.door.write(c)
	}
}

func (t *table) read(d *decoder) {
	t.keys.read(d, t.capacity)
	n := int(t.keys.used)
	t.ranks.epoch = d.u32()
	for i := range t.ranks.heads {
		t.ranks.heads[i], t.ranks.tails[i] = int32(d.count(n)), int32(d.count(n))
	}
	t.hand = uint32(d.count(n))
	t.shielded = [2]int{d.count(n), d.count(n)}
	t.bound.read(d)
	if d.bool() {
		t.door = &doorkeeper{largest: t.largest}
		t.door.read(d)
	}
	free := t.keys.spares(d)
	for slot := int32(1); slot <= int32(n) && d.err == nil; slot++ {
		r := t.record(slot)
		if free[slot] == r.used() {
			d.fail(errBound)
		}
		if r.used() {
			t.index.put(r.hash(), slot, &t.keys)
		}
	}
	t.ranks.check(d, t)
}

// check fails unless the lists are those of the table's keys that may be replaced, each once.
func (c *ranks) check(d *decoder, t *table) {
	listed := 0
	for class := range c.heads {
		last := uint32(0)
		for slot := uint32(c.heads[class]); slot != 0 && d.err == nil; listed++ {
			if slot > t.keys.used || listed > t.used() {
				d.fail(errBound)
				return
			}
			r := record(t.keys.cell(slot))
			if !r.used() || r.is(flagShielded) || *r.at(recPrev) != last || r.class(c.epoch) != class || epochOf(r[recLast]) > c.epoch {
				d.fail(errBound)
			}
			last, slot = slot, *r.at(recNext)
		}
		if uint32(c.tails[class]) != last {
			d.fail(errBound)
		}
	}
	if d.err == nil && listed+t.shielded[0] != t.used() {
		d.fail(errBound)
	}
}

func (b *bound) write(c *coder) {
	c.u64(b.evictions)
	for _, w := range b.words() {
		c.u32(*w)
	}
}

func (b *bound) read(d *decoder) {
	b.evictions = d.u64()
	for _, w := range b.words() {
		*w = d.u32()
	}
}
