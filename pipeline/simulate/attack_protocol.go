package simulate

import "fmt"

// What is wrong with a message, sent on purpose. Advisories say what was possible (bodies without a bound until 4.3, a
// sanitiser that runs for minutes until 4.5.11), none how often it was sent: the numbers are assumptions. Fuzzers send
// several a second; a careful one waits.
var protocolAttacks = []scenario{
	{name: "signature_failures", threats: []string{"exploit", "malicious_instance"}, last: minutes(10, 30, 120), play: failSignatures},
	{name: "malformed_bodies", threats: []string{"exploit"}, last: minutes(10, 30, 120), play: sendMalformed},
	{name: "oversized_bodies", threats: []string{"exploit", "dos"}, last: minutes(10, 30, 120), play: sendOversized},
	{name: "poison_pill", threats: []string{"exploit", "dos"}, last: minutes(10, 30, 120), play: poison},
}

// failSignatures tries ways to sign from a server of the attacker's own: none is right.
func failSignatures(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	p.throughout(w, p.pace(w, 480, 20, 1.5), func(i int) {
		d := Delivery{From: peer, Actor: i % 5, Activity: Create, Outcome: BadSignature, NoRetry: true}
		if i%7 == 0 {
			d.Outcome = Unsigned
		}
		p.strike(w, d)
	})
}

// sendMalformed sends what is no JSON, or no UTF-8.
func sendMalformed(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	p.throughout(w, p.pace(w, 300, 12, 1), func(i int) {
		d := Delivery{From: peer, Activity: Create, Outcome: Malformed, NoRetry: true, Bytes: 40 + w.Rand().IntN(4000)}
		if i%4 == 0 {
			d.Outcome = NotUTF8
		}
		p.strike(w, d)
	})
}

// sendOversized sends bodies of many megabytes, which are refused; the stealthy one stays below the megabyte that
// Mastodon takes.
func sendOversized(w *World, p *played) {
	peer := ownServer(w, "mastodon")
	p.throughout(w, p.pace(w, 120, 6, 0.5), func(int) {
		d := Delivery{From: peer, Activity: Create, Outcome: Oversized, NoRetry: true, Bytes: 2<<20 + w.Rand().IntN(30<<20), Cost: 3}
		if p.intensity == Stealthy {
			d.Outcome, d.Bytes = Accepted, 700<<10+w.Rand().IntN(300<<10)
		}
		p.strike(w, d)
	})
}

// poison sends bodies that are accepted, and on which the job then fails, and fails again at each retry.
func poison(w *World, p *played) {
	peer := ownServer(w, "misskey")
	errors := [...]string{
		"NoMethodError: undefined method 'each' for an instance of String",
		"Encoding::CompatibilityError: incompatible character encodings: UTF-8 and BINARY (ASCII-8BIT)",
		"SystemStackError: stack level too deep",
	}
	fails := oneOf(w, errors[:])
	p.throughout(w, by(p, 60.0, 1.5, 0.1), func(i int) {
		p.strike(w, Delivery{From: peer, Actor: i % 3, Activity: Create, Fails: fails, Cost: 2, NoRetry: true})
	})
	w.At(p.start, func() {
		p.strike(w, Delivery{From: peer, Activity: Create, Fails: fails, NewActor: true, NoRetry: true})
	})
}

// mastodonAgent is the agent of a Mastodon at host.
func mastodonAgent(host string) string {
	return fmt.Sprintf("Mastodon/4.5.3 (http.rb/5.3.1; +https://%s/)", host)
}
