package window

import "math/bits"

// A record is what a table knows of one key: a head of fixed words, then the cells of its rings and lists,
// by number, as the table's claims have reserved them.
type record []uint32

const (
	recHash     = iota // two words; zero is no key
	_                  //
	recParent          // two words: the parent's hash; zero for none
	_                  //
	recFirst           // second of the first event
	recLast            // second of the last event
	recWeight          // events, halved whenever an hour of the clock ends
	recChildren        // claimed ones, and proven ones in the upper half
	recPrev            // neighbours in the list of its class
	recNext            //
	recPinned          // second until which an open incident pins it
	recDays            // last day it was seen, days seen, days proven
	recFlags
	recHead
)

// The flags of a record.
const (
	flagShielded    = 1 << iota // protected from replacement
	flagAged                    // protected by age alone
	flagProven                  // a proven event came, so that it counts as its parent's proven child
	flagProvenToday             // on its last day
)

func (r record) hash() uint64          { return uint64(r[recHash]) | uint64(r[recHash+1])<<32 }
func (r record) parent() uint64        { return uint64(r[recParent]) | uint64(r[recParent+1])<<32 }
func (r record) setHash(hash uint64)   { r[recHash], r[recHash+1] = uint32(hash), uint32(hash>>32) }
func (r record) setParent(hash uint64) { r[recParent], r[recParent+1] = uint32(hash), uint32(hash>>32) }
func (r record) used() bool            { return r[recHash+1]>>31 != 0 } // the hash of a key has its top bit set
func (r record) is(flag uint32) bool   { return r[recFlags]&flag != 0 }

// weight returns the key's weight as of the hour epoch.
func (r record) weight(epoch uint32) uint32 {
	return r[recWeight] >> min(31, epoch-epochOf(r[recLast]))
}

// class returns the class of the key's weight: the number of its bits.
func (r record) class(epoch uint32) int { return bits.Len32(r.weight(epoch)) }

func epochOf(second uint32) uint32 { return second / 3600 }

// children returns how many children of one kind the key has.
func (r record) children(proven bool) uint32 { return r[recChildren] >> childShift(proven) & 0xffff }

// addChild adds n, 1 or -1, to the children of one kind; 65,535 stands for more.
func (r record) addChild(proven bool, n int32) {
	if now := int32(r.children(proven)) + n; now >= 0 && now <= 0xffff {
		r[recChildren] += uint32(n) << childShift(proven)
	}
}

func childShift(proven bool) uint32 {
	if proven {
		return 16
	}
	return 0
}

// see notes the day of an event, and reports whether the day's account has changed.
func (r record) see(day uint32, proven bool) bool {
	days := r[recDays]
	if days>>16 != day {
		r[recFlags] &^= flagProvenToday
		seen := min(days&0xff+1, 0xff)
		r[recDays] = day<<16 | days&0xff00 | seen
		if proven {
			r.proveDay()
		}
		return true
	}
	if proven && !r.is(flagProvenToday) {
		r.proveDay()
		return true
	}
	return false
}

func (r record) proveDay() {
	r[recFlags] |= flagProvenToday
	if r[recDays]>>8&0xff < 0xff {
		r[recDays] += 1 << 8
	}
}

func (r record) daysSeen() uint32   { return r[recDays] & 0xff }
func (r record) daysProven() uint32 { return r[recDays] >> 8 & 0xff }
