package simulate

import "math"

// A family is a set of parameters that belong together. Numbers without a source are assumptions; where a reason is
// known it stands there.
type family struct {
	name string

	// rate is the quantile function of the peers' rates, up to a factor. That rates are heavy-tailed is what every
	// server's admins report (one or a few servers make most of the traffic); by which law is not known.
	rate func(u float64) float64
	// perDay is how many deliveries a small server gets, and grows by which power of the peers it grows: a server with
	// more peers has more users, who follow more on each.
	perDay, grows float64

	// slot is for how long a peer's intensity stays what modulate draws (mean 1).
	slot     moment
	modulate func(r *stream, p *Peer) float64
	// swing is how much day and week move people, as a power of the rhythm.
	swing float64

	// further is how many more deliveries an actor sends in a session, of mean more, and gap the seconds between.
	further func(r *stream) int
	more    float64
	gap     func(r *stream) float64

	// replies is how many deliveries of other servers one causes, and delay after how many seconds: Hawkes' process,
	// with Omori's law. Zero: threads do not cascade.
	replies float64
	delay   func(r *stream) float64

	// mix is of the activities; what is no post is what a small server sees most, as deletions go to all known servers.
	mix [activities]float64
	// unknown is which share of the deletions is by actors that are unknown here: nearly all, as a purge of accounts is
	// sent everywhere.
	unknown float64
	// unrelated is which share of posts concerns nobody here, and is rejected; idle which share concerns only people
	// who have not been here for a week, whose feeds are not written.
	unrelated, idle float64
	// bodies are the bytes of a body: a post with context, HTML and tags takes 2 to 4 kB, a like some hundred bytes.
	bodies    [activities]struct{ median, sigma float64 }
	longPosts float64
	// latency draws from a median and a spread.
	latency func(r *stream, median, sigma float64) float64

	// habits are the shares of the peers' ways to have addresses.
	habits [habits]float64
	// moves and upgrades are how often a peer does so in a year.
	moves, upgrades float64
}

var families = [...]family{
	{
		name: "lognormal",
		// A spread of 2.7 gives the largest of 3,000 some 14 % of all, and half of the peers less than two in a week.
		rate:   func(u float64) float64 { return math.Exp(2.7 * math.Sqrt2 * math.Erfinv(2*u-1)) },
		perDay: 28_000, grows: 1.22,
		slot: 30 * minute,
		// Over-dispersion by a gamma-distributed intensity: per peer, of shape e^N(0.5, 0.6), so that counts are
		// negative-binomial. It is drawn anew each half hour, so that bursts are longer than a window of minutes.
		modulate: func(r *stream, p *Peer) float64 { return r.gamma(p.shape) },
		swing:    1,
		further:  func(r *stream) int { return r.geometric(0.35) },
		more:     0.54,
		gap:      func(r *stream) float64 { return r.lognormal(45, 1.2) },
		mix:      [activities]float64{0.31, 0.21, 0.13, 0.20, 0.06, 0.015, 0.045, 0.012, 0.0003, 0.0004},
		unknown:  0.82, unrelated: 0.07, idle: 0.42,
		bodies: [activities]struct{ median, sigma float64 }{{2900, 0.45}, {950, 0.2}, {620, 0.15}, {760, 0.25}, {3300, 0.4},
			{560, 0.12}, {820, 0.2}, {900, 0.12}, {640, 0.1}, {900, 0.3}},
		latency: func(r *stream, median, sigma float64) float64 { return r.lognormal(median, sigma) },
		habits:  [habits]float64{oneV4: 0.60, oneV6: 0.14, both: 0.14, several: 0.06, sharedExit: 0.05, changing: 0.01},
		moves:   0.5, upgrades: 7,
	},
	{
		name: "pareto",
		// Zipf's law in another dress: of exponent 1.05, cut at where one server would be nearly all; and nearly half of
		// the servers that were ever known hardly ever say anything.
		rate: func(u float64) float64 {
			if u < 0.45 {
				return 0.03
			}
			return math.Min(math.Pow((1-u)/0.55, -1/1.05), 3000)
		},
		perDay: 24_000, grows: 1.22,
		// Servers are on and off: an hour and a half of little, some of much, by a law with no middle.
		slot: 90 * minute,
		modulate: func(r *stream, p *Peer) float64 {
			if r.chance(0.62) {
				return 0.35
			}
			return 2.06
		},
		swing:   1.35,
		further: func(r *stream) int { return int(math.Min(r.pareto(1, 1.6), 60)) - 1 },
		more:    1.14, // ζ(1.6) - 1, less the tail that is cut
		gap:     func(r *stream) float64 { return math.Min(r.pareto(6, 0.9), 1800) },
		// A branching ratio of 0.4: each post draws on average two thirds of another, in all, over the hours.
		replies: 0.4,
		delay:   func(r *stream) float64 { return math.Min(r.pareto(60, 0.8)-50, 40_000) },
		mix:     [activities]float64{0.24, 0.30, 0.17, 0.12, 0.08, 0.02, 0.05, 0.015, 0.0005, 0.0005},
		unknown: 0.70, unrelated: 0.04, idle: 0.40,
		bodies: [activities]struct{ median, sigma float64 }{{3600, 0.7}, {1200, 0.3}, {540, 0.25}, {690, 0.2}, {4100, 0.6},
			{600, 0.2}, {760, 0.3}, {980, 0.2}, {700, 0.1}, {1400, 0.5}},
		longPosts: 0.03,
		// Of the same median; a tail that falls with the power 2.2 beyond it, one in fifty.
		latency: func(r *stream, median, sigma float64) float64 {
			if r.chance(0.02) {
				return math.Min(r.pareto(2*median, 2.2), 40*median)
			}
			return median * (0.6 + 0.8*r.float()*(1+sigma/4))
		},
		habits: [habits]float64{oneV4: 0.42, oneV6: 0.18, both: 0.16, several: 0.08, sharedExit: 0.12, changing: 0.04},
		moves:  1.5, upgrades: 10,
	},
}

// familyNamed returns the family of that name, or nil.
func familyNamed(name string) *family {
	for i := range families {
		if families[i].name == name {
			return &families[i]
		}
	}
	return nil
}

func powered(x, y float64) float64 { return math.Pow(x, y) }
