package benign

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A shelf has room for a few keys and what is known of each, a T of fixed size. A newcomer takes the place of the
// lightest, by events halved with each hour, and inherits its weight (Space-Saving), never what was known of it: so
// one with more than its share of the events stays, and one that is replaced is explained no more.
type shelf[T any] struct {
	room int
	hour pipeline.Time
	keys []uint64 // hashes
	load []uint32 // weights
	of   []T
}

func newShelf[T any](room int) shelf[T] { return shelf[T]{room: room} }

const hourTime = pipeline.Time(3600 * pipeline.Second)

// find returns what is known of a key, nil for nothing.
func (s *shelf[T]) find(key uint64) *T {
	for i, k := range s.keys {
		if k == key {
			return &s.of[i]
		}
	}
	return nil
}

// take counts an event of a key and returns what is known of it, which is zero of a new one.
func (s *shelf[T]) take(key uint64, now pipeline.Time) *T {
	s.turn(now)
	least := 0
	for i, k := range s.keys {
		if k == key {
			s.load[i]++
			return &s.of[i]
		}
		if s.load[i] < s.load[least] {
			least = i
		}
	}
	var none T
	if len(s.keys) < s.room {
		s.keys, s.load, s.of = append(s.keys, key), append(s.load, 1), append(s.of, none)
		return &s.of[len(s.of)-1]
	}
	s.keys[least], s.of[least] = key, none
	s.load[least]++
	return &s.of[least]
}

// weigh gives a key another weight than its events, at least.
func (s *shelf[T]) weigh(key uint64, least float64) {
	for i, k := range s.keys {
		if k == key {
			s.load[i] = max(s.load[i], uint32(min(least, math.MaxInt32)))
		}
	}
}

// turn halves the weights with each hour that ended.
func (s *shelf[T]) turn(now pipeline.Time) {
	hour := now / hourTime
	if hour == s.hour {
		return
	}
	shift := max(0, min(31, hour-s.hour))
	for i := range s.load {
		s.load[i] >>= shift
	}
	s.hour = hour
}

var errRoom = errors.New("more keys than there is room for")

func (s *shelf[T]) write(w io.Writer) error {
	return errors.Join(put(w, uint64(len(s.keys)), int64(s.hour)), put(w, s.keys, s.load, s.of))
}

func (s *shelf[T]) read(r io.Reader) error {
	*s = newShelf[T](s.room)
	var n uint64
	var hour int64
	if err := get(r, &n, &hour); err != nil {
		return err
	}
	if n > uint64(s.room) {
		return errRoom
	}
	next := shelf[T]{s.room, pipeline.Time(hour), make([]uint64, n), make([]uint32, n), make([]T, n)}
	if err := get(r, next.keys, next.load, next.of); err != nil {
		return err
	}
	*s = next
	return nil
}

// put writes values of fixed size.
func put(w io.Writer, values ...any) error {
	for _, v := range values {
		if err := binary.Write(w, binary.LittleEndian, v); err != nil {
			return err
		}
	}
	return nil
}

// get reads what put wrote into slices, or what pointers point to.
func get(r io.Reader, values ...any) error {
	for _, v := range values {
		if err := binary.Read(r, binary.LittleEndian, v); err != nil {
			return err
		}
	}
	return nil
}

// A tally is a count of events in two panes of time: this one and the one before.
type tally struct {
	Pane   pipeline.Time
	Counts [2]uint32
}

// add counts n events at now.
func (t *tally) add(now, pane pipeline.Time, n uint32) {
	t.turn(now, pane)
	t.Counts[0] += n
}

func (t *tally) turn(now, pane pipeline.Time) {
	switch at := now / pane; at {
	case t.Pane:
	case t.Pane + 1:
		t.Counts, t.Pane = [2]uint32{0, t.Counts[0]}, at
	default:
		t.Counts, t.Pane = [2]uint32{}, at
	}
}

// sum returns the count of one to two panes up to now.
func (t tally) sum(now, pane pipeline.Time) uint32 {
	t.turn(now, pane)
	return t.Counts[0] + t.Counts[1]
}

// A crowd estimates how many different things came in two panes of time, up to some hundreds: bits set of 512.
type crowd struct {
	Pane pipeline.Time
	Bits [2][8]uint64
}

// add counts the thing of that hash.
func (c *crowd) add(now, pane pipeline.Time, hash uint64) {
	c.turn(now, pane)
	c.Bits[0][hash>>6&7] |= 1 << (hash & 63)
}

func (c *crowd) turn(now, pane pipeline.Time) {
	switch at := now / pane; at {
	case c.Pane:
	case c.Pane + 1:
		c.Bits, c.Pane = [2][8]uint64{{}, c.Bits[0]}, at
	default:
		c.Bits, c.Pane = [2][8]uint64{}, at
	}
}

// count estimates how many different things came in one to two panes up to now.
func (c crowd) count(now, pane pipeline.Time) float64 {
	c.turn(now, pane)
	const size = 512
	zero := size
	for i := range c.Bits[0] {
		zero -= bits.OnesCount64(c.Bits[0][i] | c.Bits[1][i])
	}
	return size * math.Log(size/float64(max(zero, 1)))
}
