package simulate

import (
	"fmt"
	"math"
	"net/netip"
	"time"
)

// Many people at once. A link preview stampede of 400 and of 578 requests within seconds was reported; crawlers came to
// 64,234 hits a day on one small server, and half or twice of that are taken beside it. November 2022 multiplied sign-ups
// and posts of many servers within a day. The rest is assumption.
var crowdWeirds = []scenario{
	{name: "viral_local_post", weird: true, last: minutes(360, 240, 120), play: viralPost},
	{name: "viral_remote_thread", weird: true, last: minutes(480, 300, 180), play: viralThread},
	{name: "account_move", weird: true, last: minutes(240, 180, 120), play: accountMove},
	{name: "influx_day", weird: true, last: minutes(960, 960, 960), play: influx},
	{name: "conference", weird: true, last: minutes(540, 480, 360), play: conference},
	{name: "verified_crawler", weird: true, last: minutes(720, 480, 360), play: crawler},
}

// wane does f n times from start on: most of it soon, and ever less up to the end, as interest does.
func (p *played) wane(w *World, n int, f func(i int)) {
	span := float64(p.end.Sub(p.start))
	for i := range n {
		u := w.Rand().Float64()
		w.At(p.start.Add(time.Duration(span*math.Pow(u, 3))), func() { f(i) })
	}
}

// viralPost lets a local post be boosted everywhere: servers fetch it and its preview, people come to read it.
func viralPost(w *World, p *played) {
	user := w.Rand().IntN(w.LocalUsers())
	w.At(p.start, func() {
		w.Post(Post{User: user, Media: true, Viral: by(p, 400.0, 120, 30), Linked: by(p, 578, 400, 100)})
	})
	path := "/@" + w.LocalUser(user) + "/" + w.LocalStatus(user)
	p.wane(w, by(p, 12000, 3000, 400), func(int) {
		w.Request(Request{IP: oneOf(w, botnet(w, 3)), Path: path, Agent: w.LocalAgent(w.Rand().IntN(w.LocalUsers()))})
	})
}

// viralThread lets accounts that we know, on many servers, reply to, boost and like what somebody elsewhere wrote.
func viralThread(w *World, p *played) {
	peers := w.Peers.Sample(max(10, w.Peers.Len()/4), 5, 1e9)
	p.concerns(peers...)
	p.wane(w, by(p, 6000, 1500, 300), func(i int) {
		peer := oneOf(w, peers)
		d := chatter(w, peer)
		d.Activity, d.Thread = [...]Activity{Create, Create, Announce, Like}[i%4], i%4 == 0
		d.NoRetry = false
		w.Deliver(d)
	})
}

// accountMove lets somebody with many followers move here: they all follow anew, a few from each of many servers.
func accountMove(w *World, p *played) {
	to := w.LocalUser(w.Rand().IntN(w.LocalUsers()))
	peers := w.Peers.Sample(max(10, w.Peers.Len()/3), 0, 1e9)
	p.concerns(peers...)
	p.wane(w, by(p, 3000, 800, 120), func(int) {
		peer := oneOf(w, peers)
		w.Deliver(Delivery{From: peer, Actor: w.Rand().IntN(max(1, peer.Actors())), Activity: Follow, To: to, Mentions: 1,
			Jobs: []Job{{Class: "ActivityPub::DeliveryWorker", Inbox: "https://" + peer.Host() + "/inbox"}}})
	})
}

// influx is a day on which people come: here, and to new servers that then write to us.
func influx(w *World, p *played) {
	w.At(p.start, func() { w.Influx(p.end, by(p, 6.0, 3, 1.6)) })
	p.throughout(w, by(p, 2.0, 0.6, 0.15), func(int) {
		ip, agent := oneOf(w, botnet(w, 3)), w.LocalAgent(w.Rand().IntN(w.LocalUsers()))
		w.Request(Request{IP: ip, Path: "/auth/sign_up", Agent: agent})
		w.After(time.Minute, func() {
			w.Request(Request{IP: ip, Method: "POST", Path: "/auth", Agent: agent, Referer: "/auth/sign_up", Status: 302, Body: 320})
			w.Job(Job{Class: "ActionMailer::MailDeliveryJob"})
		})
	})
	scatter(w, p.start, p.end.Sub(p.start), by(p, 120, 40, 12), func(int) {
		p.concerns(w.NewPeer(PeerSpec{Honest: true, Actors: 3 + w.Rand().IntN(30), Rate: 10 * math.Exp(1.5*w.Rand().NormFloat64())}))
	})
}

// conference lets people sit in one building, behind one address: they read, post, and mistype their passwords.
func conference(w *World, p *played) {
	ip := w.Address(Residential)
	p.concernsAddress(ip)
	people := by(p, 120, 50, 15)
	p.throughout(w, float64(people)*0.8, func(i int) {
		u := w.Rand().IntN(min(people, w.LocalUsers()))
		switch {
		case i%80 == 0:
			p.mistype(w, ip, w.LocalAgent(u))
		case i%40 == 1:
			w.Request(Request{IP: ip, Method: "POST", Path: "/api/v1/statuses", Agent: w.LocalAgent(u), User: true, Status: 200, Body: 400})
		default:
			w.Request(Request{IP: ip, Path: "/api/v1/timelines/home?limit=40", Agent: w.LocalAgent(u), User: true})
		}
	})
}

// mistype is somebody who signs in, at the second try as often as at the first.
func (p *played) mistype(w *World, ip netip.Addr, agent string) {
	r := Request{IP: ip, Method: "POST", Path: "/auth/sign_in", Agent: agent, Referer: "/auth/sign_in", SignIn: SignInDone}
	if w.Rand().IntN(2) == 0 {
		w.After(10*time.Second, func() { w.Request(r) })
		r.SignIn = SignInFailed
	}
	w.Request(r)
}

// crawler reads public pages at an even pace, from its published range.
func crawler(w *World, p *played) {
	var ips []netip.Addr
	for i := range byte(8) {
		ips = append(ips, netip.AddrFrom4([4]byte{66, 249, 66, i + 1}))
		p.concernsAddress(ips[i])
	}
	p.throughout(w, by(p, 90.0, 45, 20), func(i int) {
		u := i / 20 % w.LocalUsers()
		w.Request(Request{IP: oneOf(w, ips), Path: fmt.Sprintf("/@%s/%s", w.LocalUser(u), w.LocalStatus(u)),
			Agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"})
	})
}
