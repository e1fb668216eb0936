package window

import "fmt"

// A slab holds cells of equal size without a pointer in them, in chunks that never move: the collector
// does not look inside, growing copies nothing, and a cell that was given back is used again. Cells count
// from 1; zero is none.
//
// Invariant: a free cell is all zero but for its first word, which leads to the next free one.
type slab struct {
	words  uint32 // of a cell
	chunks [][]uint32
	used   uint32 // cells ever taken
	spare  uint32 // the first free cell
}

const (
	chunkShift = 8
	chunkCells = 1 << chunkShift
)

// cell returns the words of a cell that was taken.
func (s *slab) cell(ref uint32) []uint32 {
	chunk := s.chunks[(ref-1)>>chunkShift]
	at := ((ref - 1) & (chunkCells - 1)) * s.words
	return chunk[at : at+s.words : at+s.words]
}

// take returns a cell of zeros.
func (s *slab) take() uint32 {
	if ref := s.spare; ref != 0 {
		w := s.cell(ref)
		s.spare, w[0] = w[0], 0
		return ref
	}
	if s.used%chunkCells == 0 {
		s.chunks = append(s.chunks, make([]uint32, chunkCells*s.words))
	}
	s.used++
	return s.used
}

// give takes a cell back.
func (s *slab) give(ref uint32) {
	w := s.cell(ref)
	clear(w)
	w[0], s.spare = s.spare, ref
}

// drop takes back the cell that ref leads to, if there is one, and clears ref.
func (s *slab) drop(ref *uint32) {
	if *ref != 0 {
		s.give(*ref)
		*ref = 0
	}
}

func (s *slab) write(c *coder) {
	c.u32(s.words)
	c.u32(s.used)
	c.u32(s.spare)
	for ref := uint32(1); ref <= s.used; ref++ {
		c.sparse(s.cell(ref))
	}
}

// read takes back at most limit cells.
func (s *slab) read(d *decoder, limit int) {
	d.same("the size of a cell", d.u32(), s.words)
	used := d.u32()
	if d.err == nil && int64(used) > int64(limit) {
		d.err = fmt.Errorf("%d of them, where there is room for %d", used, limit)
		return
	}
	spare := uint32(d.count(int(used)))
	for range used {
		if d.err != nil {
			return
		}
		d.sparse(s.cell(s.take()))
	}
	s.spare = spare
	s.spares(d)
}

// spares returns, by cell, whether it is free; d fails unless the free cells are a chain that ends.
func (s *slab) spares(d *decoder) []bool {
	free := make([]bool, s.used+1)
	for ref := s.spare; ref != 0; ref = s.cell(ref)[0] {
		if ref > s.used || free[ref] {
			d.fail(errBound)
			return free
		}
		free[ref] = true
	}
	return free
}
