package detectors

import (
	"slices"

	"github.com/fedwarden/fedwarden/detectors/benign"
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
	instance      *window.Space
	known         Known
}

// A Known is what the operator says of what is benign.
type Known struct {
	Relays      []string // hosts
	Crawlers    []benign.CrawlerList
	Maintenance []benign.Window
}

// A row is one registered detector: adding a detector is adding a row to its threat's.
type row struct {
	spec  pipeline.Spec
	build func(*spaces) pipeline.Detector
}

// rows are all detectors. Those who explain what others find come first, so that they have seen an event when
// they are asked about it.
var rows = slices.Concat(benignRows, findingRows)

var findingRows = slices.Concat(floodRows, spamRows, exploitRows, takeoverRows, healthRows)

// Specs returns the documentation of every detector that finds something, in the order in which they run.
func Specs() []pipeline.Spec { return specsOf(findingRows) }

// Recognisers returns the documentation of those who explain what others find. They have no threat.
func Recognisers() []pipeline.Spec { return specsOf(benignRows) }

func specsOf(rows []row) []pipeline.Spec {
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
	Known   Known
}

// counted are the kinds of events that a key space counts; by their times it also learns that time passes.
var counted = []pipeline.Kind{pipeline.KindRequest, pipeline.KindThrottle, pipeline.KindJob}

// rareEndpoints are where strangers read, and where people sign in, sign up or ask for a password.
var rareEndpoints = []pipeline.Endpoint{pipeline.EndpointStatus, pipeline.EndpointProfilePage, pipeline.EndpointTagPage,
	pipeline.EndpointTimeline, pipeline.EndpointAPIPublic, pipeline.EndpointSearch, pipeline.EndpointSignIn,
	pipeline.EndpointSignUp, pipeline.EndpointPassword, pipeline.EndpointConfirmation}

// Build returns the witness, the key spaces and the detectors, in the order in which they must run.
func Build(o Options) []Built {
	s := &spaces{
		known:   o.Known,
		witness: window.NewWitness(),
		site:    window.NewSpace(window.Options{Space: pipeline.SpaceSite, Secret: o.Secret, Percent: o.Percent}),
		network: window.NewSpace(window.Options{Space: pipeline.SpaceNetwork, Secret: o.Secret, Percent: o.Percent}),

		instance: window.NewSpace(window.Options{Space: pipeline.SpaceInstance, Secret: o.Secret, Percent: o.Percent}),
	}
	built := []Built{
		{pipeline.Spec{Name: "witness", Space: pipeline.SpaceSite | pipeline.SpaceNetwork | pipeline.SpaceInstance,
			Kinds: []pipeline.Kind{pipeline.KindRequest, pipeline.KindThrottle}}, s.witness},
		{pipeline.Spec{Name: "space.site", Space: pipeline.SpaceSite, Kinds: counted}, s.site},
		{pipeline.Spec{Name: "space.network", Space: pipeline.SpaceNetwork, Kinds: counted}, s.network},
		{pipeline.Spec{Name: "space.instance", Space: pipeline.SpaceInstance, Kinds: counted}, s.instance},
		{pipeline.Spec{Name: "totals", Space: pipeline.SpaceNetwork, Kinds: []pipeline.Kind{pipeline.KindRequest}}, window.NewTotals()},
		{pipeline.Spec{Name: "waking", Space: pipeline.SpaceSite,
			Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox}}, window.NewWaking(s.site)},
		{pipeline.Spec{Name: "rare", Space: pipeline.SpaceNetwork,
			Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: rareEndpoints}, window.NewRare(o.Secret)},
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
