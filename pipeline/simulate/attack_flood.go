package simulate

// Floods of deliveries by one server. What is known of real ones: a suspension on a big server gave its neighbours a
// hundred times their load for five hours, and one profile drew 22,290 deliveries of that kind; whole servers fell
// behind for hours. No sender's rate was published: those below are assumptions, taken from what a server is worth.
// Mastodon on a small machine answers some 50 deliveries a second, so 20 a second from one sender is felt by all; two
// a second top the list of whoever looks; and some every minute hide among thousands.
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
	p.throughout(w, by(p, 1200, 120, max(6, 8*usual)), func(int) { p.strike(w, chatter(w, peer)) })
}

// chatter is a delivery as any server sends it, by one of its known actors.
func chatter(w *World, from *Peer) Delivery {
	kinds := [...]Activity{Create, Create, Create, Create, Announce, Announce, Like, Update, Undo}
	return Delivery{From: from, Actor: w.Rand().IntN(max(1, from.Actors())), Activity: oneOf(w, kinds[:]), NoRetry: true}
}

// floodCold lets a server that nobody knows flood us, from one rented machine.
func floodCold(w *World, p *played) {
	peer := w.NewPeer(PeerSpec{Software: "mastodon", Kind: Hosting, Actors: 40})
	p.throughout(w, by(p, 1500.0, 90, 8), func(int) { p.strike(w, chatter(w, peer)) })
}

// floodBigPeer adds to what the biggest peers send a share of it: three times as much can be seen, half as much is what
// any good evening brings, a third is less than that. Where even the biggest are small it is a little more.
func floodBigPeer(w *World, p *played) {
	peer := w.Peers.Rank(w.Rand().IntN(3))
	usual := peer.Rate() / (24 * 60)
	p.throughout(w, max(by(p, 3, 0.5, 0.3)*usual, by(p, 4, 1, 0.3)), func(int) { p.strike(w, chatter(w, peer)) })
}
