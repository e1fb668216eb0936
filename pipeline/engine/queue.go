package engine

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An item is a held event: when it is to be applied, and what is known of its stream then.
type item struct {
	event pipeline.Event
	time  pipeline.Time // zero while the stream has no watermark
	after progress
	size  int64
}

// A queue is the held items of one stream, first in, first out.
type queue struct {
	items []item
	head  int
}

func (q *queue) len() int       { return len(q.items) - q.head }
func (q *queue) at(i int) *item { return &q.items[q.head+i] }

// push appends an item, first making room at the front once half of the items there are gone.
func (q *queue) push() *item {
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, item{})
	return &q.items[len(q.items)-1]
}

// pop drops the first item; its memory is used again.
func (q *queue) pop() {
	q.items[q.head] = item{}
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
		if cap(q.items) > 4096 {
			q.items = nil // a burst must not keep its memory
		}
	}
}

func (q *queue) insert(i int, it item) { q.items = slices.Insert(q.items, q.head+i, it) }

// clone returns a copy of ev that shares no memory with it, and how many bytes its strings take. All
// strings lie in one allocation: they are freed together.
func clone(ev *pipeline.Event) (pipeline.Event, int64) {
	c := *ev
	fields := stringsOf(&c)
	n := 0
	for _, f := range fields {
		n += len(*f)
	}
	if n == 0 {
		return c, 0
	}
	var b strings.Builder
	b.Grow(n)
	for _, f := range fields {
		b.WriteString(*f)
	}
	all := b.String()
	for _, f := range fields {
		*f, all = all[:len(*f)], all[len(*f):]
	}
	return c, int64(n)
}

// stringsOf returns the places of all strings in ev but Stream, which is the engine's own.
func stringsOf(ev *pipeline.Event) [21]*string {
	return [...]*string{
		&ev.Path, &ev.LocalUser, &ev.UserAgent, &ev.Software, &ev.Version, &ev.AgentHost, &ev.KeyID,
		&ev.KeyHost, &ev.JobClass, &ev.JobID, &ev.PID, &ev.TID, &ev.Error, &ev.RemoteHost, &ev.Sample,
		(*string)(&ev.Domain), (*string)(&ev.Site), (*string)(&ev.Actor), &ev.Signal.Name, &ev.Signal.Key, &ev.Fact.Reason,
	}
}

// itemSize is what an item takes beside its strings.
const itemSize = int64(unsafe.Sizeof(item{}))

// hold clones ev into the queue of s, to be applied at t.
func (e *Engine) hold(s *stream, ev *pipeline.Event, t pipeline.Time) {
	if t == 0 && s.queue.len() >= maxUntimed {
		s.fold() // it is counted; there is no time at which to tell it
		return
	}
	it := s.queue.push()
	var n int64
	it.event, n = clone(ev)
	it.time, it.after, it.size = t, s.read, itemSize+n
	s.bytes += it.size
	e.held += it.size
}

// release applies the first held item of s.
func (e *Engine) release(s *stream) {
	it := s.queue.at(0)
	s.applied = it.after
	e.held -= it.size
	s.bytes -= it.size
	e.apply(&it.event, it.time)
	s.queue.pop()
}
