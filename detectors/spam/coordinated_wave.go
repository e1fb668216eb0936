package spam

import (
	"errors"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// CoordinatedWaveSpec documents coordinated_wave.
var CoordinatedWaveSpec = pipeline.Spec{
	Name: "coordinated_wave", Title: "Coordinated wave", Threat: pipeline.ThreatMaliciousInstance,
	Space: pipeline.SpaceInstance | pipeline.SpaceNetwork, Quiet: 1800,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees: "How many small servers do something unusual at once: servers first seen within three days that deliver twice within the hour, by somebody new where key ids are logged; " +
		"known small ones that wake after two weeks, or bring at least two and five times as many new posters as they usually bring deliveries. And how many servers never seen before one network (/24, /48) brings.",
	Matters:    "Spam waves come from hundreds of servers at once, half of them abandoned and half made for it, each of which sends too little to be noticed.",
	Lookalikes: "A day on which people come to the fediverse and found servers: that is a few an hour. A hoster of many servers has known ones, and new ones over weeks.",
	Do: []string{
		"Look at what some of the servers named here sent.",
		"While it lasts, limit the servers, or hold back posts of accounts nobody follows; subscribe to a blocklist that lists the wave.",
	},
	Defaults: "at least 15 new servers in 10 m or 30 m or 25 in 1 h, or 15 unusual ones in 10 m or 25 in 1 h, surprising by the days before (1 in 10^7) and at least twice what is expected; high, critical from 60 in 1 h on, low if fewer than a fifth are new; silent in the first 24 h. " +
		"A network: at least 5 new servers in 1 h or 8 in 24 h, more than in two and three of its usual days; medium, high from 15 in 1 h on; silent in the first 72 h. A server counts once in three days",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look at the newest posts of the servers named here."},
		{Kind: "mastodon.domain_limit", Undo: "delete the domain blocks", Text: "Limit the servers of the wave while it lasts (domain blocks with severity silence)."},
	},
}

var (
	youngFloors = []window.Floor{{Scale: window.S10m, Count: 15}, {Scale: window.S30m, Count: 15}, {Scale: window.S1h, Count: 25}}
	oddFloors   = []window.Floor{{Scale: window.S10m, Count: 15}, {Scale: window.S1h, Count: 25}}
)

// Of a network, each new server is an event so rare that no rate is learned of it. What an hour brings must be more than
// two of its usual days do, and what a day brings three. In a fresh
// state the usual is too high, for all is new in its first days.
var newNames = [...]struct {
	window.Floor
	days float64
}{{window.Floor{Scale: window.S1h, Count: 5}, 2}, {window.Floor{Scale: window.S24h, Count: 8}, 3}}

const (
	criticalWave = 60 // servers in an hour
	newShare     = 5  // one of so many that must be new
	highNetwork  = 15 // new ones of one network in an hour
	maxMembers   = 512
	maxRelated   = 20
)

// CoordinatedWave reports many small servers that do something unusual at once, and a network that brings many new ones.
type CoordinatedWave struct {
	young, odd tide
	sites      *roll
	network    *window.Space
	networks   *window.Metric
}

// NewCoordinatedWave claims its metric of the network space.
func NewCoordinatedWave(network *window.Space) *CoordinatedWave {
	scales := window.Of(window.S1h, window.S24h)
	return &CoordinatedWave{
		young:    newTide(youngFloors),
		odd:      newTide(oddFloors),
		sites:    newRoll(),
		network:  network,
		networks: network.Metric(window.Prefix, window.NewSites, scales),
	}
}

// Observe counts the sites that the site space tells of, and looks at a delivery's network.
func (d *CoordinatedWave) Observe(e *pipeline.Event, r pipeline.Report) {
	switch {
	case e.Kind == pipeline.KindSignal:
		d.hear(e, r)
	case e.Slots.Prefix != 0:
		d.look(e, r)
	}
}

// hear counts a signal. Any other one is a second in which there was none, so that what is rare is known to be.
func (d *CoordinatedWave) hear(e *pipeline.Event, r pipeline.Report) {
	n, young := uint32(min(e.Signal.Count, 1<<20)), e.Signal.Name == window.SiteYoung
	switch e.Signal.Name {
	case window.SiteYoung, window.SiteOdd:
		if n = 1; !d.sites.call(e.Signal.Key, e.Time) {
			return
		}
	case window.SiteMore:
		young = true
	default:
		n = 0
	}
	d.odd.add(e.Time, n)
	d.young.add(e.Time, n*one(young))
	if n > 0 {
		d.check(e.Time, r)
	}
}

func one(is bool) uint32 {
	if is {
		return 1
	}
	return 0
}

// check reports a wave: of new servers, or of them and of known ones that are unlike themselves.
func (d *CoordinatedWave) check(now pipeline.Time, r pipeline.Report) {
	series, what := d.young.series, "servers that were new"
	x, ok := series.Over(now)
	if !ok {
		series, what = d.odd.series, "small servers that are new or unlike themselves"
		x, ok = series.Over(now)
	}
	if !ok || !rises(series, x, now) || !d.odd.series.Once(now) {
		return
	}
	f := series.Finding(now, x, "sites")
	f.Severity = d.severity(x, now)
	f.Summary = "Coordinated wave on %s: " + x.Text(what)
	for _, site := range d.sites.since(now.Add(-time.Hour), maxMembers) {
		f.Members = append(f.Members, pipeline.Entity{Type: pipeline.EntitySite, Value: site})
		if len(f.Related.Domains) < maxRelated {
			f.Related.Domains = append(f.Related.Domains, site)
		}
	}
	f.Related.Counts.Domains = uint64(x.Count)
	r.Find(f)
}

// severity is low where hardly any of the sites are new: a thread that wakes small servers everywhere does that too.
func (d *CoordinatedWave) severity(x window.Excess, now pipeline.Time) pipeline.Severity {
	switch {
	case newShare*d.young.series.Sum(x.Scale, now) < x.Count:
		return pipeline.SeverityLow
	case d.odd.series.Sum(window.S1h, now) >= criticalWave:
		return pipeline.SeverityCritical
	}
	return pipeline.SeverityHigh
}

// look reports the network of a delivery when it brings many servers never seen before. It names the network: what it
// brings are names, as claimed.
func (d *CoordinatedWave) look(e *pipeline.Event, r pipeline.Report) {
	if !d.network.Counts(window.NewSites) || d.network.Fresh(e.Time) {
		return
	}
	x, ok := d.brings(e)
	if !ok || !d.networks.Once(e.Slots.Prefix, window.Proven, e.Time) {
		return
	}
	key := pipeline.Entity{Type: pipeline.EntityPrefix, Value: pipeline.NetKey(e.IP).String()}
	f := d.networks.Finding(e, x, key, "sites")
	f.Evidence.Part = pipeline.IPOnly
	f.Until = e.Time.Add(time.Hour)
	f.Severity = pipeline.SeverityMedium
	if d.networks.Sum(e.Slots.Prefix, window.Proven, window.S1h, e.Time) >= highNetwork {
		f.Severity = pipeline.SeverityHigh
	}
	f.Summary = "Many new servers from %s: " + x.Text("servers never seen before")
	f.Related.Counts.Domains = uint64(x.Count)
	if e.Site != "" {
		f.Members = []pipeline.Entity{{Type: pipeline.EntitySite, Value: string(e.Site)}}
	}
	r.Find(f)
}

// brings holds the new servers of a delivery's network against what it usually brings.
func (d *CoordinatedWave) brings(e *pipeline.Event) (window.Excess, bool) {
	usual := d.networks.Daily(e.Slots.Prefix, window.Proven, e.Time)
	for _, n := range newNames {
		x := window.Excess{Count: d.networks.Sum(e.Slots.Prefix, window.Proven, n.Scale, e.Time), Scale: n.Scale, Part: window.Proven,
			Known: true, Expected: usual * n.Scale.Length().Hours() / 24, Threshold: max(float64(n.Count), n.days*usual)}
		if float64(x.Count) >= x.Threshold {
			return x, true
		}
	}
	return window.Excess{}, false
}

// Advance does nothing.
func (d *CoordinatedWave) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *CoordinatedWave) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the counts and the sites.
func (d *CoordinatedWave) Snapshot(w io.Writer) error {
	return errors.Join(d.young.write(w), d.odd.write(w), d.sites.write(w))
}

// Restore reads what Snapshot wrote.
func (d *CoordinatedWave) Restore(r io.Reader) error {
	for _, read := range []func(io.Reader) error{d.young.read, d.odd.read, d.sites.read} {
		if err := read(r); err != nil {
			d.young, d.odd, d.sites = newTide(youngFloors), newTide(oddFloors), newRoll()
			return err
		}
	}
	return nil
}
