package detectors

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// BuildOn is Build on key spaces of other sizes, or with claims of their own.
func BuildOn(site, network *window.Space) []Built {
	s := &spaces{witness: window.NewWitness(), site: site, network: network, instance: window.NewSpace(window.Options{Space: pipeline.SpaceInstance})}
	built := Build(Options{})[:6]
	built[0].Detector, built[1].Detector, built[2].Detector, built[3].Detector = s.witness, s.site, s.network, s.instance
	built[5].Detector = window.NewWaking(site)
	for _, r := range rows {
		built = append(built, Built{r.spec, r.build(s)})
	}
	return built
}
