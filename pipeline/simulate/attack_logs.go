package simulate

import (
	"fmt"
	"strings"
	"time"
)

// Attacks on whoever reads the logs. What a stranger can write follows from the programs: nginx escapes what it quotes;
// Rails writes the key id last and as it came, and an error's text with its line breaks, unless they are folded. Nobody
// has published such an attack: how often it comes is an assumption.
var logAttacks = []scenario{
	{name: "log_injection", threats: []string{"exploit", "health"}, last: minutes(15, 30, 90), play: injectLines},
	{name: "long_lines", threats: []string{"exploit", "dos", "health"}, last: minutes(10, 30, 90), play: sendLongLines},
	{name: "invalid_utf8", threats: []string{"exploit", "health"}, last: minutes(10, 30, 90), play: sendInvalidText},
	{name: "log_silence", threats: []string{"health"}, last: minutes(60, 20, 6), play: silence},
	{name: "clock_jump", threats: []string{"health"}, last: minutes(30, 30, 30), play: jumpClock},
}

// injectLines writes what looks like lines, or fields, that say that an honest server attacks us.
func injectLines(w *World, p *played) {
	v := victim(w)
	own := ownServer(w, "mastodon")
	scatter(w, p.start, p.end.Sub(p.start), by(p, 300, 40, 6), func(i int) {
		d := claim(w, v, BadSignature)
		d.IP = own.Addresses()[0]
		switch i % 5 {
		case 0: // a line of nginx' within the agent: its quotes are escaped
			d.Agent = `x" 202 0 "-" "` + v.Agent()
		case 1: // Rails' fields within the key id, which stands last and raw
			d.KeyID = fmt.Sprintf("https://%s/a status=202 duration=1.21 view=0.00 db=0.40 key=%s", own.Host(), v.KeyID(0))
		case 2: // the verdict within it
			d.KeyID = fmt.Sprintf("https://%s/a verified=yes key=%s", own.Host(), v.KeyID(0))
		case 3: // a line of Rails' within the error's text
			d.Outcome = NotUTF8
			p.injectError(w, v)
		default: // lines of Sidekiq's within the text of what its job could not read
			p.strike(w, Delivery{From: own, Activity: Create, Fails: "JSON::ParserError: unexpected token at '<html>\n" + fakeJobs(w, v), NoRetry: true})
			return
		}
		p.forge(w, v, d)
	})
}

// injectError writes Rails' line about a body that is no JSON, of which the error's text quotes what looks like
// another line. Where fedwarden's initializer is in place, line breaks are folded.
func (p *played) injectError(w *World, v *Peer) {
	if w.s.config.Rails == "" {
		return
	}
	stamp := w.Now().Format("2006-01-02T15:04:05.000000")
	fake := fmt.Sprintf("I, [%s #2207]  INFO -- : [%s] method=POST path=/inbox format=html controller=ActivityPub::InboxesController "+
		"action=create status=202 duration=2.31 view=0.00 db=0.91 key=%s", stamp, requestName(w), v.KeyID(0))
	line := fmt.Sprintf("I, [%s #2207]  INFO -- : [%s] method=POST path=/inbox format=json controller=ActivityPub::InboxesController "+
		"action=create status=400 error='ActionDispatch::Http::Parameters::ParseError: 859: unexpected token at '{\"a\n%s\n' "+
		"duration=0.48 view=0.00 db=0.00", stamp, requestName(w), fake)
	if w.s.config.Rails == "verified" {
		line = strings.ReplaceAll(line, "\n", `\n`) + " verified=no"
	}
	w.Raw(Rails, w.Now(), []byte(line+" key="+v.KeyID(0)))
}

// fakeJobs is what looks like Sidekiq's lines of a delivery to a server that fails.
func fakeJobs(w *World, v *Peer) string {
	head := w.Now().Format("2006-01-02T15:04:05.000Z") + " pid=1 tid=abc"
	return fmt.Sprintf("%s class=ActivityPub::DeliveryWorker jid=%024x elapsed=10.0 INFO: fail\n"+
		"%s WARN: Mastodon::UnexpectedResponseError: https://%s/inbox returned code 500", head, w.Rand().Uint64(), head, v.Host())
}

// requestName returns a request id.
func requestName(w *World) string {
	a, b := w.Rand().Uint64(), w.Rand().Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// sendLongLines sends agents, paths and key ids as long as nginx takes them (8 kB each), and longer: 414.
func sendLongLines(w *World, p *played) {
	ip := w.Address(Hosting)
	p.throughout(w, by(p, 240.0, 15, 1), func(i int) {
		long := strings.Repeat("A", 7000+w.Rand().IntN(1000))
		switch i % 3 {
		case 0:
			p.ask(w, Request{IP: ip, Path: "/@" + w.LocalUser(0), Agent: long})
		case 1:
			p.ask(w, Request{IP: ip, Line: "GET /" + long, Status: 414}) // nginx logs as much of it as it has read
		default:
			host := inventName(w)
			p.invent(w, Delivery{Domain: host, KeyID: "https://" + host + "/" + long, IP: ip, Agent: mastodonAgent(host), Outcome: GoneKey,
				NoRetry: true})
		}
	})
}

// sendInvalidText sends bytes that are no UTF-8, control characters and right-to-left overrides wherever text goes.
func sendInvalidText(w *World, p *played) {
	ip := w.Address(Hosting)
	bad := [...]string{"bad\xff\xfe\xc3( end", "caf\xc3", "\xe2\x80\xaemoc.elpmaxe", "\x1b[31mred\x1b[0m", "\xed\xa0\x80"}
	p.throughout(w, by(p, 240.0, 15, 1), func(i int) {
		text := oneOf(w, bad[:])
		if i%2 == 0 {
			p.ask(w, Request{IP: ip, Path: "/@" + w.LocalUser(0), Agent: text})
			return
		}
		host := inventName(w)
		p.invent(w, Delivery{Domain: host, KeyID: "https://" + host + "/" + text, IP: ip, Agent: text, Outcome: GoneKey, NoRetry: true})
	})
}

// existing returns one of the logs that the run writes.
func existing(w *World) Log {
	logs := []Log{Nginx}
	if w.s.config.Rails != "" {
		logs = append(logs, Rails)
	}
	if w.s.config.Sidekiq != 0 {
		logs = append(logs, Sidekiq)
	}
	return oneOf(w, logs)
}

// silence keeps a log from being written while the server goes on: somebody has stopped it, or the disk is full.
func silence(w *World, p *played) {
	l := existing(w)
	p.happens(l)
	w.Silence(l, p.start, p.end)
}

// jumpClock sets the clock of what writes a log wrong, and right again at the end.
func jumpClock(w *World, p *played) {
	l := existing(w)
	p.happens(l)
	jump := by(p, time.Hour, -10*time.Minute, 40*time.Second)
	w.ClockJump(l, p.start, jump)
	w.ClockJump(l, p.end, -jump)
}
