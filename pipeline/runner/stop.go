package runner

import (
	"context"
	"sync"
	"time"
)

// stop ends a run whose readers were told to. It takes at most Grace, and a little for what is only told
// to stop then.
func (r *Runner) stop(stopDelivering context.CancelFunc) error {
	deadline := r.now().Add(r.grace())
	err := r.saveFinally(deadline)
	r.closeSources()
	r.outbox.drain()
	if !waitUntil(&r.sinks, deadline.Sub(r.now())) {
		stopDelivering()
		if !waitUntil(&r.sinks, lastWait) {
			r.log.Warn("a sink does not stop; what it was sending may come twice")
		}
	}
	if !waitUntil(&r.readers, lastWait) {
		r.log.Warn("an input does not stop")
	}
	r.ack() // what is not saved is only repeated
	r.publish(r.now())
	return err
}

// lastWait is for those who were told to stop and need only notice.
const lastWait = time.Second

// saveFinally saves, and tries again until the deadline: a full disk may not stay full. A run that yields
// has saved, and nothing has happened since.
func (r *Runner) saveFinally(deadline time.Time) error {
	if r.yielded {
		return nil
	}
	for {
		err := r.save()
		if err == nil || !r.now().Add(minApart).Before(deadline) {
			return err
		}
		<-time.After(minApart)
	}
}

func (r *Runner) closeSources() {
	for _, f := range r.feeds {
		if err := f.source.Close(); err != nil {
			r.log.Warn("close", "stream", f.name(), "err", err)
		}
	}
}

// drain makes deliverers end when nothing is due.
func (o *outbox) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, q := range o.queues {
		q.draining = true
		q.rouse()
	}
}

// waitUntil waits for wg at most d; it reports whether it is done. What is waited for in vain is given up
// for good, and so is the goroutine that waits.
func waitUntil(wg *sync.WaitGroup, d time.Duration) bool {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(max(d, 0)):
		return false
	}
}
