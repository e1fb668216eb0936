package spam

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// The bounds of a roll: its names, the bytes of one, and for how long it is not counted again.
const (
	rollSize  = 2048
	rollBytes = 512
	rollFor   = 72 * time.Hour
)

// A roll is a bounded list of names, each of which counts once in three days; the oldest goes for the newest.
type roll struct {
	names []enrolled
	next  int            // the place that is filled next
	at    map[string]int // places by name; never ranged over
}

type enrolled struct {
	name  string
	since pipeline.Time
}

func newRoll() *roll { return &roll{at: map[string]int{}} }

// call reports whether the name was not counted in the last three days, and counts it.
func (l *roll) call(name string, now pipeline.Time) bool {
	if len(name) > rollBytes {
		return false
	}
	if i, known := l.at[name]; known && now.Sub(l.names[i].since) < rollFor {
		return false
	}
	l.add(enrolled{strings.Clone(name), now})
	return true
}

func (l *roll) add(n enrolled) {
	if len(l.names) < rollSize {
		l.next = len(l.names)
		l.names = append(l.names, n)
	} else {
		if old := l.names[l.next].name; l.at[old] == l.next {
			delete(l.at, old)
		}
		l.names[l.next] = n
	}
	l.at[n.name] = l.next
	l.next = (l.next + 1) % rollSize
}

// since returns the names that were counted from a time on, the newest first, and at most so many.
func (l *roll) since(t pipeline.Time, most int) []string {
	var list []string
	for k := range len(l.names) {
		n := &l.names[(l.next+2*rollSize-1-k)%rollSize]
		if n.since < t || len(list) == most {
			break
		}
		list = append(list, n.name)
	}
	return list
}

// write writes the names, the oldest first.
func (l *roll) write(w io.Writer) error {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(l.names)))
	for k := range len(l.names) {
		n := &l.names[(l.next+rollSize-len(l.names)+k)%rollSize]
		b = binary.LittleEndian.AppendUint64(b, uint64(n.since))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(n.name)))
		b = append(b, n.name...)
	}
	_, err := w.Write(b)
	return err
}

var errRoll = errors.New("a list of names is out of bounds")

// read reads what write wrote.
func (l *roll) read(r io.Reader) error {
	*l = *newRoll()
	var count uint32
	if err := binary.Read(r, binary.LittleEndian, &count); err != nil {
		return err
	}
	if count > rollSize {
		return errRoll
	}
	for range count {
		var head struct {
			Since int64
			Bytes uint16
		}
		if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
			return err
		}
		if head.Bytes > rollBytes {
			return errRoll
		}
		name := make([]byte, head.Bytes)
		if _, err := io.ReadFull(r, name); err != nil {
			return err
		}
		l.add(enrolled{string(name), pipeline.Time(head.Since)})
	}
	return nil
}
