package benign

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

const (
	minAway   = time.Hour
	minMissed = 20  // deliveries that the silence left out
	arrears   = 3.0 // times what was left out by the mean of the day before: an evening is twice that, and people make up for it
	minGap    = 10 * time.Minute
	minSeen   = 10             // deliveries that must have told how many are usual
	gapMissed = 4              // deliveries that a gap must have left out: one in fifty is as long by chance
	mostAway  = 24 * time.Hour // what is as quiet for longer is the new usual
	strays    = 0.2            // of the usual: so much may come within a silence, of retries and of forgers
	maxAways  = 512
)

// backlogs know which domains were silent for longer than they ever are, and how much that left out.
type backlogs struct {
	site    *window.Space
	domains *window.Metric
	back    shelf[back]
}

// A back is a domain that has come back.
type back struct {
	At   pipeline.Time
	Away time.Duration
	Rate [2]float64 // deliveries a second before: the claimed ones, and all
	Seen [2]uint32  // of the claimed and the proven ones, when it came back
	Was  [2]uint32  // and when its silence was first broken
}

func newBacklogs(site *window.Space, domains *window.Metric) backlogs {
	return backlogs{site: site, domains: domains, back: newShelf[back](maxAways)}
}

// observe notes whoever comes back.
func (b *backlogs) observe(e *pipeline.Event) {
	gap := e.Time.Sub(b.site.Before(window.Domain))
	if gap < minGap {
		return
	}
	slot, key := e.Slots.Domain, b.site.Hash(string(e.Domain))
	if r := b.back.find(key); r != nil && r.goesOn(e.Time, b.seen(slot)) {
		r.Away += e.Time.Sub(r.At)
		r.At, r.Seen = e.Time, b.seen(slot)
		b.back.weigh(key, r.missed())
		return
	}
	known := min(e.Time.Sub(b.site.First(window.Domain, slot)), window.S24h.Length()) - gap
	if known < minAway {
		return
	}
	claimed := float64(b.domains.Sum(slot, window.ClaimedPart, window.S24h, e.Time))
	all := claimed + float64(b.domains.Sum(slot, window.Proven, window.S24h, e.Time))
	if all < minSeen || all*gap.Seconds()/known.Seconds() < gapMissed {
		return
	}
	r := b.back.take(key, e.Time)
	now := b.seen(slot)
	*r = back{At: e.Time, Away: gap, Rate: [2]float64{claimed / known.Seconds(), all / known.Seconds()}, Seen: now, Was: now}
	b.back.weigh(key, r.missed())
}

// missed returns how many deliveries the silence left out.
func (r *back) missed() float64 { return r.Rate[1] * r.Away.Seconds() }

// goesOn reports whether the silence of r goes on: all that broke it were strays. Who has come less often ever since is
// not silent.
func (r *back) goesOn(now pipeline.Time, seen [2]uint32) bool {
	if r.Away >= mostAway {
		return false
	}
	usual := r.Rate[1] * (r.Away + now.Sub(r.At)).Seconds()
	return float64(seen[0]-r.Was[0]+seen[1]-r.Was[1]) <= max(3, strays*usual)
}

func (b *backlogs) seen(slot int32) [2]uint32 {
	return [2]uint32{uint32(b.domains.Seen(slot, window.ClaimedPart)), uint32(b.domains.Seen(slot, window.Proven))}
}

// explains reports whether all that f's domain has sent since it came back is no more than what its silence left out,
// and what it would have sent since. What is claimed in its name is held against what was claimed before alone, unless
// more than that is proven to come from it: the server is busy then, and refuses some.
func (b *backlogs) explains(f *pipeline.Finding) bool {
	name := domainOf(f)
	if name == "" {
		return false
	}
	r := b.back.find(b.site.Hash(name))
	if r == nil || r.Away < minAway || r.missed() < minMissed || f.At.Sub(r.At) > recoveryOf(r.Away) {
		return false
	}
	now := b.seen(b.site.Slot(window.Domain, name))
	claimed, proven := now[0]-r.Seen[0], now[1]-r.Seen[1]
	sent, rate := claimed, r.Rate[0]
	if isProven(f) || proven >= claimed {
		sent, rate = claimed+proven, r.Rate[1]
	}
	return float64(sent) <= arrears*rate*(r.Away+f.At.Sub(r.At)).Seconds()
}
