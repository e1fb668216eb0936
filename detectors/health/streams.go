package health

import (
	"encoding/binary"
	"io"
	"sort"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A stream is what a health detector knows of one stream. Streams are few: one for each log.
type stream struct {
	id    pipeline.StreamID
	first pipeline.Time
	last  pipeline.Time
	state uint32 // the detector's own
	day   uint32 // of gaps[0]
	gaps  [2]pipeline.Time
	late  uint64        // or lost, since the detector began to tell of it
	heard pipeline.Time // when anything of it was told last
	all   *window.Counter
	odd   *window.Counter
	leaps *window.Counter
}

// streams are sorted by id. Each detector uses those parts of a stream that it needs.
type streams struct {
	list   []*stream
	scales window.Scales
	at     int // of the stream asked for last
}

func (s *streams) get(id pipeline.StreamID, now pipeline.Time) *stream {
	if s.at < len(s.list) && s.list[s.at].id == id {
		s.list[s.at].heard = now
		return s.list[s.at]
	}
	i := sort.Search(len(s.list), func(i int) bool { return s.list[i].id >= id })
	if i < len(s.list) && s.list[i].id == id {
		s.list[i].heard, s.at = now, i
		return s.list[i]
	}
	if len(s.list) >= mostStreams && s.makeRoom() {
		return s.get(id, now)
	}
	s.list = append(s.list, nil)
	copy(s.list[i+1:], s.list[i:])
	s.list[i] = newStream(s.scales)
	s.list[i].id, s.list[i].first, s.list[i].heard = pipeline.StreamID([]byte(id)), now, now
	return s.list[i]
}

// mostStreams bounds what is remembered of streams: those of containers and pods come and go for ever.
const mostStreams = 1024

// makeRoom forgets the stream of which nothing was heard for longest, and of which no alert is open.
func (s *streams) makeRoom() bool {
	oldest := -1
	for i, st := range s.list {
		told := st.state == silent || st.state == lost || st.state == along
		if !told && (oldest < 0 || st.heard < s.list[oldest].heard) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	s.list = append(s.list[:oldest], s.list[oldest+1:]...)
	return true
}

func newStream(scales window.Scales) *stream {
	return &stream{all: window.NewCounter(scales), odd: window.NewCounter(scales), leaps: window.NewCounter(scales)}
}

// Version is 4 since streams are forgotten.
func (s *streams) Version() uint32 { return 4 }

// Advance does nothing, for those that act on events alone.
func (s *streams) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never, for the same.
func (s *streams) Due(pipeline.Time) pipeline.Time { return 0 }

const maxStreams = 1 << 16

// Snapshot writes every stream in order.
func (s *streams) Snapshot(w io.Writer) error {
	if err := write(w, uint64(len(s.list))); err != nil {
		return err
	}
	for _, st := range s.list {
		if err := st.snapshot(w); err != nil {
			return err
		}
	}
	return nil
}

func (st *stream) snapshot(w io.Writer) error {
	if err := write(w, uint64(len(st.id)), uint64(st.first), uint64(st.last), uint64(st.state),
		uint64(st.day), uint64(st.gaps[0]), uint64(st.gaps[1]), st.late, uint64(st.heard)); err != nil {
		return err
	}
	if _, err := io.WriteString(w, string(st.id)); err != nil {
		return err
	}
	for _, c := range st.counters() {
		if err := c.Snapshot(w); err != nil {
			return err
		}
	}
	return nil
}

func (st *stream) counters() [3]*window.Counter {
	return [...]*window.Counter{st.all, st.odd, st.leaps}
}

// Restore reads what Snapshot wrote.
func (s *streams) Restore(r io.Reader) error {
	list, err := readStreams(r, s.scales)
	s.list = list
	return err
}

func readStreams(r io.Reader, scales window.Scales) ([]*stream, error) {
	var n [1]uint64
	if err := read(r, n[:]); err != nil {
		return nil, err
	}
	if n[0] > maxStreams {
		return nil, io.ErrUnexpectedEOF
	}
	var list []*stream
	for range n[0] {
		st, err := readStream(r, scales)
		if err != nil {
			return nil, err
		}
		list = append(list, st)
	}
	return list, nil
}

func readStream(r io.Reader, scales window.Scales) (*stream, error) {
	var head [9]uint64
	if err := read(r, head[:]); err != nil {
		return nil, err
	}
	if head[0] > 4096 {
		return nil, io.ErrUnexpectedEOF
	}
	id := make([]byte, head[0])
	if _, err := io.ReadFull(r, id); err != nil {
		return nil, err
	}
	st := newStream(scales)
	st.id, st.first, st.last = pipeline.StreamID(id), pipeline.Time(head[1]), pipeline.Time(head[2])
	st.state, st.day = uint32(head[3]), uint32(head[4])
	st.gaps, st.late = [2]pipeline.Time{pipeline.Time(head[5]), pipeline.Time(head[6])}, head[7]
	st.heard = pipeline.Time(head[8])
	for _, c := range st.counters() {
		if err := c.Restore(r); err != nil {
			return nil, err
		}
	}
	return st, nil
}

func write(w io.Writer, list ...uint64) error {
	return binary.Write(w, binary.LittleEndian, list)
}

func read(r io.Reader, list []uint64) error {
	return binary.Read(r, binary.LittleEndian, list)
}

// source returns the entity that a stream is.
func source(id pipeline.StreamID) pipeline.Entity {
	return pipeline.Entity{Type: pipeline.EntitySource, Value: string(id)}
}
