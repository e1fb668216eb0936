package window

// A layout says where the words of a ring lie: a head, then per scale the sum of its closed buckets, what
// had been seen when its open bucket began, and its closed buckets.
//
//	[0] second up to which the ring is rolled   [1] events seen, modulo 2^32   [2] second of the last Once
type layout struct {
	scales Scales
	at     [numScales]uint32 // offset of the scale's words; 0 if it has none
	words  uint32
}

const (
	ringSecond = iota
	ringSeen
	ringOnce
	ringHead
)

func newLayout(scales Scales) layout {
	l := layout{scales: scales, words: ringHead}
	for s := range numScales {
		if scales.Has(s) {
			l.at[s] = l.words
			l.words += 2 + scaleSpecs[s].count
		}
	}
	return l
}

// add counts n events at second t, which is never before the ring's.
func (l *layout) add(w []uint32, t, n uint32) {
	if w[ringSecond] != t {
		l.roll(w, t)
	}
	w[ringSeen] += n
}

// roll closes the buckets that ended before second t.
func (l *layout) roll(w []uint32, t uint32) {
	from := w[ringSecond]
	if t <= from {
		return
	}
	w[ringSecond] = t
	for s := range numScales {
		if at := l.at[s]; at != 0 {
			if old, now := s.bucket(from), s.bucket(t); old != now {
				s.roll(w[at:at+2+scaleSpecs[s].count], w[ringSeen], old, now)
			}
		}
	}
}

// roll moves one scale's words [closed sum, seen at open, buckets…] from its bucket old to now.
func (s Scale) roll(w []uint32, seen, old, now uint32) {
	buckets := w[2:]
	if now-old > uint32(len(buckets)) {
		if w[0]|(seen-w[1]) != 0 {
			clear(buckets)
		}
		w[0], w[1] = 0, seen
		return
	}
	for k := old; k < now; k++ {
		b := &buckets[s.place(k)]
		w[0] -= *b
		*b = 0
		if k == old {
			*b = seen - w[1]
			w[0] += *b
		}
	}
	w[1] = seen
}

// sum returns the count in the window of s as of second t, without rolling the ring.
func (l *layout) sum(w []uint32, s Scale, t uint32) uint32 {
	at := l.at[s]
	sum := w[at] + w[ringSeen] - w[at+1]
	if w[ringSecond] >= t {
		return sum
	}
	return l.sumLater(w, s, t, sum)
}

// sumLater takes from sum what has left the window since the ring was rolled.
func (l *layout) sumLater(w []uint32, s Scale, t, sum uint32) uint32 {
	at := l.at[s]
	old, now := s.bucket(w[ringSecond]), s.bucket(t)
	if old >= now {
		return sum
	}
	if now-old > scaleSpecs[s].count {
		return 0
	}
	for k := old; k < now; k++ {
		sum -= w[at+2+s.place(k)]
	}
	return sum
}
