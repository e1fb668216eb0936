package identity

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Version is the layout of the snapshot: 2 since it has aliases, and what jobs prove.
func (id *Identity) Version() uint32 { return 2 }

// Snapshot writes all address histories, in the order of the table, and what is known of jobs. The cache is no
// knowledge.
func (id *Identity) Snapshot(w io.Writer) error {
	if err := id.table.write(w); err != nil {
		return fmt.Errorf("write address history: %w", err)
	}
	if _, err := w.Write(id.matcher.append(nil)); err != nil {
		return fmt.Errorf("write job matching: %w", err)
	}
	return nil
}

func (t *table) write(w io.Writer) error {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(t.sites)))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.hand))
	for _, s := range t.sites {
		b = s.append(b)
		if len(b) < 1<<16 {
			continue
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	_, err := w.Write(b)
	return err
}

func (s *site) append(b []byte) []byte {
	b = append(b, byte(len(s.name)))
	b = append(b, s.name...)
	y := &s.tally
	b = appendAll(b, s.hours, uint32(s.hour), uint32(s.first), flag(s.protected),
		uint32(y.minute), y.railsN, y.nginxN, y.railsN0, y.nginxN0, uint32(y.excess), uint32(y.hour),
		s.keyed, s.verified, s.others, uint32(len(s.aliases.list)), uint32(len(s.list)))
	for _, a := range s.aliases.list {
		b = binary.LittleEndian.AppendUint64(b, a.agent)
		b = appendAll(b, uint32(a.first), uint32(a.last), uint32(a.day), a.days, a.count)
	}
	for i := range s.list {
		a := &s.list[i]
		b = append(b, a.key[:]...)
		b = appendAll(b, uint32(a.first), uint32(a.last), uint32(a.since), uint32(a.day), a.days, a.hours, a.requests,
			a.open, a.keyed, flag(a.entered), flag(a.good))
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

var errDamaged = errors.New("damaged")

// maxRestored bounds what a snapshot may hold, whatever MaxSites was when it was written.
const maxRestored = 1 << 20

// Restore reads what Snapshot wrote. A snapshot of more sites than MaxSites is taken whole; it only grows
// no more.
func (id *Identity) Restore(r io.Reader) error {
	old := &id.table
	t := newTable(old.max, int(old.maxShared))
	d := decoder{r: bufio.NewReader(r), what: "address history"}
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
	d.what = "job matching"
	m := id.matcher.read(&d)
	id.cache.clear()
	if d.err != nil {
		id.table, id.matcher = newTable(old.max, int(old.maxShared)), id.matcher.fresh()
		return d.err
	}
	id.table, id.matcher = t, m
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
	r    *bufio.Reader
	what string // is being read
	buf  [256]byte
	err  error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = fmt.Errorf("read %s: %w", d.what, err)
	}
}

func (d *decoder) raw(n int) []byte {
	b := d.buf[:n]
	if d.err == nil {
		if _, err := io.ReadFull(d.r, b); err != nil {
			d.fail(err)
		}
	}
	if d.err != nil {
		clear(b)
	}
	return b
}

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.raw(4)) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.raw(8)) }
func (d *decoder) i32() int32  { return int32(d.u32()) }
func (d *decoder) bool() bool  { return d.u32() != 0 }

func (d *decoder) site() *site {
	s := &site{name: pipeline.Site(d.raw(int(d.raw(1)[0])))}
	s.hours, s.hour, s.first, s.protected = d.u32(), d.i32(), d.i32(), d.bool()
	s.tally = tally{minute: d.i32(), railsN: d.u32(), nginxN: d.u32(), railsN0: d.u32(), nginxN0: d.u32(),
		excess: d.i32(), hour: d.i32()}
	s.keyed, s.verified, s.others = d.u32(), d.u32(), d.u32()
	m, n := d.u32(), d.u32()
	if n > maxAddresses || m > maxAliases {
		d.fail(errDamaged)
		return s
	}
	for range m {
		s.aliases.list = append(s.aliases.list,
			alias{agent: d.u64(), first: d.i32(), last: d.i32(), day: d.i32(), days: d.u32(), count: d.u32()})
	}
	for range n {
		a := address{key: [16]byte(d.raw(16))}
		a.first, a.last, a.since, a.day = d.i32(), d.i32(), d.i32(), d.i32()
		a.days, a.hours, a.requests, a.open, a.keyed = d.u32(), d.u32(), d.u32(), d.u32(), d.u32()
		a.entered, a.good = d.bool(), d.bool()
		s.list = append(s.list, a)
	}
	return s
}
