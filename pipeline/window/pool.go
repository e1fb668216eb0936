package window

import (
	"math/bits"

	"github.com/axiomhq/hyperloglog"
)

// A pool is the sets of sketches that all distinct counts of a Space share: at most 2,048, of 8 kB each, made
// when they are first needed. When they are spent, a newcomer takes the set of a key of small count, which
// begins anew.
//
// Sets of a part stand in eight lists by the power of two in which their count lies, from below 16 to 1,024 and
// more, in the order in which they last saw an element that looked new. The first one of the lowest list goes that has
// more than its quota, 256 for the lowest and 64 for the others, so that there is room to grow from list to list.
// Hence, whatever others do,
//
//   - a set is safe while a lower list of its part is above its quota;
//   - a key keeps its set while fewer than 64 others of its part are promoted, 576 elements of others,
//     between one element that is new to it and the next; fewer than 256, or 2,304, while it has less than 16;
//   - a set that is held (Distinct.Reaches) is safe while another of its part is not: half of what a part may
//     have is held at most;
//   - a part can take from the other one no more than three quarters of the pool, and merely claimed sets
//     make room for proven ones: what a forger invents never costs a proven count.
//
// A take looks at eight more sets in turn, whether their windows are over, and at the heads of the lists;
// it never scans the pool. Moving a set in its lists is a few words' work.
type pool struct {
	claims  []*Distinct
	sets    []*sketchSet // by place less one
	free    []uint32
	hand    uint32 // place of the set looked at last
	used    [2]int // sets by part
	lists   [2][numLists]list
	scratch *hyperloglog.Sketch
	bound   bound
}

const (
	poolSize   = 2048
	partSize   = poolSize * 3 / 4
	maxHeld    = partSize / 2
	lookedAt   = 8
	countLists = 8
	heldList   = countLists
	numLists   = countLists + 1

	firstQuota = poolSize / 8 // all quotas together are less than what is not held of a full part
	quota      = poolSize / 32
)

// A list is of places in the pool, by the links of their sets.
type list struct {
	first, last uint32
	n           int
}

// A link is a set's place in its list.
type link struct {
	list       uint8
	prev, next uint32
}

func newPool() *pool { return &pool{scratch: newSketch()} }

// reset makes the pool empty; its claims stay.
func (p *pool) reset() { *p = pool{claims: p.claims, scratch: p.scratch} }

func (p *pool) claim(d *Distinct) uint8 {
	p.claims = append(p.claims, d)
	return uint8(len(p.claims) - 1)
}

func (p *pool) set(place uint32) *sketchSet { return p.sets[place-1] }

// words returns those of the record that has the set.
func (p *pool) words(s *sketchSet) []uint32 { return p.claims[s.owner].words(s.slot, s.part) }

// take gives a set to the part of a key, which must insert and refresh.
func (p *pool) take(d *Distinct, slot int32, part Part, second uint32) uint32 {
	p.lookAround(second)
	place := p.vacant(part, second)
	set := p.set(place)
	set.owner, set.slot, set.part, set.pane = d.id, slot, part, d.paneOf(second)
	p.used[part]++
	p.append(place, 0)
	return place
}

// vacant returns the place of a set that is nobody's, if need be a victim's.
func (p *pool) vacant(part Part, second uint32) uint32 {
	from := part
	if p.used[part] < partSize {
		if len(p.free) == 0 && len(p.sets) < poolSize {
			p.sets = append(p.sets, &sketchSet{})
			return uint32(len(p.sets))
		}
		if part == Proven {
			from = ClaimedPart
		}
	}
	if len(p.free) == 0 || p.used[part] == partSize {
		victim := p.victim(from)
		p.bound.giveUp(second, p.set(victim).estimate+1)
		p.release(victim)
	}
	last := len(p.free) - 1
	place := p.free[last]
	p.free = p.free[:last]
	return place
}

// victim returns the place that a part can best do without.
func (p *pool) victim(part Part) uint32 {
	lists := &p.lists[part]
	if lists[0].n > firstQuota {
		return lists[0].first
	}
	for i := 1; i < countLists; i++ {
		if lists[i].n > quota {
			return lists[i].first
		}
	}
	for i := range lists { // a part that was squeezed
		if lists[i].n > 0 {
			return lists[i].first
		}
	}
	panic("BUG: a part without sets is asked for one")
}

// lookAround takes back some sets of which the window is over, and the hold from those of which it is.
func (p *pool) lookAround(second uint32) {
	for range min(lookedAt, len(p.sets)) {
		p.hand = p.hand%uint32(len(p.sets)) + 1
		set := p.set(p.hand)
		if set.slot == 0 {
			continue
		}
		pane := p.claims[set.owner].paneOf(second)
		switch {
		case set.over(pane):
			p.release(p.hand)
		case set.held != 0 && pane-set.held > panes:
			set.held = 0
			p.place(p.hand)
		}
	}
}

// release takes a set from its key, which knows nothing then.
func (p *pool) release(place uint32) {
	set := p.set(place)
	clear(p.words(set)[:onceWord])
	p.unlink(place)
	p.used[set.part]--
	set.reset()
	p.free = append(p.free, place)
}

// add counts an element's print.
func (p *pool) add(place, print, pane uint32) {
	set := p.turn(place, pane)
	if !set.insert(print, pane) {
		return
	}
	if set.fresh*5 >= set.estimate {
		set.refresh(p.scratch)
	}
	p.move(place, set.class())
}

// turn brings a set to a pane.
func (p *pool) turn(place, pane uint32) *sketchSet {
	set := p.set(place)
	if set.turn(pane) {
		p.refresh(place)
	}
	return set
}

// refresh makes the set's estimate anew.
func (p *pool) refresh(place uint32) {
	p.set(place).refresh(p.scratch)
	p.place(place)
}

// hold keeps a set for a window from pane on.
func (p *pool) hold(place, pane uint32) {
	set := p.set(place)
	if set.held == 0 && p.lists[set.part][heldList].n >= maxHeld {
		return
	}
	if set.held != pane {
		set.held = pane
		p.move(place, heldList)
	}
}

// class returns the list in which a set belongs.
func (s *sketchSet) class() uint8 {
	if s.held != 0 {
		return heldList
	}
	return uint8(min(countLists-1, max(0, bits.Len32(s.estimate)-4)))
}

// place moves a set into another list if its count demands it.
func (p *pool) place(place uint32) {
	if set := p.set(place); set.class() != set.link.list {
		p.move(place, set.class())
	}
}

func (p *pool) move(place uint32, to uint8) {
	p.unlink(place)
	p.append(place, to)
}

func (p *pool) append(place uint32, to uint8) {
	set := p.set(place)
	l := &p.lists[set.part][to]
	set.link = link{list: to, prev: l.last}
	if l.last == 0 {
		l.first = place
	} else {
		p.set(l.last).link.next = place
	}
	l.last = place
	l.n++
}

func (p *pool) unlink(place uint32) {
	set := p.set(place)
	at, l := set.link, &p.lists[set.part][set.link.list]
	if at.prev == 0 {
		l.first = at.next
	} else {
		p.set(at.prev).link.next = at.next
	}
	if at.next == 0 {
		l.last = at.prev
	} else {
		p.set(at.next).link.prev = at.prev
	}
	l.n--
}
