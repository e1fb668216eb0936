package engine

import (
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

// A queue is the held items of one stream, first in, first out. They lie in chunks, so that a queue which grows
// moves none of them: an item is large.
type queue struct {
	chunks []*chunk
	head   int // of the first item, in the first chunk
	n      int
	spare  *chunk
}

const chunkItems = 64

type chunk [chunkItems]item

func (q *queue) len() int { return q.n }

func (q *queue) at(i int) *item {
	i += q.head
	return &q.chunks[i/chunkItems][i%chunkItems]
}

// push appends an empty item.
func (q *queue) push() *item {
	if q.head+q.n == len(q.chunks)*chunkItems {
		c := q.spare
		if q.spare = nil; c == nil {
			c = new(chunk)
		}
		q.chunks = append(q.chunks, c)
	}
	q.n++
	return q.at(q.n - 1)
}

// pop drops the first item. One chunk that becomes empty is used again; a burst must not keep its memory.
func (q *queue) pop() {
	*q.at(0) = item{}
	q.head++
	q.n--
	if q.head == chunkItems || q.n == 0 {
		q.spare, q.head = q.chunks[0], 0
		q.chunks[0] = nil
		q.chunks = q.chunks[1:]
	}
	if q.n == 0 {
		q.chunks = nil
	}
}

// insert puts it before the i-th item.
func (q *queue) insert(i int, it item) {
	q.push()
	for j := q.n - 1; j > i; j-- {
		*q.at(j) = *q.at(j - 1)
	}
	*q.at(i) = it
}

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
