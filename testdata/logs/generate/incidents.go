package main

import (
	"time"
)

// guess is the third incident: an address guesses a password until Rails' limit of 25 in 5 minutes stops
// it, waits for the next 5 minutes, and at last is right.
func (w *world) guess(from time.Time) {
	const agent = "python-requests/2.32.3"
	ip := w.address(false)
	tried := map[int64]int{}
	for n, right := 0, false; !right; n++ {
		at := from.Add(time.Duration(n)*3*time.Second + w.upTo(time.Second))
		window := at.Unix() / 300
		tried[window]++
		right = at.Sub(from) > 7*time.Minute
		switch {
		case right:
			w.at(at, func() { w.rightPassword(ip, agent) })
		case tried[window] > 25:
			w.at(at, func() { w.limited(ip, agent) })
		default:
			w.at(at, func() { w.wrongPassword(ip, agent) })
		}
	}
}

// limited is a request that Rails' rate limit refuses: it has no record of its own.
func (w *world) limited(ip, agent string) {
	done := w.serve(request{ip: ip, method: "POST", uri: "/auth/sign_in", status: 429, bytes: 31, took: 3 * ms, agent: agent, proxied: true})
	w.railsSays(done.Add(-ms), w.uuid(), "Rate limit hit (throttle): "+ip+" POST /auth/sign_in")
}

// flood is the first incident: a peer of old delivers 420 activities a minute by few actors.
func (w *world) flood(from time.Time) {
	p := w.peers[150]
	for n := range 7 * 300 {
		at := from.Add(time.Duration(n)*143*ms + w.upTo(120*ms))
		w.at(at, func() { w.deliver(p, p.actors[w.rng.IntN(len(p.actors))], "/inbox") })
	}
}

// burst is the second: 160 accounts that were just made send a few posts each.
func (w *world) burst(from time.Time) {
	p := w.peers[151]
	for n := range 160 {
		first := from.Add(time.Duration(n)*7*time.Second + w.upTo(7*time.Second))
		for post := range 2 + w.rng.IntN(3) {
			at := first.Add(time.Duration(post)*40*time.Second + w.upTo(30*time.Second))
			w.at(at, func() { w.deliver(p, p.key(30+n), "/inbox") })
		}
	}
}
