package window

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An address list keeps where the claimed events of a key came from, in a cell's words: a head of
// [minute of the last decay, total], the counts, a tag of each address, then the addresses of four words. Counts
// are halved every minute, as the total is; they follow Misra and Gries and hence may be low, never high. An event counts
// as sixteen, so that halving takes nothing from a key that has two or three a minute.
type addrList []uint32

const (
	addrHead  = 2
	addrGrain = 16
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
	words := uint32(3 * lineWords)
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
	lists := []addrList{s.addresses(t, slot)}
	if t == Site && s.addrs[Domain].lists != nil {
		own := s.tables[Domain].find(s.tables[Site].record(slot).hash()) // the host that is named as the site is
		lists = append(lists, s.addresses(Domain, own))
	}
	return shares(lists, n)
}

// SharesBelow returns the same of a site's hosts below it alone: of what came in its own name nothing.
func (s *Space) SharesBelow(site int32, n uint64) []pipeline.Share {
	if site == 0 || s.addrs[Site].lists == nil {
		return nil
	}
	return shares([]addrList{s.addresses(Site, site)}, n)
}

func (s *Space) addresses(t Table, slot int32) addrList {
	if slot == 0 || s.tables[t].record(slot)[s.addrs[t].at] == 0 {
		return nil
	}
	return s.addrs[t].lists.cell(s.tables[t].record(slot)[s.addrs[t].at])
}

func (s *Space) addAddress(k *sight, from addrEntry) {
	c := &s.addrs[k.table]
	if k.slot == 0 || c.lists == nil {
		return
	}
	r := s.records[k.table]
	if r[recWeight] < listFrom[k.table] {
		return
	}
	ref := &r[c.at]
	if *ref == 0 {
		*ref = c.lists.take()
	}
	addrList(c.lists.cell(*ref)).add(from, k.second)
}

// An addrEntry is an address as lists keep it, or that there is none.
type addrEntry struct {
	known bool
	tag   uint32
	words [4]uint32
}

func entryOf(addr netip.Addr) addrEntry {
	if !addr.IsValid() {
		return addrEntry{}
	}
	if !addr.Is4() { // of which each is itself
		addr = pipeline.AddrKey(addr).Addr()
	}
	w := addrKey(addr)
	return addrEntry{true, w[0] ^ w[1]*3 ^ w[2]*5 ^ w[3]*7, w}
}

func (c addrClaim) release(r record) {
	if c.lists != nil {
		c.lists.drop(&r[c.at])
	}
}

// add counts one event at that second. One without an address is in the total only.
func (l addrList) add(from addrEntry, second uint32) {
	l.decay(second)
	l[1] += addrGrain
	if !from.known {
		return
	}
	counts, free := l.counts(), -1
	for i, t := range l.tags() {
		switch {
		case counts[i] == 0:
			if free < 0 {
				free = i
			}
		case t == from.tag && [4]uint32(l.address(i)) == from.words:
			counts[i] += addrGrain
			return
		}
	}
	if free >= 0 {
		copy(l.address(free), from.words[:])
		counts[free], l.tags()[free] = addrGrain, from.tag
		return
	}
	for i := range counts {
		counts[i] -= min(counts[i], addrGrain)
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

// shares returns the addresses of all the lists with their share of n events, most first.
func shares(lists []addrList, n uint64) []pipeline.Share {
	var minute uint32
	for _, l := range lists {
		if l != nil {
			minute = max(minute, l[0])
		}
	}
	total := uint64(0)
	counts := map[netip.Addr]uint64{}
	for _, l := range lists {
		if l == nil {
			continue
		}
		l.decay(minute * 60)
		total += uint64(l[1])
		for i, c := range l.counts() {
			if c > 0 {
				counts[l.addr(i)] += uint64(c)
			}
		}
	}
	var list []pipeline.Share
	for addr, c := range counts {
		list = append(list, pipeline.Share{Addr: addr, Count: n * c / total})
	}
	slices.SortFunc(list, func(a, b pipeline.Share) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.Addr.Compare(b.Addr))
	})
	return list
}

func (l addrList) addr(i int) netip.Addr {
	var raw [16]byte
	for k, w := range l.address(i) {
		binary.BigEndian.PutUint32(raw[4*k:], w)
	}
	return netip.AddrFrom16(raw).Unmap()
}
