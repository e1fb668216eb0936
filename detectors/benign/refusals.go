package benign

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

const (
	refusalPane = pipeline.Time(10 * time.Minute)
	ownShare    = 0.9 // of an address's refusals that name the site whose address it is
	minRefused  = 10
	maxRefused  = 64
)

// refusals know of whom an address speaks when its deliveries are answered 401: of the site whose own address it is, or
// of others.
type refusals struct {
	site *window.Space
	by   shelf[refused]
}

// A refused is what is known of an address.
type refused struct {
	Since      pipeline.Time // when they became many
	Own, Other tally
	Actors     crowd
}

func newRefusals(site *window.Space) refusals {
	site.Origins()
	return refusals{site, newShelf[refused](maxRefused)}
}

func (d *refusals) observe(e *pipeline.Event) {
	if e.Status != 401 || !isDelivery(e) || e.Counts&pipeline.CountsAddress == 0 || !e.IP.IsValid() {
		return
	}
	r := d.by.take(d.site.AddressHash(e.IP), e.Time)
	if r.Own.sum(e.Time, refusalPane) < minRefused {
		r.Since = e.Time
	}
	if d.site.IsOrigin(d.site.Hash(string(e.Site)), e.IP, e.Time) {
		r.Own.add(e.Time, refusalPane, 1)
	} else {
		r.Other.add(e.Time, refusalPane, 1)
	}
	r.Actors.add(e.Time, refusalPane, d.site.Hash(string(e.Actor)))
}

// own returns what is known of the address that f is about, if it speaks of nobody but the site whose own it is.
func (d *refusals) own(f *pipeline.Finding) *refused {
	addr := addressOf(f)
	if !addr.IsValid() {
		return nil
	}
	r := d.by.find(d.site.AddressHash(addr))
	if r == nil {
		return nil
	}
	own, other := r.Own.sum(f.At, refusalPane), r.Other.sum(f.At, refusalPane)
	if own < minRefused || float64(own) < ownShare*float64(own+other) {
		return nil
	}
	return r
}

// isCrowd reports whether the refusals are of many actors, each once or twice.
func (r *refused) isCrowd(now pipeline.Time) bool {
	return 2*r.Actors.count(now, refusalPane) >= float64(r.Own.sum(now, refusalPane))
}
