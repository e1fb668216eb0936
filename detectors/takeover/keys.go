package takeover

import (
	"net/netip"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// entityOf returns the entity that a signal's key names: an address, or the /64 of one.
func entityOf(key string) pipeline.Entity {
	if strings.IndexByte(key, '/') >= 0 {
		return pipeline.Entity{Type: pipeline.EntityPrefix, Value: key}
	}
	return pipeline.Entity{Type: pipeline.EntityIP, Value: key}
}

// addrOf returns the first address of what a signal's key names; none if it names none.
func addrOf(key string) netip.Addr {
	host, _, _ := strings.Cut(key, "/")
	addr, _ := netip.ParseAddr(host)
	return addr
}

// networkOf returns the /24 or /48 around what a signal's key names; empty if it names no address.
func networkOf(key string) string {
	addr := addrOf(key)
	if !addr.IsValid() {
		return ""
	}
	return pipeline.NetKey(addr).String()
}

const (
	mostRelated = 20
	mostMembers = 128
)

// topAddresses returns those who were there most often.
func topAddresses(list []window.Member) []string {
	var top []string
	for _, m := range list[:min(len(list), mostRelated)] {
		top = append(top, m.Key)
	}
	return top
}

// membersOf returns the entities of those who were there most often.
func membersOf(list []window.Member) []pipeline.Entity {
	var members []pipeline.Entity
	for _, m := range list[:min(len(list), mostMembers)] {
		members = append(members, entityOf(m.Key))
	}
	return members
}

// filling reports whether a window of an hour that is over is still filling: its last ten minutes hold half of their
// share. Else what has ended would be told again by each that comes after it.
func filling(s *window.Series, x window.Excess, now pipeline.Time) bool {
	return x.Scale != window.S1h || s.Sum(window.S10m, now)*12 >= x.Count
}
