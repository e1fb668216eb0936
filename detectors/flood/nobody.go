package flood

import "github.com/fedwarden/fedwarden/pipeline"

// lonePercent is how much of the evidence one network must bring to be named for it.
const lonePercent = 80

// nobody reports whether f is about a name that is merely claimed, and comes from no network in particular: nobody could
// be named, nor limited. What is found a second later may be of somebody, for of few events shares are coarse; once an
// alert has fired, it keeps who it names.
func nobody(f *pipeline.Finding) bool {
	if !f.Key.Type.IsName() || f.Evidence.Part >= pipeline.Corroborated {
		return false
	}
	for _, a := range f.Evidence.Addresses {
		n, network := uint64(0), pipeline.NetKey(a.Addr)
		for _, s := range f.Evidence.Addresses {
			if network.Contains(s.Addr) {
				n += s.Count
			}
		}
		if n*100 >= f.Evidence.Window*lonePercent {
			return false
		}
	}
	return true
}
