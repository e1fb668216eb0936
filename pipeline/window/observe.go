package window

import (
	"math/bits"
	"net/netip"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Observe gives the event's keys their slots and counts it.
func (s *Space) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind != pipeline.KindRequest && e.Kind != pipeline.KindThrottle && e.Kind != pipeline.KindJob {
		return
	}
	if s.since == 0 {
		s.since = e.Time
	}
	s.turn(uint32(e.Time / pipeline.Second))
	s.sight = lastSight{}
	switch s.opts.Space {
	case pipeline.SpaceSite:
		s.observeSite(e)
	case pipeline.SpaceNetwork:
		s.observeNetwork(e)
	case pipeline.SpaceInstance:
		s.observeInstance(e)
	}
}

// A sight is one key of an event: who it is, and where it stands.
type sight struct {
	table  Table
	hash   uint64
	slot   int32
	proven bool
	second uint32
	last   uint32 // second of its last event before this one
	fresh  bool   // it got its slot by this event
	before tally  // what the doorkeeper had counted of it then
	counts bool   // the event is counted in a metric, hence at the door
	tells  bool   // the event alone may get it a place
	excess bool   // it counts for its parent only, and so do those below it
}

func (s *Space) observeSite(e *pipeline.Event) {
	if !isDelivery(e) || e.Domain == "" {
		return
	}
	second := uint32(e.Time / pipeline.Second)
	part := PartOf(e)
	set := classify(e)
	if rails := e.Format == pipeline.FormatRails; set.has(Inbox) && rails != (s.byRails != 0) {
		s.witness(rails, second)
	}
	site := sight{table: Site, hash: s.hash(string(e.Site)), second: second, proven: part == Proven, counts: set.has(Inbox)}
	domain, actor := site, site
	site.tells = site.counts && isAccepted(e)
	domain.table, actor.table = Domain, Actor
	if string(e.Domain) != string(e.Site) {
		domain.hash = s.hash(string(e.Domain))
	}
	if e.Actor != "" {
		actor.hash = s.hash(string(e.Actor))
	}
	s.fetched = s.fetch(&site) + s.fetch(&domain) + s.fetch(&actor)
	e.Slots.Site = s.look(&site, nil)
	e.Slots.Domain = s.look(&domain, &site)
	if set.has(Inbox) && (domain.slot == 0 || domain.fresh) && s.isNewBelow(e, &site, &domain) {
		set |= NewDomains.bit()
	}
	s.greet(&site)
	if e.Actor != "" {
		e.Slots.Actor = s.look(&actor, &domain)
		if set.has(Inbox) && e.Verified != pipeline.VerdictNo {
			set |= s.novel(e, mix(site.hash)^actor.hash, part == Proven)
		}
	}
	s.sight.news = set
	s.settle(&site, set)
	s.settle(&domain, set)
	if e.Actor != "" {
		s.settle(&actor, set)
	}
	if e.Actor == "" {
		actor.hash = 0
	}
	s.count(e, second, set, part, actor.hash)
	if part == Proven && s.origins {
		s.learnOrigin(e, site.hash)
	}
	if part == ClaimedPart && placed(e, set) {
		from := entryOf(e.IP)
		if domain.slot == 0 || domain.hash != site.hash {
			s.addAddress(&site, from)
		}
		s.addAddress(&domain, from)
		s.addAddress(&actor, from)
	}
}

// placed reports whether e says where claims come from. Where Rails is the witness of names, its lines have no address;
// nginx' line about the same delivery has, and is asked if its name is no more than claimed there too.
func placed(e *pipeline.Event, set nameSet) bool {
	if e.Counts&pipeline.CountsAddress == 0 {
		return false
	}
	return set.has(Inbox) || e.Counts&pipeline.CountsDomain == 0
}

// witness notes that another log tells of deliveries from now on.
func (s *Space) witness(rails bool, second uint32) {
	s.byRails = 0
	if rails {
		s.byRails = second
	}
}

func (s *Space) observeNetwork(e *pipeline.Event) {
	if !e.IP.IsValid() {
		return
	}
	set := classify(e)
	if s.claimed.has(NewSites) && set.has(Signed) && isAccepted(e) && e.Site != "" && s.isNewSite(e) {
		set |= NewSites.bit()
	}
	if set &= s.claimed; set == 0 {
		return
	}
	s.sight.news = set
	second := uint32(e.Time / pipeline.Second)
	prefix := sight{table: Prefix, second: second, counts: true, tells: set&telling != 0}
	addr := sight{table: IP, second: second, counts: true, tells: prefix.tells}
	prefix.hash, addr.hash = s.netHashes(e.IP)
	s.fetched = s.fetch(&prefix) + s.fetch(&addr)
	e.Slots.Prefix = s.look(&prefix, nil)
	e.Slots.IP = s.look(&addr, &prefix)
	s.settle(&prefix, set)
	s.settle(&addr, set)
	s.count(e, second, set, Proven, 0)
	if set.has(Dynamic) {
		s.addAddress(&prefix, entryOf(e.IP))
	}
}

func (s *Space) observeInstance(e *pipeline.Event) {
	set := classify(e) & s.claimed
	if set == 0 || e.JobClass == "" {
		return
	}
	class := sight{table: Class, hash: s.hash(e.JobClass), second: uint32(e.Time / pipeline.Second), counts: true}
	e.Slots.Class = s.look(&class, nil)
	s.settle(&class, set)
	s.count(e, class.second, set, Proven, 0)
}

// fetch reads what will be needed of a key, for nothing but to have it in the cache: what an event's keys have lies far
// apart, and misses that don't wait for each other take the time of one.
func (s *Space) fetch(k *sight) uint32 {
	tab := s.tables[k.table]
	if len(tab.index.places) == 0 {
		return 0
	}
	p := tab.index.places[k.hash&uint64(len(tab.index.places)-1)]
	if p>>32 != k.hash>>32 {
		return 0
	}
	r := tab.record(slotAt(p))
	sum := r[recHash] + r[tab.ownAt] + r[tab.hotAt]
	if c := &s.addrs[k.table]; c.lists != nil && !k.proven && r[c.at] != 0 {
		sum += c.lists.cell(r[c.at])[0]
	}
	return sum
}

// look returns the slot of a key, under that of its parent, if it has or gets one.
func (s *Space) look(k, parent *sight) int32 {
	tab := s.tables[k.table]
	k.slot = tab.find(k.hash)
	if k.slot == 0 {
		s.admit(k, parent)
	}
	if k.slot == 0 {
		s.records[k.table] = nil
		return 0
	}
	r := tab.record(k.slot)
	s.records[k.table] = r
	k.last = r[recLast]
	s.before[k.table] = k.last
	tab.touch(k.slot, r, k.second, k.proven)
	if k.proven && !r.is(flagProven) {
		tab.prove(k.slot, s.recordOf(parent))
	}
	return k.slot
}

// recordOf returns the record of a key that may have none.
func (s *Space) recordOf(k *sight) record {
	if k == nil || k.slot == 0 {
		return nil
	}
	return s.tables[k.table].record(k.slot)
}

func (s *Space) admit(k, parent *sight) {
	if !k.counts {
		return
	}
	tab, above := s.tables[k.table], s.recordOf(parent)
	before, in := tab.knock(k.hash, k.second, s.partOf(k), k.proven)
	if k.excess = parent != nil && parent.excess; k.excess || !in && !s.passes(k, before) {
		return
	}
	k.slot = tab.admit(k.hash, before, k.second, above, k.proven, func(victim int32) { s.forget(k.table, victim, k.second) })
	k.fresh, k.before = k.slot != 0, before
	k.excess = k.slot == 0 && tab.spent(k.hash, above, k.proven)
}

// passes reports whether a key gets its place by the lane. A site does with its very first event only: of one that had
// come before, the door knows how often, and not when.
func (s *Space) passes(k *sight, before tally) bool {
	return k.tells && (k.table != Site || before.sum() == 0) && s.lane.take(k.second, s.tables[k.table].capacity)
}

func (set nameSet) has(n Name) bool { return set&n.bit() != 0 }

// count adds the event to every claimed metric and distinct count of its keys. The hash of its actor may be known.
func (s *Space) count(e *pipeline.Event, second uint32, set nameSet, p Part, actor uint64) {
	for rest := set & s.claimed; rest != 0; rest &= rest - 1 {
		for _, m := range s.named[bits.TrailingZeros64(uint64(rest))] {
			m.add(e, second, p)
		}
	}
	if !set.has(Inbox) {
		return
	}
	hashes := [numElements]uint64{Actors: actor}
	for _, d := range s.distincts {
		slot, element := slotOf(d.table, e), d.element.of(e)
		if slot == 0 || element == "" {
			continue
		}
		if hashes[d.element] == 0 {
			hashes[d.element] = s.hash(element)
		}
		d.add(slot, p, hashes[d.element], second)
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
	case Prefix:
		return e.Slots.Prefix
	default:
		return e.Slots.Class
	}
}

// A lastNets is an address and its hashes: several ask for those of one event. It is no state.
type lastNets struct {
	addr         netip.Addr
	network, one uint64
}

// netHashes returns the hashes of addr's /24 or /48, and of its /32 or /64. The second is made from the first and
// the bits between: a bijection for each network, so only the first need be a keyed hash.
func (s *Space) netHashes(addr netip.Addr) (network, one uint64) {
	if addr == s.nets.addr && addr.IsValid() {
		return s.nets.network, s.nets.one
	}
	raw := addr.As16()
	low := uint64(raw[15])
	if addr.Is4() || addr.Is4In6() {
		raw[15] = 0
	} else {
		low = uint64(raw[6])<<8 | uint64(raw[7])
		clear(raw[6:])
	}
	network = s.hash(string(raw[:]))
	one = mix(network+low+1) | 1<<63
	s.nets = lastNets{addr, network, one}
	return network, one
}
