package window

import (
	"net/netip"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	lonePercent = 80 // of the evidence, by which one network stands for it
	partPercent = 15 // and from which on an address is told by itself
)

// Split returns f, or, where it is about a name that was merely claimed, from a few addresses of several networks, one
// finding for each of them: nobody can do anything about "many addresses", but about three.
func Split(f pipeline.Finding) []pipeline.Finding {
	if !f.Key.Type.IsName() || f.Evidence.Part != pipeline.Claimed || f.Evidence.Window == 0 {
		return []pipeline.Finding{f}
	}
	var list []pipeline.Finding
	networks, sum := map[netip.Prefix]uint64{}, uint64(0)
	for _, s := range f.Evidence.Addresses {
		n := s.Count * 100 / f.Evidence.Window
		if !s.Addr.IsValid() || n < partPercent {
			continue
		}
		net := pipeline.NetKey(s.Addr)
		if networks[net] += n; networks[net] >= lonePercent {
			return []pipeline.Finding{f}
		}
		sum += n
		list = append(list, ofAddress(f, s))
	}
	if sum < lonePercent {
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
	f.Measure.Value = float64(s.Count)
	f.Evidence.Window, f.Evidence.Seen, f.Evidence.Part = s.Count, 0, pipeline.IPOnly
	f.Evidence.Addresses = []pipeline.Share{s}
	return f
}

// IsScattered reports whether f is about a name that was merely claimed, and no network stands for those who did.
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
