package engine

import (
	"cmp"
	"net/netip"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxShares bounds the addresses that are looked at; a detector puts those that carried most first.
const maxShares = 256

// name returns who is named in a finding that fires, and how sure that is.
//
// A domain, site or actor is named only when it is proven. Else the narrowest that holds 80 % of the
// evidence is: an IPv4 address; the /64 of an IPv6 address, whose lower half is anybody's choice; the
// /24 of IPv4; or the whole instance, which is also named where the evidence has no addresses. Whatever
// a detector keys by address or account is named as it is, and what is no party as well.
func (t *tracker) name(f *pipeline.Finding, level pipeline.Attribution) pipeline.AlertEntity {
	entity, sure := f.Key, pipeline.IPOnly
	switch {
	case f.Key.Type.IsName() && level >= pipeline.Corroborated:
		sure = level
	case f.Key.Type.IsName():
		entity = narrow(&f.Evidence)
	case f.Key.Type == pipeline.EntityAccount && f.Evidence.Part != pipeline.AttributionNone:
		sure = f.Evidence.Part
	}
	if entity.Type == pipeline.EntityInstance && entity.Value == "" {
		entity.Value = t.server()
	}
	a := pipeline.AlertEntity{Type: entity.Type, Value: clean(entity.Value)}
	if entity.Type.IsParty() {
		a.Attribution = &sure
	}
	return a
}

// server is how the whole instance is called.
func (t *tracker) server() string { return clean(cmp.Or(t.instance, "this server")) }

func entityOf(a pipeline.AlertEntity) pipeline.Entity {
	return pipeline.Entity{Type: a.Type, Value: a.Value}
}

// narrow returns the narrowest network that holds 80 % of the evidence, else the instance, unnamed.
func narrow(p *pipeline.Proof) pipeline.Entity {
	shares := p.Addresses[:min(len(p.Addresses), maxShares)]
	total := p.Window
	if total == 0 {
		for _, a := range shares {
			total += a.Count
		}
	}
	if ip, ok := holder(shares, total, 32); ok {
		return pipeline.Entity{Type: pipeline.EntityIP, Value: ip.Addr().String()}
	}
	if net, ok := holder(shares, total, 24); ok {
		return pipeline.Entity{Type: pipeline.EntityPrefix, Value: net.String()}
	}
	return pipeline.Entity{Type: pipeline.EntityInstance}
}

// holder returns the prefix, of v4 bits in IPv4, that carried 80 % of total. There can be only one. Of IPv6
// it is the /64, as wide as the narrowest prefix that is asked for, 24.
func holder(shares []pipeline.Share, total uint64, v4 int) (netip.Prefix, bool) {
	for i := range shares {
		p := prefixOf(shares[i].Addr, v4)
		if !p.IsValid() {
			continue
		}
		sum := uint64(0)
		for _, s := range shares {
			if p.Contains(s.Addr.Unmap().WithZone("")) {
				sum += s.Count
			}
		}
		if 5*sum >= 4*total && sum > 0 {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// prefixOf returns the network of a; none for IPv6 when single addresses are asked for.
func prefixOf(a netip.Addr, v4 int) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := v4
	if a.Is6() {
		if v4 == 32 {
			return netip.Prefix{}
		}
		bits = 64
	}
	p, _ := a.Prefix(bits) // an invalid address has none
	return p
}

// subject is how a summary speaks of a.
func subject(f *pipeline.Finding, a pipeline.AlertEntity) string {
	if a.Type != pipeline.EntityInstance || !f.Key.Type.IsName() {
		return a.Value
	}
	if len(f.Evidence.Addresses) == 0 {
		return "an unknown sender"
	}
	return "many addresses"
}
