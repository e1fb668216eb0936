package takeover

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A guesses is what the detectors of guessing know of an address: equal claims are one ring.
type guesses struct {
	space              *window.Space
	fails, done, asked *window.Metric
}

func newGuesses(network *window.Space) guesses {
	return guesses{
		space: network,
		fails: network.Metric(window.IP, window.SignInFails, window.Of(window.S5m, window.S30m, window.S1h, window.S24h)),
		done:  network.Metric(window.IP, window.SignInsDone, window.Of(window.S1h, window.S24h)),
		asked: network.Metric(window.IP, window.Dynamic, window.AddressScales),
	}
}

// Who guesses has few successes, and asks for little else: of people behind one address a fifth of the tries or more
// succeed, and a failure comes with twenty requests.
const (
	sharedSuccess    = 4
	sharedRequests   = 20
	severalSuccesses = 2
)

// shared reports whether many people seem to be behind the address, as of a school or a carrier: in 24 hours it has a
// success for four failures, twenty requests for one, or several successes without any. done is how many successes are
// not to be counted.
func (g *guesses) shared(slot int32, done uint32, now pipeline.Time) bool {
	fails := g.fails.Sum(slot, window.Proven, window.S24h, now)
	good := g.done.Sum(slot, window.Proven, window.S24h, now)
	good -= min(done, good)
	if fails == 0 {
		return good >= severalSuccesses
	}
	return sharedSuccess*good >= fails || g.asked.Sum(slot, window.Proven, window.S24h, now) >= sharedRequests*fails
}
