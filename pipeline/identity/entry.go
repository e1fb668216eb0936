package identity

// What a newcomer must have brought in a day to enter a living history.
const (
	leastEntry = 20 // deliveries that were verified
	entryShare = 10 // all but 1/10 of what it brought
)

func dayOf(hour int32) int32 { return hour / 24 }

// tell counts an accepted delivery that Rails tells of with the key of s, if it is known, in a line without an address.
func (t *table) tell(s *site, hour int32, verified bool) {
	if s == nil {
		return
	}
	t.roll(s, hour)
	if verified {
		s.verified++
		return
	}
	s.others++
}

// admit lets the newcomers of a day that is over enter, of whose deliveries enough must have been verified. Of what nginx tells of
// with the site's key at most so many were not: those that Rails did not verify, and by as many as the two logs
// differ. Those, at most, may all be one newcomer's. Nobody but the site itself can raise what is verified. Lines of one
// delivery that lie in two days are few.
func (t *table) admit(s *site) {
	told := s.verified + s.others
	forged := s.others + max(told, s.keyed) - min(told, s.keyed)
	for i := range s.list {
		a := &s.list[i]
		sure := a.keyed - min(forged, a.keyed)
		if !a.entered && sure >= leastEntry && a.keyed-sure <= a.keyed/entryShare {
			t.enter(a, s.hour)
		}
		a.keyed = 0
	}
	s.keyed, s.verified, s.others = 0, 0, 0
}
