package window

import "github.com/axiomhq/hyperloglog"

func newSketchSet() *sketchSet {
	set := &sketchSet{}
	for i := range set.sketches {
		set.sketches[i], _ = hyperloglog.NewSketch(sketchBits, false)
	}
	return set
}

func (s *sketchSet) reset() {
	for _, sk := range s.sketches {
		sk.Reset()
	}
	*s = sketchSet{sketches: s.sketches}
}

// add counts an element seen in pane.
func (s *sketchSet) add(hash uint64, pane uint32, scratch *hyperloglog.Sketch) {
	turned := s.turn(pane)
	s.insert(hash, pane)
	if turned || s.fresh*5 >= s.estimate {
		s.refresh(scratch)
	}
}

// turn empties the sketches of panes that have gone by.
func (s *sketchSet) turn(pane uint32) bool {
	if pane == s.pane {
		return false
	}
	for k := range min(pane-s.pane, uint32(len(s.sketches))) {
		s.sketches[(pane-k)%uint32(len(s.sketches))].Reset()
	}
	s.pane = pane
	s.recent = [64]uint16{}
	return true
}

func (s *sketchSet) insert(hash uint64, pane uint32) {
	mixed := mix(uint64(uint32(hash) &^ paneMask))
	s.sketches[pane%uint32(len(s.sketches))].InsertHash(mixed)
	if tag := uint16(mixed>>16) | 1; s.recent[mixed%64] != tag {
		s.recent[mixed%64] = tag
		s.fresh++
	}
}

// refresh estimates the distinct elements of all panes.
func (s *sketchSet) refresh(scratch *hyperloglog.Sketch) {
	scratch.Reset()
	for _, sk := range s.sketches {
		if err := scratch.Merge(sk); err != nil {
			panic("BUG: sketches of two precisions: " + err.Error())
		}
	}
	s.estimate = uint32(scratch.Estimate())
	s.fresh = 0
}

// count returns the estimate, which may lag a fifth behind; zero when all its panes have gone by.
func (s *sketchSet) count(pane uint32) uint32 {
	if pane-s.pane > panes {
		return 0
	}
	return s.estimate
}

// mix spreads the 24 bits of an element's print over 64, by the finaliser of splitmix64. The print is
// keyed, so an attacker can't choose it; 24 bits make two elements of 1,000 alike in 3 % of all sets.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
