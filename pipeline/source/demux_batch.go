package source

import "github.com/fedwarden/fedwarden/pipeline"

// Flush makes batches of all that has been added.
func (d *Demux) Flush() {
	d.begin()
	for _, m := range d.order {
		if m.slab != nil || m.lost > 0 {
			d.flush(m)
		}
	}
}

func (d *Demux) flush(m *member) {
	s := m.slab
	m.slab = nil
	if s == nil {
		d.ready = append(d.ready, d.sign(m, pipeline.Batch{}))
		return
	}
	d.ready = append(d.ready, d.sign(m, m.asm.finish(s)))
}

// sign says whose batch b is, where it ends and what was lost before it.
func (d *Demux) sign(m *member, b pipeline.Batch) pipeline.Batch {
	b.Stream = m.id
	if !m.opened {
		b.Opened, b.Lateness, b.Begin, m.opened = true, d.cfg.Lateness, m.begin, true
	}
	if m.lost > 0 {
		b.LostLines, b.Reason = b.LostLines+m.lost, m.reason
		m.lost, m.reason = 0, ""
	}
	p := place{Seq: m.asm.seq, Parser: []byte(m.asm.state()), At: d.place, Ended: m.ended, Routes: d.formats}
	if m.resume != "" && !d.reached(m) {
		p.At, p.Routes = m.resume, m.routes
	}
	b.Cursor = p.cursor()
	return b
}

// begin opens the carrier's own stream: it holds back the others from the first.
func (d *Demux) begin() {
	if c := d.order[0]; !c.opened {
		d.open(c)
	}
}

// open tells where m begins, for when nothing of it is applied before a crash: at once, since what waits in its
// batch would be lost if another stream's later cursor were saved first.
func (d *Demux) open(m *member) {
	p := place{Seq: m.asm.seq, Parser: []byte(m.asm.state()), At: d.place, Routes: d.formats}
	if m.resume != "" {
		p.At, p.Routes = m.resume, m.routes
	}
	m.begin = p.cursor()
	d.note(m.id, p.At)
	d.ready = append(d.ready, d.sign(m, pipeline.Batch{}))
}

// Next returns the next batch that is due, false when there is none.
func (d *Demux) Next() (pipeline.Batch, bool) {
	d.begin()
	if len(d.ready) == 0 {
		return pipeline.Batch{}, false
	}
	b := d.ready[0]
	d.ready[0] = pipeline.Batch{}
	if d.ready = d.ready[1:]; len(d.ready) == 0 {
		d.ready = nil
	}
	return b, true
}
