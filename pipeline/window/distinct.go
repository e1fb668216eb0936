package window

import (
	"github.com/axiomhq/hyperloglog"
	"github.com/fedwarden/fedwarden/pipeline"
)

// An Element names what is counted once each.
type Element uint8

// The elements.
const (
	Targets Element = iota // local accounts whose own inbox was delivered to
	Actors                 // remote actors that delivered
)

// of returns the element of e, empty if it has none.
func (el Element) of(e *pipeline.Event, set nameSet) string {
	switch {
	case !set.has(Inbox):
		return ""
	case el == Actors:
		return string(e.Actor)
	case e.Endpoint == pipeline.EndpointUserInbox:
		return e.LocalUser
	}
	return ""
}

// A Distinct is a claim on a count of distinct elements per key and part over one sliding window, of
// ceiling semantics in panes of a sixth of the window. Up to eight elements are counted exactly, in 40
// bytes of the record; beyond, in seven dense hyperloglog sketches of 1,024 registers from a bounded
// pool (error 3.3 % at one sigma, far less below 500). When the pool is spent, the set of least estimate
// is given up and its key begins anew.
type Distinct struct {
	space   *Space
	table   Table
	element Element
	window  Scale
	at      uint32
	pool    []*sketchSet
	free    []int32
	scratch *hyperloglog.Sketch
}

const (
	inline     = 8
	setHead    = 3 // pane of the last event, set in the pool or 0, second of the last Once
	onceWord   = 2
	setWords   = setHead + inline
	panes      = 6
	sketchBits = 10
	poolSize   = 1024
	paneMask   = 0xff
)

// A sketchSet is one key's promoted count.
type sketchSet struct {
	slot     int32
	part     Part
	pane     uint32
	sketches [panes + 1]*hyperloglog.Sketch
	recent   [64]uint16 // a direct-mapped filter of elements just seen
	fresh    uint32     // elements not in recent since the last estimate
	estimate uint32
}

// Distinct claims the distinct count of el for the table's keys. Equal claims share one.
func (s *Space) Distinct(t Table, el Element, window Scale) *Distinct {
	for _, d := range s.distincts {
		if d.table == t && d.element == el && d.window == window {
			return d
		}
	}
	scratch, _ := hyperloglog.NewSketch(sketchBits, false)
	d := &Distinct{space: s, table: t, element: el, window: window, scratch: scratch}
	d.at = s.grow(t, 2*setWords)
	s.distincts = append(s.distincts, d)
	return d
}

func (d *Distinct) words(slot int32, p Part) []uint32 {
	at := d.at + uint32(p)*setWords
	return d.space.tables[d.table].record(slot)[at : at+setWords]
}

func (d *Distinct) paneOf(second uint32) uint32 { return second / (d.window.Seconds() / panes) }

func (d *Distinct) observe(e *pipeline.Event, slot int32, second uint32, set nameSet, proven bool) {
	if slot == 0 {
		return
	}
	element := d.element.of(e, set)
	if element == "" {
		return
	}
	part := ClaimedPart
	if proven {
		part = Proven
	}
	d.add(slot, part, d.space.hash(element), d.paneOf(second))
}

func (d *Distinct) add(slot int32, p Part, hash uint64, pane uint32) {
	w := d.words(slot, p)
	if w[1] != 0 {
		d.pool[w[1]-1].add(hash, pane, d.scratch)
		w[0] = pane
		return
	}
	if pane-w[0] > panes {
		clear(w[setHead:])
	}
	w[0] = pane
	if !addInline(w[setHead:], hash, pane) {
		d.promote(slot, p, w, hash, pane)
	}
}

// addInline remembers the element, forgetting those of panes gone by; false when there is no room.
func addInline(w []uint32, hash uint64, pane uint32) bool {
	print := uint32(hash)&^paneMask | pane&paneMask
	free := -1
	for i, v := range w { // all, lest one of long ago is there again when the panes' numbers have gone round
		switch {
		case v != 0 && v&^uint32(paneMask) == print&^uint32(paneMask):
			w[i], print = print, 0
		case v == 0 || (pane-v)&paneMask > panes:
			w[i] = 0
			if free < 0 {
				free = i
			}
		}
	}
	if print == 0 {
		return true
	}
	if free < 0 {
		return false
	}
	w[free] = print
	return true
}

// promote moves a key's elements into a set of the pool. Of an element only its print is left, which
// stands in for its hash: the next sight of the same element would count twice, so the prints are
// spread by a mixer that add uses for every hash.
func (d *Distinct) promote(slot int32, p Part, w []uint32, hash uint64, pane uint32) {
	i := d.take(pane)
	set := d.pool[i]
	set.slot, set.part, set.pane = slot, p, pane
	for _, v := range w[setHead:] {
		age := (pane - v) & paneMask
		set.insert(uint64(v&^uint32(paneMask)), pane-age)
	}
	set.insert(hash, pane)
	set.refresh(d.scratch)
	clear(w[setHead:])
	w[1] = uint32(i + 1)
}

// take returns the place of an empty set. The least count goes, and one of which the window is over is none.
func (d *Distinct) take(pane uint32) int32 {
	if n := len(d.free); n > 0 {
		i := d.free[n-1]
		d.free = d.free[:n-1]
		return i
	}
	if len(d.pool) < poolSize {
		d.pool = append(d.pool, newSketchSet())
		return int32(len(d.pool) - 1)
	}
	least, count := 0, d.pool[0].count(pane)
	for i, set := range d.pool {
		if n := set.count(pane); n < count {
			least, count = i, n
		}
	}
	victim := d.pool[least]
	if victim.slot != 0 {
		clear(d.words(victim.slot, victim.part))
	}
	victim.reset()
	return int32(least)
}

// release gives back what a key that is replaced holds.
func (d *Distinct) release(slot int32) {
	for p := range Part(2) {
		w := d.words(slot, p)
		if w[1] == 0 {
			continue
		}
		d.pool[w[1]-1].reset()
		d.free = append(d.free, int32(w[1]-1))
		w[1] = 0
	}
}

// Count returns how many distinct elements the key's part had in the window that ends at now, and
// whether that is exact.
func (d *Distinct) Count(slot int32, p Part, now pipeline.Time) (n uint32, exact bool) {
	if slot == 0 {
		return 0, true
	}
	pane := d.paneOf(uint32(now / pipeline.Second))
	w := d.words(slot, p)
	if w[1] != 0 {
		return d.pool[w[1]-1].count(pane), false
	}
	if pane-w[0] > panes {
		return 0, true
	}
	for _, v := range w[setHead:] {
		if v != 0 && (pane-v)&paneMask <= panes {
			n++
		}
	}
	return n, true
}

// Reaches reports whether the count is at least the threshold; an estimate counts from 6 % below on, two
// sigma, so that no true violation is missed. It is made anew where what came since may decide.
func (d *Distinct) Reaches(slot int32, p Part, threshold uint32, now pipeline.Time) (uint32, bool) {
	n, exact := d.Count(slot, p, now)
	if exact {
		return n, n >= threshold
	}
	if set := d.pool[d.words(slot, p)[1]-1]; n != 0 && set.fresh > 0 && n*100 < threshold*94 && (n+set.fresh)*100 >= threshold*94 {
		set.refresh(d.scratch)
		n = set.estimate
	}
	return n, n*100 >= threshold*94
}

// Once reports whether it was not yet called for this key and part in the second of now.
func (d *Distinct) Once(slot int32, p Part, now pipeline.Time) bool {
	w := &d.words(slot, p)[onceWord]
	second := uint32(now / pipeline.Second)
	if *w == second {
		return false
	}
	*w = second
	return true
}
