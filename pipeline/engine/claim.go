package engine

import (
	"cmp"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// claim takes CaughtUp t: nothing of s before t − lateness is still to come.
func (e *Engine) claim(s *stream, t pipeline.Time) {
	if s.read.Ended {
		return
	}
	if len(s.undecided) > 0 && t >= s.undecided[0].event.Time+s.read.Shift-s.lateness {
		e.decide(s, true)
	}
	if s.read.Lost {
		s.enter(e.now)
		e.mark(s, pipeline.StreamRejoined, 0, func(p *progress) { p.Lost = false })
	}
	if t-s.lateness > s.read.Time {
		s.learn(t - s.lateness)
	}
	if s.read.Time > t+clockAhead {
		e.retard(s, t)
	}
	s.read.Claimed = true
	s.fold()
}

// retard shifts the stamps of a stream whose clock is ahead of its source's clock t, if events with such
// stamps are held. If none is, all streams agree on that time, or s is alone: then it harms nobody.
func (e *Engine) retard(s *stream, t pipeline.Time) {
	q := &s.queue
	first := 0
	for first < q.len() && q.at(first).time <= t+clockAhead {
		first++
	}
	if first == q.len() {
		return
	}
	before := s.applied
	if first > 0 {
		before = q.at(first - 1).after
	}
	back := s.read.Time - t
	for i := first; i < q.len(); i++ {
		it := q.at(i)
		it.time = max(it.time-back, before.Time)
		it.after.retard(back, before.Time)
	}
	s.read.retard(back, before.Time)
	fact := item{time: cmp.Or(before.Time, q.at(first).time), after: before, event: streamFact(&before, pipeline.StreamFact{State: pipeline.StreamRebased, Late: time.Duration(s.read.Shift)})}
	fact.after.Shift = s.read.Shift
	q.insert(first, fact)
}

func (p *progress) retard(back, least pipeline.Time) {
	p.Shift -= back
	p.Time = max(p.Time-back, least)
}

// lose takes Lost: s no longer holds back the others.
func (e *Engine) lose(s *stream, reason string) {
	if s.closed() {
		return
	}
	e.decide(s, false)
	e.say(s, pipeline.StreamFact{State: pipeline.StreamLost, Reason: reason}, func(p *progress) { p.Lost, p.Claimed, p.Run = true, false, 0 })
}

// gap tells and counts the lines that are lost before the events of b, unless it was done before a restart.
func (e *Engine) gap(s *stream, b *pipeline.Batch) {
	again := s.at < s.read.Mark.Seq
	if len(b.Events) > 0 {
		again = b.Events[0].Seq <= s.top
	}
	if b.LostLines == 0 || again {
		return
	}
	e.say(s, pipeline.StreamFact{State: pipeline.StreamGap, Lines: b.LostLines, Reason: b.Reason}, func(p *progress) { p.Mark.Lost += b.LostLines })
}

// end takes Ended: s leaves once what is held of it is applied.
func (e *Engine) end(s *stream) {
	if s.read.Ended {
		return
	}
	e.decide(s, len(s.undecided) > 0 && s.undecided[0].event.Time+s.read.Shift <= s.read.Time+lastLeap)
	e.mark(s, pipeline.StreamEnded, 0, func(p *progress) { p.Ended, p.Opened, p.Claimed, p.Run = true, false, false, 0 })
}

// mark puts a fact about s into its order; change is what holds of s from there on.
func (e *Engine) mark(s *stream, state pipeline.StreamState, d pipeline.Time, change func(*progress)) {
	e.say(s, pipeline.StreamFact{State: state, Late: time.Duration(d)}, change)
}

// say is mark, of a fact with more to it.
func (e *Engine) say(s *stream, f pipeline.StreamFact, change func(*progress)) {
	s.begin()
	change(&s.read)
	e.put(s, f)
}

// fact puts a fact into the order of s, at its watermark.
func (e *Engine) fact(s *stream, state pipeline.StreamState, d pipeline.Time) {
	e.put(s, pipeline.StreamFact{State: state, Late: time.Duration(d)})
}

func (e *Engine) put(s *stream, f pipeline.StreamFact) {
	e.factEvent = streamFact(&s.read, f)
	e.pass(s, &e.factEvent, s.read.Time)
}

func streamFact(p *progress, f pipeline.StreamFact) pipeline.Event {
	return pipeline.Event{Kind: pipeline.KindStream, Stream: p.Mark.Stream, Seq: p.Mark.Seq, Fact: f}
}
