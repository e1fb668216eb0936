package window

// age notes a day of a key, and shields one that has earned it.
func (t *table) age(slot int32, r record, second uint32, proven bool) {
	r.see(second/dayInSeconds, proven)
	verified := r.daysProven() >= shieldDays
	aged := r.daysSeen() >= agedDays
	switch {
	case r.is(flagAged) && verified:
		t.shielded[1]--
		r[recDays] &^= flagAged
	case r.is(flagShielded) || !verified && !aged || t.shielded[0] >= t.capacity*shieldShare/100:
	case verified:
		t.shield(slot, r, 0)
	case t.shielded[1] < t.capacity*agedShare/100:
		t.shield(slot, r, flagAged)
		t.shielded[1]++
	}
}

func (t *table) shield(slot int32, r record, flag uint32) {
	t.ranks.unlink(slot, r.class(t.ranks.epoch), &t.keys)
	r[recDays] |= flagShielded | flag
	t.shielded[0]++
}

func (t *table) unshield(r record) {
	t.shielded[0]--
	if r.is(flagAged) {
		t.shielded[1]--
	}
	r[recDays] &^= flagShielded | flagAged
}

// turn moves the hand on, and takes its shield from a key that is gone.
func (t *table) turn(second uint32) record {
	if t.keys.used == 0 {
		return nil
	}
	t.hand = t.hand%t.keys.used + 1
	r := t.record(int32(t.hand))
	if r.is(flagShielded) && second-r[recLast] > shieldFor {
		t.unshield(r)
		r.forgetDays()
		t.ranks.link(int32(t.hand), r.class(t.ranks.epoch), &t.keys)
	}
	return r
}
