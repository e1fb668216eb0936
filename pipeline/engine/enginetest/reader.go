package enginetest

import (
	"math"
	"strconv"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

func newReader(s *Stream) *reader {
	n := len(s.Steps)
	rd := &reader{stream: s, seqs: make([]uint64, n+1), newest: make([]pipeline.Time, n+1), coming: make([]pipeline.Time, n+1)}
	for i, st := range s.Steps {
		rd.seqs[i+1], rd.newest[i+1] = rd.seqs[i], rd.newest[i]
		if st.Event != nil {
			rd.seqs[i+1]++
			rd.newest[i+1] = max(rd.newest[i], stampOf(st))
		}
	}
	rd.coming[n] = math.MaxInt64
	for i := n - 1; i >= 0; i-- {
		rd.coming[i] = rd.coming[i+1]
		if t := stampOf(s.Steps[i]); t != 0 {
			rd.coming[i] = min(rd.coming[i], t)
		}
	}
	return rd
}

// stampOf returns the stamp of an event that has one.
func stampOf(st Step) pipeline.Time {
	if st.Event == nil || st.Event.Kind == pipeline.KindRejected {
		return 0
	}
	return st.Event.Time
}

// next reads a batch of at most n events; what is no event ends it.
func (rd *reader) next(n int) pipeline.Batch {
	b := pipeline.Batch{Stream: rd.stream.ID, Opened: !rd.opened, Lateness: rd.stream.Lateness}
	rd.opened = true
	for rd.pos < len(rd.stream.Steps) {
		st := &rd.stream.Steps[rd.pos]
		if st.LostLines > 0 && len(b.Events) > 0 {
			break // they are lost before a batch's events
		}
		if st.Event == nil {
			b.LostLines = st.LostLines
			b.Skipped, b.CaughtUp, b.Lost, b.Ended = st.Skipped, st.CaughtUp, st.Lost, st.Ended
			rd.ended = st.Ended
			rd.pos++
			break
		}
		if len(b.Events) == n {
			break
		}
		ev := *st.Event
		ev.Seq, ev.Lines = rd.seqs[rd.pos+1], max(ev.Lines, 1)
		b.Events = append(b.Events, ev)
		rd.pos++
	}
	b.Cursor = pipeline.Cursor(strconv.Itoa(rd.pos))
	return b
}

// redundant returns a claim that the next event, which is in order and no leap, makes anyway; zero if
// there is none.
func (rd *reader) redundant(r *run) pipeline.Time {
	if !r.s.Claims || !rd.opened || rd.newest[rd.pos] == 0 || r.rand.below(2) == 0 {
		return 0
	}
	from, to := rd.newest[rd.pos], rd.coming[rd.pos]
	if to < from || to > from.Add(time.Minute) || stampOf(rd.stream.Steps[rd.pos]) != to {
		return 0
	}
	limit := from + pipeline.Time(r.rand.next()%uint64(to-from+1))
	return limit.Add(rd.stream.Lateness)
}
