package flood

import (
	"math/bits"

	"github.com/fedwarden/fedwarden/pipeline"
)

// threads counts Sidekiq's threads that have ended a job in this span of five minutes, or in the one before: a bit for each,
// by hash of process and thread. Of 200 threads some ten share a bit with another, which makes them look busier by
// as much; after a restart the old ones make the new ones look idler, for ten minutes at most.
type threads struct {
	span uint64
	seen [2][threadWords]uint64 // now, and before
}

const (
	threadWords = 32
	threadSpan  = 5 * 60 * pipeline.Second
)

func (t *threads) see(e *pipeline.Event) {
	if e.TID == "" {
		return
	}
	t.turn(e.Time)
	h := fnv(fnv(fnvBasis, e.PID), e.TID)
	h ^= h >> 32
	t.seen[0][h/64%threadWords] |= 1 << (h % 64)
}

func (t *threads) turn(now pipeline.Time) {
	span := uint64(now / threadSpan)
	switch {
	case span == t.span:
		return
	case span == t.span+1:
		t.seen[1] = t.seen[0]
	default:
		t.seen[1] = [threadWords]uint64{}
	}
	t.span, t.seen[0] = span, [threadWords]uint64{}
}

// count returns how many threads there are.
func (t *threads) count(now pipeline.Time) uint32 {
	t.turn(now)
	n := 0
	for i := range threadWords {
		n += bits.OnesCount64(t.seen[0][i] | t.seen[1][i])
	}
	return uint32(n)
}

func (t *threads) save(s *saver) {
	s.numbers(t.span)
	s.numbers(t.seen[0][:]...)
	s.numbers(t.seen[1][:]...)
}

func (t *threads) load(l *loader) {
	t.span = l.number()
	for i := range t.seen {
		for k := range t.seen[i] {
			t.seen[i][k] = l.number()
		}
	}
}

// fnvBasis and fnvPrime are those of FNV-1a.
const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}
