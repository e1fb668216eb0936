package simulate

// Floods of deliveries by one server. What is known of real ones: a suspension on a big server gave its neighbours a
// hundred times their load for five hours, and one profile drew 22,290 deliveries of that kind; whole servers fell
// behind for hours. No sender's rate was published: those below are assumptions, taken from what a server can do. Mastodon
// on a small machine answers some 50 deliveries a second, so that 40 from one sender leave little for the others. A small server of
// 3,000 peers has some dozens of requests a minute: as many again from one sender top the list of whoever looks, and a
// twentieth of that hides.
var floodAttacks = []scenario{
	{name: "domain_flood_known", threats: []string{"dos", "takeover"}, last: minutes(10, 30, 120), play: floodKnown},
	{name: "domain_flood_cold", threats: []string{"dos", "malicious_instance"}, last: minutes(10, 30, 120), play: floodCold},
	{name: "big_peer_variance", threats: []string{"dos"}, last: minutes(20, 40, 120), play: floodBigPeer},
}

// floodKnown lets a server that we know as quiet flood us: it was broken into, or is broken. It has its own addresses,
// keys and actors.
func floodKnown(w *World, p *played) {
	peer := w.Peers.Between(20, 1500)
	usual := peer.Rate() / (24 * 60)
	p.throughout(w, p.pace(w, 2400, 40, max(2.5, 4*usual)), func(int) { p.strike(w, chatter(w, peer)) })
}

// chatter is a delivery as any server sends it, by one of its known actors.
func chatter(w *World, from *Peer) Delivery {
	kinds := [...]Activity{Create, Create, Create, Create, Announce, Announce, Like, Update, Undo}
	return Delivery{From: from, Actor: w.Rand().IntN(max(1, from.Actors())), Activity: oneOf(w, kinds[:]), NoRetry: true}
}

// floodCold lets a server that nobody knows flood us, from one rented machine; the obvious one by a new actor each time,
// whom we have to fetch.
func floodCold(w *World, p *played) {
	peer := w.NewPeer(PeerSpec{Software: "mastodon", Kind: Hosting, Actors: 40})
	p.throughout(w, p.pace(w, 3000, 30, 2.5), func(i int) {
		d := chatter(w, peer)
		if p.intensity == Obvious {
			d.Actor, d.NewActor, d.Activity = i, true, Create
		}
		p.strike(w, d)
	})
}

// floodBigPeer adds to what the biggest peers send a share of it: three times as much can be seen, half as much is what
// any good evening brings, a third is less than that. Where even the biggest are small it is a little more.
func floodBigPeer(w *World, p *played) {
	peer := w.Peers.Rank(w.Rand().IntN(3))
	usual := peer.Rate() / (24 * 60)
	p.throughout(w, max(by(p, 3, 0.5, 0.3)*usual, by(p, 4, 1, 0.3)), func(int) { p.strike(w, chatter(w, peer)) })
}
