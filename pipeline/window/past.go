package window

import (
	"net/netip"

	"github.com/fedwarden/fedwarden/pipeline"
)

// What those who explain a finding ask of the Space: who a name is, and what was known of it before.

// Hash returns the keyed hash of a name, under which a few keys may be kept outside of the Space.
func (s *Space) Hash(name string) uint64 { return s.hash(name) }

// Slot returns the slot of the key of that name in t, which must be sites, domains or actors; 0 if it has none.
func (s *Space) Slot(t Table, name string) int32 { return s.tables[t].find(s.hash(name)) }

// First returns when the key in that slot came into the table; zero for no slot.
func (s *Space) First(t Table, slot int32) pipeline.Time {
	if slot == 0 {
		return 0
	}
	return pipeline.Time(*s.tables[t].record(slot).at(recFirst)) * pipeline.Second
}

// Before returns when the key of t of the event that is being observed was seen before it, in whole seconds; the
// event must have a slot in t.
func (s *Space) Before(t Table) pipeline.Time { return pipeline.Time(s.before[t]) * pipeline.Second }

// Origins claims that the addresses from which a site's deliveries were proven are remembered for 30 days.
func (s *Space) Origins() { s.origins = true }

// learnOrigin remembers that e, which is proven, came from one of the site's own addresses.
func (s *Space) learnOrigin(e *pipeline.Event, site uint64) {
	if !e.IP.IsValid() {
		return
	}
	network, one := s.netHashes(e.IP)
	n, second := s.novelty[Proven], uint32(e.Time/pipeline.Second)
	n.turn(second)
	if n.gens[0].has(pairOwn.of(mix(site) ^ one)) {
		return // and so is the network
	}
	s.isNewPair(e, pairOwnNetwork, mix(site)^network, true)
	s.isNewPair(e, pairOwn, mix(site)^one, true)
}

// IsOrigin reports whether a delivery from addr, or from its /64, was proven, in the last 30 to 60 days, to be of the
// site of that hash; one address in a hundred that never was may be called so.
func (s *Space) IsOrigin(site uint64, addr netip.Addr, now pipeline.Time) bool {
	return addr.IsValid() && s.novelty[Proven].has(pairOwn.of(mix(site)^s.AddressHash(addr)), uint32(now/pipeline.Second))
}

// IsNear reports the same of the /24 or /48 around addr: big servers send from many addresses of one network, in which
// strangers may have others.
func (s *Space) IsNear(site uint64, addr netip.Addr, now pipeline.Time) bool {
	if !addr.IsValid() {
		return false
	}
	network, _ := s.netHashes(addr)
	return s.novelty[Proven].has(pairOwnNetwork.of(mix(site)^network), uint32(now/pipeline.Second))
}

// NewVersion reports whether e's site was never seen with its software's version, in e's part, and remembers it; and
// it returns the version's hash.
func (s *Space) NewVersion(e *pipeline.Event) (version uint64, fresh bool) {
	version = s.hash(e.Software) ^ mix(s.hash(e.Version))
	return version, s.isNewPair(e, pairVersion, mix(s.hash(string(e.Site)))^version, PartOf(e) == Proven)
}

// AddressHash returns the keyed hash of a valid address, or of its /64.
func (s *Space) AddressHash(addr netip.Addr) uint64 {
	_, one := s.netHashes(addr)
	return one
}

// AddressSlot returns the slot of addr, or of its /64, in the table of addresses; 0 if it has none.
func (s *Space) AddressSlot(addr netip.Addr) int32 { return s.tables[IP].find(s.AddressHash(addr)) }

// Has reports whether the metric has windows of that scale.
func (m *Metric) Has(s Scale) bool { return m.layout.scales&Of(s) != 0 }
