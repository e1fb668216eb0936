package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	attemptTimeout = 30 * time.Second
	firstRetry     = 5 * time.Second
	lastRetry      = 5 * time.Minute
	giveUpAfter    = 24 * time.Hour
	maxQueued      = 10_000
)

// A queue is what one sink is to be told. Its fields are guarded by the outbox's lock.
//
// Invariant: items are ordered by ID; of one episode no earlier transition is tried after a later one.
type queue struct {
	name   string
	sink   pipeline.Sink
	outbox *outbox
	wake   chan struct{}

	items    []*item
	draining bool
	failures int       // in a row
	until    time.Time // the sink is left alone
	err      string    // of the last attempt
	success  time.Time // the last
	dropped  uint64    // left the outbox undelivered
	full     bool      // and that because it was full, and it was logged
}

// An item is one delivery.
type item struct {
	pipeline.Delivery
	saved  bool // a durable checkpoint holds it
	flying bool // it is being tried
}

func newQueue(s pipeline.Sink, o *outbox) *queue {
	return &queue{name: s.Name(), sink: s, outbox: o, wake: make(chan struct{}, 1)}
}

// rouse makes the deliverer look again.
func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// sleep waits until the queue is roused or wait is over; negative is for ever.
func (q *queue) sleep(ctx context.Context, wait time.Duration) {
	var timer <-chan time.Time
	if wait >= 0 {
		timer = time.After(wait)
	}
	select {
	case <-ctx.Done():
	case <-q.wake:
	case <-timer:
	}
}

// take returns the next delivery to try; if there is none, how long to wait, or that it is over.
func (q *queue) take(now time.Time) (it *item, wait time.Duration, over bool) {
	q.outbox.mu.Lock()
	defer q.outbox.mu.Unlock()
	q.expire(now)
	it = q.first()
	if it == nil {
		return nil, -1, q.draining
	}
	at := q.until
	if due := it.Due.Std(); it.Due != 0 && due.After(at) {
		at = due
	}
	if at.After(now) {
		return nil, at.Sub(now), q.draining
	}
	it.flying = true
	return it, 0, false
}

// first returns the saved item that is due first, the older of two.
func (q *queue) first() *item {
	var best *item
	for _, it := range q.items {
		if it.saved && (best == nil || it.Due < best.Due) {
			best = it
		}
	}
	return best
}

// finish takes what came of an attempt.
func (q *queue) finish(it *item, err error, stopped bool, now time.Time) {
	q.outbox.mu.Lock()
	defer q.outbox.mu.Unlock()
	it.flying = false
	switch {
	case err == nil:
		q.deliver(it, now)
	case pipeline.IsPermanent(err):
		q.refuse(it, err)
	case stopped: // that was our doing
		q.outbox.metrics.send(q.name, outcomeStopped)
	default:
		q.retry(it, err, now)
	}
}

func (q *queue) deliver(it *item, now time.Time) {
	a := &it.Alert
	q.outbox.metrics.send(q.name, outcomeDelivered)
	q.outbox.log.Info("alert delivered", "sink", q.name, "alert", a.ID, "seq", a.Seq, "status", a.Status)
	q.failures, q.until, q.err, q.success = 0, time.Time{}, "", now
	q.remove(it)
}

// retry makes it due later, and leaves the sink alone for a while.
func (q *queue) retry(it *item, err error, now time.Time) {
	q.outbox.metrics.send(q.name, outcomeFailed)
	if text := err.Error(); text != q.err {
		q.outbox.log.Warn("alert not delivered; it will be tried again", "sink", q.name, "alert", it.Alert.ID, "err", err)
		q.err = text
	}
	var after time.Duration
	if said := (*pipeline.RetryAfterError)(nil); errors.As(err, &said) {
		after = said.After
	}
	it.Attempts++
	q.failures++
	it.Due = pipeline.TimeOf(now.Add(max(after, backoff(it.Attempts, firstRetry, lastRetry))))
	q.until = now.Add(max(after, backoff(q.failures, firstRetry, lastRetry)))
	q.supersede()
}

// expire gives up what was tried for too long.
func (q *queue) expire(now time.Time) {
	old, n := pipeline.TimeOf(now.Add(-giveUpAfter)), 0
	for len(q.items) > 0 && q.items[0].Created <= old { // the others are newer
		q.drop(q.items[0], outcomeExpired)
		n++
	}
	if n > 0 {
		q.outbox.log.Error("alerts given up for this sink: not delivered within a day", "sink", q.name, "alerts", n, "err", q.err)
	}
}

// refuse gives up what the sink will never take. It answers, so others need not wait.
func (q *queue) refuse(it *item, err error) {
	a := &it.Alert
	q.outbox.log.Error("alert refused by this sink", "sink", q.name, "alert", a.ID, "seq", a.Seq, "err", err)
	q.failures, q.until, q.err = 0, time.Time{}, err.Error()
	q.drop(it, outcomeRefused)
}

// drop gives up a delivery; the history has it.
func (q *queue) drop(it *item, outcome string) {
	q.outbox.metrics.send(q.name, outcome)
	q.dropped++
	q.remove(it)
}

func (q *queue) remove(it *item) {
	q.items = slices.DeleteFunc(q.items, func(x *item) bool { return x == it })
	q.outbox.leave(it.ID)
}

// has reports whether a's transition is queued.
func (q *queue) has(a *pipeline.Alert) bool {
	return slices.ContainsFunc(q.items, func(it *item) bool { return it.Alert.ID == a.ID && it.Alert.Seq == a.Seq })
}

// release lets what was saved be tried; it reports whether that was anything.
func (q *queue) release() bool {
	any := false
	for _, it := range q.items {
		any = any || !it.saved
		it.saved = true
	}
	if any {
		q.supersede()
	}
	return any
}

// supersede drops transitions that have failed and are followed by a newer one of their episode that is
// durable: a receiver gets the state as it is.
func (q *queue) supersede() {
	newest := map[string]uint64{}
	for _, it := range q.items {
		if it.saved {
			newest[it.Alert.ID] = it.ID
		}
	}
	q.items = slices.DeleteFunc(q.items, func(it *item) bool {
		if it.Attempts == 0 || it.flying || newest[it.Alert.ID] == it.ID {
			return false
		}
		q.outbox.metrics.send(q.name, outcomeSuperseded)
		q.outbox.leave(it.ID)
		return true
	})
}

// bound makes room for one more.
func (q *queue) bound() {
	if len(q.items) < maxQueued {
		q.full = false
		return
	}
	if !q.full {
		q.full = true
		q.outbox.log.Error("outbox is full; the oldest deliveries are dropped", "sink", q.name, "err", q.err)
	}
	q.drop(q.least(), outcomeCrowded)
}

// least returns the item that is missed least.
func (q *queue) least() *item {
	for _, status := range []pipeline.Status{pipeline.StatusResolved, pipeline.StatusUpdated, pipeline.StatusFiring} {
		for _, it := range q.items {
			if it.Alert.Status == status && !it.flying {
				return it
			}
		}
	}
	panic("BUG: a full outbox without a delivery")
}
