package identity

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Version is the layout of the snapshot.
func (id *Identity) Version() uint32 { return 1 }

// Snapshot writes all address histories, in the order of the table. The cache is no knowledge.
func (id *Identity) Snapshot(w io.Writer) error {
	t := &id.table
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(t.sites)))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.hand))
	for _, s := range t.sites {
		b = s.append(b)
		if len(b) < 1<<16 {
			continue
		}
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("write address history: %w", err)
		}
		b = b[:0]
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write address history: %w", err)
	}
	return nil
}

func (s *site) append(b []byte) []byte {
	b = append(b, byte(len(s.name)))
	b = append(b, s.name...)
	y := &s.tally
	b = appendAll(b, s.hours, uint32(s.hour), uint32(s.first), flag(s.protected),
		uint32(y.minute), y.railsN, y.nginxN, y.railsN0, y.nginxN0, uint32(y.excess), uint32(y.hour), uint32(len(s.list)))
	for i := range s.list {
		a := &s.list[i]
		b = append(b, a.key[:]...)
		b = appendAll(b, uint32(a.first), uint32(a.last), uint32(a.since), uint32(a.day), a.days, a.hours, a.requests,
			a.open, flag(a.entered), flag(a.good))
	}
	return b
}

func appendAll(b []byte, list ...uint32) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func flag(v bool) uint32 {
	if v {
		return 1
	}
	return 0
}

var errDamaged = errors.New("read address history: damaged")

// maxRestored bounds what a snapshot may hold, whatever MaxSites was when it was written.
const maxRestored = 1 << 20

// Restore reads what Snapshot wrote. A snapshot of more sites than MaxSites is taken whole; it only grows
// no more.
func (id *Identity) Restore(r io.Reader) error {
	old := &id.table
	t := newTable(old.max, int(old.maxShared))
	d := decoder{r: bufio.NewReader(r)}
	n := d.u32()
	t.hand = int32(d.u32())
	if n > maxRestored || t.hand < 0 || t.hand > 0 && t.hand >= int32(n) {
		d.fail(errDamaged)
	}
	for range n {
		if d.err != nil {
			break
		}
		t.add(d.site(), &d)
	}
	id.cache.clear()
	if d.err != nil {
		id.table = newTable(old.max, int(old.maxShared))
		return d.err
	}
	id.table = t
	return nil
}

// add puts a site that was read into the table.
func (t *table) add(s *site, d *decoder) {
	if _, twice := t.index[string(s.name)]; twice || s.name == "" {
		d.fail(errDamaged)
		return
	}
	t.index[string(s.name)] = int32(len(t.sites))
	t.sites = append(t.sites, s)
	if s.protected {
		t.protected++
	}
	for i := range s.list {
		if s.list[i].entered {
			t.held[s.list[i].key]++
		}
	}
}

// A decoder reads numbers and texts; the first error stays, and all it returns after is zero.
type decoder struct {
	r   *bufio.Reader
	buf [256]byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) raw(n int) []byte {
	b := d.buf[:n]
	if d.err == nil {
		if _, err := io.ReadFull(d.r, b); err != nil {
			d.fail(fmt.Errorf("read address history: %w", err))
		}
	}
	if d.err != nil {
		clear(b)
	}
	return b
}

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.raw(4)) }
func (d *decoder) i32() int32  { return int32(d.u32()) }
func (d *decoder) bool() bool  { return d.u32() != 0 }

func (d *decoder) site() *site {
	s := &site{name: pipeline.Site(d.raw(int(d.raw(1)[0])))}
	s.hours, s.hour, s.first, s.protected = d.u32(), d.i32(), d.i32(), d.bool()
	s.tally = tally{minute: d.i32(), railsN: d.u32(), nginxN: d.u32(), railsN0: d.u32(), nginxN0: d.u32(),
		excess: d.i32(), hour: d.i32()}
	n := d.u32()
	if n > maxAddresses {
		d.fail(errDamaged)
		return s
	}
	for range n {
		a := address{key: [16]byte(d.raw(16))}
		a.first, a.last, a.since, a.day = d.i32(), d.i32(), d.i32(), d.i32()
		a.days, a.hours, a.requests, a.open = d.u32(), d.u32(), d.u32(), d.u32()
		a.entered, a.good = d.bool(), d.bool()
		s.list = append(s.list, a)
	}
	return s
}
