package simulate

import "time"

// ask makes an exchange of a request and lets it arrive.
func (s *sim) ask(r *Request, rng stream) {
	x := exchange{rng: rng, method: r.Method, path: r.Path, proto: r.Proto, agent: r.Agent, referer: r.Referer, line: r.Line, ip: r.IP,
		body: r.Body, cost: cost(r.Cost), signIn: r.SignIn, status: r.Status, bytes: r.Bytes}
	x.id = x.rng.Uint64()
	x.KeyID = r.KeyID
	x.hold, x.patience = spanOf(r.Hold), spanOf(r.Patience)
	if x.patience == 0 {
		x.patience = nginxPatience
	}
	x.patience += x.hold
	if r.Line == "" {
		s.ownLine(&x)
		s.refuse(&x, r.User)
	} else if x.status == 0 {
		x.status = 400
	}
	if x.line != "" && x.bytes == 0 {
		x.bytes = 157
	}
	s.arrive(s.exchanges.add(x))
}

func spanOf(d time.Duration) moment { return moment(d / time.Microsecond) }

// ownLine sets what follows from a request's method and path.
func (s *sim) ownLine(x *exchange) {
	if x.method == "" {
		x.method = "GET"
	}
	if x.proto == "" {
		x.proto = "HTTP/1.1"
	}
	x.route = routeOf(x.method, x.path)
	if x.status == 0 {
		x.status = x.route.status
	}
	if x.signIn == SignInDone {
		x.status, x.bytes = 302, 130
	}
	x.cached = x.status == 200 && x.rng.chance(x.route.cached)
	if x.bytes == 0 && x.method != "HEAD" {
		x.bytes = int(x.rng.lognormal(max(x.route.bytes, 40), 0.6))
		if x.status >= 300 && x.status < 400 {
			x.bytes = 120 + x.rng.intn(60)
		} else if x.status >= 400 {
			x.bytes = int(ownRoutes[toNowhere].bytes)
		}
	}
}

// A limits counts what rack-attack counts.
type limits struct {
	window moment
	n      map[limitKey]int
}

type limitKey struct {
	rule   int
	ip     [16]byte
	window moment
}

// A limitRule is one of config/initializers/rack_attack.rb, of those that go by address.
type limitRule struct {
	name   string
	most   int
	period moment
	api    bool // it holds for nobody who is signed in
	holds  func(x *exchange) bool
}

var limitRules = [...]limitRule{
	{"throttle_login_attempts/ip", 25, 5 * minute, false, func(x *exchange) bool { return x.method == "POST" && beforeQuery(x.path) == "/auth/sign_in" }},
	{"throttle_sign_up_attempts/ip", 25, 5 * minute, false, func(x *exchange) bool { return x.method == "POST" && x.path == "/auth" }},
	{"throttle_api_sign_up", 5, 30 * minute, false, func(x *exchange) bool { return x.method == "POST" && x.path == "/api/v1/accounts" }},
	{"throttle_password_resets/ip", 25, 5 * minute, false, func(x *exchange) bool { return x.method == "POST" && x.path == "/auth/password" }},
	{"throttle_email_confirmations/ip", 25, 5 * minute, false, func(x *exchange) bool {
		return x.method != "GET" && (x.path == "/auth/confirmation" || x.path == "/auth/setup")
	}},
	{"throttle_oauth_application_registrations/ip", 5, 10 * minute, false, func(x *exchange) bool { return x.method == "POST" && x.path == "/api/v1/apps" }},
	{"throttle_media_proxy", 30, 10 * minute, false, func(x *exchange) bool { return x.route.controller == "MediaProxyController" }},
	{"throttle_unauthenticated_api", 300, 5 * minute, true, func(x *exchange) bool { return len(x.path) > 4 && x.path[:5] == "/api/" }},
	{"throttle_unauthenticated_paging", 300, 15 * minute, true, paging},
}

// paging reports whether a request pages.
func paging(x *exchange) bool {
	query := x.path[len(beforeQuery(x.path)):]
	for i := 1; i < len(query); i++ {
		for _, name := range [...]string{"page=", "max_id=", "min_id=", "since_id="} {
			if (query[i-1] == '?' || query[i-1] == '&') && len(query)-i >= len(name) && query[i:i+len(name)] == name {
				return true
			}
		}
	}
	return false
}

// refuse marks a request for what it is counted for; user says that it is signed in.
func (s *sim) refuse(x *exchange, user bool) {
	if x.route.static || x.cached {
		return
	}
	for i := range limitRules {
		r := &limitRules[i]
		if !(r.api && user) && r.holds(x) && s.limits.over(i, x, s.now) {
			x.limit, x.status, x.bytes, x.signIn = r.name, 429, 32, NoSignIn
			return
		}
	}
}

// over counts a request and reports whether it is one too many. Windows are those of rack-attack: whole periods since
// 1970, and an IPv6 address is its /64.
func (l *limits) over(rule int, x *exchange, now moment) bool {
	r := &limitRules[rule]
	if w := now / (30 * minute); w != l.window || l.n == nil {
		l.window, l.n = w, make(map[limitKey]int)
	}
	k := limitKey{rule: rule, ip: x.ip.As16(), window: now / r.period}
	if x.ip.Is6() {
		clear(k.ip[8:])
	}
	l.n[k]++
	return l.n[k] > r.most
}
