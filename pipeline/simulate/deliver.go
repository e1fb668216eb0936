package simulate

// ourHost is the server's own name.
const ourHost = "social.example"

// deliver makes an exchange of a delivery and lets it arrive.
func (s *sim) deliver(d *Delivery, rng stream) {
	x := exchange{rng: rng, Delivery: *d, delivers: true, method: "POST", proto: "HTTP/1.1", patience: senderPatience}
	x.id = x.rng.Uint64()
	x.path, x.route = "/inbox", &ownRoutes[toInbox]
	if d.To != "" {
		x.path = "/users/" + d.To + "/inbox"
	}
	x.ip, x.agent = d.IP, d.Agent
	if p := d.From; p != nil {
		x.fromPeer(p)
	}
	if x.agent == "-" {
		x.agent = ""
	}
	x.body = d.Bytes
	if x.body == 0 {
		x.body = s.bodyOf(&x)
	}
	x.cost = cost(d.Cost)
	if d.Outcome == Oversized {
		x.body = max(x.body, 1<<20+1+x.rng.intn(1<<20))
	}
	x.status = x.answered()
	x.bytes = answerBytes(x.status)
	s.count.delivery(&x)
	s.arrive(s.exchanges.add(x))
}

func (x *exchange) fromPeer(p *Peer) {
	if p.software.name != "mastodon" {
		x.patience = 5*second + moment(p.seed()%6)*second
	}
	if !x.ip.IsValid() {
		x.ip = p.address(&x.rng)
	}
	if x.agent == "" {
		x.agent = p.agent
		if x.Domain != "" {
			x.agent = p.software.agentOf(x.Domain, p.version)
		}
	}
}

func cost(c float64) float64 {
	if c == 0 {
		return 1
	}
	return c
}

var outcomeStatus = [outcomes]int{202, 202, 401, 401, 503, 403, 401, 413, 400, 400, 404, 410, 500}

// answered returns what an exchange is answered if nothing stands in the way.
func (x *exchange) answered() int {
	if x.delivers {
		return outcomeStatus[x.Outcome]
	}
	if x.limit != "" {
		return 429
	}
	return x.status
}

// answerBytes returns the size of an inbox's answer: none, or a JSON error.
func answerBytes(status int) int {
	switch status {
	case 202, 413, 403:
		return 0
	case 401:
		return 109
	default:
		return 36
	}
}

// outcomeTakes are the median milliseconds of Rails' and of the database's share, by outcome: assumptions in the order
// of the captured lines (8.71 ms for an unsigned one, 233.65 for one accepted under load). A key that is fetched anew
// takes a request to its server.
var outcomeTakes = [outcomes]struct{ ms, sigma float64 }{
	{22, 0.55}, {4, 0.4}, {240, 0.7}, {160, 0.8}, {2600, 0.9}, {7, 0.4}, {5, 0.4}, {2, 0.4}, {3, 0.4}, {3, 0.4}, {9, 0.4}, {9, 0.4}, {30, 0.6},
}

// service returns how long Puma is at an exchange, at rest.
func (s *sim) service(x *exchange) moment {
	if x.limit != "" {
		return moment(x.rng.between(600, 1500))
	}
	ms, sigma := x.route.ms, x.route.sigma
	if x.delivers {
		ms, sigma = outcomeTakes[x.Outcome].ms, outcomeTakes[x.Outcome].sigma
		ms += float64(x.body) / 50_000 // parsing and digesting
	}
	return moment(s.family.latency(&x.rng, ms*x.cost, sigma) * float64(millisecond))
}

// consequences are what follows from an answered exchange.
func (s *sim) consequences(x *exchange) {
	if x.delivers && x.Outcome == Accepted {
		d := x.Delivery
		d.Bytes = x.body
		rng := x.rng.fork()
		s.newJob(job{rng: rng, class: &classes[processing], Delivery: d, cost: x.cost, err: d.Fails}, 0)
		s.count.accepted++
	}
}

// bodyOf draws how long a delivery's body is.
func (s *sim) bodyOf(x *exchange) int {
	b := s.family.bodies[x.Activity]
	n := x.rng.lognormal(b.median, b.sigma)
	if x.Activity == Create && s.family.longPosts > 0 && x.rng.chance(s.family.longPosts) {
		n = x.rng.pareto(9000, 1.1) // blogs, articles
	}
	return int(min(max(n, 180), 900_000))
}
