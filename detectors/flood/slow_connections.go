package flood

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SlowConnectionsSpec documents slow_connections.
var SlowConnectionsSpec = pipeline.Spec{
	Name: "slow_connections", Title: "Held connections", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceNetwork,
	Kinds:      []pipeline.Kind{pipeline.KindRequest, pipeline.KindThrottle},
	Sees:       "Requests per address (IPv6: /64) that are answered 408, given up by the client (499), or take 30 s and more, streaming, files and deliveries aside. Where the log has timing ip_flood may tell more.",
	Matters:    "Who holds connections open, or asks for what takes for ever, keeps Puma's threads from all others with few requests.",
	Lookalikes: "When your own server hangs everybody gives up: that is told as low. Phones that lose their network give up now and then.",
	Do: []string{
		"See what is asked for: the slowest requests in the Rails log.",
		"Shorten nginx' client timeouts; limit connections per address (limit_conn).",
	},
	Defaults: "at least 20 in 1 m, and half of the address's requests; medium, or low while a fifth of all other requests are held too, unless the address has a quarter of those held",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_conn", Undo: "remove the limit and reload nginx", Text: "Limit connections per address in nginx (`limit_conn_zone $binary_remote_addr`)."},
	},
}

const (
	minHeld     = 20
	heldRatio   = 2  // requests of the address for one that is held
	othersHeld  = 5  // requests of others for one of theirs that is held
	holderShare = 25 // per cent of all that are held
)

// SlowConnections reports an address most of whose requests are held open.
type SlowConnections struct {
	pipeline.Stateless
	held, asked, costs *window.Metric
}

// NewSlowConnections claims its metrics of the network space.
func NewSlowConnections(network *window.Space) *SlowConnections {
	return &SlowConnections{
		held:  network.Metric(window.IP, window.Held, window.Of(window.S1m)),
		asked: network.Metric(window.IP, window.Dynamic, window.AddressScales),
		costs: network.Metric(window.IP, window.CostlyMS, costScales).Floors(costFloors),
	}
}

// Observe reports the event's address when it holds too many.
func (d *SlowConnections) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.IP == 0 || e.Status != 408 && e.Status != 499 && e.Duration < window.HoldFrom {
		return
	}
	n := d.held.Sum(e.Slots.IP, window.Proven, window.S1m, e.Time)
	if n < minHeld || n*heldRatio < d.asked.Sum(e.Slots.IP, window.Proven, window.S1m, e.Time) || !d.held.Once(e.Slots.IP, window.Proven, e.Time) {
		return
	}
	if x, over := d.costs.Over(e.Slots.IP, window.Proven, e.Time); over && x.Count == 0 {
		return // ip_flood, which knows more, told of it in this second
	}
	x := window.Excess{Count: n, Threshold: minHeld, Scale: window.S1m, Part: window.Proven}
	f := d.held.Finding(e, x, window.AddressEntity(e.IP), "held_requests")
	f.Evidence.Part = pipeline.IPOnly
	f.Severity = pipeline.SeverityMedium
	if d.everybody(e, n) {
		f.Severity = pipeline.SeverityLow
	}
	f.Summary = "Held connections from %s: " + strconv.Itoa(int(n)) + " requests in 1m that time out, are given up or take 30 s"
	r.Find(f)
}

// everybody reports whether others are held as well, and e's address is but one of many.
func (d *SlowConnections) everybody(e *pipeline.Event, n uint32) bool {
	all := d.held.Total(window.S1m, e.Time)
	others := all - min(n, all)
	asked := d.asked.Total(window.S1m, e.Time) - min(d.asked.Sum(e.Slots.IP, window.Proven, window.S1m, e.Time), d.asked.Total(window.S1m, e.Time))
	return others*othersHeld >= asked && others > 0 && n*100 < all*holderShare
}
