package window

import (
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Version is the layout of the snapshot: 3 since metrics have baselines, filters of pairs three generations, records
// notes, some keys a lane past the doorkeeper, and it knows for how long Rails has been the witness.
func (s *Space) Version() uint32 { return 3 }

// Snapshot writes all that the Space knows, in slots' order: equal knowledge, equal bytes.
func (s *Space) Snapshot(w io.Writer) error {
	c := coder{w: w}
	for _, v := range s.layout() {
		c.u32(v)
	}
	c.u64(uint64(s.since))
	c.u32s([]uint32{s.lane.minute, s.lane.used})
	c.u32(s.byRails)
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
		if m.base != nil {
			m.base.write(&c)
		}
	}
	s.common.write(&c)
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
	s.lane = lane{d.u32(), d.u32()}
	s.byRails = d.u32()
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
		if m.base != nil {
			m.base.read(d)
		}
	}
	if s.common.read(d); d.err != nil {
		return "baselines"
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
	for _, n := range s.notes {
		list = append(list, uint32(n.table), uint32(n.name), n.at)
	}
	return list
}

// cellsOfKey bounds the cells of one size that a key may hold.
const cellsOfKey = 64

// reset makes the Space know nothing; its claims stay.
func (s *Space) reset() {
	s.since, s.byRails, s.lane = 0, 0, lane{}
	*s.common = *newCommon()
	for i, t := range s.tables {
		if t != nil {
			s.tables[i] = newTable(t.capacity, t.quota)
			s.tables[i].refs, s.tables[i].own, s.tables[i].largest = t.refs, t.own, t.largest
			s.tables[i].arrange()
		}
	}
	for _, sl := range s.slabs {
		*sl = slab{words: sl.words}
	}
	for _, m := range s.metrics {
		m.ever, m.last = 0, lastRing{}
		clear(m.total)
		if m.base != nil {
			*m.base = *newBaseline(s.common, firstPrior(m.table, m.name))
		}
	}
	for _, d := range s.distincts {
		d.pool.reset()
	}
	s.novelty = [2]*novelty{newNovelty(), newNovelty()}
}
