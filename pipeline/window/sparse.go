package window

import "encoding/binary"

// Lists that are mostly zeros are written in pieces: the bytes of the piece, then runs of zeros and of
// other numbers in turn, each with its length, all as varints.

const sparsePiece = 400 // numbers: at ten bytes each, and a length for every other one, they fit a coder's buffer

func (c *coder) sparse(list []uint32) { sparse(c, list) }

func (c *coder) sparse64(list []uint64) { sparse(c, list) }

func sparse[N uint32 | uint64](c *coder, list []N) {
	for len(list) > 0 {
		n := min(len(list), sparsePiece)
		b := appendSparse(c.buf[4:4], list[:n])
		binary.LittleEndian.PutUint32(c.buf[:4], uint32(len(b)))
		c.raw(c.buf[:4+len(b)])
		list = list[n:]
	}
}

func appendSparse[N uint32 | uint64](b []byte, list []N) []byte {
	for len(list) > 0 {
		zeros := 0
		for zeros < len(list) && list[zeros] == 0 {
			zeros++
		}
		list = list[zeros:]
		others := 0
		for others < len(list) && list[others] != 0 {
			others++
		}
		b = binary.AppendUvarint(b, uint64(zeros))
		b = binary.AppendUvarint(b, uint64(others))
		for _, v := range list[:others] {
			b = binary.AppendUvarint(b, uint64(v))
		}
		list = list[others:]
	}
	return b
}

func (d *decoder) sparse(list []uint32) { readSparse(d, list) }

func (d *decoder) sparse64(list []uint64) { readSparse(d, list) }

func readSparse[N uint32 | uint64](d *decoder, list []N) {
	for len(list) > 0 && d.err == nil {
		n := min(len(list), sparsePiece)
		if b := d.raw(d.count(len(d.buf))); !takeSparse(b, list[:n]) {
			d.fail(errBound)
		}
		list = list[n:]
	}
}

// takeSparse fills a list of zeros; false if b is not the code of a list of that length.
func takeSparse[N uint32 | uint64](b []byte, list []N) bool {
	for len(list) > 0 {
		zeros, k := binary.Uvarint(b)
		if k <= 0 || zeros > uint64(len(list)) {
			return false
		}
		b, list = b[k:], list[zeros:]
		others, k := binary.Uvarint(b)
		if k <= 0 || others > uint64(len(list)) || zeros+others == 0 {
			return false
		}
		b = b[k:]
		for i := range list[:others] {
			v, k := binary.Uvarint(b)
			if k <= 0 || v != uint64(N(v)) {
				return false
			}
			b, list[i] = b[k:], N(v)
		}
		list = list[others:]
	}
	return len(b) == 0
}
