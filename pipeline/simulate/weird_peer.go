package simulate

import (
	"slices"
	"time"
)

// What other servers do, and is no attack. A suspension on a big server was felt as a hundred times the load for five
// hours, and one profile drew 22,290 Deletes. The other numbers are assumptions: upgrades take minutes, migrations an
// hour or more, and a bot posts as often as its weather station measures.
var peerWeirds = []scenario{
	{name: "peer_outage", weird: true, last: minutes(480, 270, 120), play: peerOutage},
	{name: "delete_storm", weird: true, last: minutes(300, 120, 40), play: deleteStorm},
	{name: "peer_upgrade", weird: true, last: minutes(240, 90, 60), play: peerUpgrade},
	{name: "peer_migration", weird: true, last: minutes(300, 180, 90), play: peerMigration},
	{name: "new_bot", weird: true, last: minutes(720, 720, 720), play: newBot},
}

// peerOutage lets a hoster, a big server or a middling one be down for three quarters of the time; then the backlog comes.
func peerOutage(w *World, p *played) {
	peers := by(p, 10, 1, 1)
	lo := by(p, 50.0, 400, 50)
	back := p.start.Add(p.end.Sub(p.start) / 4 * 3)
	for _, peer := range w.Peers.Sample(peers, lo, 1e9) {
		p.concerns(peer)
		w.PeerDown(peer, p.start, back)
	}
}

// deleteStorm lets a big server delete accounts: each tells all the servers that it knows, and we know few of them.
func deleteStorm(w *World, p *played) {
	peer := w.Peers.Rank(w.Rand().IntN(5))
	p.concerns(peer)
	known := peer.Actors()
	scatter(w, p.start, p.end.Sub(p.start), by(p, 20000, 4000, 500), func(i int) {
		d := Delivery{From: peer, Actor: known + i, Activity: Delete, Outcome: UnknownActor}
		switch i % 20 {
		case 0:
			d.Outcome, d.NoRetry = GoneKey, true
		case 1:
			d.Actor, d.Outcome = i/20%max(1, known), Accepted
		}
		w.Deliver(d)
	})
}

// peerUpgrade lets servers go down for some minutes and come back as the next version: many on the day of a release.
func peerUpgrade(w *World, p *played) {
	n := by(p, max(10, w.Peers.Len()/8), 8, 1)
	for _, peer := range outdated(w, n, by(p, 5.0, 50, 50)) {
		p.concerns(peer)
		from := p.start.Add(time.Duration(w.Rand().Int64N(int64(p.end.Sub(p.start) * 3 / 4))))
		to := from.Add(time.Duration(3+w.Rand().IntN(12)) * time.Minute)
		w.At(from, func() { w.PeerDown(peer, from, to) })
		w.At(to, func() { w.PeerUpgrade(peer, "") })
	}
}

// outdated returns up to n servers that could be upgraded and send so much a day, or less where there is none.
func outdated(w *World, n int, atLeast float64) []*Peer {
	var list []*Peer
	for ; len(list) == 0 && atLeast > 0.1; atLeast /= 3 {
		list = w.Peers.Sample(w.Peers.Len(), atLeast, 1e9)
		list = slices.DeleteFunc(list, func(peer *Peer) bool { return peer.version+1 >= len(peer.software.versions) })
	}
	return list[:min(n, len(list))]
}

// peerMigration lets a server move to another hoster with new keys: until we have fetched them, what it signs is bad.
func peerMigration(w *World, p *played) {
	peer := w.Peers.Between(by(p, 1000.0, 200, 40), 1e9)
	p.concerns(peer)
	moved := p.start.Add(p.end.Sub(p.start) / 3)
	w.PeerDown(peer, p.start, moved)
	addrs := addresses(w, Hosting, 1+w.Rand().IntN(2))
	w.At(moved.Add(-time.Second), func() {
		w.PeerMove(peer, addrs...)
		w.PeerUpgrade(peer, "")
	})
	for _, a := range addrs {
		p.concernsAddress(a)
	}
	scatter(w, moved, 20*time.Minute, by(p, 300, 60, 15), func(int) {
		d := chatter(w, peer)
		d.Outcome = BadSignature
		w.Deliver(d)
	})
}

// newBot lets an account that did not exist before post by the clock.
func newBot(w *World, p *played) {
	peer := w.Peers.Between(10, 500)
	p.concerns(peer)
	actor, first := peer.Actors(), true
	every := by(p, 15*time.Second, time.Minute, 5*time.Minute)
	for at := p.start; at.Before(p.end); at = at.Add(every) {
		w.At(at.Add(time.Duration(w.Rand().Int64N(int64(2*time.Second)))), func() {
			w.Deliver(Delivery{From: peer, Actor: actor, Activity: Create, NewActor: first, Bytes: 2100 + w.Rand().IntN(60)})
			first = false
		})
	}
}
