package simulate

// A moment is virtual time: microseconds since 1970, UTC.
type moment int64

// The spans of time.
const (
	microsecond moment = 1
	millisecond        = 1000 * microsecond
	second             = 1000 * millisecond
	minute             = 60 * second
	hour               = 60 * minute
	day                = 24 * hour
)

// seconds returns a span of s seconds.
func seconds(s float64) moment { return moment(s * float64(second)) }

// An event is what is due at a moment. Ref is a place in the table of what its kind concerns.
type event struct {
	at   moment
	seq  uint32 // orders events of one moment by when they were scheduled
	ref  int32
	kind eventKind
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// A heap is the events to come, the next one first.
// Invariant: no event is before its parent, the one at (i-1)/4.
type heap struct {
	events []event
	seq    uint32
}

func (h *heap) push(e event) {
	h.seq++
	e.seq = h.seq
	h.events = append(h.events, e)
	i := len(h.events) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&h.events[up]) {
			break
		}
		h.events[i] = h.events[up]
		i = up
	}
	h.events[i] = e
}

// pop takes off the next event; there must be one.
func (h *heap) pop() event {
	top := h.events[0]
	last := h.events[len(h.events)-1]
	h.events = h.events[:len(h.events)-1]
	if n := len(h.events); n > 0 {
		h.events[h.sink(&last, n)] = last
	}
	return top
}

// sink makes room for e from the top down, and returns where.
func (h *heap) sink(e *event, n int) int {
	i := 0
	for {
		first := 4*i + 1
		if first >= n {
			return i
		}
		least := first
		for c := first + 1; c < min(first+4, n); c++ {
			if h.events[c].before(&h.events[least]) {
				least = c
			}
		}
		if !h.events[least].before(e) {
			return i
		}
		h.events[i] = h.events[least]
		i = least
	}
}
