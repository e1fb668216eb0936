package simulate

import "net/netip"

// An AddressKind is what sort of network an address is in.
type AddressKind uint8

// The kinds.
const (
	Hosting      AddressKind = iota // a hoster's, in which peers are too
	Residential                     // an access provider's
	Mobile                          // behind a carrier's translation: few addresses, many people
	Exit                            // of an anonymising network: few, known addresses in many networks
	Attacker                        // the scenario's own network at some hoster: one /24
	Residential6                    // an access provider's IPv6: each customer a /56
	Hosting6
)

// A network is a prefix out of which addresses come.
type network struct{ prefix netip.Prefix }

// address returns an address of the network.
func (n network) address(r *stream) netip.Addr {
	if n.prefix.Addr().Is4() {
		a := n.prefix.Addr().As4()
		host := uint32(r.Uint64()) & (1<<(32-n.prefix.Bits()) - 1)
		for i := range 4 {
			a[3-i] |= byte(host >> (8 * i))
		}
		if a[3] == 0 || a[3] == 255 {
			a[3] = 1 + byte(r.intn(250))
		}
		return netip.AddrFrom4(a)
	}
	a := n.prefix.Addr().As16()
	subnet := r.Uint64() & (1<<(64-min(n.prefix.Bits(), 64)) - 1)
	for i := range 8 {
		a[7-i] |= byte(subnet >> (8 * i))
	}
	return withHost(a, r)
}

// withHost ends an IPv6 address as hosts do: "::1", or at random.
func withHost(a [16]byte, r *stream) netip.Addr {
	if r.chance(0.5) {
		a[15] = byte(1 + r.intn(3))
		return netip.AddrFrom16(a)
	}
	x := r.Uint64()
	for i := range 8 {
		a[8+i] = byte(x >> (8 * i))
	}
	return netip.AddrFrom16(a)
}

// near returns another address of the /24 or /48 of a.
func near(a netip.Addr, r *stream) netip.Addr {
	for {
		bits := 24
		if a.Is6() {
			bits = 48
		}
		p, _ := a.Prefix(bits)
		if b := (network{p}).address(r); b != a {
			return b
		}
	}
}

// A book is the world's networks.
type book struct {
	hosters, hosters6, homes, homes6, mobiles []network
	exits                                     []netip.Addr
	hosterWeights                             []float64
}

// The sizes of the book: assumptions. Servers stand at few hosters, and half of them at four.
const (
	hosterNetworks = 40
	homeNetworks   = 160
	exitAddresses  = 900
)

// newBook makes the networks of a world.
func newBook(r *stream) *book {
	b := &book{}
	for i := range hosterNetworks {
		b.hosters = append(b.hosters, network4(r, 15+r.intn(5)))
		b.hosters6 = append(b.hosters6, network6(r, 32))
		b.hosterWeights = append(b.hosterWeights, 1/float64(1+i))
	}
	for range homeNetworks {
		b.homes = append(b.homes, network4(r, 13+r.intn(5)))
		b.homes6 = append(b.homes6, network6(r, 32))
	}
	for range homeNetworks / 8 {
		b.mobiles = append(b.mobiles, network4(r, 26))
	}
	for range exitAddresses {
		b.exits = append(b.exits, network4(r, 24).address(r))
	}
	return b
}

// network4 returns a network of public-looking IPv4 addresses.
func network4(r *stream, bits int) network {
	for {
		x := uint32(r.Uint64())
		a := netip.AddrFrom4([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), 0})
		p, err := a.Prefix(bits)
		if err == nil && public(a) {
			return network{p}
		}
	}
}

// public reports whether an IPv4 address is of no reserved range, as far as /8s go that hold one.
func public(a netip.Addr) bool {
	switch b := a.As4(); b[0] {
	case 0, 10, 100, 127, 169, 172, 192, 198, 203:
		return false
	default:
		return b[0] < 224
	}
}

// network6 returns a network in 2a00::/12.
func network6(r *stream, bits int) network {
	x := r.Uint64()
	a := netip.AddrFrom16([16]byte{0x2a, byte(x) & 0x0f, byte(x >> 8), byte(x >> 16), byte(x >> 24), byte(x >> 32)})
	p, _ := a.Prefix(bits)
	return network{p}
}

// network returns a small network of its own within one of a kind.
func (b *book) network(r *stream, k AddressKind) network {
	bits := 24
	a := b.address(r, k)
	if a.Is6() {
		bits = 48
	}
	p, _ := a.Prefix(bits)
	return network{p}
}

// address returns an address of a kind.
func (b *book) address(r *stream, k AddressKind) netip.Addr {
	switch k {
	case Residential:
		return b.homes[r.intn(len(b.homes))].address(r)
	case Residential6:
		return b.homes6[r.intn(len(b.homes6))].address(r)
	case Mobile:
		return b.mobiles[r.intn(len(b.mobiles))].address(r)
	case Exit:
		return b.exits[r.intn(len(b.exits))]
	case Hosting6:
		return b.hosters6[r.pick(b.hosterWeights)].address(r)
	default:
		return b.hosters[r.pick(b.hosterWeights)].address(r)
	}
}
