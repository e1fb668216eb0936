package benign

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

const (
	minAway   = time.Hour
	minMissed = 20  // deliveries that the silence left out: some gap it would be for every second peer otherwise
	arrears   = 3.0 // times what was left out by the mean of the day before: an evening is twice that, and people make up for it
	maxAways  = 256
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
}

func newBacklogs(site *window.Space, domains *window.Metric) backlogs {
	return backlogs{site: site, domains: domains, back: newShelf[back](maxAways)}
}

// observe notes whoever comes back.
func (b *backlogs) observe(e *pipeline.Event) {
	away := e.Time.Sub(b.site.Before(window.Domain))
	if away < minAway {
		return
	}
	slot := e.Slots.Domain
	known := min(e.Time.Sub(b.site.First(window.Domain, slot)), window.S24h.Length()) - away
	if known < minAway {
		return
	}
	claimed := float64(b.domains.Sum(slot, window.ClaimedPart, window.S24h, e.Time))
	all := claimed + float64(b.domains.Sum(slot, window.Proven, window.S24h, e.Time))
	if all*away.Seconds()/known.Seconds() < minMissed {
		return
	}
	*b.back.take(b.site.Hash(string(e.Domain)), e.Time) = back{At: e.Time, Away: away,
		Rate: [2]float64{claimed / known.Seconds(), all / known.Seconds()}, Seen: b.seen(slot)}
}

func (b *backlogs) seen(slot int32) [2]uint32 {
	return [2]uint32{uint32(b.domains.Seen(slot, window.ClaimedPart)), uint32(b.domains.Seen(slot, window.Proven))}
}

// explains reports whether all that f's domain has sent since it came back is no more than what its silence left out,
// and what it would have sent since. What is claimed in its name is held against what was claimed before alone.
func (b *backlogs) explains(f *pipeline.Finding) bool {
	name := domainOf(f)
	if name == "" {
		return false
	}
	r := b.back.find(b.site.Hash(name))
	if r == nil || f.At.Sub(r.At) > recoveryOf(r.Away) {
		return false
	}
	now := b.seen(b.site.Slot(window.Domain, name))
	sent, rate := now[0]-r.Seen[0], r.Rate[0]
	if isProven(f) {
		sent, rate = sent+now[1]-r.Seen[1], r.Rate[1]
	}
	return float64(sent) <= arrears*rate*(r.Away+f.At.Sub(r.At)).Seconds()
}
