package benign

import (
	"cmp"
	"errors"
	"io"
	"math"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// ViralSpec documents viral.
var ViralSpec = pipeline.Spec{
	Name: "viral", Title: "A post that everybody reads", Space: pipeline.SpaceSite | pipeline.SpaceNetwork,
	Kinds:      []pipeline.Kind{pipeline.KindRequest},
	Sees:       "GETs of which most are for one to three posts, profiles or previews, each asked for by dozens of addresses; or deliveries by dozens of sites whose names are proven, at twice the usual pace: everybody replies, boosts, likes.",
	Matters:    "A link that goes round brings hundreds of requests within seconds, and thousands within the hour.",
	Lookalikes: "A botnet that asks for one post over and over. It gains a surge at low for as long as nobody is hurt by it: with 2 % of answers 502, 503 or 504, or answers three times as slow as usual, or ten times the expected requests, nothing is lowered below medium. One address alone gains nothing.",
	Do:         []string{"Let nginx cache public posts for a minute (`proxy_cache`), if they are slow."},
	Defaults:   "of the GETs of 5 to 10 m, at least 100: 40 % for one path or 60 % for three, from at least 30 addresses each; or half of all requests are accepted deliveries by at least 20 proven sites, twice as many as on the mean of 24 h",
}

var (
	readByAll    = names{"distributed_surge"}
	writtenByAll = names{"distributed_surge", "fetch_amplification"}
)

const (
	viralPane   = pipeline.Time(5 * time.Minute)
	minReads    = 100
	topShare    = 0.4
	topsShare   = 0.6
	tops        = 3
	minReaders  = 30
	minWriters  = 20
	writersUp   = 2.0
	errorShare  = 0.02
	slower      = 3.0
	viralGrowth = 10.0
	maxPaths    = 32
)

// Viral explains what a popular post brings.
type Viral struct {
	network            *window.Space
	paths              shelf[read]
	all, gets, errs    tally
	writers            crowd
	written            *window.Counter
	answered, millisec *window.Counter
}

// A read is what is known of a path.
type read struct {
	Times   tally
	Readers crowd
}

var viralScales = window.Of(window.S10m, window.S24h)

// NewViral needs the network space for its hashes.
func NewViral(network *window.Space) *Viral {
	d := &Viral{network: network}
	d.reset()
	return d
}

func (d *Viral) reset() {
	*d = Viral{network: d.network, paths: newShelf[read](maxPaths), written: window.NewCounter(viralScales),
		answered: window.NewCounter(viralScales), millisec: window.NewCounter(viralScales)}
}

// Observe counts what is read, and who writes.
func (d *Viral) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind != pipeline.KindRequest || e.Counts&pipeline.CountsAddress == 0 || !e.Endpoint.IsDynamic() {
		return
	}
	d.all.add(e.Time, viralPane, 1)
	if e.Status >= 502 && e.Status <= 504 {
		d.errs.add(e.Time, viralPane, 1)
	}
	if took := cmp.Or(e.Upstream, e.Duration); took > 0 {
		d.answered.Add(e.Time, 1)
		d.millisec.Add(e.Time, uint32(min(took.Milliseconds()+1, 1<<20)))
	}
	switch {
	case e.Method == pipeline.MethodGet:
		d.gets.add(e.Time, viralPane, 1)
		d.read(e)
	case isProvenEvent(e) && isAccepted(e):
		d.written.Add(e.Time, 1)
		d.writers.add(e.Time, viralPane, spread(e.Slots.Site))
	}
}

// spread makes a hash of a slot, which stands for its key for as long as a crowd is counted.
func spread(slot int32) uint64 { return uint64(slot) * 0x9e3779b97f4a7c15 >> 32 }

func (d *Viral) read(e *pipeline.Event) {
	switch e.Endpoint {
	case pipeline.EndpointStatus, pipeline.EndpointProfilePage, pipeline.EndpointActor, pipeline.EndpointMediaProxy, pipeline.EndpointTagPage:
	default:
		return
	}
	r := d.paths.take(d.network.Hash(e.Path), e.Time)
	r.Times.add(e.Time, viralPane, 1)
	if e.IP.IsValid() {
		r.Readers.add(e.Time, viralPane, d.network.AddressHash(e.IP))
	}
}

// Explain lowers a surge that is readers or writers, and hurts nobody.
func (d *Viral) Explain(f *pipeline.Finding) {
	byReaders := readByAll.has(f) && d.isRead(f.At)
	byWriters := writtenByAll.has(f) && d.isWritten(f.At)
	switch {
	case !byReaders && !byWriters:
	case f.Severity == pipeline.SeverityCritical || d.hurts(f.At):
		annotate(f, pipeline.ContextViral)
	case f.Measure.Expected == nil || f.Measure.Value > viralGrowth**f.Measure.Expected:
		ease(f, pipeline.ContextViral)
	default:
		lower(f, pipeline.ContextViral)
	}
}

// isRead reports whether most GETs are for one path, or three, of many readers each.
func (d *Viral) isRead(now pipeline.Time) bool {
	all := float64(d.gets.sum(now, viralPane))
	if all < minReads {
		return false
	}
	var top [tops]float64 // highest first
	for i := range d.paths.of {
		r := &d.paths.of[i]
		n := float64(r.Times.sum(now, viralPane))
		if n <= top[tops-1] || r.Readers.count(now, viralPane) < minReaders {
			continue
		}
		for k := range top {
			if n > top[k] {
				n, top[k] = top[k], n
			}
		}
	}
	return top[0] >= topShare*all || top[0]+top[1]+top[2] >= topsShare*all
}

// isWritten reports whether most requests are deliveries of many proven sites, more than usual.
func (d *Viral) isWritten(now pipeline.Time) bool {
	short, long := window.S10m, window.S24h
	n := float64(d.written.Sum(short, now))
	usual := float64(d.written.Sum(long, now)) * float64(short.Seconds()) / float64(long.Seconds())
	return n >= float64(d.all.sum(now, viralPane))/2 && n >= writersUp*usual && d.writers.count(now, viralPane) >= minWriters
}

// hurts reports whether requests fail or are slow.
func (d *Viral) hurts(now pipeline.Time) bool {
	if float64(d.errs.sum(now, viralPane)) >= errorShare*float64(d.all.sum(now, viralPane)) {
		return true
	}
	mean := func(s window.Scale) float64 {
		return float64(d.millisec.Sum(s, now)) / math.Max(1, float64(d.answered.Sum(s, now)))
	}
	return mean(window.S10m) > slower*mean(window.S24h)
}

// Advance does nothing.
func (d *Viral) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Viral) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes what is counted.
func (d *Viral) Snapshot(w io.Writer) error {
	return errors.Join(put(w, &d.all, &d.gets, &d.errs, &d.writers), d.paths.write(w),
		d.written.Snapshot(w), d.answered.Snapshot(w), d.millisec.Snapshot(w))
}

// Restore reads what Snapshot wrote.
func (d *Viral) Restore(r io.Reader) error {
	err := errors.Join(get(r, &d.all, &d.gets, &d.errs, &d.writers), d.paths.read(r),
		d.written.Restore(r), d.answered.Restore(r), d.millisec.Restore(r))
	if err != nil {
		d.reset()
	}
	return err
}
