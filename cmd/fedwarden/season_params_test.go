package main

import (
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/simulate"
)

// What the bench is run on. All of it is fixed, here and nowhere else, and was before anything was tuned.
//
// Tune on lognormal, report on pareto: detectors and their numbers may be changed for what they do in the
// first family's seasons, never for what they do in the second's, which is held out. Its shapes are others
// (rates, cascades, activity, sizes, latencies, addresses), and so are its seeds.
var seasonFamilies = []seasonFamily{
	{name: "lognormal", firstSeed: 1001, note: "tuned on"},
	{name: "pareto", firstSeed: 700001, note: "held out"},
}

// seasonServers are the sizes of server.
var seasonServers = []seasonServer{
	{name: "small", peers: 3000, seeds: 20},
	{name: "medium", peers: 20000, seeds: 2},
}

// A seasonFamily is one family of parameters; its seeds are counted from the first.
type seasonFamily struct {
	name      string
	firstSeed uint64
	note      string
}

// A seasonServer is one size of server.
type seasonServer struct {
	name  string
	peers int
	seeds int
}

// seasonStart is when each season begins; the plan mixes the days of the week by its seed.
var seasonStart = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// seasonDays are the days of a season: 4 to warm up, 3 quiet, 3 weird, 6 of attacks.
const seasonDays = 16

// The gate's worlds are small and few, one of each family, so that every run of the tests has time for them.
// Their seeds are not the bench's.
const (
	gatePeers = 150
	gateDays  = 12
	gateSeed  = 11
)

// A world is a way to write a season's logs: what is simulated is the same in each.
type seasonWorld struct {
	nginx, rails string
	sidekiq      int
	sets         []logSet
}

// A logSet is what a server gives to read.
type logSet struct {
	name string
	logs []string // the formats
}

// seasonWorlds are the sets of logs that are judged, by the world that has them.
var seasonWorlds = []seasonWorld{
	{nginx: "combined", sets: []logSet{
		{name: "nginx combined", logs: []string{"nginx"}},
	}},
	{nginx: "json", rails: "verified", sidekiq: 8, sets: []logSet{
		{name: "nginx JSON, Sidekiq", logs: []string{"nginx", "sidekiq"}},
		{name: "nginx JSON, Sidekiq, Rails", logs: []string{"nginx", "rails", "sidekiq"}},
	}},
}

// writes reports whether a set of w has the log.
func (w *seasonWorld) writes(log string) bool {
	return slices.ContainsFunc(w.sets, func(s logSet) bool { return slices.Contains(s.logs, log) })
}

// config is the world of a season, without its plan.
func (w *seasonWorld) config(s *season) simulate.Config {
	return simulate.Config{Seed: s.seed, Family: s.family, Peers: s.peers, Days: s.days, Start: seasonStart,
		Nginx: w.nginx, Rails: w.rails, Sidekiq: w.sidekiq}
}
