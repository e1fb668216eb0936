package engine

import (
	"math"

	"github.com/fedwarden/fedwarden/pipeline"
)

// never is after every time.
const never = pipeline.Time(math.MaxInt64)

// A bound is where something of a stream may still come, or does come: before it, others may go on.
type bound struct {
	time pipeline.Time
	s    *stream // nil: there is no bound
}

// after reports whether b comes after an item of s at t.
func (b bound) after(t pipeline.Time, s *stream) bool {
	return b.s == nil || t < b.time || t == b.time && s.rank < b.s.rank
}

// boundOf returns the lowest bound among the streams other than s.
func (e *Engine) boundOf(s *stream) bound {
	low := bound{time: never}
	for _, o := range e.streams {
		if o == s {
			continue
		}
		if t, ok := e.key(o); ok && (low.s == nil || t < low.time) {
			low = bound{t, o}
		}
	}
	return low
}

// key returns the time of the first held item of s, or its watermark if it is waited for.
func (e *Engine) key(s *stream) (pipeline.Time, bool) {
	if s.queue.len() == 0 {
		return s.read.Time, s.joined()
	}
	t := s.queue.at(0).time
	if t == 0 && s.closed() && e.now == 0 {
		return never, true // it never had a time: that of the others will do
	}
	return t, true
}

// ready reports whether the first held item of s could be applied if nothing came before it.
func (s *stream) ready() bool {
	return s.queue.len() > 0 && (s.queue.at(0).time != 0 || s.closed())
}

// pass applies ev of s at t if nothing can come before it, else holds a copy.
func (e *Engine) pass(s *stream, ev *pipeline.Event, t pipeline.Time) {
	if s.queue.len() > 0 || t == 0 || !e.clear(s, t) {
		e.hold(s, ev, t)
		return
	}
	start := e.now == 0
	e.apply(ev, t)
	if start {
		e.bound = e.boundOf(s) // what has no time can go now
	}
}

// clear applies what other streams hold before (t, s), and reports whether that was all.
func (e *Engine) clear(s *stream, t pipeline.Time) bool {
	for !e.bound.after(t, s) {
		o := e.bound.s
		if !o.ready() {
			return false
		}
		e.release(o)
		e.bound = e.boundOf(s)
	}
	return true
}

// drain applies all that nothing can come before, and lets time go on to where it waits.
func (e *Engine) drain() {
	for {
		low := e.boundOf(nil)
		if low.s == nil {
			return
		}
		if low.s.ready() {
			e.run(low.s)
			continue
		}
		if low.time != 0 && e.now != 0 {
			e.tick(low.time.Floor())
		}
		return
	}
}

// run applies the held items of s up to the bound of the others.
func (e *Engine) run(s *stream) {
	e.bound = e.boundOf(s)
	for start := e.now == 0; s.ready(); {
		if t, _ := e.key(s); !e.bound.after(t, s) {
			return
		}
		e.release(s)
		if start {
			return // what has no time can go now
		}
	}
}
