package window

import (
	"encoding/binary"
	"net/netip"
	"sort"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An address list keeps where the claimed events of a key came from, in a cell's words: a head of
// [minute of the last decay, total], the counts, a tag of each address, then the addresses of four words. Counts
// are halved every minute, as the total is; they follow Misra and Gries and hence may be low, never high.
type addrList []uint32

const (
	addrHead  = 2
	addrWords = 6 // an entry: its count, its tag, its address
)

func (l addrList) entries() int { return (len(l) - addrHead) / addrWords }

func (l addrList) counts() []uint32 { return l[addrHead : addrHead+l.entries()] }

func (l addrList) tags() []uint32 { return l[addrHead+l.entries() : addrHead+2*l.entries()] }

func (l addrList) address(i int) []uint32 {
	at := addrHead + 2*l.entries() + 4*i
	return l[at : at+4]
}

// listFrom is how heavy a key must be before its addresses are listed: whether one address stands for a whole
// network is asked of those that ask for much.
var listFrom = [numTables]uint32{Prefix: 32}

// An addrClaim is where the records of a table keep their address lists.
type addrClaim struct {
	at    uint32 // the word that holds the list; 0 is no claim
	lists *slab
}

// Addresses claims that the keys of t keep where their claimed events come from.
func (s *Space) Addresses(t Table) {
	if s.addrs[t].lists != nil {
		return
	}
	words := uint32(4 * lineWords)
	if t == Actor {
		words = 2 * lineWords
	}
	s.addrs[t] = addrClaim{at: s.grow(t, 1), lists: s.slab(words)}
}

// Shares returns where the claimed events of a key came from, as shares of n events, most first.
func (s *Space) Shares(t Table, slot int32, n uint64) []pipeline.Share {
	c := s.addrs[t]
	if slot == 0 || c.lists == nil {
		return nil
	}
	ref := s.tables[t].record(slot)[c.at]
	if ref == 0 {
		return nil
	}
	return addrList(c.lists.cell(ref)).shares(n)
}

func (s *Space) addAddress(k *sight, addr netip.Addr) {
	c := s.addrs[k.table]
	if k.slot == 0 || c.lists == nil || s.tables[k.table].record(k.slot)[recWeight] < listFrom[k.table] {
		return
	}
	if addr.IsValid() {
		addr = pipeline.AddrKey(addr).Addr()
	}
	ref := &s.tables[k.table].record(k.slot)[c.at]
	if *ref == 0 {
		*ref = c.lists.take()
	}
	addrList(c.lists.cell(*ref)).add(addr, k.second)
}

func (c addrClaim) release(r record) {
	if c.lists == nil {
		return
	}
	if ref := r[c.at]; ref != 0 {
		c.lists.give(ref)
	}
}

// add counts one event from addr at that second. One without an address is in the total only.
func (l addrList) add(addr netip.Addr, second uint32) {
	l.decay(second)
	l[1]++
	if !addr.IsValid() {
		return
	}
	words := addrKey(addr)
	tag := words[0] ^ words[1]*3 ^ words[2]*5 ^ words[3]*7
	counts, free := l.counts(), -1
	for i, t := range l.tags() {
		switch {
		case counts[i] == 0:
			if free < 0 {
				free = i
			}
		case t == tag && [4]uint32(l.address(i)) == words:
			counts[i]++
			return
		}
	}
	if free >= 0 {
		copy(l.address(free), words[:])
		counts[free], l.tags()[free] = 1, tag
		return
	}
	for i := range counts {
		counts[i]--
	}
}

func (l addrList) decay(second uint32) {
	minute := second / 60
	steps := minute - l[0]
	if l[0] == 0 {
		steps = 0
	}
	l[0] = minute
	if steps == 0 {
		return
	}
	shift := min(31, steps)
	l[1] = uint32((uint64(l[1]) + 1<<shift - 1) >> shift) // up, where counts go down
	for i := range l.counts() {
		l[addrHead+i] >>= shift
	}
}

func addrKey(addr netip.Addr) (w [4]uint32) {
	raw := addr.As16()
	for i := range w {
		w[i] = binary.BigEndian.Uint32(raw[4*i:])
	}
	return w
}

// shares returns the addresses with their share of n events, most first.
func (l addrList) shares(n uint64) []pipeline.Share {
	if l[1] == 0 {
		return nil
	}
	var list []pipeline.Share
	for i, c := range l.counts() {
		if c == 0 {
			continue
		}
		var raw [16]byte
		for k, w := range l.address(i) {
			binary.BigEndian.PutUint32(raw[4*k:], w)
		}
		list = append(list, pipeline.Share{Addr: netip.AddrFrom16(raw).Unmap(), Count: n * uint64(c) / uint64(l[1])})
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Count != list[j].Count {
			return list[i].Count > list[j].Count
		}
		return list[i].Addr.Less(list[j].Addr)
	})
	return list
}
