package engine

import "github.com/fedwarden/fedwarden/pipeline"

const (
	rebaseAfter  = 64                       // late events in a row
	maxUndecided = 64                       // events behind a leap
	lastLeap     = 86_400 * pipeline.Second // what a stream's last line may leap
	maxUntimed   = 1024                     // items that wait for their stream's first stamp
	clockAhead   = 60 * pipeline.Second     // a stamp may be after its source's clock
)

// read judges one event of s.
func (e *Engine) read(s *stream, ev *pipeline.Event) {
	s.at = ev.Seq
	if ev.Seq <= s.top {
		return // read before: a restart from an earlier place, or a delivery repeated
	}
	s.top = ev.Seq
	ev.Stream = s.id
	if len(s.undecided) > 0 {
		e.weigh(s, ev)
		return
	}
	e.judge(s, ev)
}

// judge gives ev its time, by the watermark of s alone.
func (e *Engine) judge(s *stream, ev *pipeline.Event) {
	s.begin()
	p := &s.read
	if untimed(ev) {
		e.take(s, ev, p.Time)
		return
	}
	if p.Lost {
		e.late(s, ev, p.Time-ev.Time)
		return
	}
	if p.Shift != 0 && s.inTime(ev.Time) {
		e.mark(s, pipeline.StreamRebased, 0, func(p *progress) { p.Shift = 0 })
		s.begin()
	}
	t := ev.Time + p.Shift
	if p.Time != 0 && t > p.Time+e.maxLeap {
		c, _ := clone(ev)
		s.undecided = append(s.undecided, undecided{event: c})
		return
	}
	e.settle(s, ev, t)
}

// untimed reports whether ev has no time of its own.
func untimed(ev *pipeline.Event) bool { return ev.Time == 0 || ev.Kind == pipeline.KindRejected }

// inTime reports whether an unshifted stamp is about where a right clock would put it. The watermark of a
// quiet stream is its lateness and a second behind the clock; a clock that is ahead is so by a minute.
func (s *stream) inTime(t pipeline.Time) bool {
	ahead := min(s.lateness, clockAhead/2) + clockAhead/6
	return t >= s.read.Time-s.lateness && t <= s.read.Time+ahead
}

// settle applies ev, stamped t, or finds it late.
func (e *Engine) settle(s *stream, ev *pipeline.Event, t pipeline.Time) {
	p := &s.read
	if t < p.Time-s.lateness {
		e.late(s, ev, p.Time-t)
		e.rebase(s, ev)
		return
	}
	if t > p.Time {
		s.learn(t)
	}
	p.Run = 0
	e.take(s, ev, p.Time)
}

// learn moves the watermark; what waited for the first one gets it as its time.
func (s *stream) learn(t pipeline.Time) {
	if s.read.Time == 0 {
		for i := range s.queue.len() {
			s.queue.at(i).time = t
		}
	}
	s.read.Time = t
}

// take counts ev and applies it at t, or holds it.
func (e *Engine) take(s *stream, ev *pipeline.Event, t pipeline.Time) {
	m := &s.read.Mark
	if ev.Kind == pipeline.KindRejected {
		s.count(ev, &m.Rejected)
	} else {
		s.count(ev, &m.Events)
		m.Last = t
	}
	e.pass(s, ev, t)
}

// late counts ev and puts the fact that it was late by d in its place.
func (e *Engine) late(s *stream, ev *pipeline.Event, d pipeline.Time) {
	s.count(ev, &s.read.Mark.Late)
	if s.read.Claimed {
		s.read.Run++
	}
	e.fact(s, pipeline.StreamLate, max(d, 0))
}

// rebase shifts the stamps of a stream that brings nothing but late events.
func (e *Engine) rebase(s *stream, ev *pipeline.Event) {
	if s.read.Run < rebaseAfter {
		return
	}
	shift := s.read.Time + s.lateness - ev.Time
	e.mark(s, pipeline.StreamRebased, shift, func(p *progress) { p.Shift, p.Run = shift, 0 })
}

// weigh decides about a leap by the event that follows it.
func (e *Engine) weigh(s *stream, ev *pipeline.Event) {
	if untimed(ev) && len(s.undecided) < maxUndecided {
		c, _ := clone(ev)
		s.undecided = append(s.undecided, undecided{event: c})
		return
	}
	e.decide(s, !untimed(ev) && ev.Time >= s.undecided[0].event.Time-s.lateness)
	e.judge(s, ev)
}

// decide believes the leap or not, and goes on with what waited behind it. The progress before the leap
// was remembered when it came.
func (e *Engine) decide(s *stream, believed bool) {
	waiting := s.undecided
	if len(waiting) == 0 {
		return
	}
	s.undecided = nil
	leap := &waiting[0].event
	if t := leap.Time + s.read.Shift; believed {
		e.settle(s, leap, t)
	} else {
		s.count(leap, &s.read.Mark.Late)
		e.fact(s, pipeline.StreamLeap, t-s.read.Time)
	}
	s.place(waiting[0].trail)
	for i := range waiting[1:] {
		u := &waiting[1+i]
		s.begin()
		e.take(s, &u.event, s.read.Time)
		s.place(u.trail)
	}
}
