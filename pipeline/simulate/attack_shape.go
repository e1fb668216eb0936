package simulate

import (
	"math"
	"time"
)

// Floods in shapes that fixed windows see badly, by a server that nobody knows. The shapes are those by which rate
// limits are tested and evaded; the numbers are assumptions, in the order of the floods of attack_flood.go.
var shapeAttacks = []scenario{
	{name: "slow_growth", threats: []string{"dos", "malicious_instance"}, last: minutes(90, 120, 240), play: growSlowly},
	{name: "pulses", threats: []string{"dos", "malicious_instance"}, last: minutes(30, 60, 120), play: pulse},
	{name: "edge_bursts", threats: []string{"dos", "malicious_instance"}, last: minutes(30, 60, 120), play: burstAtEdges},
	{name: "recovery_flood", threats: []string{"dos", "malicious_instance"}, last: minutes(15, 40, 90), lead: 30 * time.Minute, play: floodRecovery},
}

// growSlowly begins with a delivery a minute and grows evenly, in proportion, so that each minute is much like the one
// before.
func growSlowly(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	peak := p.pace(w, 1200, 60, 8)
	n := int(p.end.Sub(p.start) / time.Minute)
	for i := range n {
		from := p.start.Add(time.Duration(i) * time.Minute)
		perMinute := math.Pow(peak, float64(i)/float64(n))
		w.Every(from, from.Add(time.Minute), perMinute/60, func(int) { p.strike(w, chatter(w, peer)) })
	}
}

// pulse sends for twenty seconds and rests for five minutes.
func pulse(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	n := int(p.pace(w, 900, 60, 8))
	for at := p.start; at.Before(p.end); at = at.Add(5 * time.Minute) {
		scatter(w, at, 20*time.Second, n, func(int) { p.strike(w, chatter(w, peer)) })
	}
}

// burstAtEdges sends in four seconds around full minutes, so that whoever counts by the minute sees two halves.
func burstAtEdges(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	n := int(p.pace(w, 200, 20, 4))
	for at := p.start.Truncate(time.Minute).Add(time.Minute); at.Before(p.end); at = at.Add(2 * time.Minute) {
		scatter(w, at.Add(-2*time.Second), 4*time.Second, n, func(int) { p.strike(w, chatter(w, peer)) })
	}
}

// floodRecovery comes when we have been down for half an hour and all the others come again with what they could not
// deliver: it hides among them.
func floodRecovery(w *World, p *played) {
	w.Outage(p.start.Add(-30*time.Minute), p.start, false)
	peer := ownServer(w, "mastodon")
	p.throughout(w, p.pace(w, 1200, 60, 6), func(int) { p.strike(w, chatter(w, peer)) })
}
