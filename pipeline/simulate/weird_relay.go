package simulate

import "time"

// Relays. How many statuses one passes on is an assumption: a small relay has some thousands a day, a big one tens of
// thousands.
var relayWeirds = []scenario{
	{name: "new_relay", weird: true, last: minutes(720, 720, 720), play: newRelay},
	{name: "relay_gone", weird: true, last: minutes(720, 360, 180), play: relayGone},
}

// newRelay lets us subscribe to a relay that we did not know: one actor announces what thousands wrote.
func newRelay(w *World, p *played) {
	relay := w.NewPeer(PeerSpec{Software: "relay", Honest: true})
	p.concerns(relay)
	p.throughout(w, by(p, 60.0, 20, 4), func(i int) {
		w.Deliver(Delivery{From: relay, Activity: Announce, NewActor: i == 0, Local: -1})
	})
}

// relayGone lets a relay end for good, or the busiest server if there is no relay.
func relayGone(w *World, p *played) {
	gone := w.Peers.Rank(0)
	for i := range w.Peers.Len() {
		if peer := w.Peers.Rank(i); peer.Software() == "relay" {
			gone = peer
			break
		}
	}
	p.concerns(gone)
	w.PeerDown(gone, p.start, w.End().Add(time.Hour))
}
