package simulate

import (
	"math"
	"net/netip"
)

// seed is what a peer's names are made of.
func (p *Peer) seed() uint64 { return p.names }

func (p *Peer) inbox() string { return "https://" + p.host + "/inbox" }

// up reports whether a peer can be reached.
func (p *Peer) up(now moment) bool {
	if p.dies != 0 && now >= p.dies {
		return false
	}
	for _, d := range p.down {
		if d.holds(now) {
			return false
		}
	}
	return true
}

// address returns the address that a peer sends from now.
func (p *Peer) address(r *stream) netip.Addr {
	switch {
	case len(p.addrs) == 1:
		return p.addrs[0]
	case p.habit == both && r.chance(0.93):
		return p.addrs[0]
	default:
		return p.addrs[r.intn(len(p.addrs))]
	}
}

// upgrade gives a peer another agent, or its software's next version.
func (p *Peer) upgrade(agent string) {
	if agent != "" {
		p.agent = agent
		return
	}
	p.version++
	p.agent = p.software.agentOf(p.face, p.version)
}

// plan schedules a peer's next arrival after a moment.
func (s *sim) plan(p *Peer, after moment) {
	now := s.now
	s.now = after
	p.due = s.arrival(&p.rng, min(s.family.slot, 30*minute), func(at moment) float64 { return s.intensity(p, at) })
	s.now = now
	s.schedule(p.due, evPeer, p.id)
}

// replan schedules it anew, after what it depends on has changed. The arrival that was scheduled is no longer due.
func (s *sim) replan(p *Peer) { s.plan(p, s.now) }

// intensity is how many sessions a day a peer begins, at a moment.
func (s *sim) intensity(p *Peer, at moment) float64 {
	f := p.rate * s.family.sessions()
	if p.boost != 0 && at < p.boostUntil {
		f *= p.boost
	}
	if p.steady {
		return f
	}
	r := stream(mix(p.seed()^s.seed) + uint64(at/s.family.slot)*0x9e3779b97f4a7c15)
	return f * rhythm(at, p.zone, s.family.swing) * s.family.modulate(&r, p)
}

// sessions is which share of the deliveries begins a session: of the rest, some go on with one, and some answer. An
// answer may be answered in turn.
func (f *family) sessions() float64 {
	threads := f.mix[Create] + f.mix[Announce]
	return 1 / (1 + threads*f.replies/(1-f.replies)) / (1 + f.more)
}

// peerArrives lets a peer begin a session, unless that was planned anew.
func (s *sim) peerArrives(p *Peer) {
	if s.now != p.due {
		return
	}
	s.plan(p, s.now)
	if p.dies != 0 && s.now >= p.dies {
		return
	}
	if !p.up(s.now) {
		p.backlog++
		return
	}
	r := p.rng.fork()
	b := burst{peer: p, rng: r}
	b.actor = b.pickActor(s)
	b.left = s.family.further(&b.rng)
	if p.steady {
		b.left = 0
	}
	s.burstSends(&b)
	if b.left > 0 {
		s.goOn(b)
	}
}

// A burst is deliveries of one actor that are still to come.
type burst struct {
	rng      stream
	peer     *Peer
	actor    int
	activity Activity
	left     int
	purge    bool // accounts are deleted, one after another
	answer   bool // it answers a thread
}

// pickActor draws which actor it is by: few are busy. One in fifty is a stranger, who was never seen here and answers
// somebody.
func (b *burst) pickActor(s *sim) int {
	p := b.peer
	if p.software.name == "relay" {
		return 0
	}
	if b.rng.chance(0.02) && p.actors > 1 || p.actors == 0 {
		p.actors++
		return p.actors - 1
	}
	return int(float64(p.actors) * math.Pow(b.rng.float(), 2.6))
}

func (s *sim) goOn(b burst) {
	gap := s.family.gap(&b.rng)
	if b.purge {
		gap = b.rng.exp() * 6
	}
	s.schedule(s.now+seconds(gap)+1, evBurst, s.bursts.add(b))
}

func (s *sim) burstGoesOn(ref int32) {
	b := s.bursts.rows[ref]
	s.bursts.drop(ref)
	if b.left--; !b.peer.up(s.now) {
		return
	}
	s.burstSends(&b)
	if b.left > 0 {
		s.goOn(b)
	}
}

// burstSends sends one delivery of a burst.
func (s *sim) burstSends(b *burst) {
	r := b.rng.fork()
	d := Delivery{From: b.peer, Actor: b.actor}
	if b.left == 0 || b.activity == Create || b.rng.chance(0.4) {
		b.activity = Activity(r.pick(s.family.mix[:]))
	}
	switch {
	case b.purge:
		d.Activity = Delete
	case b.answer:
		d.Activity, d.Thread = Create, r.chance(0.3)
		if r.chance(0.4) {
			d.Activity = Announce
		}
	default:
		d.Activity = b.activity
	}
	if b.peer.software.name == "relay" {
		d.Activity = Announce
	}
	s.outcome(&d, b, &r)
	s.deliver(&d, r)
	if k := s.family.replies; k > 0 && (d.Activity == Create || d.Activity == Announce) {
		s.cascade(b, k)
	}
}

// cascade lets other servers answer.
func (s *sim) cascade(b *burst, mean float64) {
	for range b.rng.poisson(mean) {
		p := s.weighted(&b.rng)
		if !s.alive(p) {
			continue
		}
		child := burst{rng: b.rng.fork(), peer: p, left: 1, answer: true}
		child.actor = child.pickActor(s)
		s.schedule(s.now+seconds(max(s.family.delay(&child.rng), 1)), evBurst, s.bursts.add(child))
	}
}

// outcome decides what Mastodon makes of a delivery of an honest peer.
func (s *sim) outcome(d *Delivery, b *burst, r *stream) {
	p := b.peer
	switch {
	case d.Activity == Delete && (b.purge || r.chance(s.family.unknown)):
		// Deleted accounts were mostly never known here.
		d.Outcome, d.Actor = UnknownActor, 1_000_000+r.intn(1<<30)
		if r.chance(0.01) {
			d.Outcome = GoneKey
		}
	case p.flaw == blocked:
		d.Outcome = Blocked
	case p.flaw == skewed:
		d.Outcome, d.NoRetry = BadSignature, r.chance(0.6)
	case p.flaw == hidden && r.chance(0.7):
		d.Outcome = Unfetchable
	case p.flaw == crippled && r.chance(0.15):
		d.Outcome = Malformed
	default:
		d.Outcome = Outcome(r.pick(usualOutcomes[:]))
	}
	d.NewActor = d.Outcome == Accepted && d.Actor == p.actors-1 && p.actors > 1
	if d.Activity == Follow || d.Activity == Accept || r.chance(p.software.personal) {
		d.To = s.locals[int(float64(len(s.locals))*math.Pow(r.float(), 2))].name
	}
	if (d.Activity == Create || d.Activity == Like || d.Activity == Announce) && r.chance(0.05) {
		d.Mentions = 1 + r.geometric(0.25)
	}
	d.Media = r.chance(0.3)
}

// usualOutcomes are those of a sound peer: assumptions.
var usualOutcomes = [outcomes]float64{Accepted: 0.9938, BadSignature: 0.0006, GoneKey: 0.0012, Unfetchable: 0.0014, NoRecipient: 0.002, GoneRecipient: 0.0006, Broken: 0.0002}

// peerIsBack lets a peer send what it could not while it was down, some a second.
func (s *sim) peerIsBack(p *Peer) {
	n := int(float64(p.backlog) / s.family.sessions())
	p.backlog = 0
	at := s.now + seconds(p.rng.between(5, 60))
	for range n {
		b := burst{rng: p.rng.fork(), peer: p, left: 1}
		b.actor = b.pickActor(s)
		at += seconds(p.rng.exp() / 8)
		s.schedule(at, evBurst, s.bursts.add(b))
	}
}

// planChange schedules a peer's next upgrade or move.
func (s *sim) planChange(p *Peer) {
	perYear := s.family.moves + s.family.upgrades
	if p.habit == changing {
		perYear += 250
	}
	s.schedule(max(s.now, p.born)+moment(p.rng.exp()/perYear*365*float64(day)), evChange, p.id)
}

// peerChanges upgrades a peer, or moves it.
func (s *sim) peerChanges(p *Peer) {
	upgrades := s.family.upgrades
	all := upgrades + s.family.moves
	if p.habit == changing {
		all += 250
	}
	if p.rng.chance(upgrades / all) {
		p.upgrade("")
	} else {
		p.addrs = s.newAddresses(&p.rng, p)
	}
	s.planChange(p)
}
