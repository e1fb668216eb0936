package simulate

import (
	"fmt"
	"net/netip"
	"time"
)

// Attacks on local accounts. Mastodon limits tries to sign in to 25 in five minutes by address, which whoever attacks
// reads in its source: the obvious one does not care, the moderate one stays just below, the stealthy one far. Lists of
// stolen passwords are tried from botnets of people's devices, a few tries by each; sizes are assumptions. The waves of
// spam of 2024 began with scripted sign-ups, often from exits of an anonymising network.
var loginAttacks = []scenario{
	{name: "login_guessing", threats: []string{"takeover"}, last: minutes(15, 60, 240), play: guess},
	{name: "credential_stuffing", threats: []string{"takeover"}, last: minutes(15, 60, 120), play: stuff},
	{name: "signup_burst", threats: []string{"takeover", "malicious_instance"}, last: minutes(15, 60, 180), play: signUpInMasses},
}

// signIn is one try, from one address.
func (p *played) signIn(w *World, ip netip.Addr, agent string, result SignIn) {
	p.ask(w, Request{IP: ip, Method: "POST", Path: "/auth/sign_in", Agent: agent, Referer: "/auth/sign_in", SignIn: result})
}

// guess tries many passwords from one machine.
func guess(w *World, p *played) {
	ip, agent := w.Address(oneOf(w, []AddressKind{Hosting, Exit})), oneOf(w, scriptAgents[:])
	p.throughout(w, by(p, 90.0, 4.5, 0.4), func(int) { p.signIn(w, ip, agent, SignInFailed) })
}

// stuff tries stolen pairs of name and password from a botnet: one in some hundred is right.
func stuff(w *World, p *played) {
	p.instance = true
	bots := botnet(w, by(p, 400, 200, 80))
	agent := w.LocalAgent(w.Rand().IntN(w.LocalUsers()))
	p.throughout(w, by(p, 240.0, 20, 2), func(int) {
		result := SignInFailed
		if w.Rand().IntN(200) == 0 {
			result = SignInDone
		}
		p.signIn(w, oneOf(w, bots), agent, result)
	})
}

// signUpInMasses makes accounts by script: from one rented network, from exits, or from people's devices.
func signUpInMasses(w *World, p *played) {
	p.instance = true
	var ips []netip.Addr
	switch p.intensity {
	case Obvious:
		ips = rented(w, p, 12)
	case Moderate:
		ips = addresses(w, Exit, 20)
	default:
		ips = botnet(w, 12)
	}
	agent := w.LocalAgent(w.Rand().IntN(w.LocalUsers()))
	scatter(w, p.start, p.end.Sub(p.start), by(p, 120, 40, 12), func(i int) { p.signUp(w, ips[i%len(ips)], agent) })
}

// signUp makes one account: the form, the post, the mail.
func (p *played) signUp(w *World, ip netip.Addr, agent string) {
	p.ask(w, Request{IP: ip, Path: "/auth/sign_up", Agent: agent})
	w.After(time.Duration(2+w.Rand().IntN(8))*time.Second, func() {
		p.ask(w, Request{IP: ip, Method: "POST", Path: "/auth", Agent: agent, Referer: "/auth/sign_up", Status: 302, Body: 300})
		p.job(w, Job{Class: "ActionMailer::MailDeliveryJob"})
	})
}

// localPost is a status that somebody else posts in a local account's name, with the jobs that follow.
func (p *played) localPost(w *World, ip netip.Addr, agent string) {
	p.ask(w, Request{IP: ip, Method: "POST", Path: "/api/v1/statuses", Agent: agent, User: true, Status: 200, Body: 400})
	for _, class := range [...]string{"DistributionWorker", "ActivityPub::DistributionWorker", "LinkCrawlWorker"} {
		p.job(w, Job{Class: class, Delay: 300 * time.Millisecond})
	}
	for range 10 {
		peer := w.Peers.Any()
		p.job(w, Job{Class: "ActivityPub::DeliveryWorker", Delay: time.Second, Inbox: fmt.Sprintf("https://%s/inbox", peer.Host())})
	}
}
