package identity

import "github.com/fedwarden/fedwarden/pipeline"

const (
	maxDeliveries = 1 << 16
	shortHash     = 0xffff_ffff
)

// A delivery is one line of Rails' that bears a name which it does not prove. Names are keyed hashes: two that
// are alike by chance, one pair in four thousand million, add one name's deliveries to another's.
type delivery struct {
	second              int64
	site, domain, actor uint32
	accepted            bool // and nobody said that its signature was bad
}

// deliveries are the last ones, in their order.
type deliveries struct {
	list []delivery
	next int   // where the next one goes, once list is full
	lost int64 // the last second of which one was overwritten
}

func (d *deliveries) add(v delivery) {
	if len(d.list) < maxDeliveries {
		d.list = append(d.list, v)
		return
	}
	d.lost = d.list[d.next].second
	d.list[d.next] = v
	d.next = (d.next + 1) % maxDeliveries
}

// each calls f with the deliveries from the newest to the oldest that came in second from or later.
func (d *deliveries) each(from int64, f func(*delivery)) {
	for i := d.next - 1; i >= 0; i-- {
		if d.list[i].second < from {
			return
		}
		f(&d.list[i])
	}
	for i := len(d.list) - 1; i >= d.next; i-- {
		if d.list[i].second < from {
			return
		}
		f(&d.list[i])
	}
}

// count returns how many deliveries bore a name from second from on, and how many of them were accepted, in seconds first
// to last.
func (d *deliveries) count(typ pipeline.EntityType, hash uint32, from, first, last int64) (all, accepted uint64) {
	d.each(from, func(v *delivery) {
		if v.name(typ) != hash {
			return
		}
		all++
		if v.accepted && v.second >= first && v.second <= last {
			accepted++
		}
	})
	return all, accepted
}

func (v *delivery) name(typ pipeline.EntityType) uint32 {
	switch typ {
	case pipeline.EntitySite:
		return v.site
	case pipeline.EntityDomain:
		return v.domain
	}
	return v.actor
}
