package window

// check fails unless every record's cells are there, each for itself alone: a snapshot may be anybody's bytes.
func (s *Space) check(d *decoder) {
	for _, sl := range s.slabs {
		if d.err == nil {
			s.checkCells(d, sl)
		}
	}
}

func (s *Space) checkCells(d *decoder, cells *slab) {
	taken := cells.spares(d)
	for _, m := range s.metrics {
		if m.rings == cells {
			s.checkRefs(d, m.table, m.at, m.parts, m.first, taken)
		}
	}
	for _, dist := range s.distincts {
		if dist.cells == cells {
			s.checkRefs(d, dist.table, dist.at, uint32(numParts), false, taken)
		}
	}
	for t, a := range s.addrs {
		if a.lists == cells {
			s.checkRefs(d, Table(t), a.at, 1, false, taken)
		}
	}
}

// checkRefs fails unless the n words at that place of all records lead to cells that nobody has taken yet, or one of
// them to the record's own ring, if it may.
func (s *Space) checkRefs(d *decoder, t Table, at, n uint32, own bool, taken []bool) {
	keys := &s.tables[t].keys
	for slot := uint32(1); slot <= keys.used && d.err == nil; slot++ {
		r := record(keys.cell(slot))
		if !r.used() {
			continue
		}
		may := own
		for _, ref := range r[at : at+n] {
			switch {
			case ref == 0:
			case ref == ownRing && may:
				may = false
			case int(ref) >= len(taken) || taken[ref]:
				d.fail(errBound)
			default:
				taken[ref] = true
			}
		}
	}
}
