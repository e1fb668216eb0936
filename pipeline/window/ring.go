package window

// A layout says where the words of a ring lie: what an event touches first, in one or two lines of the cache
// (a head, then per scale the sum of its closed buckets and what had been seen when its open bucket began),
// then the closed buckets.
//
//	[0] second up to which the ring is rolled   [1] events seen, modulo 2^32   [2] second of the last Once
//	[3] seen count below which nothing is over   [4] second until which that holds (threshold.go)
//	[5] second of the last proven event that was not verified
type layout struct {
	scales  Scales
	list    []Scale           // of scales, by the length of their buckets
	heads   [numScales]uint32 // offset of the scale's two words; 0 if it has none
	buckets [numScales]uint32 // offset of its closed buckets
	before  uint32            // offset of the word that tells how many came at the door
	ago     uint32            // offset of what is known of the past (learn.go); 0 if there is no day's window
	used    uint32
	words   uint32 // whole lines
}

const (
	ringSecond = iota
	ringSeen
	ringOnce
	ringTrip
	ringUntil
	ringSoft
	ringHead
)

func newLayout(scales Scales) layout {
	l := layout{scales: scales, words: ringHead}
	for s := range numScales {
		if scales.Has(s) {
			l.list = append(l.list, s)
			l.heads[s] = l.words
			l.words += 2
		}
	}
	for s := range numScales {
		if scales.Has(s) {
			l.buckets[s] = l.words
			l.words += scaleSpecs[s].count
		}
	}
	l.before = l.words
	l.words++
	if scales.Has(S24h) {
		l.ago = l.words
		l.words += pastWords
	}
	l.used = l.words
	l.words = lines(l.words)
	return l
}

// credit counts n events that came at the door before there was a ring; known are counted there already, the
// one that is to be added next included.
func (l *layout) credit(w []uint32, t, n, known uint32) {
	l.add(w, t, n)
	w[l.before] = known
}

// inside returns how many events of the last minute, at least, came since there is a ring.
func (l *layout) inside(w []uint32, t uint32) uint32 {
	return min(l.sum(w, l.minute(), t), w[ringSeen]-w[l.before])
}

// minute returns the shortest scale of at least a minute, or the longest there is.
func (l *layout) minute() Scale {
	var best Scale
	for s := range numScales {
		if l.scales.Has(s) {
			if best = s; s >= S1m {
				break
			}
		}
	}
	return best
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
	for _, s := range l.list {
		old, now := s.bucket(from), s.bucket(t)
		if old == now {
			return // and so it is for the longer ones, whose buckets are multiples of this
		}
		at, b := l.heads[s], l.buckets[s]
		s.roll(w[at:at+2], w[b:b+scaleSpecs[s].count], w[ringSeen], old, now)
	}
}

// roll moves one scale, its head [closed sum, seen at open] and its buckets, from its bucket old to now.
func (s Scale) roll(head, buckets []uint32, seen, old, now uint32) {
	if now-old > uint32(len(buckets)) {
		if head[0]|(seen-head[1]) != 0 {
			clear(buckets)
		}
		head[0], head[1] = 0, seen
		return
	}
	for k := old; k < now; k++ {
		b := &buckets[s.place(k)]
		head[0] -= *b
		*b = 0
		if k == old {
			*b = seen - head[1]
			head[0] += *b
		}
	}
	head[1] = seen
}

// sum returns the count in the window of s as of second t, without rolling the ring.
func (l *layout) sum(w []uint32, s Scale, t uint32) uint32 {
	at := l.heads[s]
	sum := w[at] + w[ringSeen] - w[at+1]
	if w[ringSecond] >= t {
		return sum
	}
	return l.sumLater(w, s, t, sum)
}

// sumLater takes from sum what has left the window since the ring was rolled.
func (l *layout) sumLater(w []uint32, s Scale, t, sum uint32) uint32 {
	old, now := s.bucket(w[ringSecond]), s.bucket(t)
	if old >= now {
		return sum
	}
	if now-old > scaleSpecs[s].count {
		return 0
	}
	for k := old; k < now; k++ {
		sum -= w[l.buckets[s]+s.place(k)]
	}
	return sum
}

// hourly returns how many events an hour held, if it is one of the ring's last 24 or the open one; zero for others.
func (l *layout) hourly(w []uint32, hour uint32) uint32 {
	switch open := w[ringSecond] / 3600; {
	case hour == open:
		return w[ringSeen] - w[l.heads[S24h]+1]
	case hour > open || open-hour > scaleSpecs[S24h].count:
		return 0
	}
	return w[l.buckets[S24h]+S24h.place(hour)]
}
