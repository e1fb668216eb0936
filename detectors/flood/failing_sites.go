package flood

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// failingSites are the sites at which jobs fail: by class and site, how often in this span of ten minutes and in the one
// before; and how often at any, as the site without a name. When all places are taken a newcomer takes that of the fewest, and its count, as Space-Saving does: a count
// may be too high by the fewest, so that is taken off.
type failingSites struct {
	list []failingSite
}

type failingSite struct {
	class, site string
	span        uint64
	now, before uint32
}

const (
	mostFailing = 128
	failingSpan = 10 * 60 * pipeline.Second
)

// add counts a fail of a class at e's site.
func (h *failingSites) add(class string, e *pipeline.Event) {
	h.count(class, "", e.Time)
	h.count(class, string(e.Site), e.Time)
}

func (h *failingSites) count(class, site string, now pipeline.Time) {
	span := uint64(now / failingSpan)
	for i := range h.list {
		if f := &h.list[i]; f.site == site && f.class == class {
			f.turn(span)
			f.now++
			return
		}
	}
	if len(site) > maxText || len(class) > maxText {
		return
	}
	f := failingSite{strings.Clone(class), strings.Clone(site), span, 1, 0}
	if len(h.list) < mostFailing {
		h.list = append(h.list, f)
		return
	}
	least := h.least(span)
	f.now, f.before = least.now+1, least.before
	*least = f
}

// least returns the site with the fewest fails.
func (h *failingSites) least(span uint64) *failingSite {
	least := &h.list[0]
	for i := range h.list {
		f := &h.list[i]
		if f.turn(span); f.now+f.before < least.now+least.before {
			least = f
		}
	}
	return least
}

func (f *failingSite) turn(span uint64) {
	switch {
	case span == f.span:
		return
	case span == f.span+1:
		f.before = f.now
	default:
		f.before = 0
	}
	f.span, f.now = span, 0
}

// worst returns the site with which most jobs of a class failed in the last ten to twenty minutes, how many
// at least, and how many at any site.
func (h *failingSites) worst(class string, now pipeline.Time) (site string, n, all uint32) {
	span, floor := uint64(now/failingSpan), uint32(0)
	if len(h.list) == mostFailing {
		least := h.least(span)
		floor = least.now + least.before
	}
	for i := range h.list {
		f := &h.list[i]
		if f.class != class {
			continue
		}
		f.turn(span)
		switch c := f.now + f.before; {
		case f.site == "":
			all = c
		case c > n+floor:
			site, n = f.site, c-floor
		}
	}
	return site, n, all
}

func (h *failingSites) save(s *saver) {
	s.numbers(uint64(len(h.list)))
	for _, f := range h.list {
		s.text(f.class)
		s.text(f.site)
		s.numbers(f.span, uint64(f.now), uint64(f.before))
	}
}

func (h *failingSites) load(l *loader) {
	h.list = nil
	for range l.count(mostFailing) {
		h.list = append(h.list, failingSite{l.text(), l.text(), l.number(), uint32(l.number()), uint32(l.number())})
	}
	if l.err != nil {
		h.list = nil
	}
}
