package pipeline

import "net/netip"

// AddrKey returns the network that stands for one party behind addr: the address itself (/32) of IPv4,
// the /64 of IPv6, of which one party has all addresses. addr must be valid.
func AddrKey(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return netip.PrefixFrom(addr, 32)
	}
	p, _ := addr.Prefix(64)
	return p
}

// NetKey returns the network around addr: the /24 of IPv4, the /48 of IPv6. It stands in for the
// autonomous system, which no log tells. addr must be valid.
func NetKey(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	p, _ := addr.Prefix(bits)
	return p
}
