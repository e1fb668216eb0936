package main

import (
	"fmt"
	"strings"
	"time"
)

// A software is how servers of a kind call themselves, and name the keys of their actors.
type software struct{ agent, key string }

var softwares = []software{
	{"Mastodon/4.5.3 (http.rb/5.3.1; +https://HOST/)", "https://HOST/users/NAME#main-key"},
	{"Mastodon/4.4.8 (http.rb/5.3.1; +https://HOST/)", "https://HOST/users/NAME#main-key"},
	{"http.rb/5.1.1 (Mastodon/4.2.10; +https://HOST/)", "https://HOST/users/NAME#main-key"},
	{"Mastodon/4.6.5+glitch (http.rb/5.3.1; +https://HOST/)", "https://HOST/ap/users/1153NUMBER#main-key"},
	{"Misskey/2025.4.1 (https://HOST)", "https://HOST/users/9xNUMBER#main-key"},
	{"Sharkey/2024.9.1 (https://HOST)", "https://HOST/users/9yNUMBER#main-key"},
	{"Akkoma 3.10.4-0-gebfb617; https://HOST <admin@HOST>", "https://HOST/users/NAME#main-key"},
	{"gotosocial/0.17.3+git-abc (+https://HOST)", "https://HOST/users/NAME/main-key"},
	{"Lemmy/0.19.3; +https://HOST", "https://HOST/u/NAME#main-key"},
	{"(Pixelfed/0.11.9; +https://HOST)", "https://HOST/users/NAME#main-key"},
	{"PeerTube/6.2.1 (+https://HOST)", "https://HOST/accounts/NAME"},
	{"Friendica/2024.08 DatabaseVersion/1571 Request/activitypub +https://HOST", "https://HOST/profile/NAME#main-key"},
	{"WordPress/6.6.2; https://HOST; ActivityPub", "https://HOST/author/NAME#main-key"},
	{"AodeRelay (ap-relay/v0.3.116; +https://HOST/)", "https://HOST/actor#main-key"},
}

// A peer is a remote server; actors are the key ids of those of its people whom home knows.
type peer struct {
	host, ip string
	software software
	actors   []string
	perDay   int // deliveries
}

func (p *peer) agent() string { return strings.ReplaceAll(p.software.agent, "HOST", p.host) }

// key returns the key id of the n-th of the peer's people.
func (p *peer) key(n int) string {
	name := names[n%len(names)]
	if n >= len(names) {
		name += fmt.Sprint(n / len(names))
	}
	return strings.NewReplacer("HOST", p.host, "NAME", name, "NUMBER", fmt.Sprint(100020003+n*7919)).Replace(p.software.key)
}

var names = strings.Fields("ada bert cleo dov edda finn gale hana ivo jun kira lars mina noor otto pia quin rosa sven tara ulf vera wim xenia yara zoe")

var hosts = strings.Fields("otter birch cinder dune ember fjord grove harbour iris juniper kelp lichen moss nettle opal pebble quartz reed slate tundra umber violet willow yarrow zephyr")

func (w *world) makePeers() {
	endings := []string{"pond.example", "social.example", ".town.example", "hub.test", ".community.test", "fedi.example"}
	for i := range 150 {
		host := hosts[i*7%len(hosts)] + endings[i/len(hosts)]
		if i%4 == 1 {
			host = "social." + host
		}
		w.peers = append(w.peers, w.newPeer(host, softwares[w.few(len(softwares)-1)], 1+60/(i/2+1), 480/(i+2)))
	}
	w.peers[6] = w.newPeer("relay.otterpond.example", softwares[13], 1, 150)
	w.peers = append(w.peers, w.newPeer("flood.example", softwares[2], 4, 30), w.newPeer("newactors.example", softwares[4], 5, 20))
}

func (w *world) newPeer(host string, s software, actors, perDay int) *peer {
	p := &peer{host: host, ip: w.address(w.chance(40)), software: s, perDay: perDay}
	for n := range actors {
		p.actors = append(p.actors, p.key(n))
	}
	return p
}

func (w *world) peer() *peer { return w.peers[w.few(150)] }

func (w *world) peersLive() {
	for _, p := range w.peers {
		w.spread(p.perDay, func() { w.deliver(p, p.actors[w.few(len(p.actors))], w.someInbox()) })
		w.spread(1, func() { w.look(p) })
	}
	w.spread(500, func() { w.fetch(w.peer(), w.person(), w.status()) })
	w.spread(20, func() { w.gone(w.peer()) })
	w.spread(8, func() { w.deletes(w.peers[w.few(8)]) })
}

// deliver posts an activity to an inbox; Rails takes it and leaves it to a job.
func (w *world) deliver(p *peer, key, inbox string) {
	r := w.inbox(p, key)
	r.uri = inbox
	answered := w.serve(r)
	reject := ""
	if w.chance(3) {
		reject = actorOf(key)
	}
	w.enqueue(answered, job{class: "ActivityPub::ProcessingWorker", took: 60 * ms, then: func() { w.process(reject) }})
}

// someInbox returns the shared inbox or, now and then, a person's.
func (w *world) someInbox() string {
	if w.chance(12) {
		return "/users/" + w.person().name + "/inbox"
	}
	return "/inbox"
}

func (w *world) inbox(p *peer, key string) request {
	return request{ip: p.ip, method: "POST", uri: "/inbox", status: 202, length: 1500 + w.rng.IntN(2500), took: 16 * ms,
		agent: p.agent(), key: key, action: "ActivityPub::InboxesController#create", says: " verified=yes"}
}

func actorOf(key string) string {
	actor, _, _ := strings.Cut(strings.TrimSuffix(key, "/main-key"), "#")
	return actor
}

// process does what an accepted activity calls for.
func (w *world) process(reject string) {
	switch n := w.rng.IntN(100); {
	case reject != "":
		w.loggerSays(w.now, "INFO", fmt.Sprintf("Rejected Create activity %s/statuses/%s/activity from %s", reject, w.status(), reject))
	case n < 14:
		w.enqueue(w.now, job{class: "FeedInsertWorker", took: 8 * ms})
	case n < 18:
		w.enqueue(w.now, job{class: "LocalNotificationWorker", took: 20 * ms})
	case n < 21:
		w.enqueue(w.now, job{class: "LinkCrawlWorker", took: 700 * ms})
	case n < 24:
		w.enqueue(w.now, job{class: "ThreadResolveWorker", took: 400 * ms})
	case n < 27:
		w.enqueue(w.now, job{class: "RedownloadMediaWorker", took: 300 * ms})
	}
}

// gone delivers for an actor whose key can no longer be had.
func (w *world) gone(p *peer) {
	r := w.inbox(p, p.key(200+w.rng.IntN(9)))
	r.status, r.bytes, r.took, r.says = 401, 78, 400*ms, " verified=no"
	w.serve(r)
}

// deletes tells of actors that home never knew: 202 without a look at the signature, and no job.
func (w *world) deletes(p *peer) {
	for range 3 + w.rng.IntN(5) {
		r := w.inbox(p, p.key(100+w.rng.IntN(40)))
		r.length, r.took, r.says = 900+w.rng.IntN(99), 3*ms, " verified=no"
		w.at(w.now.Add(w.upTo(90*time.Second)), func() { w.serve(r) })
	}
}

// fetch reads a status or, now and then, the account behind it.
func (w *world) fetch(p *peer, who *person, status string) {
	r := request{ip: p.ip, method: "GET", uri: "/users/" + who.name + "/statuses/" + status, status: 200, bytes: 1900 + w.rng.IntN(900),
		took: 20 * ms, agent: p.agent(), key: p.actors[0], action: "StatusesController#show", format: "json"}
	if w.chance(30) {
		r.uri, r.action = "/users/"+who.name, "AccountsController#show"
	}
	w.serve(r)
}

// look asks who home is.
func (w *world) look(p *peer) {
	r := request{ip: p.ip, method: "GET", uri: "/nodeinfo/2.0", status: 200, bytes: 412, took: 9 * ms, agent: p.agent(),
		action: "WellKnown::NodeInfoController#show", format: "json"}
	if w.chance(60) {
		r.uri = "/.well-known/webfinger?resource=acct:" + w.person().name + "@" + home
		r.action = "WellKnown::WebfingerController#show"
	}
	w.serve(r)
}
