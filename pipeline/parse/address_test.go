package parse

import (
	"net/netip"
	"testing"
)

func TestAddress(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got := "bad"
		if a, ok := readAddress(in); ok {
			got = a.String()
		}
		if got != want {
			t.Errorf("address %q: got %s, want %s", in, got, want)
		}
	}
	f("203.0.113.9", "203.0.113.9")
	f("255.255.255.255", "255.255.255.255")
	f("2001:db8::77", "2001:db8::77")
	f("::ffff:203.0.113.9", "203.0.113.9")
	f("fe80::1%eth0", "fe80::1")
	f("unix:", "invalid IP")
	f("-", "invalid IP")
	f("256.0.0.1", "bad")
	f("1.2.3", "bad")
	f("1.2.3.4.5", "bad")
	f("01.2.3.4", "bad")
	f("1.2.3.4 ", "bad")
	f("1xxxxx4", "bad")
	f("host.example", "bad")
}

func TestClient(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	f := func(remote, forwarded, want string) {
		t.Helper()
		if got := client(netip.MustParseAddr(remote), forwarded, trusted).String(); got != want {
			t.Errorf("client behind %s, forwarded %q: got %s, want %s", remote, forwarded, got, want)
		}
	}
	f("127.0.0.1", "203.0.113.9", "203.0.113.9")
	f("127.0.0.1", "10.66.66.66, 203.0.113.9", "203.0.113.9")
	f("127.0.0.1", "198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9")
	f("127.0.0.1", "203.0.113.9:4711", "203.0.113.9")
	f("127.0.0.1", "[2001:db8::9]:4711", "2001:db8::9")
	f("127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9")
	f("2001:db8:1::5", "2001:db8::77", "2001:db8::77")
	f("203.0.113.1", "198.51.100.1", "203.0.113.1") // no trusted proxy: anyone can write the header
	f("127.0.0.1", "198.51.100.1, not-an-ip", "127.0.0.1")
	f("127.0.0.1", "10.1.1.1, 10.2.2.2", "127.0.0.1")
	f("127.0.0.1", "", "127.0.0.1")
	f("127.0.0.1", "-", "127.0.0.1")
	f("127.0.0.1", ",,,", "127.0.0.1")
}
