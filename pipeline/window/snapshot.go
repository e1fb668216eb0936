package window

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Version is the layout of the snapshot: 2 since rings are cells of slabs and tables have doorkeepers.
func (s *Space) Version() uint32 { return 2 }

// Snapshot writes all that the Space knows, in slots' order: equal knowledge, equal bytes.
func (s *Space) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u64(uint64(s.since))
	for _, t := range s.tables {
		if t != nil {
			t.write(&c)
		}
	}
	for _, sl := range s.slabs {
		sl.write(&c)
	}
	for _, m := range s.metrics {
		c.u64(m.ever)
		c.u32s(m.total)
	}
	for _, d := range s.distincts {
		d.write(&c)
	}
	for _, n := range s.novelty {
		if c.err == nil {
			c.err = n.write(w)
		}
	}
	return c.err
}

// Restore reads what Snapshot wrote by a Space with the same claims; after an error it is empty.
func (s *Space) Restore(r io.Reader) error {
	s.reset()
	d := decoder{r: r}
	s.since = pipeline.Time(d.u64())
	keys := 0
	for _, t := range s.tables {
		if t != nil {
			t.read(&d)
			keys += t.used()
		}
	}
	for _, sl := range s.slabs {
		sl.read(&d, keys*cellsOfKey)
	}
	s.check(&d)
	for _, m := range s.metrics {
		m.ever = d.u64()
		d.u32s(m.total)
	}
	for _, dist := range s.distincts {
		dist.read(&d)
		dist.check(&d)
	}
	for _, n := range s.novelty {
		if d.err == nil {
			d.err = n.read(r)
		}
	}
	if d.err != nil {
		s.reset()
	}
	return d.err
}

// cellsOfKey bounds the cells of one size that a key may hold.
const cellsOfKey = 64

// check fails unless every record's cells are there: a snapshot may be anybody's bytes.
func (s *Space) check(d *decoder) {
	for _, m := range s.metrics {
		for p := range uint32(numParts) {
			s.checkCells(d, m.table, m.at+p, m.rings)
		}
	}
	for t, c := range s.addrs {
		if c.lists != nil {
			s.checkCells(d, Table(t), c.at, c.lists)
		}
	}
}

func (s *Space) checkCells(d *decoder, t Table, at uint32, cells *slab) {
	tab := s.tables[t]
	for slot := uint32(1); slot <= tab.keys.used && d.err == nil; slot++ {
		if r := record(tab.keys.cell(slot)); r.used() && r[at] > cells.used {
			d.fail(errBound)
		}
	}
}

// reset makes the Space know nothing; its claims stay.
func (s *Space) reset() {
	s.since = 0
	for i, t := range s.tables {
		if t != nil {
			s.tables[i] = newTable(t.capacity, t.quota)
			s.tables[i].keys.words, s.tables[i].refs = t.keys.words, t.refs
		}
	}
	for _, sl := range s.slabs {
		*sl = slab{words: sl.words}
	}
	for _, m := range s.metrics {
		m.ever = 0
		clear(m.total)
	}
	for _, d := range s.distincts {
		d.pool.reset()
	}
	s.novelty = [2]*novelty{newNovelty(), newNovelty()}
}

func (t *table) write(c *coder) {
	t.keys.write(c)
	c.u32(t.classes.epoch)
	for i := range t.classes.heads {
		c.u32(uint32(t.classes.heads[i]))
		c.u32(uint32(t.classes.tails[i]))
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
	t.classes.epoch = d.u32()
	for i := range t.classes.heads {
		t.classes.heads[i], t.classes.tails[i] = int32(d.count(n)), int32(d.count(n))
	}
	t.hand = uint32(d.count(n))
	t.shielded = [2]int{d.count(n), d.count(n)}
	t.bound.read(d)
	if d.bool() {
		t.door = &doorkeeper{}
		t.door.read(d)
	}
	for slot := int32(1); slot <= int32(n) && d.err == nil; slot++ {
		if r := t.record(slot); r.used() {
			t.index.put(r.hash(), slot, &t.keys)
		}
	}
	t.classes.check(d, t)
}

// check fails unless the lists are those of the table's keys that may be replaced, each once.
func (c *classes) check(d *decoder, t *table) {
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
	c.u64(b.collapsed)
	for _, w := range b.words() {
		c.u32(*w)
	}
}

func (b *bound) read(d *decoder) {
	b.evictions, b.collapsed = d.u64(), d.u64()
	for _, w := range b.words() {
		*w = d.u32()
	}
}
