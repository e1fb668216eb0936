package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/exploit"
	"github.com/fedwarden/fedwarden/detectors/flood"
	"github.com/fedwarden/fedwarden/detectors/health"
	"github.com/fedwarden/fedwarden/detectors/spam"
	"github.com/fedwarden/fedwarden/detectors/takeover"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A Built is one part of the engine: the witness, a key space or a detector, with its documentation.
type Built struct {
	Spec     pipeline.Spec
	Detector pipeline.Detector
}

// spaces are what detectors are built on.
type spaces struct {
	witness       *window.Witness
	site, network *window.Space
}

// A row is one registered detector: adding a detector is adding a row.
type row struct {
	spec  pipeline.Spec
	build func(*spaces) pipeline.Detector
}

var rows = []row{
	{flood.DomainFloodSpec, func(s *spaces) pipeline.Detector { return flood.NewDomainFlood(s.site) }},
	{flood.IPFloodSpec, func(s *spaces) pipeline.Detector { return flood.NewIPFlood(s.network, s.site) }},
	{spam.NewActorBurstSpec, func(s *spaces) pipeline.Detector { return spam.NewNewActorBurst(s.site) }},
	{spam.MentionFanoutSpec, func(s *spaces) pipeline.Detector { return spam.NewMentionFanout(s.site) }},
	{exploit.SignatureFailuresSpec, func(s *spaces) pipeline.Detector { return exploit.NewSignatureFailures(s.network) }},
	{takeover.ActorJumpSpec, func(s *spaces) pipeline.Detector { return takeover.NewActorJump(s.site) }},
	{takeover.LoginBruteforceSpec, func(s *spaces) pipeline.Detector { return takeover.NewLoginBruteforce(s.network) }},
	{takeover.FailThenSuccessSpec, func(s *spaces) pipeline.Detector { return takeover.NewFailThenSuccess(s.network) }},
	{health.SourceSilentSpec, func(*spaces) pipeline.Detector { return health.NewSourceSilent() }},
	{health.LinesLostSpec, func(*spaces) pipeline.Detector { return health.NewLinesLost() }},
	{health.ParseFailuresSpec, func(*spaces) pipeline.Detector { return health.NewParseFailures() }},
	{health.ClockSkewSpec, func(*spaces) pipeline.Detector { return health.NewClockSkew() }},
	{health.DetectionFloorSpec, func(s *spaces) pipeline.Detector { return health.NewDetectionFloor(s.site, s.network) }},
	{health.LogMismatchSpec, func(s *spaces) pipeline.Detector { return health.NewLogMismatch(s.witness) }},
}

// Specs returns the documentation of every detector, in the order in which they run.
func Specs() []pipeline.Spec {
	list := make([]pipeline.Spec, len(rows))
	for i, r := range rows {
		list[i] = r.spec
	}
	return list
}

// Options say what is built.
type Options struct {
	Secret  pipeline.Secret
	Off     []string // names of detectors that are switched off
	Percent int      // of the default bounds of the key spaces; zero is 100
}

// Build returns the witness, the key spaces and the detectors, in the order in which they must run.
func Build(o Options) []Built {
	s := &spaces{
		witness: window.NewWitness(),
		site:    window.NewSpace(window.Options{Space: pipeline.SpaceSite, Secret: o.Secret, Percent: o.Percent}),
		network: window.NewSpace(window.Options{Space: pipeline.SpaceNetwork, Secret: o.Secret, Percent: o.Percent}),
	}
	built := []Built{
		{pipeline.Spec{Name: "witness", Space: pipeline.SpaceSite | pipeline.SpaceNetwork | pipeline.SpaceInstance}, s.witness},
		{pipeline.Spec{Name: "space.site", Space: pipeline.SpaceSite}, s.site},
		{pipeline.Spec{Name: "space.network", Space: pipeline.SpaceNetwork}, s.network},
	}
	for _, r := range rows {
		d := r.build(s)
		if !off(o.Off, r.spec.Name) {
			built = append(built, Built{r.spec, d})
		}
	}
	return built
}

func off(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
