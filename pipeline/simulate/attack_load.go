package simulate

import (
	"fmt"
	"net/netip"
	"time"
)

// Load on web and API by nobody in particular. Small web floods have thousands of sources and tens to hundreds of
// requests a second; what one link preview does to a server (400 to 578 requests within seconds) was reported as an
// outage. Crawlers of 2026 came to 64,234 hits a day on one small server, less than one a second. The numbers below
// lie between these: assumptions.
var loadAttacks = []scenario{
	{name: "web_surge", threats: []string{"dos"}, last: minutes(8, 20, 60), play: surgeWeb},
	{name: "costly_requests", threats: []string{"dos"}, last: minutes(15, 40, 120), play: askCostly},
}

// surgeWeb lets a botnet of people's devices read: each but little, so that no limit by address holds.
func surgeWeb(w *World, p *played) {
	p.instance = true
	bots := botnet(w, by(p, 2500, 400, 150))
	p.throughout(w, p.pace(w, 3600, 120, 25), func(int) {
		p.ask(w, Request{IP: oneOf(w, bots), Path: readablePath(w), Agent: w.LocalAgent(w.Rand().IntN(w.LocalUsers()))})
	})
}

// readablePath is something that anybody may read.
func readablePath(w *World) string {
	u := w.Rand().IntN(w.LocalUsers())
	switch w.Rand().IntN(6) {
	case 0:
		return "/@" + w.LocalUser(u)
	case 1:
		return "/@" + w.LocalUser(u) + "/" + w.LocalStatus(u)
	case 2:
		return "/api/v1/timelines/public?limit=40&local=true"
	case 3:
		return fmt.Sprint("/tags/t", w.Rand().IntN(5000))
	case 4:
		return "/api/v1/statuses/" + w.LocalStatus(u) + "/context"
	default:
		return "/explore"
	}
}

// askCostly asks for what the database hates: deep pages, searches, contexts of long threads. A few connections keep
// as many of Puma's threads busy.
func askCostly(w *World, p *played) {
	bots := addresses(w, Hosting, by(p, 3, 6, 8))
	cost := by(p, 60.0, 40, 25)
	agent := oneOf(w, scriptAgents[:])
	ask := func(ip netip.Addr) {
		p.ask(w, Request{IP: ip, Path: costlyPath(w), Agent: agent, Cost: cost, Patience: 30 * time.Second})
	}
	p.throughout(w, p.pace(w, 300, 20, 3), func(int) { ask(oneOf(w, bots)) })
}

func costlyPath(w *World) string {
	n := w.Rand().IntN(1_000_000)
	switch w.Rand().IntN(4) {
	case 0:
		return fmt.Sprintf("/api/v2/search?q=%%25a%d%%25&resolve=false&limit=40&offset=%d", n%97, n%2000)
	case 1:
		return fmt.Sprintf("/api/v1/timelines/public?limit=40&max_id=%d", 1_000_000+n)
	case 2:
		return fmt.Sprintf("/api/v1/directory?order=active&limit=80&offset=%d", n%20000)
	default:
		return "/api/v1/statuses/" + w.LocalStatus(n%w.LocalUsers()) + "/context"
	}
}

// scriptAgents are what scripts call themselves if nobody tells them otherwise.
var scriptAgents = [...]string{"python-requests/2.32.3", "Go-http-client/2.0", "curl/8.5.0", "okhttp/4.12.0", "axios/1.7.2", "python-httpx/0.27.0"}
