package parse

import (
	"net/netip"
	"strings"
)

// maxAddress bounds the text of an address, its port included.
const maxAddress = 64

// readAddress reads $remote_addr: IPv4 in IPv6 is IPv4, a zone is dropped. A Unix socket and "-" are no
// address and no error.
func readAddress(s string) (netip.Addr, bool) {
	if s == "-" || s == "" || s == "unix:" {
		return netip.Addr{}, true
	}
	if len(s) > maxAddress {
		return netip.Addr{}, false
	}
	if a, ok := readIPv4(s); ok {
		return a, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap().WithZone(""), true
}

// readIPv4 reads a.b.c.d as netip.ParseAddr does, for the many lines that have one.
func readIPv4(s string) (netip.Addr, bool) {
	var b [4]byte
	part, from := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			continue
		}
		n, ok := readOctet(s[from:i])
		if !ok || part == len(b) {
			return netip.Addr{}, false
		}
		b[part] = n
		part, from = part+1, i+1
	}
	return netip.AddrFrom4(b), part == len(b)
}

func readOctet(s string) (byte, bool) {
	if s == "" || len(s) > 3 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return byte(n), n <= 255
}

// client returns who sent a request: remote, unless that is a trusted proxy; then the right-most address
// of the forwarded header that is not trusted. A header that is nonsense where it matters counts for
// nothing.
func client(remote netip.Addr, forwarded string, trusted []netip.Prefix) netip.Addr {
	if len(trusted) == 0 || forwarded == "" || !contains(trusted, remote) {
		return remote
	}
	for rest := forwarded; rest != ""; {
		comma := strings.LastIndexByte(rest, ',')
		a, ok := readForwarded(strings.TrimSpace(rest[comma+1:]))
		if !ok {
			return remote
		}
		if !contains(trusted, a) {
			return a
		}
		rest = rest[:max(comma, 0)]
	}
	return remote
}

// readForwarded reads an entry of a forwarded header: an address, perhaps with a port.
func readForwarded(s string) (netip.Addr, bool) {
	if s == "" || len(s) > maxAddress {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddrPort(s)
	return a.Addr().Unmap().WithZone(""), err == nil
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
