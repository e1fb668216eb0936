package main

import (
	"strings"
)

// strangersLive: readers, crawlers, scanners.
func (w *world) strangersLive() {
	crawler := request{ip: w.address(false), agent: "Mozilla/5.0 (compatible; ArchiveBot/2.1; +https://archive-bot.example/)"}
	w.spread(260, func() { w.browse(crawler) })
	w.spread(240, func() {
		w.browse(request{ip: w.address(w.chance(50)), agent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"})
	})
	w.spread(60, func() { w.scan(request{ip: w.address(w.chance(30)), agent: "Mozilla/5.0 zgrab/0.x"}) })
}

func (w *world) browse(r request) {
	r.method, r.status, r.bytes, r.took, r.format = "GET", 200, 4000+w.rng.IntN(30000), 60*ms, "html"
	switch w.rng.IntN(4) {
	case 0:
		r.uri, r.action = "/tags/"+hosts[w.rng.IntN(len(hosts))], "TagsController#show"
	case 1:
		r.uri = "/system/media_attachments/files/115/" + w.hex(3) + "/original/" + w.hex(16) + ".png"
	default:
		r.uri, r.action = "/@"+w.person().name, "AccountsController#show"
	}
	w.serve(r)
}

// scan tries what is not there, or speaks TLS to the wrong port.
func (w *world) scan(r request) {
	r.method, r.status, r.bytes, r.took = "GET", 404, 1800, 12*ms
	r.uri = "/" + strings.Fields("wp-login.php .env .git/config actuator/health xmlrpc.php")[w.rng.IntN(5)]
	r.action, r.format = "ApplicationController#raise_not_found", "html"
	if w.chance(80) {
		w.serve(r)
		return
	}
	tls := request{ip: r.ip, status: 400, bytes: 157}
	hello := `\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001` + "\xfc" + `\u0003\u0003abc`
	w.nginxLine(w.now, tls, hello, "")
}

// serverLives: the clockwork within.
func (w *world) serverLives() {
	for m := range hours * 12 {
		at := w.clock(0, 5*m)
		w.enqueue(at, job{class: "Scheduler::ScheduledStatusesScheduler", took: 15 * ms})
	}
}
