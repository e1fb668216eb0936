package identity

// What a newcomer must have brought in a day to enter a living history.
const (
	leastEntry = 20 // deliveries that were verified
	entryShare = 10 // all but 1/10 of what it brought
)

func dayOf(hour int32) int32 { return hour / 24 }

// admit lets the newcomers of a day that is over enter, of whose deliveries enough must have been verified: Rails verified
// some of those that nginx tells of with the site's key; the others, at most, may all be this one's. Nobody but the
// site itself can raise what is verified. Lines of one delivery that lie in two days are few.
func (t *table) admit(s *site) {
	forged := s.keyed - min(s.verified, s.keyed)
	for i := range s.list {
		a := &s.list[i]
		sure := a.keyed - min(forged, a.keyed)
		if !a.entered && sure >= leastEntry && a.keyed-sure <= a.keyed/entryShare {
			t.enter(a, s.hour)
		}
		a.keyed = 0
	}
	s.keyed, s.verified = 0, 0
}
