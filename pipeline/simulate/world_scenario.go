package simulate

import "time"

// busy returns how much more the server has to do than a small one of 3,000 peers.
func (w *World) busy() float64 { return max(1, w.s.size) }

// SidekiqDown lets Sidekiq stand still, while jobs are queued; then it comes back with new processes.
func (w *World) SidekiqDown(from, to time.Time) {
	w.At(from, func() { w.s.queues.stopped = true })
	w.At(to, func() {
		w.s.queues.stopped = false
		w.s.queues.renew()
		w.s.workOn()
	})
}
