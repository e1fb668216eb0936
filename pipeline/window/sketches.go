package window

import (
	"math/bits"

	"github.com/axiomhq/hyperloglog"
)

const sketchBits = 10

// A sketchSet is one key's promoted count: a sketch for each pane, allocated when it is first needed, and 8 kB
// at most.
type sketchSet struct {
	owner    uint8 // place of the Distinct among the pool's claims
	part     Part
	filled   uint8 // the sketches that have elements, as bits
	slot     int32 // zero: the set is nobody's
	pane     uint32
	estimate uint32
	fresh    uint32 // elements that looked new since the estimate was made
	held     uint32 // pane in which it last reached a threshold
	seen     [16]uint64
	marked   int // bits of seen that are set
	sketches [panes + 1]*hyperloglog.Sketch
	link     link
}

// reset makes the set nobody's.
func (s *sketchSet) reset() {
	for i, sk := range s.sketches {
		if s.filled>>i&1 != 0 {
			sk.Reset()
		}
	}
	*s = sketchSet{sketches: s.sketches}
}

// over reports whether all of the set's panes have gone by.
func (s *sketchSet) over(pane uint32) bool { return pane-s.pane > panes }

// turn empties the sketches of panes that have gone by.
func (s *sketchSet) turn(pane uint32) bool {
	if pane == s.pane {
		return false
	}
	for k := range min(pane-s.pane, uint32(len(s.sketches))) {
		i := (pane - k) % uint32(len(s.sketches))
		if s.filled>>i&1 != 0 {
			s.sketches[i].Reset()
			s.filled &^= 1 << i
		}
	}
	s.pane = pane
	s.forgetSeen()
	return true
}

// insert counts an element's print and reports whether it looks new. A bitmap of 1,024 tells: it takes no
// known element for new twice in a pane, until it is half full and begun anew.
func (s *sketchSet) insert(print, pane uint32) bool {
	mixed := mix(uint64(print))
	i := pane % uint32(len(s.sketches))
	if s.sketches[i] == nil {
		s.sketches[i] = newSketch()
	}
	s.filled |= 1 << i
	s.sketches[i].InsertHash(mixed)
	word, bit := &s.seen[mixed>>6%16], uint64(1)<<(mixed%64)
	if *word&bit != 0 {
		return false
	}
	if s.marked >= 64*len(s.seen)/2 {
		s.forgetSeen()
	}
	*word |= bit
	s.marked++
	s.fresh++
	return true
}

func (s *sketchSet) forgetSeen() { s.seen, s.marked = [16]uint64{}, 0 }

// refresh estimates the distinct elements of all panes.
func (s *sketchSet) refresh(scratch *hyperloglog.Sketch) {
	s.fresh = 0
	if bits.OnesCount8(s.filled) == 1 {
		s.estimate = uint32(s.sketches[bits.TrailingZeros8(s.filled)].Estimate())
		return
	}
	scratch.Reset()
	for i, sk := range s.sketches {
		if s.filled>>i&1 == 0 {
			continue
		}
		if err := scratch.Merge(sk); err != nil {
			panic("BUG: sketches of two precisions: " + err.Error())
		}
	}
	s.estimate = uint32(scratch.Estimate())
}

func newSketch() *hyperloglog.Sketch {
	sk, err := hyperloglog.NewSketch(sketchBits, false)
	if err != nil {
		panic("BUG: no sketch of that precision: " + err.Error())
	}
	return sk
}

// mix spreads the bits of a number over 64, by the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
