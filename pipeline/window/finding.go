package window

import (
	"net/netip"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// pinFor is how long a finding keeps its key in the table after it has expired: the quiet time in which its
// episode may still go on.
const pinFor = 10 * time.Minute

// Finding returns what x says of the key that e's slot of m's table is, with its evidence; the detector
// adds severity and summary. The key is pinned while the finding holds.
func (m *Metric) Finding(e *pipeline.Event, x Excess, key pipeline.Entity, measure string) pipeline.Finding {
	slot := slotOf(m.table, e)
	f := pipeline.Finding{
		Key:     key,
		Until:   e.Time.Add(x.Scale.Length()),
		Since:   m.since(slot, x, e.Time),
		Measure: x.Measure(measure),
		Related: RelatedTo(e),
		Evidence: pipeline.Proof{
			Window:  uint64(x.Count),
			Seen:    m.Seen(slot, x.Part),
			Part:    m.Level(slot, x.Part, x.Scale, e.Time),
			Samples: []pipeline.Sample{e.AsSample()},
		},
	}
	f.Evidence.Deliveries = m.deliveries(slot, x, f.Since)
	m.space.pin(m.table, slot, f.Until.Add(pinFor))
	if m.base != nil && (x.Surprise > 0 || x.Learning) {
		m.layout.pastOf(m.ring(slot, x.Part))[pastOpen] = uint32(f.Until / pipeline.Second)
	}
	if x.Learning {
		f.Context = []pipeline.Context{pipeline.ContextLearning}
	}
	if key.Type.IsName() && x.Part == ClaimedPart {
		f.Evidence.Addresses = m.space.Shares(m.table, slot, f.Evidence.Window)
	}
	return f
}

// deliveries returns how many deliveries stand behind x, each as Rails tells it: all of a name's metric that counts
// events, if Rails was the witness since the first of them. Zero as well if some of them came at the door, for
// nobody knows when.
func (m *Metric) deliveries(slot int32, x Excess, since pipeline.Time) uint64 {
	byRails := m.space.byRails
	if !m.named() || m.weigh != nil || byRails == 0 || uint32(since/pipeline.Second) <= byRails {
		return 0
	}
	first := pipeline.Time(*m.space.tables[m.table].record(slot).at(recFirst)) * pipeline.Second
	if w := m.ring(slot, x.Part); w == nil || w[m.layout.before] > 1 && since <= first {
		return 0
	}
	return uint64(x.Count)
}

// RelatedTo returns whom e names beside the key.
func RelatedTo(e *pipeline.Event) pipeline.Related {
	var r pipeline.Related
	if e.Domain != "" {
		r.Domains = []string{string(e.Domain)}
	}
	if e.Actor != "" {
		r.Actors = []string{string(e.Actor)}
	}
	if e.IP.IsValid() {
		r.IPs = []string{e.IP.String()}
	}
	return r
}

// AddressEntity returns the entity that stands for addr: the address of IPv4, the /64 of IPv6.
func AddressEntity(addr netip.Addr) pipeline.Entity {
	key := pipeline.AddrKey(addr)
	if key.Addr().Is4() {
		return pipeline.Entity{Type: pipeline.EntityIP, Value: key.Addr().String()}
	}
	return pipeline.Entity{Type: pipeline.EntityPrefix, Value: key.String()}
}

// PartOf returns the part to which e counts for the name it bears.
func PartOf(e *pipeline.Event) Part {
	if e.Level >= pipeline.Corroborated {
		return Proven
	}
	return ClaimedPart
}

// since returns the start of the oldest bucket behind x that is not empty, by the finest ring that
// reaches so far back, and never before the key's first event.
func (m *Metric) since(slot int32, x Excess, now pipeline.Time) pipeline.Time {
	second := uint32(now / pipeline.Second)
	w := m.ring(slot, x.Part)
	oldest := m.layout.oldest(w, x.Scale, second)
	for s := range x.Scale {
		if m.layout.heads[s] != 0 && m.layout.sum(w, s, second) == x.Count {
			oldest = max(oldest, m.layout.oldest(w, s, second))
			break
		}
	}
	first := *m.space.tables[m.table].record(slot).at(recFirst)
	return pipeline.Time(max(oldest, first)) * pipeline.Second
}

// oldest returns the first second of the oldest bucket in the window of s that is not empty.
func (l *layout) oldest(w []uint32, s Scale, t uint32) uint32 {
	at, spec := l.buckets[s], scaleSpecs[s]
	now := s.bucket(t)
	for k := spec.count; k > 0; k-- {
		if w[at+s.place(now-k)] != 0 {
			return (now - k) * spec.unit
		}
	}
	return now * spec.unit
}
