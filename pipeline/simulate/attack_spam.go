package simulate

import "time"

// Spam. The waves of 15 to 25 February 2024 and 8 October 2024: accounts made by script on servers with open
// registration, each post with some ten mentions and an image or a link; "hundreds of servers, thousands of posts" in
// February, of which about half were abandoned honest ones and half made for it, fewer than a hundred in October; in
// 2025 750 accounts on 180 servers, by hand and slowly.
var spamAttacks = []scenario{
	{name: "open_registration_spam", threats: []string{"malicious_instance"}, last: minutes(20, 60, 180), play: spamFromOpenServer},
	{name: "small_domain_wave", threats: []string{"malicious_instance"}, last: minutes(30, 90, 240), play: wave},
	{name: "template_campaign", threats: []string{"malicious_instance"}, last: minutes(30, 90, 240), play: campaign},
	{name: "mention_fanout", threats: []string{"malicious_instance"}, last: minutes(10, 40, 120), play: fanOut},
	{name: "follow_bots", threats: []string{"malicious_instance"}, last: minutes(20, 60, 180), play: followInMasses},
}

// spam is one post of those waves.
func spam(w *World, from *Peer) Delivery {
	return Delivery{From: from, Activity: Create, Mentions: 8 + w.Rand().IntN(5), Local: -1,
		Link: true, Media: w.Rand().IntN(2) == 0}
}

// spamFromOpenServer lets one small honest server be used: new accounts, each a few posts.
func spamFromOpenServer(w *World, p *played) {
	peer := w.Peers.Between(1, 60)
	accounts, posts := by(p, 80, 25, 8), by(p, 6, 4, 2)
	known := peer.Actors()
	scatter(w, p.start, p.end.Sub(p.start), accounts*posts, func(i int) {
		d := spam(w, peer)
		d.Actor, d.NewActor = known+i/posts, i%posts == 0
		p.strike(w, d)
	})
}

// wave lets many servers send a little each: half are honest ones that nobody looks after, half were made for it.
func wave(w *World, p *played) {
	p.instance = true
	n := by(p, 300, 90, 40)
	servers := w.Peers.Sample(min(n/2, w.Peers.Len()/5), 0, 4)
	for len(servers) < n {
		servers = append(servers, ownServer(w, oneOf(w, []string{"mastodon", "misskey", "sharkey"})))
	}
	for _, peer := range servers {
		known, posts := peer.Actors(), 3+w.Rand().IntN(4)
		scatter(w, p.start, p.end.Sub(p.start), posts, func(i int) {
			d := spam(w, peer)
			d.Actor, d.NewActor = known+i/2, i%2 == 0
			p.strike(w, d)
		})
	}
}

// campaign sends one text from domains that are used for a while and then thrown away. The bodies are of one length but
// for the names in them. How many and how long: assumptions.
func campaign(w *World, p *played) {
	p.instance = true
	domains, posts := by(p, 100, 30, 10), by(p, 20, 8, 5)
	size := 1800 + w.Rand().IntN(1200)
	each := p.end.Sub(p.start) / time.Duration(domains)
	ips := rented(w, p, max(2, domains/10))
	for k := range domains {
		peer := w.NewPeer(PeerSpec{Software: "mastodon", IPs: ips[k%len(ips) : k%len(ips)+1]})
		scatter(w, p.start.Add(time.Duration(k)*each), each, posts, func(i int) {
			d := spam(w, peer)
			d.Actor, d.NewActor, d.Bytes, d.Media = i/4, i%4 == 0, size+6*len(peer.Host()), true
			p.strike(w, d)
		})
	}
}

// fanOut writes to the inbox of each account that it mentions: a few authors, very many of our people. Ten mentions a
// post is October 2024's; the stealthy one has two posts an account.
func fanOut(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	authors, mentions := by(p, 2, 5, 4), by(p, 600, 220, 60)
	scatter(w, p.start, p.end.Sub(p.start), mentions, func(i int) {
		p.strike(w, Delivery{From: peer, Actor: i % authors, Activity: Create, To: w.LocalUser(i), Mentions: 1, Local: -1, Link: true,
			NewActor: i < authors})
	})
}

// followInMasses follows our people from many accounts of one server. Follow floods were reported in 2019 and since,
// without numbers: those are assumptions.
func followInMasses(w *World, p *played) {
	peer := ownServer(w, oneOf(w, []string{"mastodon", "pleroma"}))
	bots, follows := by(p, 300, 60, 20), by(p, 5, 3, 2)
	scatter(w, p.start, p.end.Sub(p.start), bots*follows, func(i int) {
		p.strike(w, Delivery{From: peer, Actor: i / follows, Activity: Follow, To: w.LocalUser(w.Rand().IntN(w.LocalUsers())), Mentions: 1,
			NewActor: i%follows == 0})
	})
}
