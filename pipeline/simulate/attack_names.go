package simulate

import (
	"fmt"
	"net/netip"
	"time"
)

// Attacks by many names.
var nameAttacks = []scenario{
	{name: "subdomain_storm", threats: []string{"dos", "malicious_instance"}, last: minutes(30, 60, 120), play: stormSubdomains},
	{name: "invented_keys", threats: []string{"dos", "exploit", "malicious_instance"}, last: minutes(10, 30, 90), play: hideBehindInvented},
}

// stormSubdomains is activitypub-troll.cf, December 2022: each post is from a new sub-domain, and mentions accounts of
// further ones, which our server then fetches. One server counted 10,553 accounts and 5,273 statuses of it: the obvious
// one is of that size, if it took an hour; the others are a tenth and a fiftieth.
func stormSubdomains(w *World, p *played) {
	troll := w.NewPeer(PeerSpec{Software: "mastodon", Kind: Hosting, Addresses: 2})
	p.throughout(w, by(p, 88.0, 9, 0.9), func(i int) {
		host := fmt.Sprintf("%s.%s", appendBase36(nil, w.Rand().Uint64(), 8), troll.Site())
		d := Delivery{From: troll, Domain: host, Activity: Create, NewActor: true, Mentions: 1, Resolves: 2, NoRetry: true}
		if i%3 == 0 {
			d.Jobs = []Job{{Class: "ResolveAccountWorker", Delay: time.Second, Tries: 2,
				Error: fmt.Sprintf("HTTP::TimeoutError: Timed out after using the allocated 10 seconds for https://z%s", host)}}
		}
		p.strike(w, d)
	})
}

// hideBehindInvented writes keys of servers that don't exist, each once, to fill the memory of whoever counts by name,
// while a server of the same hand really floods. Fifty a second is what one connection can do; the real one's numbers
// are those of the other floods. Mastodon gives up on an address for five minutes when a key that it names can't be
// fetched (its circuit breaker, threshold 1): all but the first are refused at once.
func hideBehindInvented(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	decoys := rented(w, p, by(p, 4, 4, 2))
	refused := map[netip.Addr]time.Time{} // until when
	p.throughout(w, p.pace(w, 3000, 180, 4), func(int) {
		host, ip := inventName(w), oneOf(w, decoys)
		d := Delivery{Domain: host, KeyID: "https://" + host + "/users/a#main-key", IP: ip, Outcome: Unfetchable, NoRetry: true,
			Agent: mastodonAgent(host)}
		if w.Now().Before(refused[ip]) {
			d.Cost = 0.002
		} else {
			refused[ip] = w.Now().Add(5 * time.Minute)
		}
		p.invent(w, d)
	})
	p.throughout(w, p.pace(w, 1200, 30, 2), func(int) { p.strike(w, chatter(w, peer)) })
}
