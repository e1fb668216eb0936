package flood

import (
	"encoding/binary"
	"io"

	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A saver writes the state of a detector that has one of its own; the first error stays.
type saver struct {
	w   io.Writer
	err error
}

func (s *saver) numbers(list ...uint64) {
	if s.err == nil {
		s.err = binary.Write(s.w, binary.LittleEndian, list)
	}
}

func (s *saver) text(t string) {
	s.numbers(uint64(len(t)))
	if s.err == nil {
		_, s.err = io.WriteString(s.w, t)
	}
}

func (s *saver) counters(list ...*window.Counter) {
	for _, c := range list {
		if s.err == nil {
			s.err = c.Snapshot(s.w)
		}
	}
}

// A loader reads what a saver wrote; after an error all is zero.
type loader struct {
	r   io.Reader
	err error
}

func (l *loader) number() uint64 {
	var n [1]uint64
	if l.err == nil {
		l.err = binary.Read(l.r, binary.LittleEndian, n[:])
	}
	return n[0]
}

// count reads a number that is at most a bound.
func (l *loader) count(most int) int {
	n := l.number()
	if l.err == nil && n > uint64(most) {
		l.err = io.ErrUnexpectedEOF
	}
	if l.err != nil {
		return 0
	}
	return int(n)
}

// maxText is the longest text that is kept: a host, or a job's class.
const maxText = 1024

func (l *loader) text() string {
	b := make([]byte, l.count(maxText))
	if l.err == nil {
		_, l.err = io.ReadFull(l.r, b)
	}
	if l.err != nil {
		return ""
	}
	return string(b)
}

func (l *loader) counters(list ...*window.Counter) {
	for _, c := range list {
		if l.err == nil {
			l.err = c.Restore(l.r)
		}
	}
}
