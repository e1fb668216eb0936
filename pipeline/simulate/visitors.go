package simulate

import (
	"math"
	"strconv"
)

// A visitor is a kind of stranger. How often they come to a small server is an assumption, but for the crawlers, of
// which one small server counted 64,234 hits a day in May 2026, on public pages alone: here they are a tenth of that,
// as of a server that forbids most.
type visitor struct {
	name   string
	perDay float64 // visits to a small server
	grows  float64 // by which power of the size
	awake  bool    // they keep people's hours
	come   func(s *sim, r *stream)
}

var visitorKinds = [...]visitor{
	{"reader", 420, 0.9, true, (*sim).readerComes},
	{"search crawler", 60, 0.5, false, (*sim).crawlerComes},
	{"scraper", 30, 0.5, false, (*sim).scraperComes},
	{"statistics", 60, 0.2, false, (*sim).statisticsComes},
	{"newcomer", 2.5, 1, true, (*sim).newcomerComes},
	{"probe", 240, 0.3, false, (*sim).probeComes},
	{"scanner", 9, 0.3, false, (*sim).scannerComes},
	{"guesser", 14, 0.3, false, (*sim).guesserComes},
	{"noise", 160, 0.3, false, (*sim).noiseComes},
	{"discovery", 900, 1, true, (*sim).discoveryComes},
	{"purge", 2.2, 0.9, false, (*sim).purgeComes},
	{"thread", 3, 0.8, true, (*sim).threadComes},
	{"dead link", 40, 0.7, true, (*sim).deadLinkComes},
}

// invite lets the visitors begin to come. Monitors come by the clock.
func (s *sim) invite() {
	for i := range visitorKinds {
		s.visitors = append(s.visitors, streamOf(s.seed, visitorKinds[i].name, 0))
		s.planVisitor(i)
	}
	s.monitor("monitor", 5*minute, "HEAD", "/", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)")
	s.monitor("health", minute, "GET", "/health", "Uptime-Kuma/1.23.16")
}

func (s *sim) planVisitor(i int) {
	v := &visitorKinds[i]
	perDay := v.perDay * math.Pow(s.size, v.grows)
	at := s.arrival(&s.visitors[i], 30*minute, func(at moment) float64 {
		if v.awake {
			return perDay * rhythm(at, 4, s.family.swing) * s.rush(at)
		}
		return perDay
	})
	s.schedule(at, evVisitor, int32(i))
}

func (s *sim) visitorComes(i int) {
	r := s.visitors[i].fork()
	s.planVisitor(i)
	visitorKinds[i].come(s, &r)
}

// monitor asks for one thing, by the clock, from one address.
func (s *sim) monitor(name string, every moment, method, path, agent string) {
	r := streamOf(s.seed, name, 0)
	ip := s.book.address(&r, Hosting)
	var again func()
	again = func() {
		s.ask(&Request{IP: ip, Method: method, Path: path, Agent: agent}, r.fork())
		s.call(s.now+every+moment(r.intn(400))*millisecond, again)
	}
	s.call(s.now+moment(r.intn(int(every))), again)
}

// visit lets one address ask for n things, one after another, with a mean gap in seconds.
func (s *sim) visit(q Request, n int, gap float64, r *stream, path func(r *stream) string) {
	at := s.now
	for range n {
		seed := r.fork()
		s.call(at, func() {
			one := q
			one.Path = path(&seed)
			s.ask(&one, seed.fork())
		})
		at += seconds(r.exp() * gap)
	}
}

// person returns somebody's profile, and post of theirs.
func (s *sim) person(r *stream) *local {
	return &s.locals[int(float64(len(s.locals))*math.Pow(r.float(), 2))]
}

func (s *sim) page(r *stream) string {
	switch l := s.person(r); r.intn(6) {
	case 0:
		return "/@" + l.name
	case 1:
		return "/tags/" + string(appendName(nil, r.Uint64()))
	case 2:
		return "/explore"
	default:
		return "/@" + l.name + "/" + statusID(s.now, r)
	}
}

// readerComes: somebody follows a link to a profile or a post, and looks at a few more.
func (s *sim) readerComes(r *stream) {
	ip := s.book.address(r, AddressKind(r.pick([]float64{Residential: 0.5, Mobile: 0.2, Residential6: 0.3})))
	s.visit(Request{IP: ip, Agent: browsers[r.intn(len(browsers))]}, 1+r.geometric(0.5), 20, r, s.page)
	s.visit(Request{IP: ip, Agent: browsers[0], Referer: "https://" + ourHost + "/"}, r.intn(5), 0.2, r, func(r *stream) string {
		return "/packs/assets/" + string(appendBase36(nil, r.Uint64(), 8)) + ".js"
	})
}

var crawlers = [...]string{
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
	"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
	"Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
	"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
	"meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
}

// crawlerComes: a search engine's crawler takes some pages, slowly, from one of the few addresses of its network.
func (s *sim) crawlerComes(r *stream) {
	i := r.intn(len(crawlers))
	own := streamOf(s.seed, "crawler", uint64(i))
	ip := s.book.network(&own, Hosting).address(r)
	s.ask(&Request{IP: ip, Path: "/robots.txt", Agent: crawlers[i]}, r.fork())
	s.visit(Request{IP: ip, Agent: crawlers[i]}, 5+int(r.lognormal(25, 0.9)), 15, r, s.page)
}

// scraperComes: a program that says it is a browser takes pages, each few from another home's address.
func (s *sim) scraperComes(r *stream) {
	agent := browsers[r.intn(len(browsers))]
	for range 1 + r.intn(25) {
		q := Request{IP: s.book.address(r, Residential), Agent: agent}
		seed := r.fork()
		s.call(s.now+seconds(600*r.float()), func() { s.visit(q, 1+seed.intn(4), 3, &seed, s.page) })
	}
}

// statisticsComes: a directory of the fediverse asks what we are.
func (s *sim) statisticsComes(r *stream) {
	i := r.intn(12)
	own := streamOf(s.seed, "statistics", uint64(i))
	q := Request{IP: s.book.address(&own, Hosting), Agent: "fediverse-census/" + strconv.Itoa(i) + " (+https://census" + strconv.Itoa(i) + ".example)"}
	paths := [...]string{"/.well-known/nodeinfo", "/nodeinfo/2.0", "/api/v1/instance", "/api/v1/instance/peers"}
	next := 0
	s.visit(q, 2+r.intn(3), 0.4, r, func(*stream) string { next++; return paths[next-1] })
}

// newcomerComes: somebody signs up, with a mistake or two in the form, and confirms an address.
func (s *sim) newcomerComes(r *stream) {
	q := Request{IP: s.book.address(r, Residential), Agent: browsers[r.intn(len(browsers))]}
	s.visit(q, 1, 1, r, func(*stream) string { return "/auth/sign_up" })
	at := s.now + seconds(r.between(30, 200))
	for range 1 + r.geometric(0.3) {
		sign, seed := q, r.fork()
		sign.Method, sign.Path, sign.Body = "POST", "/auth", 400
		s.call(at, func() { s.ask(&sign, seed) })
		at += seconds(r.between(8, 60))
	}
	s.newJob(job{rng: r.fork(), class: &classes[mailer]}, at-s.now)
	confirm, seed := q, r.fork()
	confirm.Path = "/auth/confirmation?confirmation_token=" + string(appendBase36(nil, r.Uint64(), 12))
	s.call(at+seconds(r.lognormal(120, 1)), func() { s.ask(&confirm, seed) })
}

var probePaths = [...]string{"/.env", "/wp-login.php", "/.git/config", "/xmlrpc.php", "/phpmyadmin/index.php", "/actuator/health", "/wp-admin/setup-config.php",
	"/cgi-bin/luci/;stok=/locale", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/boaform/admin/formLogin", "/HNAP1", "/config.json",
	"/backup.zip", "/server-status", "/solr/admin/info/system", "/owa/auth/logon.aspx", "/.aws/credentials", "/api/v1/pods", "/login.action", "/shell"}

func probePath(r *stream) string { return probePaths[r.intn(len(probePaths))] }

var probeAgents = [...]string{"Go-http-client/1.1", "python-requests/2.31.0", "Mozilla/5.0 zgrab/0.x", "curl/8.5.0", "",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36"}

// probeComes: the internet's background, one to three requests for what is not there.
func (s *sim) probeComes(r *stream) {
	kind := AddressKind(r.pick([]float64{Hosting: 0.6, Residential: 0.4}))
	s.visit(Request{IP: s.book.address(r, kind), Agent: probeAgents[r.intn(len(probeAgents))]}, 1+r.geometric(0.4), 1, r, probePath)
}

// scannerComes: one address goes through a list.
func (s *sim) scannerComes(r *stream) {
	q := Request{IP: s.book.address(r, Hosting), Agent: probeAgents[r.intn(len(probeAgents))]}
	n := 8 + int(r.lognormal(25, 0.8))
	i := 0
	s.visit(q, min(n, 300), r.between(0.15, 2), r, func(r *stream) string {
		i++
		if i < len(probePaths) {
			return probePaths[i]
		}
		return "/" + string(appendName(nil, r.Uint64())) + ".php"
	})
}

// guesserComes: a program tries a password or two at the form, as at every form on the internet.
func (s *sim) guesserComes(r *stream) {
	q := Request{IP: s.book.address(r, AddressKind(r.pick([]float64{Hosting: 0.5, Residential: 0.5}))), Agent: probeAgents[5], Method: "POST", Body: 120, SignIn: SignInFailed}
	s.visit(q, 1+r.geometric(0.35), 40, r, func(*stream) string { return "/auth/sign_in" })
}

// noiseLines are what is no HTTP, with what nginx makes of it.
var noiseLines = [...]string{
	"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\"\\abc", "\x03\x00\x00/*\xE0\x00\x00\x00\x00\x00Cookie: mstshash=Administr", "PRI * HTTP/2.0", "\x00",
	"GET /http09", "SSH-2.0-Go", "\x05\x01\x00", "GET /uri/sp ace HTTP/1.1", "CONNECT www.example.com:443 HTTP/1.1", "*1\r\n$4\r\nINFO",
}

// noiseComes: what is no HTTP, and agents that are long or no UTF-8.
func (s *sim) noiseComes(r *stream) {
	q := Request{IP: s.book.address(r, Hosting)}
	switch r.intn(8) {
	case 0:
		q.Path, q.Agent = "/", "bad\xFF\xFE\xC3(\x80 end"
	case 1:
		q.Path, q.Agent = "/", longAgent(200+r.intn(6000))
	case 2:
		q.Path, q.Agent = "/", "caf\u00e9 \u65e5\u672c\u8a9e \U0001f600"
	case 3:
		q.Path, q.Agent = "/", "x\" 200 0 \"-\" \"Mozilla/5.0"
	default:
		q.Line = noiseLines[r.intn(len(noiseLines))]
	}
	s.ask(&q, r.fork())
}

func longAgent(n int) string {
	b := make([]byte, 0, n)
	for len(b) < n {
		b = append(b, "Mozilla/5.0 (compatible; MSIE 7.0; Windows NT 5.1; .NET CLR 1.1.4322) "...)
	}
	return string(b)
}

// discoveryComes: a server looks somebody up here, because one of its people does.
func (s *sim) discoveryComes(r *stream) {
	p, l := s.weighted(r), s.person(r)
	if !s.alive(p) {
		return
	}
	after := 0.0
	for _, path := range [...]string{"/.well-known/webfinger?resource=acct:" + l.name + "@" + ourHost, "/users/" + l.name,
		"/users/" + l.name + "/outbox", "/users/" + l.name + "/collections/featured", "/users/" + l.name + "/followers"} {
		s.fetch(p, path, after, r)
		after += r.lognormal(0.4, 0.8)
		if r.chance(0.3) {
			return
		}
	}
}

// purgeComes: a server's moderators delete accounts, many at once.
func (s *sim) purgeComes(r *stream) {
	p := s.weighted(r)
	if s.alive(p) && p.flaw == sound && !p.steady {
		s.goOn(burst{rng: r.fork(), peer: p, left: 12 + int(min(r.pareto(8, 1.1), 400)), purge: true})
	}
}

// threadComes: a remote thread is lively: for an hour or two many servers send what belongs to it.
func (s *sim) threadComes(r *stream) {
	for range int(min(r.pareto(15, 1.2), 400)) {
		p := s.weighted(r)
		if !s.alive(p) {
			continue
		}
		b := burst{rng: r.fork(), peer: p, left: 1, answer: true}
		b.actor = b.pickActor(s)
		s.schedule(s.now+seconds(r.lognormal(1500, 1.1)), evBurst, s.bursts.add(b))
	}
}

// deadLinkComes: a server or somebody asks for a post that is gone.
func (s *sim) deadLinkComes(r *stream) {
	l := s.person(r)
	q := Request{Status: [...]int{404, 404, 410}[r.intn(3)], Path: "/users/" + l.name + "/statuses/" + statusID(s.now, r)}
	if p := s.weighted(r); r.chance(0.6) && s.alive(p) {
		q.IP, q.Agent, q.KeyID = p.address(r), p.agent, p.fetchKey(q.Path)
	} else {
		q.IP, q.Agent = s.book.address(r, Residential), browsers[r.intn(len(browsers))]
	}
	s.ask(&q, r.fork())
}
