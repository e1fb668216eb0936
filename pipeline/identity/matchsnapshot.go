package identity

import (
	"encoding/binary"
	"math/bits"

	"github.com/fedwarden/fedwarden/pipeline"
)

// fresh returns a matcher with the same key that knows nothing.
func (m *matcher) fresh() matcher {
	n := matcher{secret: m.secret}
	n.threads.clear()
	return n
}

// append appends all that m knows; one word, before the first job.
func (m *matcher) append(b []byte) []byte {
	b = appendAll(b, flag(m.on))
	b = appendAll(b, uint32(len(m.lost)))
	for _, id := range m.lost {
		b = appendText(b, string(id))
	}
	if !m.on {
		return b
	}
	b = appendLong(b, uint64(m.offUntil), uint64(m.checked))
	b = m.seconds.append(b)
	b = m.threads.append(b)
	b = m.jids.append(b)
	return m.deliveries.append(b)
}

func appendLong(b []byte, list ...uint64) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func appendText(b []byte, s string) []byte { return append(appendAll(b, uint32(len(s))), s...) }

func (s *seconds) append(b []byte) []byte {
	b = appendLong(b, uint64(s.now), uint64(s.since))
	for i := range s.ring {
		r := &s.ring[i]
		b = appendAll(b, r.nginx, r.rails, r.nginxLate, r.railsLate, r.sum.starts, r.accepted, flag(r.idle), r.starts)
	}
	return b
}

func (s *threads) append(b []byte) []byte {
	b = appendAll(b, uint32(len(s.list)))
	for i := range s.list {
		t := &s.list[i]
		b = appendText(b, string(t.key.stream))
		b = appendText(b, t.key.pid)
		b = appendText(b, t.key.tid)
		b = appendLong(b, uint64(flag(t.busy)), uint64(t.last))
	}
	return b
}

// append writes of each pane the words that are not zero.
func (j *jids) append(b []byte) []byte {
	b = appendLong(b, uint64(j.hour))
	for i := range j.panes {
		p := &j.panes[i]
		b = appendAll(b, p.jobs, uint32(len(p.words)))
		n := uint32(0)
		for _, w := range p.words {
			n += flag(w != 0)
		}
		b = appendAll(b, n)
		for k, w := range p.words {
			if w != 0 {
				b = appendLong(appendAll(b, uint32(k)), w)
			}
		}
	}
	return b
}

// append writes the deliveries, the oldest first: evidence may be older than the seconds that are kept.
func (d *deliveries) append(b []byte) []byte {
	b = appendAll(appendLong(b, uint64(d.lost)), uint32(len(d.list)))
	for i := range d.list {
		v := &d.list[(d.next+i)%len(d.list)]
		b = appendAll(appendLong(b, uint64(v.second)), v.site, v.domain, v.actor, flag(v.accepted))
	}
	return b
}

// read returns the matcher that was written.
func (m *matcher) read(d *decoder) matcher {
	n := m.fresh()
	n.on = d.bool()
	for range d.count(maxLost) {
		id := pipeline.StreamID(d.text())
		if k := len(n.lost); k > 0 && n.lost[k-1] >= id {
			d.fail(errDamaged)
		}
		n.lost = append(n.lost, id)
	}
	if !n.on || d.err != nil {
		return n
	}
	n.offUntil, n.checked = pipeline.Time(d.u64()), int64(d.u64())
	n.seconds.read(d)
	n.threads.read(d)
	n.jids.read(d)
	n.deliveries.read(d)
	return n
}

// count returns how many things follow, no more than most.
func (d *decoder) count(most uint32) uint32 {
	n := d.u32()
	if n > most {
		d.fail(errDamaged)
		return 0
	}
	return n
}

// maxText bounds a stream's name.
const maxText = 1 << 16

func (d *decoder) text() string {
	var b []byte
	for n := int(d.count(maxText)); n > 0 && d.err == nil; {
		k := min(n, len(d.buf))
		b = append(b, d.raw(k)...)
		n -= k
	}
	return string(b)
}

func (s *seconds) read(d *decoder) {
	s.now, s.since = int64(d.u64()), int64(d.u64())
	for i := range s.ring {
		r := &s.ring[i]
		r.nginx, r.rails, r.nginxLate, r.railsLate = d.u32(), d.u32(), d.u32(), d.u32()
		r.sum.starts, r.accepted, r.idle, r.starts = d.u32(), d.u32(), d.bool(), d.u32()
	}
}

func (s *threads) read(d *decoder) {
	for range d.count(maxThreads) {
		k := threadKey{pipeline.StreamID(d.text()), d.text(), d.text()}
		t := thread{key: k, busy: d.u64() != 0, last: pipeline.Time(d.u64())}
		if _, twice := s.index[k]; twice {
			d.fail(errDamaged)
		}
		if d.err != nil {
			return
		}
		s.index[k] = int32(len(s.list))
		s.list = append(s.list, t)
	}
}

func (j *jids) read(d *decoder) {
	j.hour = int64(d.u64())
	for i := range j.panes {
		p := &j.panes[i]
		p.jobs = d.u32()
		size := d.count(maxJids)
		n := d.count(size)
		if bits.OnesCount32(size) > 1 || size > 0 && size < jidLine {
			d.fail(errDamaged)
		}
		if size == 0 || d.err != nil {
			continue
		}
		p.words = make([]uint64, size)
		for range n {
			k, w := d.u32(), d.u64()
			if k >= size || d.err != nil {
				d.fail(errDamaged)
				return
			}
			p.words[k] = w
		}
	}
}

func (s *deliveries) read(d *decoder) {
	s.lost = int64(d.u64())
	for range d.count(maxDeliveries) {
		if d.err != nil {
			return
		}
		s.list = append(s.list, delivery{second: int64(d.u64()), site: d.u32(), domain: d.u32(), actor: d.u32(), accepted: d.bool()})
	}
}
