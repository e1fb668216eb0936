package identity

import (
	"net/netip"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// What an address needs to corroborate a name.
const (
	minDays      = 3       // periods of 24 h in which it was seen
	minRequests  = 50      // accepted deliveries
	aliveHours   = 30 * 24 // an address not seen for longer leaves
	maxAddresses = 16      // of one site
	restShare    = 20      // the least active, up to 1/20 of the site's hours together, are left out
)

// A site is the history of one name.
type site struct {
	name      pipeline.Site
	list      []address // in the order of arrival
	hours     uint32    // distinct hours, now over, in which an address that entered was seen
	hour      int32     // the open hour: of the latest event
	first     int32     // the hour in which it came into the table
	protected bool
	tally     tally
	aliases   aliases
	keyed     uint32 // deliveries of the day with its key, in lines with an address
	verified  uint32 // in lines of Rails' without one, that it verified
	others    uint32 // and that it did not
}

// An address is what a site's name did from there. Hours are since 1970.
type address struct {
	key      [16]byte
	first    int32 // when it came
	last     int32 // when it was last seen
	since    int32 // when it entered
	day      int32 // the last period of 24 h since then in which it was seen
	days     uint32
	hours    uint32 // distinct hours, now over, in which it was seen
	requests uint32 // deliveries in these hours
	open     uint32 // deliveries in the open hour
	keyed    uint32 // deliveries of the day with the site's key, before it entered
	entered  bool
	good     bool // it corroborates, in the open hour
}

func hourOf(t pipeline.Time) int32 { return int32(t / pipeline.Time(time.Hour)) }

// keyOf returns the network that stands for one party behind addr: its /32, or /64.
func keyOf(addr netip.Addr) [16]byte { return pipeline.AddrKey(addr).Addr().As16() }

// isOwned reports whether addr may be somebody's own: on the internet, and not shared by a carrier.
func isOwned(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	b := addr.As16()
	return !(addr.Is4() && b[12] == 100 && b[13]&0xc0 == 64)
}

func (s *site) find(key [16]byte) *address {
	for i := range s.list {
		if s.list[i].key == key {
			return &s.list[i]
		}
	}
	return nil
}

// come returns the address of that key, as a newcomer if it was not there; nil if there is no room. What
// Rails verified takes the room of the youngest that has not entered.
func (s *site) come(key [16]byte, proven bool) *address {
	if a := s.find(key); a != nil {
		return a
	}
	if len(s.list) == maxAddresses {
		if !proven || !s.makeRoom() {
			return nil
		}
	}
	s.list = append(s.list, address{key: key, first: s.hour, last: s.hour})
	return &s.list[len(s.list)-1]
}

func (s *site) makeRoom() bool {
	for i := len(s.list) - 1; i >= 0; i-- {
		if !s.list[i].entered {
			s.list = append(s.list[:i], s.list[i+1:]...)
			return true
		}
	}
	return false
}

// isHeld reports whether an address is in the history.
func (s *site) isHeld() bool {
	for i := range s.list {
		if s.list[i].entered {
			return true
		}
	}
	return false
}

// close ends the open hour of all addresses.
func (s *site) close() {
	seen := false
	for i := range s.list {
		if a := &s.list[i]; a.open > 0 {
			a.close()
			seen = true
		}
	}
	if seen {
		s.hours++
	}
}

func (a *address) close() {
	a.hours++
	if a.requests < 1<<31 {
		a.requests += a.open
	}
	if day := (a.last - a.since) / 24; a.days == 0 || day != a.day {
		a.days++
		a.day = day
	}
	a.open = 0
}

// leaveOut returns the addresses of the history that don't count, as a set of places in the list: the least
// active ones, the youngest first, while they make up no more than 1/20 of the site's hours.
func (s *site) leaveOut() uint32 {
	var out, sum uint32
	for {
		least := -1
		for i := range s.list {
			a := &s.list[i]
			if a.entered && out&(1<<i) == 0 && (least < 0 || a.hours <= s.list[least].hours) {
				least = i
			}
		}
		if least < 0 || (sum+s.list[least].hours)*restShare > s.hours {
			return out
		}
		sum += s.list[least].hours
		out |= 1 << least
	}
}

// isKnown reports whether an address has three days of history.
func (s *site) isKnown() bool {
	for i := range s.list {
		if s.list[i].days >= minDays {
			return true
		}
	}
	return false
}

// isSilent reports whether no address was seen in the last 30 days before hour.
func (s *site) isSilent(hour int32) bool {
	for i := range s.list {
		if s.list[i].last >= hour-aliveHours {
			return false
		}
	}
	return true
}
