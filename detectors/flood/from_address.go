package flood

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// fromAddress makes f, a finding about a name that is merely claimed, one about e's address, if that carried a good part
// of the evidence: two machines that share an attack are each told of. Where one network holds most of it the
// tracker names that. Else nobody could be named nor limited, and f is low.
func fromAddress(f *pipeline.Finding, e *pipeline.Event) {
	if f.Evidence.Part >= pipeline.Corroborated || held(f) {
		return
	}
	n := uint64(0)
	for _, s := range f.Evidence.Addresses {
		if e.IP.IsValid() && pipeline.AddrKey(e.IP).Contains(s.Addr) {
			n += s.Count
		}
	}
	if n*addressPart < f.Evidence.Window || n == 0 {
		f.Severity = pipeline.SeverityLow
		return
	}
	f.Key, f.Evidence.Part = window.AddressEntity(e.IP), pipeline.IPOnly
}

// addressPart: a quarter.
const addressPart = 4

// held reports whether the network of one address carried 80 % of the evidence.
func held(f *pipeline.Finding) bool {
	for _, a := range f.Evidence.Addresses {
		n, network := uint64(0), pipeline.NetKey(a.Addr)
		if a.Addr.Is6() {
			network = pipeline.AddrKey(a.Addr)
		}
		for _, s := range f.Evidence.Addresses {
			if network.Contains(s.Addr) {
				n += s.Count
			}
		}
		if n*5 >= f.Evidence.Window*4 {
			return true
		}
	}
	return false
}
