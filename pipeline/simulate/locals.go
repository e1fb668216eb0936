package simulate

import (
	"math"
	"net/netip"
	"strconv"
	"time"
)

// A local is a local account, with the person and the devices behind it.
type local struct {
	id        int32
	name      string
	rng       stream
	sessions  float64 // a day
	posts     float64 // of a session
	zone      int
	browser   string
	app       string // "" has none
	home      netip.Addr
	office    int // -1 has none
	twoFactor bool
	clumsy    float64 // how often a password is mistyped
	followers []int32 // peers that have followers

	left int // steps of the session
	web  bool
	at   netip.Addr
	due  moment
}

// An office is an address that several people share: a school, a company, a conference.
type office struct{ ip netip.Addr }

var browsers = [...]string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
}

var apps = [...]string{"Ivory/24.1 CFNetwork/3826.500.131 Darwin/24.5.0", "Tusky/30.1", "MastodonAndroid/2.11.2", "Ice Cubes/1.12.1 CFNetwork/3826 Darwin/24.5.0",
	"Mona/6.8 (iPhone; iOS 18.5)", "Megalodon/2.9.1 (Android)", "Mastodon/2026.2 (iPhone; iOS 18.5; Scale/3.00)"}

// settle makes the local accounts: one active for fifteen known peers, an assumption.
func (s *sim) settle() {
	n := max(8, s.config.Peers/15)
	r := streamOf(s.seed, "offices", 0)
	for range 2 + n/60 {
		s.offices = append(s.offices, office{s.book.address(&r, Residential)})
	}
	s.locals = make([]local, n)
	for i := range s.locals {
		l := &s.locals[i]
		*l = local{id: int32(i), rng: streamOf(s.seed, "local", uint64(i)), office: -1}
		s.personality(l)
		s.planUser(l)
	}
}

func (s *sim) personality(l *local) {
	r := &l.rng
	l.name = string(appendName(nil, r.Uint64())) + strconv.Itoa(int(l.id))
	l.sessions = min(r.lognormal(1.6, 0.9), 30)
	l.posts = r.lognormal(0.15, 0.9)
	l.zone = zones[0].zone + 2*r.intn(2) // mostly of one country
	if r.chance(0.3) {
		l.zone = zoneOf(r)
	}
	l.browser = browsers[r.intn(len(browsers))]
	if r.chance(0.7) {
		l.app = apps[r.intn(len(apps))]
	}
	l.home = s.book.address(r, AddressKind(r.pick([]float64{Residential: 0.6, Residential6: 0.4})))
	if r.chance(0.2) {
		l.office = r.intn(len(s.offices))
	}
	l.twoFactor, l.clumsy = r.chance(0.3), min(r.lognormal(0.12, 0.8), 0.8)
	for range int(min(r.lognormal(16, 1.1), float64(s.config.Peers)/5)) {
		l.followers = append(l.followers, int32(float64(s.config.Peers)*math.Pow(r.float(), 2.4)))
	}
}

func (s *sim) planUser(l *local) {
	l.due = s.arrival(&l.rng, 30*minute, func(at moment) float64 {
		return l.sessions * rhythm(at, l.zone, s.family.swing) * s.rush(at)
	})
	s.schedule(l.due, evUser, l.id)
}

// rush is by how much the local users do more than usual.
func (s *sim) rush(at moment) float64 {
	if s.influx != 0 && at < s.influxTo {
		return s.influx
	}
	return 1
}

// userSteps lets a local user begin a session, go on with it, or end it.
func (s *sim) userSteps(l *local) {
	r := &l.rng
	if l.left == 0 {
		s.comesOnline(l)
		return
	}
	s.does(l)
	if l.left--; l.left == 0 {
		s.planUser(l)
		return
	}
	s.schedule(s.now+seconds(2+r.lognormal(9, 1.1)), evUser, l.id)
}

// comesOnline begins a session, on a device, from somewhere.
func (s *sim) comesOnline(l *local) {
	r := &l.rng
	l.web = l.app == "" || r.chance(0.35)
	l.at = l.home
	switch {
	case l.office >= 0 && r.chance(0.5):
		l.at = s.offices[l.office].ip
	case !l.web && r.chance(0.35):
		l.at = s.book.address(r, Mobile)
	case r.chance(0.01): // a new line, a journey
		l.home = s.book.address(r, Residential)
		l.at = l.home
	}
	l.left = 2 + int(r.lognormal(7, 0.8))
	begin := s.now
	if r.chance(0.05) {
		begin = s.signsIn(l, s.now)
	}
	first := r.fork()
	s.call(begin, func() { s.opens(l, first) })
	s.schedule(begin+seconds(1+r.exp()*2), evUser, l.id)
}

// agent is that of the device in use.
func (l *local) agent() string {
	if l.web {
		return l.browser
	}
	return l.app
}

// get lets a local user's device ask for something.
func (s *sim) get(l *local, path string, r *stream) {
	s.ask(&Request{IP: l.at, Path: path, Agent: l.agent(), User: true, Referer: l.referer(path)}, r.fork())
}

func (l *local) referer(path string) string {
	if l.web && path != "/home" {
		return "https://" + ourHost + "/home"
	}
	return ""
}

// opens is what a client asks for when it starts.
func (s *sim) opens(l *local, r stream) {
	if l.web {
		s.get(l, "/home", &r)
		for range r.intn(4) {
			s.get(l, "/packs/assets/chunk-"+string(appendBase36(nil, r.Uint64(), 8))+".js", &r)
		}
		s.get(l, "/api/v1/custom_emojis", &r)
		s.get(l, "/api/v1/lists", &r)
		s.streams(l, &r)
	} else {
		s.get(l, "/api/v1/accounts/verify_credentials", &r)
	}
	s.get(l, "/api/v1/timelines/home?limit=40", &r)
	s.get(l, "/api/v2/notifications?limit=40", &r)
}

var stepWeights = [...]float64{0.36, 0.17, 0.12, 0.10, 0.08, 0.035, 0.04, 0.03, 0.02, 0.04}

// does is one thing that a local user does.
func (s *sim) does(l *local) {
	r := &l.rng
	if r.chance(l.posts / 8 * s.rush(s.now)) {
		s.publish(&Post{User: int(l.id), Media: r.chance(0.3), Linked: linked(r)}, r.fork())
		return
	}
	id := statusID(s.now, r)
	switch r.pick(stepWeights[:]) {
	case 0:
		s.get(l, "/api/v1/timelines/home?max_id="+id, r)
		for range r.intn(3) {
			s.get(l, "/system/cache/media_attachments/files/"+id+"/small/"+string(appendBase36(nil, r.Uint64(), 16))+".jpg", r)
		}
	case 1:
		s.get(l, "/api/v2/notifications?since_id="+id, r)
	case 2:
		s.get(l, "/api/v1/statuses/"+id+"/context", r)
	case 3:
		s.ask(&Request{IP: l.at, Method: "POST", Path: "/api/v1/statuses/" + id + "/favourite", Agent: l.agent(), User: true}, r.fork())
		s.outgoing(r, 1) // the like is delivered
	case 4:
		s.get(l, "/api/v1/accounts/"+id, r)
		s.get(l, "/api/v1/accounts/"+id+"/statuses?exclude_replies=true", r)
		s.get(l, "/api/v1/accounts/relationships?id[]="+id, r)
	case 5:
		s.ask(&Request{IP: l.at, Method: "POST", Path: "/api/v1/statuses/" + id + "/reblog", Agent: l.agent(), User: true}, r.fork())
		s.outgoing(r, min(len(l.followers), 80))
	case 6:
		s.get(l, "/api/v2/search?q="+string(appendName(nil, r.Uint64()))+"&resolve=true", r)
	case 7:
		s.ask(&Request{IP: l.at, Method: "POST", Path: "/api/v1/accounts/" + id + "/follow", Agent: l.agent(), User: true}, r.fork())
		s.outgoing(r, 1)
	case 8:
		s.get(l, "/api/v1/statuses/"+id, r)
		if r.chance(0.3) { // it was deleted meanwhile
			s.ask(&Request{IP: l.at, Path: "/api/v1/statuses/" + id + "/context", Agent: l.agent(), User: true, Status: 404}, r.fork())
		}
	default:
		s.get(l, "/api/v1/timelines/public?local=true", r)
	}
}

// linked draws how many peers fetch a preview of a post's page: mostly none, now and then all that see a link to it.
func linked(r *stream) int {
	if r.chance(0.012) {
		return int(min(r.pareto(25, 0.9), 500))
	}
	return 0
}

// streams opens the streaming connection of a browser, whose line is written when it closes.
func (s *sim) streams(l *local, r *stream) {
	token := string(appendBase36(nil, mix(uint64(l.id)+s.seed), 12))
	s.ask(&Request{IP: l.at, Path: "/api/v1/streaming?access_token=" + token + "&stream=user", Agent: l.browser, User: true,
		Hold: time.Duration(r.lognormal(600, 1) * float64(time.Second))}, r.fork())
}

// signsIn lets a local user sign in, as people do: with wrong passwords, with a second factor, with a forgotten
// password. It returns when they are in.
func (s *sim) signsIn(l *local, at moment) moment {
	r := &l.rng
	ip, agent := l.at, l.browser
	post := func(path string, result SignIn) {
		seed := r.fork()
		s.call(at, func() {
			s.ask(&Request{IP: ip, Method: "POST", Path: path, Agent: agent, SignIn: result, Body: 180, Referer: "https://" + ourHost + "/auth/sign_in"}, seed)
		})
		at += seconds(r.between(4, 25))
	}
	form := r.fork()
	s.call(at, func() { s.ask(&Request{IP: ip, Path: "/auth/sign_in", Agent: agent}, form) })
	at += seconds(r.between(3, 20))
	for tries := 0; r.chance(l.clumsy) && tries < 9; tries++ {
		post("/auth/sign_in", SignInFailed)
		if tries == 4 && r.chance(0.6) {
			post("/auth/password", NoSignIn)
			s.newJob(job{rng: r.fork(), class: &classes[mailer]}, seconds(1))
			at += seconds(r.between(30, 400))
			break
		}
	}
	if l.twoFactor {
		post("/auth/sign_in", SignInPrompt)
		if r.chance(0.08) {
			post("/auth/sign_in", SignInPrompt)
		}
	}
	post("/auth/sign_in", SignInDone)
	return at
}

// statusID returns the id of a recent status, as Mastodon's snowflakes are.
func statusID(now moment, r *stream) string {
	age := moment(r.exp() * float64(6*hour))
	return strconv.FormatInt(int64((now-age)/millisecond)<<16|int64(r.intn(1<<16)), 10)
}
