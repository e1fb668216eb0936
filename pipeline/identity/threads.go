package identity

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxThreads = 4096
	maxThread  = 64                  // bytes of a pid or tid
	idleFor    = 2 * pipeline.Second // before a start: then the queue was empty
)

// A threadKey names one of Sidekiq's threads. Containers have equal pids, hence the stream.
type threadKey struct {
	stream   pipeline.StreamID
	pid, tid string
}

// A thread is what one of Sidekiq's threads does.
type thread struct {
	key  threadKey
	busy bool
	last pipeline.Time // its last job's start or end
}

// threads are those that were seen. When there is no room they are all forgotten: a thread that is not known is
// not known to be idle either.
type threads struct {
	list  []thread // in the order of arrival
	index map[threadKey]int32
}

func (s *threads) clear() { s.list, s.index = s.list[:0], map[threadKey]int32{} }

// find returns the thread that runs e's job; nil if there was none of that name yet.
func (s *threads) find(e *pipeline.Event) *thread {
	i, ok := s.index[threadKey{e.Stream, e.PID, e.TID}]
	if !ok {
		return nil
	}
	return &s.list[i]
}

func (s *threads) add(t thread) {
	if len(s.list) == maxThreads {
		s.clear()
	}
	k := t.key
	t.key = threadKey{pipeline.StreamID(strings.Clone(string(k.stream))), strings.Clone(k.pid), strings.Clone(k.tid)}
	s.index[t.key] = int32(len(s.list))
	s.list = append(s.list, t)
}

// start notes that e's job started, and reports whether its thread was idle before, for two seconds at least.
func (s *threads) start(e *pipeline.Event) bool {
	if e.TID == "" || len(e.PID) > maxThread || len(e.TID) > maxThread {
		return false
	}
	t := s.find(e)
	if t == nil {
		s.add(thread{key: threadKey{e.Stream, e.PID, e.TID}, busy: true, last: e.Time})
		return false
	}
	idle := !t.busy && e.Time-t.last >= idleFor
	t.busy, t.last = true, e.Time
	return idle
}

// end notes that e's job ended, and reports false if it had started without a word: lines are missing.
func (s *threads) end(e *pipeline.Event) bool {
	if e.TID == "" || len(e.PID) > maxThread || len(e.TID) > maxThread {
		return true
	}
	t := s.find(e)
	if t == nil {
		s.add(thread{key: threadKey{e.Stream, e.PID, e.TID}, last: e.Time})
		return true
	}
	was := t.busy
	t.busy, t.last = false, e.Time
	return was
}
