package detectors

import "github.com/fedwarden/fedwarden/pipeline/window"

// BuildOn is Build on key spaces of other sizes, or with claims of their own.
func BuildOn(site, network *window.Space) []Built {
	s := &spaces{witness: window.NewWitness(), site: site, network: network}
	built := Build(Options{})[:3]
	built[0].Detector, built[1].Detector, built[2].Detector = s.witness, s.site, s.network
	for _, r := range rows {
		built = append(built, Built{r.spec, r.build(s)})
	}
	return built
}
