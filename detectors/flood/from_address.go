package flood

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// fromAddress makes f, a finding about a name that is merely claimed, one about e's address, if that carried a good part
// of the evidence: two machines that share an attack are each told of. Where one network holds most of it the
// tracker names that. Else nobody could be named nor limited, and f is low. Parts are of what is listed: of few events
// some are lost to rounding.
func fromAddress(f *pipeline.Finding, e *pipeline.Event) {
	if f.Evidence.Part >= pipeline.Corroborated {
		return
	}
	var listed, own uint64
	for _, s := range f.Evidence.Addresses {
		listed += s.Count
		if e.IP.IsValid() && pipeline.AddrKey(e.IP).Contains(s.Addr) {
			own += s.Count
		}
	}
	switch {
	case listed*2 < f.Evidence.Window || listed == 0:
		f.Severity = pipeline.SeverityLow
	case held(f.Evidence.Addresses, listed):
	case own*addressPart >= listed:
		f.Key, f.Evidence.Part = window.AddressEntity(e.IP), pipeline.IPOnly
	default:
		f.Severity = pipeline.SeverityLow
	}
}

// addressPart: a quarter.
const addressPart = 4

// held reports whether the network of one address carried 80 % of what is listed.
func held(shares []pipeline.Share, listed uint64) bool {
	for _, a := range shares {
		n, network := uint64(0), pipeline.NetKey(a.Addr)
		if a.Addr.Is6() {
			network = pipeline.AddrKey(a.Addr)
		}
		for _, s := range shares {
			if network.Contains(s.Addr) {
				n += s.Count
			}
		}
		if n*5 >= listed*4 {
			return true
		}
	}
	return false
}
