package window

import (
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Version is the layout of the snapshot: 2 since rings are cells of slabs and tables have doorkeepers.
func (s *Space) Version() uint32 { return 2 }

// Snapshot writes all that the Space knows, in slots' order: equal knowledge, equal bytes.
func (s *Space) Snapshot(w io.Writer) error {
	c := coder{w: w}
	for _, v := range s.layout() {
		c.u32(v)
	}
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

// Restore reads what Snapshot wrote by a Space with the same claims; after an error, which says what was being
// read, it is empty.
func (s *Space) Restore(r io.Reader) error {
	s.reset()
	d := &decoder{r: r}
	if what := s.read(d); d.err != nil {
		s.reset()
		return fmt.Errorf("%s: %w", what, d.err)
	}
	return nil
}

// read reads part after part until d fails, and returns which was the last.
func (s *Space) read(d *decoder) string {
	for _, v := range s.layout() {
		d.same("a claim", d.u32(), v)
	}
	s.since = pipeline.Time(d.u64())
	keys := 0
	for i, t := range s.tables {
		if t == nil {
			continue
		}
		if t.read(d); d.err != nil {
			return Table(i).String()
		}
		keys += t.used()
	}
	for _, sl := range s.slabs {
		sl.read(d, keys*cellsOfKey)
	}
	if s.check(d); d.err != nil {
		return "rings"
	}
	for _, m := range s.metrics {
		m.ever = d.u64()
		d.u32s(m.total)
	}
	for _, dist := range s.distincts {
		dist.read(d)
		dist.check(d)
	}
	if d.err != nil {
		return "distinct counts"
	}
	for _, n := range s.novelty {
		d.fail(n.read(d.r))
	}
	return "filters of pairs"
}

// layout tells the Space's claims apart from others.
func (s *Space) layout() []uint32 {
	list := []uint32{uint32(len(s.metrics)), uint32(len(s.distincts))}
	for _, m := range s.metrics {
		list = append(list, uint32(m.table), uint32(m.name), uint32(m.layout.scales))
	}
	for _, d := range s.distincts {
		list = append(list, uint32(d.table), uint32(d.element), uint32(d.window))
	}
	for _, a := range s.addrs {
		list = append(list, a.at)
	}
	return list
}

// cellsOfKey bounds the cells of one size that a key may hold.
const cellsOfKey = 64

// check fails unless every record's cells are there, each for itself alone: a snapshot may be anybody's bytes.
func (s *Space) check(d *decoder) {
	for _, sl := range s.slabs {
		if d.err == nil {
			s.checkCells(d, sl)
		}
	}
}

func (s *Space) checkCells(d *decoder, cells *slab) {
	taken := cells.spares(d)
	for _, m := range s.metrics {
		if m.rings == cells {
			s.checkRefs(d, m.table, m.at, numParts, m.first, taken)
		}
	}
	for _, dist := range s.distincts {
		if dist.cells == cells {
			s.checkRefs(d, dist.table, dist.at, numParts, false, taken)
		}
	}
	for t, a := range s.addrs {
		if a.lists == cells {
			s.checkRefs(d, Table(t), a.at, 1, false, taken)
		}
	}
}

// checkRefs fails unless the n words at that place of all records lead to cells that nobody has taken yet, or one of
// them to the record's own ring, if it may.
func (s *Space) checkRefs(d *decoder, t Table, at uint32, n Part, own bool, taken []bool) {
	keys := &s.tables[t].keys
	for slot := uint32(1); slot <= keys.used && d.err == nil; slot++ {
		r := record(keys.cell(slot))
		if !r.used() {
			continue
		}
		may := own
		for _, ref := range r[at : at+uint32(n)] {
			switch {
			case ref == 0:
			case ref == ownRing && may:
				may = false
			case int(ref) >= len(taken) || taken[ref]:
				d.fail(errBound)
			default:
				taken[ref] = true
			}
		}
	}
}

// reset makes the Space know nothing; its claims stay.
func (s *Space) reset() {
	s.since = 0
	for i, t := range s.tables {
		if t != nil {
			s.tables[i] = newTable(t.capacity, t.quota)
			s.tables[i].refs, s.tables[i].own = t.refs, t.own
			s.tables[i].arrange()
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
		t.door = &doorkeeper{}
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
