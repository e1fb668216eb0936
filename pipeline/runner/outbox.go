package runner

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An outbox holds what sinks are to be told, a queue for each. The loop adds and releases, deliverers take
// and finish.
type outbox struct {
	queues  []*queue
	log     *slog.Logger
	metrics *Metrics
	removed chan struct{} // says that there is something to take out of the store

	mu     sync.Mutex // of everything below, and of all queues
	nextID uint64
	gone   []uint64 // deliveries that are over; the store may still have them
}

func newOutbox(sinks []pipeline.Sink, m *Metrics, log *slog.Logger) *outbox {
	o := &outbox{metrics: m, log: log, removed: make(chan struct{}, 1), nextID: 1}
	for _, s := range sinks {
		o.queues = append(o.queues, newQueue(s, o))
	}
	return o
}

func (o *outbox) queue(sink string) *queue {
	i := slices.IndexFunc(o.queues, func(q *queue) bool { return q.name == sink })
	if i < 0 {
		return nil
	}
	return o.queues[i]
}

// restore takes the deliveries of a checkpoint, which are durable. Those for a sink that is configured no
// more are dropped; the history has them.
func (o *outbox) restore(list []pipeline.Delivery, now pipeline.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.SortFunc(list, func(a, b pipeline.Delivery) int { return cmp.Compare(a.ID, b.ID) })
	for _, d := range list {
		o.nextID = max(o.nextID, d.ID+1)
		// The clock may have been set back since.
		d.Created, d.Due = min(d.Created, now), min(d.Due, now.Add(lastRetry))
		q := o.queue(d.Sink)
		if q == nil {
			o.log.Warn("delivery dropped: there is no such sink any more", "sink", d.Sink, "alert", d.Alert.ID)
			o.leave(d.ID)
			continue
		}
		q.items = append(q.items, &item{Delivery: d, saved: true})
	}
	for _, q := range o.queues {
		q.supersede()
	}
}

// add queues a for sink; it is released by the save that makes it durable. What is queued already, because
// it happened again after a crash, is not queued twice.
func (o *outbox) add(sink string, a *pipeline.Alert, now pipeline.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.queue(sink)
	if q == nil {
		panic("BUG: an alert for sink " + sink + ", which there is not")
	}
	if q.has(a) {
		return
	}
	q.bound()
	q.items = append(q.items, &item{Delivery: pipeline.Delivery{ID: o.nextID, Sink: sink, Alert: *a, Created: now}})
	o.nextID++
}

// pending returns all deliveries in their order.
func (o *outbox) pending() []pipeline.Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []pipeline.Delivery
	for _, q := range o.queues {
		for _, it := range q.items {
			list = append(list, it.Delivery)
		}
	}
	slices.SortFunc(list, func(a, b pipeline.Delivery) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// release lets deliverers see all that is queued: it is durable now.
func (o *outbox) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, q := range o.queues {
		if q.release() {
			q.rouse()
		}
	}
}

// leave notes that a delivery is over; o.mu is held.
func (o *outbox) leave(id uint64) {
	o.gone = append(o.gone, id)
	select {
	case o.removed <- struct{}{}:
	default:
	}
}

func (o *outbox) hasRemoved() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.gone) > 0
}

// takeRemoved returns the deliveries that are over since it was called last.
func (o *outbox) takeRemoved() []uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids := o.gone
	o.gone = nil
	return ids
}

// putBack undoes takeRemoved.
func (o *outbox) putBack(ids []uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gone = append(ids, o.gone...)
}

// deliver is the goroutine of one sink: it tries what is due until ctx ends, or the queue is drained and
// nothing is due.
func (o *outbox) deliver(ctx context.Context, q *queue, now func() time.Time) {
	for ctx.Err() == nil {
		it, wait, over := q.take(now())
		if over {
			return
		}
		if it == nil {
			q.sleep(ctx, wait)
			continue
		}
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		start := now()
		err := q.sink.Send(attempt, &it.Alert)
		cancel()
		end := now()
		o.metrics.sendDuration(q.name, end.Sub(start))
		q.finish(it, err, ctx.Err() != nil, end)
	}
}
