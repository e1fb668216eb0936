package simulate

import (
	"fmt"
	"strings"
)

// Reading on a large scale. A known one: 64,234 hits a day of crawlers on one small server (2026), 45 a minute. The
// private ones follow the advisories on whether a private post exists (404 or 403, until 4.5.3). Rates are assumptions:
// a script with no pause, one that waits a second, one that waits so long that no limit by address is near.
var probeAttacks = []scenario{
	{name: "status_enumeration", threats: []string{"leak"}, last: minutes(15, 60, 240), play: enumerate},
	{name: "private_probing", threats: []string{"leak", "exploit"}, last: minutes(15, 45, 180), play: probePrivate},
	{name: "graph_crawl", threats: []string{"leak"}, last: minutes(15, 60, 240), play: crawlGraph},
}

// enumerate reads statuses, one after the other, unsigned.
func enumerate(w *World, p *played) {
	ips := addresses(w, Hosting, by(p, 1, 3, 6))
	agent := oneOf(w, scriptAgents[:])
	p.throughout(w, p.pace(w, 1200, 40, 4), func(i int) {
		u := i / 40 % w.LocalUsers()
		p.ask(w, Request{IP: oneOf(w, ips), Agent: agent, Path: "/users/" + w.LocalUser(u) + "/statuses/" + w.LocalStatus(u)})
	})
}

// probePrivate asks, signed by a server of the attacker's own, for posts that it may not see.
func probePrivate(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	status := [...]int{404, 404, 404, 404, 403, 401, 200}
	p.throughout(w, p.pace(w, 300, 15, 1), func(i int) {
		u := w.Rand().IntN(w.LocalUsers())
		p.visit(w, peer, Request{Path: "/users/" + w.LocalUser(u) + "/statuses/" + w.LocalStatus(u), Status: oneOf(w, status[:])})
	})
}

// crawlGraph reads who follows whom: accounts, their pages of followers and followed, their outboxes.
func crawlGraph(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	lists := [...]string{"", "/followers?page=%d", "/following?page=%d", "/outbox?page=true&min_id=%d", "/collections/featured"}
	p.throughout(w, p.pace(w, 600, 25, 2.5), func(i int) {
		path := "/users/" + w.LocalUser(i/len(lists)%w.LocalUsers()) + lists[i%len(lists)]
		if strings.Contains(path, "%d") {
			path = fmt.Sprintf(path, 1+w.Rand().IntN(20))
		}
		p.visit(w, peer, Request{Path: path})
	})
}

// visit asks for something, signed by a server of the attacker's own.
func (p *played) visit(w *World, from *Peer, r Request) {
	r.IP, r.KeyID, r.Agent = oneOf(w, from.Addresses()), from.KeyID(0), from.Agent()
	p.domains = append(p.domains, from.Host())
	p.sites = append(p.sites, from.Site())
	p.actors = append(p.actors, from.ActorURL(0))
	p.ask(w, r)
}
