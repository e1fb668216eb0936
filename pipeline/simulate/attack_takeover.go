package simulate

import (
	"fmt"
	"time"
)

// Accounts that are somebody else's now. Numbers are assumptions; Mastodon itself lets an account post 300 times in
// three hours and follow 400 in a day, so that no burst is above that.
var takeoverAttacks = []scenario{
	{name: "login_then_burst", threats: []string{"takeover"}, last: minutes(20, 40, 90), play: signInThenPost},
	{name: "remote_actor_taken", threats: []string{"takeover", "malicious_instance"}, last: minutes(20, 40, 90), play: takeActor},
}

// signInThenPost guesses a password within a few tries, and then posts and follows as that account.
func signInThenPost(w *World, p *played) {
	user := w.Rand().IntN(w.LocalUsers())
	p.accounts = append(p.accounts, w.LocalUser(user))
	ip := w.Address(by(p, Hosting, Exit, Residential))
	agent := w.LocalAgent(w.Rand().IntN(w.LocalUsers()))
	tries, quarter := by(p, 20, 9, 4), p.end.Sub(p.start)/4
	scatter(w, p.start, quarter, tries, func(int) { p.signIn(w, ip, agent, SignInFailed) })
	w.At(p.start.Add(quarter+5*time.Second), func() { p.signIn(w, ip, agent, SignInDone) })
	scatter(w, p.start.Add(quarter+time.Minute), 3*quarter-time.Minute, by(p, 150, 60, 15), func(i int) {
		if i%3 < 2 {
			p.localPost(w, ip, agent)
			return
		}
		p.ask(w, Request{IP: ip, Method: "POST", Path: fmt.Sprintf("/api/v1/accounts/%d/follow", 109_000_000_000_000_000+w.Rand().Int64N(1e15)),
			Agent: agent, User: true, Status: 200})
		p.job(w, Job{Class: "ActivityPub::DeliveryWorker", Inbox: "https://" + w.Peers.Any().Host() + "/inbox"})
	})
}

// takeActor lets one known actor of an honest server post as it never did, by its own server: the key and the addresses
// are right, the person is another.
func takeActor(w *World, p *played) {
	peer := w.Peers.Between(30, 1500)
	actor := w.Rand().IntN(max(1, min(peer.Actors(), 20)))
	scatter(w, p.start, p.end.Sub(p.start), by(p, 240, 60, 15), func(int) {
		p.strike(w, Delivery{From: peer, Actor: actor, Activity: Create, Mentions: 1 + w.Rand().IntN(4), Link: true})
	})
}
