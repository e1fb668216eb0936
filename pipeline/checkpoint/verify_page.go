package checkpoint

import (
	"bytes"
)

// A dbPage is one page of a bbolt file with those that overflow from it.
type dbPage struct {
	v     *verifier
	id    uint64
	flags uint16
	count int
	size  int64  // overflow included
	head  []byte // its first bytes, at least those of one page
	base  int64  // where the page is in the file; for the page of an inline bucket, -1
}

// open reads the header of page id, and takes it and its overflow as seen.
func (v *verifier) open(id uint64) (*dbPage, error) {
	if id < 2 || id >= v.pages {
		return nil, damaged("page %d does not exist", id)
	}
	base := int64(id * v.pageSize)
	head, err := v.read(base, int(v.pageSize))
	if err != nil {
		return nil, err
	}
	if uint64(len(head)) < v.pageSize || order.Uint64(head) != id {
		return nil, damaged("page %d: says that it is another", id)
	}
	over := uint64(order.Uint32(head[12:]))
	if over >= v.pages-id || !v.mark(id, over+1) {
		return nil, damaged("page %d: is used twice, or runs over the end", id)
	}
	return newPage(v, head, base, int64((over+1)*v.pageSize)), nil
}

func newPage(v *verifier, head []byte, base, size int64) *dbPage {
	return &dbPage{
		v:     v,
		id:    order.Uint64(head),
		flags: order.Uint16(head[8:]),
		count: int(order.Uint16(head[10:])),
		size:  size,
		head:  head,
		base:  base,
	}
}

// bytes returns n bytes of the page at an offset.
func (p *dbPage) bytes(at, n int64) ([]byte, error) {
	if n < 0 || at < 0 || at > p.size || n > p.size-at {
		return nil, damaged("page %d: points out of itself", p.id)
	}
	if at+n <= int64(len(p.head)) {
		return p.head[at : at+n], nil
	}
	b, err := p.v.read(p.base+at, int(n))
	if err == nil && int64(len(b)) < n {
		err = damaged("page %d: is truncated", p.id)
	}
	return b, err
}

// key returns a key of the page, which must be longer than the one before and within its span.
func (p *dbPage) key(at, n int64, before []byte, s span) ([]byte, error) {
	if n == 0 || n > maxKey {
		return nil, damaged("page %d: a key of %d bytes", p.id, n)
	}
	k, err := p.bytes(at, n)
	if err != nil {
		return nil, err
	}
	if before != nil && bytes.Compare(before, k) >= 0 || !s.holds(k) {
		return nil, damaged("page %d: its keys are out of order", p.id)
	}
	return k, nil
}

// branch walks the pages below p.
func (v *verifier) branch(p *dbPage, s span, at place) error {
	if p.count == 0 {
		return damaged("page %d: a branch without leaves", p.id)
	}
	elements, err := p.bytes(pageHeader, int64(p.count)*elementSize)
	if err != nil {
		return err
	}
	keys := make([][]byte, p.count+1) // the last has no upper neighbour but that of p itself
	var before []byte
	for i := range p.count {
		e, off := elements[i*elementSize:], int64(pageHeader+i*elementSize)
		keys[i], err = p.key(off+int64(order.Uint32(e)), int64(order.Uint32(e[4:])), before, s)
		if err != nil {
			return err
		}
		before = keys[i]
	}
	keys[p.count] = s.to
	for i := range p.count {
		child := order.Uint64(elements[i*elementSize+8:])
		if err := v.page(child, span{keys[i], keys[i+1]}, place{at.depth + 1, at.nested}); err != nil {
			return err
		}
	}
	return nil
}

// leaf checks the keys of p and walks the buckets in it.
func (v *verifier) leaf(p *dbPage, s span, at place) error {
	elements, err := p.bytes(pageHeader, int64(p.count)*elementSize)
	if err != nil {
		return err
	}
	var before []byte
	for i := range p.count {
		e, off := elements[i*elementSize:], int64(pageHeader+i*elementSize)
		flags, ksize, vsize := order.Uint32(e), int64(order.Uint32(e[8:])), int64(order.Uint32(e[12:]))
		pos := off + int64(order.Uint32(e[4:]))
		if before, err = p.key(pos, ksize, before, s); err != nil {
			return err
		}
		if vsize > p.size-pos-ksize || flags > 1 {
			return damaged("page %d: a value points out of it", p.id)
		}
		if flags == 0 {
			continue
		}
		if err := v.bucket(p, pos+ksize, vsize, at); err != nil {
			return err
		}
	}
	return nil
}

// bucket walks the bucket whose header, and page if it is inline, is a value of p.
func (v *verifier) bucket(p *dbPage, pos, size int64, at place) error {
	if at.nested >= maxNested {
		return damaged("page %d: buckets deeper than %d", p.id, maxNested)
	}
	value, err := p.bytes(pos, size)
	if err != nil {
		return err
	}
	if size < bucketHeader {
		return damaged("page %d: a bucket of %d bytes", p.id, size)
	}
	inside := place{0, at.nested + 1}
	if root := order.Uint64(value); root != 0 {
		return v.page(root, span{}, inside)
	}
	inline := value[bucketHeader:]
	if len(inline) < pageHeader || order.Uint16(inline[8:]) != flagLeaf || order.Uint32(inline[12:]) != 0 {
		return damaged("page %d: a bucket within it is not whole", p.id)
	}
	return v.leaf(newPage(v, inline, -1, int64(len(inline))), span{}, inside)
}

// freeIDs returns the numbers in the list of free pages, eight bytes each.
func (p *dbPage) freeIDs() ([]byte, error) {
	at, n := int64(pageHeader), int64(p.count)
	if n == 0xFFFF { // the true count is the first number
		b, err := p.bytes(at, 8)
		if err != nil {
			return nil, err
		}
		at, n = at+8, int64(min(order.Uint64(b), uint64(p.size)))
	}
	return p.bytes(at, n*8)
}
