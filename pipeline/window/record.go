package window

import "math/bits"

// A record is what a table knows of one key. What every event touches lies in the first line of the cache: the
// key, its weight and days, and the cells of its rings and lists, by number, as the table's claims have
// reserved them. What only admission needs lies behind.
type record []uint32

const (
	recHash   = iota // two words; zero is no key
	_                //
	recLast          // second of the last event
	recWeight        // events, halved whenever an hour of the clock ends
	recDays          // last day it was seen, and flags, days seen, days proven
	recRefs          // claims begin
)

// The words behind the claims, counted from the end of the record.
const (
	recParent   = iota + 1 // two words: the parent's hash; zero for none
	_                      //
	recFirst               // second of the first event
	recChildren            // claimed ones, and proven ones in the upper half
	recPrev                // neighbours in the list of its class
	recNext                //
	recPinned              // second until which an open incident pins it
	recTail     = iota
)

// The flags of a record, in recDays.
const (
	flagBefore      = 1 << (11 + iota) // it was known before it had this record
	flagShielded                       // protected from replacement
	flagAged                           // protected by age alone
	flagProven                         // it counts as its parent's proven child, for a proven event came
	flagProvenToday                    // on its last day
)

// Days seen and proven are counted to 31: five bits each, above which the flags lie.
const (
	maxDays     = 31
	provenShift = 5
)

// at returns one of the words behind the claims.
func (r record) at(word int) *uint32 { return &r[len(r)-word] }

func (r record) hash() uint64        { return uint64(r[recHash]) | uint64(r[recHash+1])<<32 }
func (r record) parent() uint64      { return uint64(*r.at(recParent)) | uint64(*r.at(recParent + 1))<<32 }
func (r record) setHash(hash uint64) { r[recHash], r[recHash+1] = uint32(hash), uint32(hash>>32) }
func (r record) setParent(hash uint64) {
	*r.at(recParent), *r.at(recParent + 1) = uint32(hash), uint32(hash>>32)
}
func (r record) used() bool          { return r[recHash+1]>>31 != 0 } // the hash of a key has its top bit set
func (r record) is(flag uint32) bool { return r[recDays]&flag != 0 }

// weight returns the key's weight as of the hour epoch.
func (r record) weight(epoch uint32) uint32 {
	return r[recWeight] >> (epoch - epochOf(r[recLast]))
}

// class returns the class of the key's weight: the number of its bits.
func (r record) class(epoch uint32) int { return bits.Len32(r.weight(epoch)) }

func epochOf(second uint32) uint32 { return second / 3600 }

// children returns how many children of one kind the key has.
func (r record) children(proven bool) uint32 {
	return *r.at(recChildren) >> childShift(proven) & 0xffff
}

// addChild adds n, 1 or -1, to the children of one kind; 65,535 stands for more.
func (r record) addChild(proven bool, n int32) {
	if now := int32(r.children(proven)) + n; now >= 0 && now <= 0xffff {
		*r.at(recChildren) += uint32(n) << childShift(proven)
	}
}

func childShift(proven bool) uint32 {
	if proven {
		return 16
	}
	return 0
}

// see notes the day of an event.
func (r record) see(day uint32, proven bool) {
	if r[recDays]>>16 != day {
		r[recDays] = day<<16 | r[recDays]&0xffff&^flagProvenToday
		if r.daysSeen() < maxDays {
			r[recDays]++
		}
	}
	if !proven || r.is(flagProvenToday) {
		return
	}
	r[recDays] |= flagProvenToday
	if r.daysProven() < maxDays {
		r[recDays] += 1 << provenShift
	}
}

func (r record) daysSeen() uint32   { return r[recDays] & maxDays }
func (r record) daysProven() uint32 { return r[recDays] >> provenShift & maxDays }

// forgetDays makes the key earn its shield anew.
func (r record) forgetDays() { r[recDays] &= flagProven | flagBefore }
