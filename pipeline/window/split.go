package window

import (
	"net/netip"
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	lonePercent = 80 // of the evidence, by which one network stands for it
	partPercent = 15 // and from which on an address is told by itself
)

// Split returns f, which e raised, or, where it is about a name that was merely claimed, from a few addresses of several
// networks, one finding for each of them: nobody can do anything about "many addresses", but about three. The name's owner sends
// what he always does meanwhile, so no address is told that was proven to be his, or that sends no more than twice of what is
// usual in the name.
func (s *Space) Split(f pipeline.Finding, e *pipeline.Event, usual float64) []pipeline.Finding {
	if !f.Key.Type.IsName() || f.Evidence.Part != pipeline.Claimed || f.Evidence.Window == 0 {
		return []pipeline.Finding{f}
	}
	var list []pipeline.Finding
	networks, sum := map[netip.Prefix]uint64{}, uint64(0)
	for _, a := range f.Evidence.Addresses {
		n := a.Count * 100 / f.Evidence.Window
		if !a.Addr.IsValid() || n < partPercent {
			continue
		}
		net := pipeline.NetKey(a.Addr)
		if networks[net] += n; networks[net] >= lonePercent {
			return []pipeline.Finding{f}
		}
		sum += n
		if float64(a.Count) > ownGrowth*usual && !s.IsOrigin(s.hash(string(e.Site)), a.Addr, e.Time) {
			list = append(list, ofAddress(f, a))
		}
	}
	if sum < lonePercent || len(list) == 0 {
		return []pipeline.Finding{f}
	}
	return list
}

// ofAddress returns what f says of one address of its evidence.
func ofAddress(f pipeline.Finding, s pipeline.Share) pipeline.Finding {
	if f.Key.Type == pipeline.EntityActor {
		f.Related.Actors = append([]string{f.Key.Value}, f.Related.Actors...)
	} else {
		f.Related.Domains = append([]string{f.Key.Value}, f.Related.Domains...)
	}
	f.Key = AddressEntity(s.Addr)
	f.Summary += "; " + strconv.FormatUint(s.Count, 10) + " of them from this address"
	f.Measure.Value = float64(s.Count)
	f.Evidence.Window, f.Evidence.Seen, f.Evidence.Part = s.Count, 0, pipeline.IPOnly
	f.Evidence.Addresses = []pipeline.Share{s}
	return f
}

// IsScattered reports whether f is about a name that was merely claimed, and no network stands for those who did:
// nobody could be named, nor limited. What is found a second later may be of somebody, for of few events shares are coarse.
func IsScattered(f *pipeline.Finding) bool {
	if !f.Key.Type.IsName() || f.Evidence.Part != pipeline.Claimed {
		return false
	}
	networks := map[netip.Prefix]uint64{}
	for _, s := range f.Evidence.Addresses {
		if !s.Addr.IsValid() {
			continue
		}
		net := pipeline.NetKey(s.Addr)
		if networks[net] += s.Count; networks[net]*100 >= f.Evidence.Window*lonePercent {
			return false
		}
	}
	return true
}
