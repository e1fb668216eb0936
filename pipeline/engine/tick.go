package engine

import "github.com/fedwarden/fedwarden/pipeline"

// tick lets time go on to the whole second target, which has come for all streams.
func (e *Engine) tick(target pipeline.Time) {
	if e.next == 0 {
		e.next = target // the first tick; before it there was nothing
	}
	for e.next <= target {
		due := e.next
		if e.next < target && !e.everyTick {
			due = e.due()
		}
		if due > target {
			e.now = max(e.now, target)
			e.next = target + pipeline.Second
			return
		}
		e.advance(due)
		e.next = due + pipeline.Second
	}
}

// due returns the first second, from the next one on, at which a tick matters.
func (e *Engine) due() pipeline.Time {
	if e.eachSecond {
		return e.next
	}
	last := e.next - pipeline.Second
	due := e.tracker.due(last)
	due = soonest(due, e.id.(pipeline.Scheduler).Due(last), e.next)
	for i := range e.comps {
		if due == e.next {
			return due
		}
		due = soonest(due, e.comps[i].scheduler.Due(last), e.next)
	}
	return due
}

// soonest returns the lower of due and d, which is zero for never, but no less than least.
func soonest(due, d, least pipeline.Time) pipeline.Time {
	if d == 0 || d > due {
		return due
	}
	return max(d, least)
}

// advance runs the tick of the whole second now.
func (e *Engine) advance(now pipeline.Time) {
	e.now = max(e.now, now)
	e.id.Advance(now)
	e.report.ticking = true
	for i := range e.comps {
		c := &e.comps[i]
		e.report.by = c
		c.detector.Advance(now, &e.report)
	}
	e.report.ticking = false
	e.conclude(now, 0)
	if n := e.tracker.takeHushed(); n > 0 {
		e.report.signals = append(e.report.signals, pipeline.Signal{Name: pipeline.SignalRefused, Count: n})
	}
	e.deliver(now)
	e.tracker.advance(now)
}

// deliver tells the signals of a tick to the instance detectors.
func (e *Engine) deliver(now pipeline.Time) {
	signals := merge(e.report.signals)
	for _, s := range signals {
		e.signalEvent = pipeline.Event{Time: now, Kind: pipeline.KindSignal, Signal: s}
		e.tell(&e.signalEvent)
		e.conclude(now, 0)
	}
	clear(signals)
	e.report.signals = e.report.signals[:0]
}
