package pipeline

import (
	"net/netip"
	"testing"
)

func TestNetworkKeys(t *testing.T) {
	f := func(addr, one, net string) {
		t.Helper()
		a := netip.MustParseAddr(addr)
		if got := AddrKey(a).String(); got != one {
			t.Errorf("AddrKey(%s): got %s, want %s", addr, got, one)
		}
		if got := NetKey(a).String(); got != net {
			t.Errorf("NetKey(%s): got %s, want %s", addr, got, net)
		}
	}
	f("192.0.2.7", "192.0.2.7/32", "192.0.2.0/24")
	f("::ffff:192.0.2.7", "192.0.2.7/32", "192.0.2.0/24")
	f("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48")
	f("fe80::1%eth0", "fe80::/64", "fe80::/48")
}
