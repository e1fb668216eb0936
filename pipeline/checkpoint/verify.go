package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The layout of a bbolt file, version 2, as far as walking it needs; see bbolt's page.go, meta.go and
// bucket.go. Numbers are in the machine's order.
const (
	dbMagic   = 0xED0CDAED
	dbVersion = 2

	pageHeader   = 16 // id 8, flags 2, count 2, overflow 4
	elementSize  = 16 // of branches (pos 4, ksize 4, pgid 8) and leaves (flags 4, pos 4, ksize 4, vsize 4)
	bucketHeader = 16 // root 8, sequence 8
	metaSize     = 64 // the checksum is in its last 8

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	noFreelist   = ^uint64(0)

	maxDepth  = 32
	maxNested = 4
	maxKey    = 32768 // bbolt's own limit
)

var order = binary.NativeEndian

// A damage says what is wrong with a file: it is not one that bbolt can be trusted to read. Errors of
// another type are the disk's.
type damage struct{ text string }

func (d *damage) Error() string { return d.text }

func damaged(format string, args ...any) error { return &damage{fmt.Sprintf(format, args...)} }

// A dbMeta is one of the two headers of a bbolt file.
type dbMeta struct {
	pageSize uint64
	root     uint64
	freelist uint64
	pages    uint64 // those in use are below
	tx       uint64
}

// A verifier walks every page of a bbolt file that the newest header leads to.
type verifier struct {
	r    io.ReaderAt
	size int64
	dbMeta
	seen []uint64 // one bit for each page
}

// verify returns a damage if bbolt can't be trusted with the file. note is not empty if the file is good
// but something about it is worth telling.
func verify(r io.ReaderAt, size int64) (note string, err error) {
	v := &verifier{r: r, size: size}
	if note, err = v.header(); err != nil {
		return "", err
	}
	v.seen = make([]uint64, v.pages/64+1)
	v.mark(0, 2)
	if err := v.page(v.root, span{}, place{}); err != nil {
		return "", err
	}
	return note, v.free()
}

// header takes the newer of the two headers that are whole.
func (v *verifier) header() (note string, err error) {
	first, err := v.metaAt(0)
	if err != nil {
		return "", err
	}
	second, err := v.second(first)
	if err != nil {
		return "", err
	}
	if first == nil && second == nil {
		return "", damaged("it is no bbolt file, or both its headers are damaged")
	}
	v.dbMeta = newer(first, second)
	if first == nil || second == nil {
		note = "one of the two headers is damaged; the last transaction may be lost"
	}
	return note, v.bounds()
}

// second reads the second header, one page after the first; nil is none.
func (v *verifier) second(first *dbMeta) (*dbMeta, error) {
	for _, at := range secondMetas(first) {
		m, err := v.metaAt(at)
		if err != nil {
			return nil, err
		}
		if m != nil && int64(m.pageSize) == at {
			return m, nil
		}
	}
	return nil, nil
}

// secondMetas returns where the second header may be: the first knows how long a page is.
func secondMetas(first *dbMeta) []int64 {
	if first != nil {
		return []int64{int64(first.pageSize)}
	}
	var at []int64
	for size := int64(1024); size <= 1<<16; size *= 2 {
		at = append(at, size)
	}
	return at
}

func newer(a, b *dbMeta) dbMeta {
	if a == nil || b != nil && b.tx > a.tx {
		return *b
	}
	return *a
}

// bounds checks the numbers of the header that everything else relies on.
func (v *verifier) bounds() error {
	if v.pageSize < 1024 || v.pageSize > 1<<16 || v.pageSize&(v.pageSize-1) != 0 {
		return damaged("its pages are said to have %d bytes", v.pageSize)
	}
	if v.pages < 4 || v.pages > uint64(v.size)/v.pageSize {
		return damaged("it is truncated: %d bytes, but %d pages of %d", v.size, v.pages, v.pageSize)
	}
	return nil
}

// metaAt reads the header at an offset; nil is none.
func (v *verifier) metaAt(at int64) (*dbMeta, error) {
	b, err := v.read(at, pageHeader+metaSize)
	if err != nil || len(b) < pageHeader+metaSize {
		return nil, err
	}
	b = b[pageHeader:]
	h := fnv.New64a()
	h.Write(b[:metaSize-8])
	if order.Uint32(b) != dbMagic || order.Uint32(b[4:]) != dbVersion || order.Uint64(b[56:]) != h.Sum64() {
		return nil, nil
	}
	return &dbMeta{
		pageSize: uint64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		tx:       order.Uint64(b[48:]),
	}, nil
}

// read returns n bytes at an offset, fewer at the end of the file.
func (v *verifier) read(at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := v.r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// mark takes n pages as seen; it reports whether none was before.
func (v *verifier) mark(id, n uint64) bool {
	for ; n > 0; id, n = id+1, n-1 {
		if v.isSeen(id) {
			return false
		}
		v.seen[id/64] |= 1 << (id % 64)
	}
	return true
}

func (v *verifier) isSeen(id uint64) bool { return v.seen[id/64]&(1<<(id%64)) != 0 }

// A span is between which keys those of a page must be; nil is no bound.
type span struct{ from, to []byte }

func (s span) holds(key []byte) bool {
	return (s.from == nil || bytes.Compare(key, s.from) >= 0) && (s.to == nil || bytes.Compare(key, s.to) < 0)
}

// A place is how deep a page is in its tree, and how many buckets are around it.
type place struct{ depth, nested int }

// page walks the tree below page id.
func (v *verifier) page(id uint64, s span, at place) error {
	if at.depth > maxDepth {
		return damaged("page %d: the tree is deeper than %d", id, maxDepth)
	}
	p, err := v.open(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case flagBranch:
		return v.branch(p, s, at)
	case flagLeaf:
		return v.leaf(p, s, at)
	}
	return damaged("page %d: is of kind %#x, not part of a tree", id, p.flags)
}

// free checks the list of free pages: bbolt would write over whatever it names.
func (v *verifier) free() error {
	if v.freelist == noFreelist {
		return nil
	}
	p, err := v.open(v.freelist)
	if err != nil {
		return err
	}
	if p.flags != flagFreelist {
		return damaged("page %d: is of kind %#x, not the list of free pages", v.freelist, p.flags)
	}
	ids, err := p.freeIDs()
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		id := order.Uint64(ids)
		if id >= v.pages || !v.mark(id, 1) {
			return damaged("page %d is listed as free, but is not", id)
		}
		ids = ids[8:]
	}
	return nil
}
