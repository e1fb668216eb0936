package source

import "github.com/fedwarden/fedwarden/pipeline"

// claimBefore claims, in a backlog, that up to at there was nothing but what has been added: messages are in the
// order in which they were appended. So a quiet stream does not hold back the others.
func (d *Demux) claimBefore(at pipeline.Time) {
	every := claimRecords
	if d.pressed.Load() {
		every = claimPressed
	}
	if d.records >= every && (d.pressed.Load() || at >= d.claimed+pipeline.Second) {
		d.Claim(at)
	}
}

// Press says whether what waits for this carrier's quiet streams fills the memory. While it does, they are claimed
// without allowing for lateness: what they bring later is applied at the time that was reached, if it is no
// older than the lateness. It may be called from any goroutine.
func (d *Demux) Press(yes bool) { d.pressed.Store(yes) }

// Claim says that everything that was in the carrier at t has been added. Streams that have been idle end.
func (d *Demux) Claim(t pipeline.Time) {
	d.Flush()
	d.clock = max(d.clock, t)
	d.claimed, d.records = max(d.claimed, t), 0
	for _, m := range d.order {
		if m.ended || m.resume != "" && !d.reached(m) {
			continue
		}
		if m.last == 0 {
			m.last = d.clock
		}
		b := pipeline.Batch{CaughtUp: t}
		if d.pressed.Load() {
			b.CaughtUp += pipeline.Time(d.cfg.Lateness)
		}
		if m.id != d.cfg.Carrier && d.clock-m.last >= pipeline.Time(d.cfg.Idle) {
			b.Ended, m.ended = true, true
			d.cfg.Log.Info("stream has been idle and ends", "stream", m.id)
		}
		d.ready = append(d.ready, d.sign(m, b))
	}
}

// reached reports whether the carrier has been read up to where m was read before.
func (d *Demux) reached(m *member) bool {
	return d.place != "" && d.cfg.Compare(d.place, m.resume) >= 0
}
