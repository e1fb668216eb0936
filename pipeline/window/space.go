package window

import (
	"encoding/binary"
	"net/netip"

	"github.com/dchest/siphash"
	"github.com/fedwarden/fedwarden/pipeline"
)

// A Table names what the keys of one table are.
type Table uint8

// The tables. Site, Domain and Actor belong to the key space site, IP and Prefix to network.
const (
	Site Table = iota
	Domain
	Actor
	IP
	Prefix
	numTables
)

// spaceOf says to which key space a table belongs.
var spaceOf = [numTables]pipeline.KeySpace{pipeline.SpaceSite, pipeline.SpaceSite, pipeline.SpaceSite,
	pipeline.SpaceNetwork, pipeline.SpaceNetwork}

// Options bound a Space. Keys of zero take the defaults: 20,000 sites, 50,000 domains, 50,000 actors,
// 100,000 addresses, 50,000 prefixes. A table starts empty and grows as keys come.
type Options struct {
	Space  pipeline.KeySpace // site or network
	Secret pipeline.Secret
	Keys   [5]int // by Table
}

var defaultKeys = [numTables]int{20_000, 50_000, 50_000, 100_000, 50_000}

// quotas are how many children one parent may have: domains a site, actors a domain, addresses a prefix.
var quotas = [numTables]uint32{Domain: 64, Actor: 256, IP: 256}

// parentOf says whose children a table's keys are; the others have no parent.
var parentOf = [numTables]Table{Domain: Site, Actor: Domain, IP: Prefix}

// A Space is all keyed state of one key space. It is a pipeline.Detector, registered before the
// detectors that hold metrics of it; metrics must be claimed before its first event.
type Space struct {
	opts      Options
	tables    [numTables]*table
	metrics   []*Metric
	distincts []*Distinct
	addrs     [numTables]addrClaim
	novelty   [2]*novelty // of claimed and of proven (site, actor) pairs
	since     pipeline.Time
}

type addrClaim struct{ at, words uint32 }

// NewSpace returns an empty Space.
func NewSpace(o Options) *Space {
	s := &Space{opts: o, novelty: [2]*novelty{newNovelty(), newNovelty()}}
	for t := range numTables {
		if spaceOf[t] != o.Space {
			continue
		}
		keys := o.Keys[t]
		if keys == 0 {
			keys = defaultKeys[t]
		}
		quota := quotas[t]
		if quota == 0 {
			quota = ^uint32(0)
		}
		s.tables[t] = newTable(keys, quota)
	}
	return s
}

// Since returns when the Space began to know; zero if it has seen nothing.
func (s *Space) Since() pipeline.Time { return s.since }

// Keys returns how many keys the Space holds.
func (s *Space) Keys() int {
	n := 0
	for _, t := range s.tables {
		if t != nil {
			n += t.index.used
		}
	}
	return n
}

// Evictions returns how many keys were replaced for want of room.
func (s *Space) Evictions() uint64 {
	var n uint64
	for _, t := range s.tables {
		if t != nil {
			n += t.evictions
		}
	}
	return n
}

// grow reserves words in the records of t; only before the first event.
func (s *Space) grow(t Table, words uint32) uint32 {
	tab := s.tables[t]
	if tab == nil || len(tab.metas) > 1 {
		panic("BUG: claim on a table that the space does not have, or after its first event")
	}
	at := tab.stride
	tab.stride += words
	return at
}

// Addresses claims that the records of t keep where their claimed events come from.
func (s *Space) Addresses(t Table) {
	if s.addrs[t].words != 0 {
		return
	}
	entries := uint32(8)
	if t == Actor {
		entries = 4
	}
	s.addrs[t] = addrClaim{at: s.grow(t, addrWords(entries)), words: addrWords(entries)}
}

// Shares returns where the claimed events of a key came from, as shares of n events, most first.
func (s *Space) Shares(t Table, slot int32, n uint64) []pipeline.Share {
	c := s.addrs[t]
	if slot == 0 || c.words == 0 {
		return nil
	}
	return shares(s.tables[t].record(slot)[c.at:c.at+c.words], n)
}

// Observe gives the event's keys their slots and counts it.
func (s *Space) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind != pipeline.KindRequest && e.Kind != pipeline.KindThrottle {
		return
	}
	if s.since == 0 {
		s.since = e.Time
	}
	if s.opts.Space == pipeline.SpaceSite {
		s.observeSite(e)
		return
	}
	s.observeNetwork(e)
}

// Advance does nothing: all is rolled when it is touched.
func (s *Space) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (s *Space) Due(pipeline.Time) pipeline.Time { return 0 }

func (s *Space) observeSite(e *pipeline.Event) {
	if !isDelivery(e) || e.Domain == "" {
		return
	}
	second := uint32(e.Time / pipeline.Second)
	proven := e.Level >= pipeline.Corroborated
	set := classify(e)
	site := s.hash(string(e.Site))
	domain := site
	if string(e.Domain) != string(e.Site) {
		domain = s.hash(string(e.Domain))
	}
	e.Slots.Site = s.lookup(Site, site, string(e.Site), second, 0, proven)
	e.Slots.Domain = s.lookup(Domain, domain, string(e.Domain), second, e.Slots.Site, proven)
	if e.Actor != "" {
		actor := s.hash(string(e.Actor))
		e.Slots.Actor = s.lookup(Actor, actor, string(e.Actor), second, e.Slots.Domain, proven)
		if set.has(Inbox) && s.isNew(e, mix(site)^actor, proven) {
			set |= NewActors.bit()
		}
	}
	s.count(e, second, set, proven)
	if !proven && set.has(Inbox) { // addresses of other events than those counted would be no evidence
		s.addAddress(Site, e.Slots.Site, e.IP, second)
		s.addAddress(Domain, e.Slots.Domain, e.IP, second)
		s.addAddress(Actor, e.Slots.Actor, e.IP, second)
	}
}

func (s *Space) observeNetwork(e *pipeline.Event) {
	if !e.IP.IsValid() {
		return
	}
	set := classify(e)
	if set == 0 {
		return
	}
	second := uint32(e.Time / pipeline.Second)
	proven := e.Level >= pipeline.Corroborated
	e.Slots.Prefix = s.addrSlot(Prefix, pipeline.NetKey(e.IP), second, 0, proven)
	e.Slots.IP = s.addrSlot(IP, pipeline.AddrKey(e.IP), second, e.Slots.Prefix, proven)
	s.count(e, second, set, true)
	if set.has(Dynamic) {
		s.addAddress(Prefix, e.Slots.Prefix, e.IP, second)
	}
}

func (set nameSet) has(n Name) bool { return set&n.bit() != 0 }

// count adds the event to every claimed metric and distinct count of its keys.
func (s *Space) count(e *pipeline.Event, second uint32, set nameSet, proven bool) {
	for _, m := range s.metrics {
		if set.has(m.name) {
			m.add(slotOf(m.table, e), second, e.Level, proven)
		}
	}
	for _, d := range s.distincts {
		d.observe(e, slotOf(d.table, e), second, set, proven)
	}
}

func slotOf(t Table, e *pipeline.Event) int32 {
	switch t {
	case Site:
		return e.Slots.Site
	case Domain:
		return e.Slots.Domain
	case Actor:
		return e.Slots.Actor
	case IP:
		return e.Slots.IP
	default:
		return e.Slots.Prefix
	}
}

func (s *Space) addAddress(t Table, slot int32, addr netip.Addr, second uint32) {
	c := s.addrs[t]
	if slot == 0 || c.words == 0 {
		return
	}
	if addr.IsValid() {
		addr = pipeline.AddrKey(addr).Addr()
	}
	addAddress(s.tables[t].record(slot)[c.at:c.at+c.words], addr, second)
}

func (s *Space) addrSlot(t Table, key netip.Prefix, second uint32, parent int32, proven bool) int32 {
	raw := key.Addr().As16()
	hash := (s.hash(string(raw[:])) ^ uint64(key.Bits())) | 1<<63
	if slot := s.tables[t].find(hash); slot != 0 {
		s.tables[t].touch(slot, second, proven)
		return slot
	}
	return s.lookup(t, hash, key.String(), second, parent, proven)
}

func (s *Space) lookup(t Table, hash uint64, name string, second uint32, parent int32, proven bool) int32 {
	tab := s.tables[t]
	slot := tab.find(hash)
	if slot == 0 {
		var above *meta
		if parent != 0 {
			above = &s.tables[parentOf[t]].metas[parent]
		}
		slot = tab.admit(hash, name, second, above, func(victim int32) { s.forget(t, victim) })
	}
	if slot != 0 {
		tab.touch(slot, second, proven)
	}
	return slot
}

// forget frees what a key that is replaced holds elsewhere.
func (s *Space) forget(t Table, slot int32) {
	for _, d := range s.distincts {
		if d.table == t {
			d.release(slot)
		}
	}
	m := &s.tables[t].metas[slot]
	if m.parent == 0 {
		return
	}
	s.tables[parentOf[t]].orphan(m.parent)
}

// hash is the keyed hash of a key: never zero.
func (s *Space) hash(name string) uint64 {
	k0 := binary.LittleEndian.Uint64(s.opts.Secret[:8])
	k1 := binary.LittleEndian.Uint64(s.opts.Secret[8:])
	return siphash.Hash(k0, k1, bytesOf(name)) | 1<<63
}
