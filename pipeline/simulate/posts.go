package simulate

import "math"

// A post is a local user's, on its way to the peers.
type post struct {
	Post
	id    string
	page  string // its path for people
	actor string // its author's path
	peers []int32
	local *local
}

// publish lets a local user post.
func (s *sim) publish(p *Post, rng stream) {
	l := &s.locals[p.User%len(s.locals)]
	out := &post{Post: *p, id: statusID(s.now, &rng), local: l, actor: "/users/" + l.name, page: "/@" + l.name + "/"}
	out.page += out.id
	at := l.at
	if !at.IsValid() {
		at = l.home
	}
	if p.Media {
		s.ask(&Request{IP: at, Method: "POST", Path: "/api/v2/media", Agent: l.agent(), User: true, Body: int(rng.lognormal(700_000, 0.8))}, rng.fork())
		s.newJob(job{rng: rng.fork(), class: &classes[postProcessMedia]}, seconds(0.3))
	}
	s.ask(&Request{IP: at, Method: "POST", Path: "/api/v1/statuses", Agent: l.agent(), User: true, Body: int(rng.lognormal(420, 0.5))}, rng.fork())
	if s.down {
		return
	}
	out.peers = s.audience(l, p.Reach, &rng)
	s.newJob(job{rng: rng.fork(), class: &classes[distribution], Delivery: Delivery{Local: 2 + rng.geometric(0.85)}}, seconds(0.12))
	s.newJob(job{rng: rng.fork(), class: &classes[apDistribution], post: out}, seconds(0.13))
	if rng.chance(0.2) {
		s.newJob(job{rng: rng.fork(), class: &classes[linkCrawl]}, seconds(rng.between(1, 59)))
	}
	s.stampede(out, &rng)
}

// audience returns the peers to which a post of a local user goes.
func (s *sim) audience(l *local, reach int, r *stream) []int32 {
	if reach == 0 {
		return l.followers
	}
	list := append([]int32(nil), l.followers[:min(reach, len(l.followers))]...)
	for len(list) < reach {
		list = append(list, int32(float64(s.config.Peers)*math.Pow(r.float(), 1.6)))
	}
	return list
}

// deliverable reports whether Mastodon delivers to a peer: one that could not be reached for a week is given up.
func (s *sim) deliverable(p *Peer) bool {
	return p.born <= s.now && (p.dies == 0 || s.now < p.dies+7*day) && p.flaw != blocked
}

// fanOut queues the deliveries of a post.
func (s *sim) fanOut(j *job) {
	for _, i := range j.post.peers {
		if p := s.peers[i]; s.deliverable(p) {
			s.newJob(job{rng: j.rng.fork(), class: &classes[delivery], peer: p, post: j.post}, moment(j.rng.exp()*20_000))
		}
	}
}

// outgoing queues deliveries of what a local user does besides posting.
func (s *sim) outgoing(r *stream, n int) {
	for range n {
		if p := s.peers[int(float64(s.config.Peers)*math.Pow(r.float(), 2.4))]; s.deliverable(p) {
			s.newJob(job{rng: r.fork(), class: &classes[delivery], peer: p}, seconds(0.1))
		}
	}
}

// received is what a peer does with a post: it fetches what the post shows, and its people answer.
func (s *sim) received(j *job) {
	r, p, post := j.rng.fork(), j.peer, j.post
	if post.Media && r.chance(0.75) {
		s.fetch(p, "/system/media_attachments/files/"+post.id+"/original/"+string(appendBase36(nil, mix(s.seed^uint64(post.local.id)), 16))+".jpg", r.lognormal(2, 1), &r)
	}
	if r.chance(0.05) {
		s.fetch(p, post.actor, r.lognormal(1, 1), &r)
		s.fetch(p, "/system/accounts/avatars/"+post.local.name+".png", r.lognormal(4, 1), &r)
	}
	viral := cost(post.Viral)
	if !r.chance(min(0.05*viral, 0.9)) {
		return
	}
	for range 1 + r.geometric(0.3) {
		d := Delivery{From: p, Actor: int(float64(p.actors) * math.Pow(r.float(), 2)), Mentions: 1, Local: -1,
			Activity: [...]Activity{Like, Announce, Create}[r.pick([]float64{0.6, 0.25, 0.15})]}
		if d.Activity == Create && r.chance(p.software.personal) {
			d.To = post.local.name
		}
		if p.flaw == blocked {
			d.Outcome = Blocked
		}
		seed := r.fork()
		s.call(s.now+seconds(r.lognormal(2400, 1.6)), func() { s.reply(&d, seed) })
		if d.Activity == Announce && post.Viral > 0 {
			s.spread(post, &r)
		}
	}
}

// reply delivers an answer, unless its sender is gone.
func (s *sim) reply(d *Delivery, r stream) {
	if d.From.up(s.now) {
		s.deliver(d, r)
	}
}

// spread lets a peer that does not follow the author hear of a viral post, and fetch it.
func (s *sim) spread(post *post, r *stream) {
	for range r.poisson(2) {
		p := s.weighted(r)
		s.fetch(p, post.actor+"/statuses/"+post.id, r.lognormal(600, 1.5), r)
		s.fetch(p, post.actor, r.lognormal(601, 1.5), r)
	}
}

// fetch lets a peer get something, signed, after some seconds.
func (s *sim) fetch(p *Peer, path string, after float64, r *stream) {
	seed := r.fork()
	s.call(s.now+seconds(after), func() {
		if p.up(s.now) && s.alive(p) {
			s.ask(&Request{IP: p.address(&seed), Path: path, Agent: p.agent, KeyID: p.fetchKey(path)}, seed)
		}
	})
}

// fetchKey is the key by which a server signs what it gets: its own actor's, by most software. Files are not signed for.
func (p *Peer) fetchKey(path string) string {
	if len(path) > 8 && path[:8] == "/system/" {
		return ""
	}
	switch p.software.name {
	case "mastodon", "glitch":
		return "https://" + p.host + "/actor#main-key"
	case "misskey", "sharkey", "gotosocial", "akkoma":
		return p.KeyID(0)
	}
	return ""
}

// stampede lets every server that sees a link to a post's page fetch a preview of it: HEAD, then GET, within a minute.
func (s *sim) stampede(p *post, r *stream) {
	if p.Linked == 0 {
		return
	}
	begin := s.now + seconds(r.lognormal(900, 1.2))
	for range p.Linked {
		peer, seed := s.weighted(r), r.fork()
		s.call(begin+seconds(1+59*r.float()), func() {
			if !peer.up(s.now) {
				return
			}
			q := Request{IP: peer.address(&seed), Path: p.page, Agent: peer.agent + " Bot"}
			if seed.chance(0.5) {
				head := q
				head.Method = "HEAD"
				s.ask(&head, seed.fork())
			}
			s.ask(&q, seed.fork())
		})
	}
}
