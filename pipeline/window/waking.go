package window

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// The names of the signals that Waking sends. Many small sites do something unusual once in a while; that many do so
// at once is what coordinated waves look like, and only the whole server can see it.
const (
	SiteYoung    = "site.young"    // Key is a site first seen within three days that has delivered twice within the hour
	SiteOdd      = "site.odd"      // Key is a small site, known for longer, that woke or brings more new actors than it usually brings deliveries
	SiteTemplate = "site.template" // Key is a template, a space and a young site whose delivery is like it
	SiteMore     = "site.more"     // how many of these there were beyond those that a second may name
)

const (
	maxNamed    = 256 // signals of one second
	smallADay   = 720 // deliveries a day, up to which a site is small: one in two minutes
	oddGrowth   = 5   // times its usual deliveries that a small site's new actors must be
	oddMin      = 2   // of them, or of a young site's deliveries
	bodyGrain   = 128 // bytes of a template
	hostRepeats = 8   // times a body is thought to have its host's name
	maxFamily   = 24  // bytes of a software's name
	maxSite     = 253 // bytes of a site's
	noSoftware  = "unknown"
)

// Waking tells the instance detectors, once a second, which small sites did something unusual: a
// pipeline.Detector of the site key space, registered after its Space.
type Waking struct {
	space      *Space
	all, fresh *Metric
	targets    *Distinct
	pending    []waker
	keys       []byte // of all that are pending, one after the other
	more       uint64
}

// A waker is a signal to be sent.
type waker struct {
	slot int32 // of the site; it tells equal ones apart, within the second
	kind string
	end  int // of its key
}

// NewWaking claims its metrics of the site space.
func NewWaking(site *Space) *Waking {
	return &Waking{
		space: site,
		all:   site.Metric(Site, Inbox, DomainScales),
		fresh: site.Metric(Site, NewActors, Of(S10m, S1h, S24h)),

		targets: site.Distinct(Site, Targets, S1h),
	}
}

// Observe notes a site that is a little odd.
func (d *Waking) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Slots.Site == 0 || e.Kind != pipeline.KindRequest || !isAccepted(e) || len(e.Site) > maxSite {
		return
	}
	counts := d.space.sight.news.has(Inbox)
	switch {
	case e.Endpoint == pipeline.EndpointUserInbox && !d.spreads(e):
	case d.space.Young(e.Slots.Site, e.Time):
		if d.active(e) {
			d.young(e, counts)
		}
	case counts && (d.space.sight.slept || d.outgrows(e)):
		d.note(e.Slots.Site, SiteOdd, string(e.Site), "")
	}
}

// spreads reports whether a delivery to somebody's own inbox is of a site that writes to others as well: when somebody
// moves here, or is read by everybody, servers by the dozen that were never heard of follow or like that one.
func (d *Waking) spreads(e *pipeline.Event) bool {
	_, two := d.targets.Reaches(e.Slots.Site, PartOf(e), oddMin, e.Time)
	return two
}

// active reports whether a young site has delivered twice within the hour, by somebody new where actors are logged.
func (d *Waking) active(e *pipeline.Event) bool {
	if d.sum(d.all, e.Slots.Site, S1h, e.Time) < oddMin {
		return false
	}
	return e.Actor == "" || d.sum(d.fresh, e.Slots.Site, S1h, e.Time) > 0
}

func (d *Waking) young(e *pipeline.Event, counts bool) {
	if counts {
		d.note(e.Slots.Site, SiteYoung, string(e.Site), "")
	}
	if e.RequestBytes >= postBytes {
		d.note(e.Slots.Site, SiteTemplate, templateOf(e), string(e.Site))
	}
}

// outgrows reports whether a small known site brings more new actors in an hour than it usually brings deliveries.
func (d *Waking) outgrows(e *pipeline.Event) bool {
	if !d.space.sight.news.has(NewActors) {
		return false
	}
	slot := e.Slots.Site
	fresh := d.sum(d.fresh, slot, S1h, e.Time)
	if fresh < oddMin {
		return false
	}
	before := d.all.Seen(slot, ClaimedPart) + d.all.Seen(slot, Proven) - uint64(d.sum(d.all, slot, S1h, e.Time))
	days := d.space.age(d.space.tables[Site].record(slot), e.Time).Hours() / 24
	daily := float64(before) / max(days, 1)
	return daily < smallADay && float64(fresh) >= oddGrowth*daily/24
}

// sum returns the count of a site in both parts.
func (d *Waking) sum(m *Metric, slot int32, s Scale, now pipeline.Time) uint32 {
	return m.Sum(slot, ClaimedPart, s, now) + m.Sum(slot, Proven, s, now)
}

// templateOf returns what e has in common with other deliveries of one text: the software, and the length of the
// request without what differs by the length of the sender's name.
func templateOf(e *pipeline.Event) string {
	family := e.Software
	if family == "" {
		family = noSoftware
	}
	length := max(0, e.RequestBytes-int64(hostRepeats*len(e.Domain)))
	return strings.ReplaceAll(family[:min(len(family), maxFamily)], " ", "_") + "/" + strconv.FormatInt(length/bodyGrain, 10)
}

// note keeps a signal until the end of the second, once for each site.
func (d *Waking) note(slot int32, kind, key, site string) {
	for i := range d.pending {
		if d.pending[i].slot == slot && d.pending[i].kind == kind {
			return
		}
	}
	if len(d.pending) == maxNamed {
		d.more++
		return
	}
	d.keys = append(d.keys, key...)
	if site != "" {
		d.keys = append(append(d.keys, ' '), site...)
	}
	d.pending = append(d.pending, waker{slot, kind, len(d.keys)})
}

// Advance sends what there was since the second before.
func (d *Waking) Advance(_ pipeline.Time, r pipeline.Report) {
	keys, from := string(d.keys), 0
	for _, w := range d.pending {
		r.Signal(pipeline.Signal{Name: w.kind, Key: keys[from:w.end], Count: 1})
		from = w.end
	}
	if d.more > 0 {
		r.Signal(pipeline.Signal{Name: SiteMore, Count: d.more})
	}
	d.pending, d.keys, d.more = d.pending[:0], d.keys[:0], 0
}

// Due returns the next second if there is anything to send.
func (d *Waking) Due(now pipeline.Time) pipeline.Time {
	if len(d.pending) > 0 {
		return now + pipeline.Second
	}
	return 0
}

// Snapshot writes what was not sent yet.
func (d *Waking) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u64(d.more)
	c.u32(uint32(len(d.pending)))
	from := 0
	for _, p := range d.pending {
		c.u32(uint32(p.slot))
		c.text(p.kind)
		c.text(string(d.keys[from:p.end]))
		from = p.end
	}
	return c.err
}

// Restore reads what Snapshot wrote.
func (d *Waking) Restore(r io.Reader) error {
	in := decoder{r: r}
	d.pending, d.keys, d.more = nil, nil, in.u64()
	for range in.count(maxNamed) {
		w := waker{slot: int32(in.u32()), kind: in.text()}
		d.keys = append(d.keys, in.text()...)
		w.end = len(d.keys)
		d.pending = append(d.pending, w)
	}
	if in.err != nil {
		d.pending, d.keys, d.more = nil, nil, 0
	}
	d.pending = slices.Clip(d.pending)
	return in.err
}
