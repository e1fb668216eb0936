package flood

import (
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// IPFloodSpec documents ip_flood.
var IPFloodSpec = pipeline.Spec{
	Name: "ip_flood", Title: "Request flood from an address", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceNetwork,
	Kinds:      []pipeline.Kind{pipeline.KindRequest, pipeline.KindThrottle},
	Sees:       "Requests that cost the application (all but static files and media) per address and per /24 or /48, in the nginx log. Deliveries of a proven sender are counted by domain_flood alone; those in a name that is itself in flood are told by it. Where the log has timing (request_time or upstream_response_time): also the time of the application that an address takes by requests of half a second and more.",
	Matters:    "One client can take all of Puma's threads or the database's connections.",
	Lookalikes: "Many people behind one address (a school, a carrier); an uptime monitor; a proxy or CDN in front when nginx is not told the real address.",
	Do: []string{
		"Check that nginx logs the client's own address (real_ip), not a proxy's.",
		"Limit the address in nginx; a temporary IP block in Mastodon if it goes on.",
	},
	Defaults: "an address: at least 100 in 10 s or 600 in 1 m; a /24 or /48 of which no address has 80 %: at least 200 in 10 s or 1,200 in 1 m; surprising by its own past (1 in 10^10) and at least twice what is expected; medium, or low below three times that of who reads only actors, posts and collections. Costly requests: at least 30 s of the application in 1 m or 60 s in 10 m, each request counted for 5 s at the most, as surprising by its own past and at least twice what is expected, and a tenth of the time of all; medium, or low while all requests are slow, if it is less than a quarter",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx", Text: "Limit requests per address in nginx (`limit_req_zone $binary_remote_addr`)."},
		{Kind: "mastodon.ip_block", Undo: "`tootctl ip_blocks remove %s`",
			Text: "If it goes on: `tootctl ip_blocks add %s --severity no_access --duration 86400`"},
	},
}

var (
	addressFloors = []window.Floor{{Scale: window.S10s, Count: 100}, {Scale: window.S1m, Count: 600}}
	prefixFloors  = []window.Floor{{Scale: window.S10s, Count: 200}, {Scale: window.S1m, Count: 1200}}
)

// loneShare is the per cent of a prefix's requests from which on one address stands for it.
const loneShare = 80

// crawlFactor is how many times a threshold who only reads what servers read must reach.
const crawlFactor = 3

// IPFlood reports an address, or a network of which no address stands out, that asks far more than usual.
type IPFlood struct {
	cost
	space         *window.Space
	ips, prefixes *window.Metric
	domains       *window.Metric
}

// NewIPFlood claims its metrics of the network space, and domain_flood's of the site space.
func NewIPFlood(network, site *window.Space) *IPFlood {
	network.Addresses(window.Prefix)
	scales := window.AddressScales
	d := &IPFlood{
		space:    network,
		ips:      network.Metric(window.IP, window.Dynamic, scales).Floors(addressFloors), // first: what most addresses have lies in the record
		prefixes: network.Metric(window.Prefix, window.Dynamic, scales).Floors(prefixFloors),
		domains:  site.Metric(window.Domain, window.Inbox, window.DomainScales).Floors(window.DomainFloors),
	}
	d.cost = newCost(network)
	return d
}

// Version is 2 since it counts what requests take.
func (d *IPFlood) Version() uint32 { return 2 }

// Observe reports the event's address or network when it is over a floor and out of line. In a flood this
// is true of every event: Once comes before all that costs.
func (d *IPFlood) Observe(e *pipeline.Event, r pipeline.Report) {
	d.cost.add(e)
	if e.Slots.Prefix == 0 {
		return
	}
	if x, ok := d.ips.Over(e.Slots.IP, window.Proven, e.Time); ok {
		if d.ips.Once(e.Slots.IP, window.Proven, e.Time) && !d.named(e) {
			r.Find(d.finding(d.ips, e, x, window.AddressEntity(e.IP)))
		}
		return
	}
	if d.cost.judge(e, r) {
		return
	}
	x, ok := d.prefixes.Over(e.Slots.Prefix, window.Proven, e.Time)
	if ok && d.prefixes.Once(e.Slots.Prefix, window.Proven, e.Time) && !d.lone(e.Slots.Prefix) && !d.named(e) {
		key := pipeline.Entity{Type: pipeline.EntityPrefix, Value: pipeline.NetKey(e.IP).String()}
		r.Find(d.finding(d.prefixes, e, x, key))
	}
}

// named reports whether e is a delivery in a name that is in flood, of which domain_flood tells.
func (d *IPFlood) named(e *pipeline.Event) bool {
	_, flood := d.domains.Over(e.Slots.Domain, window.PartOf(e), e.Time)
	return flood
}

// lone reports whether one address of a prefix stands for it.
func (d *IPFlood) lone(prefix int32) bool {
	shares := d.space.Shares(window.Prefix, prefix, 100)
	return len(shares) > 0 && shares[0].Count >= loneShare
}

func (d *IPFlood) finding(m *window.Metric, e *pipeline.Event, x window.Excess, key pipeline.Entity) pipeline.Finding {
	f := m.Finding(e, x, key, "requests")
	f.Evidence.Part = pipeline.IPOnly
	f.Severity = pipeline.SeverityMedium
	if isCrawl(e.Endpoint) && float64(x.Count) < crawlFactor*x.Threshold {
		f.Severity = pipeline.SeverityLow
	}
	f.Summary = "Request flood from %s: " + x.Text("requests")
	return f
}

// isCrawl reports whether e is what servers read of one another: who asks for much of it collects data, and is but a
// burden below three times a threshold.
func isCrawl(e pipeline.Endpoint) bool {
	switch e {
	case pipeline.EndpointActor, pipeline.EndpointStatus, pipeline.EndpointOutbox, pipeline.EndpointCollection, pipeline.EndpointWebfinger:
		return true
	}
	return false
}
