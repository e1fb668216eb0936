package window

import (
	"encoding/binary"
	"net/netip"
	"sort"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An address list keeps where the claimed events of a key came from, in a record's words: a head of
// [minute of the last decay, total], then entries of four words of address and one of count. Counts are
// halved every minute, as the total is; they follow Misra and Gries and hence may be low, never high.
const (
	addrHead  = 2
	addrEntry = 5
)

func addrWords(entries uint32) uint32 { return addrHead + entries*addrEntry }

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
	entries := uint32(8)
	if t == Actor {
		entries = 4
	}
	s.addrs[t] = addrClaim{at: s.grow(t, 1), lists: s.slab(addrWords(entries))}
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
	return shares(c.lists.cell(ref), n)
}

func (s *Space) addAddress(k *sight, addr netip.Addr) {
	c := s.addrs[k.table]
	if k.slot == 0 || c.lists == nil {
		return
	}
	if addr.IsValid() {
		addr = pipeline.AddrKey(addr).Addr()
	}
	ref := &s.tables[k.table].record(k.slot)[c.at]
	if *ref == 0 {
		*ref = c.lists.take()
	}
	addAddress(c.lists.cell(*ref), addr, k.second)
}

func (c addrClaim) release(r record) {
	if c.lists == nil {
		return
	}
	if ref := r[c.at]; ref != 0 {
		c.lists.give(ref)
	}
}

// addAddress counts one event from addr at that second. One without an address is in the total only.
func addAddress(w []uint32, addr netip.Addr, second uint32) {
	decayAddresses(w, second)
	w[1]++
	if !addr.IsValid() {
		return
	}
	raw := addr.As16()
	free := -1
	for i := addrHead; i < len(w); i += addrEntry {
		switch {
		case w[i+4] == 0:
			if free < 0 {
				free = i
			}
		case sameAddress(w[i:], &raw):
			w[i+4]++
			return
		}
	}
	if free >= 0 {
		putAddress(w[free:], &raw)
		w[free+4] = 1
		return
	}
	for i := addrHead; i < len(w); i += addrEntry {
		w[i+4]--
	}
}

func decayAddresses(w []uint32, second uint32) {
	minute := second / 60
	steps := minute - w[0]
	if w[0] == 0 {
		steps = 0
	}
	w[0] = minute
	if steps == 0 {
		return
	}
	shift := min(31, steps)
	w[1] = uint32((uint64(w[1]) + 1<<shift - 1) >> shift) // up, where counts go down
	for i := addrHead; i < len(w); i += addrEntry {
		w[i+4] >>= shift
	}
}

func sameAddress(w []uint32, raw *[16]byte) bool {
	for i := range 4 {
		if w[i] != binary.BigEndian.Uint32(raw[4*i:]) {
			return false
		}
	}
	return true
}

func putAddress(w []uint32, raw *[16]byte) {
	for i := range 4 {
		w[i] = binary.BigEndian.Uint32(raw[4*i:])
	}
}

// shares returns the addresses with their share of n events, most first.
func shares(w []uint32, n uint64) []pipeline.Share {
	if w[1] == 0 {
		return nil
	}
	var list []pipeline.Share
	for i := addrHead; i < len(w); i += addrEntry {
		if w[i+4] == 0 {
			continue
		}
		var raw [16]byte
		for k := range 4 {
			binary.BigEndian.PutUint32(raw[4*k:], w[i+k])
		}
		count := n * uint64(w[i+4]) / uint64(w[1])
		list = append(list, pipeline.Share{Addr: netip.AddrFrom16(raw).Unmap(), Count: count})
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Count != list[j].Count {
			return list[i].Count > list[j].Count
		}
		return list[i].Addr.Less(list[j].Addr)
	})
	return list
}
