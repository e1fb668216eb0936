package simulate

import "fmt"

// Attacks under an honest server's name, so that it is blocked. No such case was published with numbers; that it is
// possible follows from what Mastodon logs: the key id of a request whose signature is bad, and, for a Delete of an
// actor that is unknown here, even with 202. The rates are those of the floods that they imitate: assumptions. The
// victim is one that many people here would miss.
var frameAttacks = []scenario{
	{name: "frame_bad_signatures", threats: []string{"exploit", "dos", "malicious_instance"}, last: minutes(10, 30, 120), play: frameBySignatures},
	{name: "frame_agent", threats: []string{"exploit", "dos", "malicious_instance", "leak"}, last: minutes(10, 30, 120), play: frameByAgent},
	{name: "frame_deletes", threats: []string{"exploit", "dos", "malicious_instance"}, last: minutes(10, 30, 120), play: frameByDeletes},
	{name: "frame_neighbour", threats: []string{"exploit", "dos", "malicious_instance"}, last: minutes(10, 30, 120), play: frameFromNextDoor},
}

// victim returns an honest server that sends something on most days.
func victim(w *World) *Peer { return w.Peers.Between(40, 5000) }

// claim is a delivery in a server's name, with a key id of one of its actors and its agent; an attacker learns both by
// asking that server.
func claim(w *World, v *Peer, o Outcome) Delivery {
	return Delivery{Domain: v.Host(), KeyID: v.KeyID(w.Rand().IntN(max(1, v.Actors()))), Agent: v.Agent(), Activity: Create,
		Outcome: o, NoRetry: true}
}

// frameBySignatures sends what the victim never signed: 401.
func frameBySignatures(w *World, p *played) {
	v := victim(w)
	ips := addresses(w, Hosting, by(p, 3, 2, 4))
	p.throughout(w, p.pace(w, 600, 25, 2.5), func(int) {
		d := claim(w, v, BadSignature)
		d.IP = oneOf(w, ips)
		p.forge(w, v, d)
	})
}

// frameByAgent has the victim's agent alone: on what is not signed, and, every second time, on what a server of the
// attacker's own has really signed.
func frameByAgent(w *World, p *played) {
	v := victim(w)
	own := ownServer(w, "mastodon")
	ip := own.Addresses()[0]
	p.throughout(w, p.pace(w, 600, 25, 2.5), func(i int) {
		p.forged = append(p.forged, v.Site())
		if i%2 == 0 {
			p.strike(w, Delivery{From: own, Actor: i % 10, Agent: v.Agent(), Activity: Create, NoRetry: true})
			return
		}
		p.send(w, Delivery{Domain: v.Host(), IP: ip, Agent: v.Agent(), Activity: Create, Outcome: Unsigned, NoRetry: true})
	})
}

// frameByDeletes says that actors which we don't know are gone: answered 202 before the signature is looked at.
func frameByDeletes(w *World, p *played) {
	v := victim(w)
	ips := addresses(w, Hosting, by(p, 2, 2, 3))
	p.throughout(w, p.pace(w, 900, 40, 4), func(int) {
		d := claim(w, v, UnknownActor)
		d.Activity, d.IP = Delete, oneOf(w, ips)
		d.KeyID = fmt.Sprintf("https://%s/users/%s#main-key", v.Host(), appendBase36(nil, w.Rand().Uint64(), 9))
		p.forge(w, v, d)
	})
}

// frameFromNextDoor does both from machines at the victim's own hoster, in its own /24.
func frameFromNextDoor(w *World, p *played) {
	v := victim(w)
	ip := w.AddressNear(v)
	p.throughout(w, p.pace(w, 600, 25, 2.5), func(i int) {
		d := claim(w, v, BadSignature)
		if i%3 == 0 {
			d = claim(w, v, UnknownActor)
			d.Activity = Delete
			d.KeyID = fmt.Sprintf("https://%s/users/%s#main-key", v.Host(), appendBase36(nil, w.Rand().Uint64(), 9))
		}
		d.IP = ip
		p.forge(w, v, d)
	})
}
