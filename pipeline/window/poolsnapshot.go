package window

import (
	"bytes"
	"errors"
	"math/bits"
)

var (
	errSketch = errors.New("a sketch is of another layout")
	errPool   = errors.New("the sets of the distinct counts contradict the records")
)

// write writes the pool with the first claim on it; the others have nothing of their own but their records.
func (d *Distinct) write(c *coder) {
	if d.id == 0 {
		d.pool.write(c)
	}
}

func (d *Distinct) read(in *decoder) {
	if d.id == 0 {
		d.pool.reset()
		d.pool.read(in)
	}
}

// check fails unless each record and its set point at each other: a snapshot may be anybody's bytes.
func (d *Distinct) check(in *decoder) {
	named := 0
	for slot := int32(1); slot <= int32(d.space.tables[d.table].keys.used) && in.err == nil; slot++ {
		if !d.space.tables[d.table].record(slot).used() {
			continue
		}
		for part := range Proven + 1 {
			w := d.words(slot, part)
			if w == nil || w[1] == 0 {
				continue
			}
			place := w[1]
			if place > uint32(len(d.pool.sets)) {
				in.fail(errPool)
				return
			}
			if set := d.pool.set(place); set.owner != d.id || set.slot != slot || set.part != part {
				in.fail(errPool)
			}
			named++
		}
	}
	for _, set := range d.pool.sets {
		if set.slot != 0 && set.owner == d.id {
			named--
		}
	}
	if named != 0 {
		in.fail(errPool)
	}
}

func (p *pool) write(c *coder) {
	c.u32(uint32(len(p.sets)))
	for _, set := range p.sets {
		set.write(c)
	}
	c.u32(p.hand)
	p.bound.write(c)
	c.u32(uint32(len(p.free)))
	c.u32s(p.free)
	for part := range p.lists {
		for _, l := range p.lists[part] {
			c.u32(uint32(l.n))
			for at := l.first; at != 0; at = p.set(at).link.next {
				c.u32(at)
			}
		}
	}
}

func (p *pool) read(in *decoder) {
	for range in.count(poolSize) {
		set := &sketchSet{}
		set.read(in)
		if in.err == nil && (int(set.owner) >= len(p.claims) || set.slot < 0) {
			in.fail(errPool)
		}
		if in.err != nil {
			return
		}
		p.sets = append(p.sets, set)
	}
	p.hand = uint32(in.count(len(p.sets)))
	p.bound.read(in)
	p.free = make([]uint32, in.count(len(p.sets)))
	in.u32s(p.free)
	p.readLists(in)
}

// readLists fails unless each set is once among the free ones or once in a list.
func (p *pool) readLists(in *decoder) {
	there := make([]bool, len(p.sets)+1)
	once := func(place uint32, used bool) bool {
		if place == 0 || int(place) >= len(there) || there[place] || (p.set(place).slot != 0) != used {
			in.fail(errPool)
			return false
		}
		there[place] = true
		return in.err == nil
	}
	for _, place := range p.free {
		once(place, false)
	}
	linked := 0
	for part := range p.lists {
		for i := range p.lists[part] {
			for range in.count(len(p.sets)) {
				place := in.u32()
				if !once(place, true) || p.set(place).part != Part(part) {
					in.fail(errPool)
					return
				}
				p.append(place, uint8(i))
				p.used[part]++
				linked++
			}
		}
	}
	if len(p.free)+linked != len(p.sets) || p.used[ClaimedPart] > partSize || p.used[Proven] > partSize {
		in.fail(errPool)
	}
}

func (s *sketchSet) write(c *coder) {
	c.u32(uint32(s.slot))
	if s.slot == 0 {
		return
	}
	c.u32s([]uint32{uint32(s.owner), uint32(s.part), uint32(s.filled), s.pane, s.estimate, s.fresh, s.held})
	c.u64s(s.seen[:])
	for i, sk := range s.sketches {
		if s.filled>>i&1 == 0 {
			continue
		}
		b, err := sk.MarshalBinary()
		if c.err == nil {
			c.err = err
		}
		c.text(string(b))
	}
}

func (s *sketchSet) read(in *decoder) {
	s.slot = int32(in.u32())
	if s.slot == 0 {
		return
	}
	s.owner, s.part, s.filled = uint8(in.count(0xff)), Part(in.count(int(Proven))), uint8(in.count(1<<(panes+1)-1))
	s.pane, s.estimate, s.fresh, s.held = in.u32(), in.u32(), in.u32(), in.u32()
	in.u64s(s.seen[:])
	for _, word := range s.seen {
		s.marked += bits.OnesCount64(word)
	}
	for i := range s.sketches {
		if s.filled>>i&1 != 0 && in.err == nil {
			s.sketches[i] = newSketch()
			in.sketch(s.sketches[i].UnmarshalBinary)
		}
	}
}

// sketch reads a dense sketch of our precision; the library would take any.
func (d *decoder) sketch(unmarshal func([]byte) error) {
	blank, err := newSketch().MarshalBinary()
	d.fail(err)
	b := []byte(d.text())
	switch {
	case d.err != nil:
	case len(b) != len(blank) || !bytes.Equal(b[:len(b)-1<<sketchBits], blank[:len(b)-1<<sketchBits]):
		d.fail(errSketch)
	default:
		d.fail(unmarshal(b))
	}
}
