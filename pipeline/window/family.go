package window

import "github.com/fedwarden/fedwarden/pipeline"

// Parents and children: a site and its domains, a domain and its actors, a network and its addresses.

// spent reports whether a parent has no room for one more child of that kind. For the host that is named as its site
// there always is: who invents its siblings must not hide it.
func (t *table) spent(hash uint64, parent record, proven bool) bool {
	return parent != nil && parent.children(proven) >= t.quota && parent.hash() != hash
}

// sibling looks at some keys for a child of parent that may go for another one: of the same kind, and quiet.
func (t *table) sibling(parent uint64, proven bool, second uint32) int32 {
	for range min(sweep, t.keys.used) {
		r := t.turn(second)
		if !r.used() || r.parent() != parent || r.is(flagProven) != proven || r.is(flagShielded) {
			continue
		}
		if second-r[recLast] > quietChild && *r.at(recPinned) < second {
			return int32(t.hand)
		}
	}
	return 0
}

// prove notes that a proven event of the key came: it counts as its parent's proven child from now on, if there is
// room for one. Else a claim and then a proof would get in any number of them.
func (t *table) prove(slot int32, parent record) {
	r := t.record(slot)
	if parent != nil && parent.hash() == r.parent() {
		if t.spent(r.hash(), parent, true) {
			return
		}
		parent.addChild(false, -1)
		parent.addChild(true, 1)
	}
	r[recDays] |= flagProven
}

// orphan tells the table of parents that a child of hash's key is gone.
func (t *table) orphan(hash uint64, proven bool) {
	if slot := t.find(hash); slot != 0 && t.record(slot).children(proven) > 0 {
		t.record(slot).addChild(proven, -1)
	}
}

// Children returns how many proven children a key has, up to its table's quota, and when the key was first seen.
func (s *Space) Children(t Table, slot int32) (proven uint32, since pipeline.Time) {
	if slot == 0 {
		return 0, 0
	}
	r := s.tables[t].record(slot)
	return r.children(true), pipeline.Time(*r.at(recFirst)) * pipeline.Second
}
