package window

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Snapshot writes all that the Space knows, in slots' order: equal knowledge, equal bytes.
func (s *Space) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u64(uint64(s.since))
	for _, t := range s.tables {
		if t != nil {
			t.write(&c)
		}
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
	d := decoder{r: r}
	s.since = pipeline.Time(d.u64())
	for _, t := range s.tables {
		if t != nil {
			t.read(&d)
		}
	}
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

// reset makes the Space know nothing; its claims stay.
func (s *Space) reset() {
	s.since = 0
	for i, t := range s.tables {
		if t == nil {
			continue
		}
		s.tables[i] = newTable(t.capacity, t.quota)
		s.tables[i].stride = t.stride
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
	c.u32(t.stride)
	c.u32(uint32(len(t.metas) - 1))
	c.u32(uint32(t.hand))
	c.u32(uint32(t.shielded))
	c.u64(t.evictions)
	for i := range t.metas[1:] {
		m := &t.metas[i+1]
		c.u64(m.hash)
		c.u64(m.parent)
		c.u32s([]uint32{m.first, m.last, m.weight, m.children, uint32(m.day), uint32(m.days)})
		c.bool(m.shielded)
		c.text(t.names[i+1])
	}
	c.u32s(t.words)
}

func (t *table) read(d *decoder) {
	d.same("record size", d.u32(), t.stride)
	n := d.count(t.capacity)
	t.hand, t.shielded, t.evictions = d.count(n), d.count(n), d.u64()
	for range n {
		if d.err != nil {
			return
		}
		m := meta{hash: d.u64(), parent: d.u64()}
		var w [6]uint32
		d.u32s(w[:])
		m.first, m.last, m.weight, m.children, m.day, m.days = w[0], w[1], w[2], w[3], uint16(w[4]), uint8(w[5])
		m.shielded = d.bool()
		t.metas = append(t.metas, m)
		t.names = append(t.names, d.text())
		t.index.put(t.metas, int32(len(t.metas)-1))
	}
	t.words = make([]uint32, uint32(n)*t.stride)
	d.u32s(t.words)
}
