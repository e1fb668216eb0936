package simulate

import "time"

// SidekiqDown lets Sidekiq stand still, while jobs are queued; then it comes back with new processes.
func (w *World) SidekiqDown(from, to time.Time) {
	w.At(from, func() { w.s.queues.stopped = true })
	w.At(to, func() {
		w.s.queues.stopped = false
		w.s.queues.renew()
		w.s.workOn()
	})
}
