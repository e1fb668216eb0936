package spam

import (
	"strconv"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// BlockedDomainActiveSpec documents blocked_domain_active.
var BlockedDomainActiveSpec = pipeline.Spec{
	Name: "blocked_domain_active", Title: "Blocked domain keeps delivering", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceNetwork,
	Quiet: 24 * 3600, // a blocked domain that delivers some twenty times a day is one episode
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees: "Deliveries answered 403 per address in the nginx log: Mastodon answers so when the domain of the key is suspended here. Whose key it is, is a mere claim, so it is told of the address. " +
		"And deliveries that are accepted from such an address under another name, which was never seen before.",
	Matters:    "Who goes on at a high rate costs the server; who comes back under another name evades the block.",
	Lookalikes: "A big server that was just suspended: it does not know, and delivers for days; a hoster whose customers share an address (silent when a known site uses it too).",
	Do: []string{
		"If load is the problem, deny the address in nginx.",
		"If another name comes from there, look whether it is the same server.",
	},
	Defaults: "20 in 24 h: low; 120 in 1 m and 600 in 10 m: medium; 20 in 24 h, and then 20 that are accepted under a name which is not known for a day, from an address that no known site used for 30 days: medium, silent in the first 7 days of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.deny", Undo: "remove the rule and reload nginx", Text: "If load is the problem, deny %s in nginx (`deny`): its deliveries are refused anyway."},
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Look whether the names that deliver from %s are one server."},
	},
}

const (
	refusedDay     = 20  // in 24 h
	refusedMinute  = 120 // in 1 m
	refusedTen     = 600 // in 10 m: it goes on
	newName        = 24 * time.Hour
	newNameSends   = 20                 // of the new name, in 24 h: one who shares an address and is seldom heard of sends less
	sharedFor      = 30 * 24 * 3600     // seconds for which an address that a known site used is nobody's alone
	namesAreKnown  = 7 * 24 * time.Hour // of a fresh state, before a name is called new
	refusedForOnce = time.Hour
)

// The words of an address' window.RefusedNote, besides the second of the last 403.
const (
	refusedSite = window.NoteWhen + 1 + iota // 32 bits of the site that it named
	knownSite                                // second of the last accepted delivery of another site, known for a day
)

// BlockedDomainActive reports an address whose deliveries are refused as a blocked domain's.
type BlockedDomainActive struct {
	pipeline.Stateless
	network, site *window.Space
	refused       *window.Metric
	domains       *window.Metric
	note          *window.Note
}

// NewBlockedDomainActive claims its metric and note of the network space.
func NewBlockedDomainActive(network, site *window.Space) *BlockedDomainActive {
	return &BlockedDomainActive{
		network: network,
		site:    site,
		refused: network.Metric(window.IP, window.Refused, window.Of(window.S1m, window.S10m, window.S24h)),
		domains: site.Metric(window.Domain, window.Inbox, window.DomainScales),
		note:    network.Note(window.IP, window.RefusedNote),
	}
}

// Observe counts what is refused, and looks at what is accepted from where something was.
func (d *BlockedDomainActive) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Slots.IP == 0 || !e.Endpoint.IsInbox() || e.Method != pipeline.MethodPost || e.Counts&pipeline.CountsAddress == 0 || e.Site == "" {
		return
	}
	w := d.note.Words(e.Slots.IP)
	switch {
	case e.Status == 403:
		w[window.NoteWhen], w[refusedSite] = uint32(e.Time/pipeline.Second), d.network.Print(string(e.Site))
		d.goesOn(e, r)
	case e.Status/100 == 2 && w[window.NoteWhen] != 0 && w[refusedSite] != d.network.Print(string(e.Site)):
		d.evades(e, w, r)
	}
}

// goesOn reports an address that is refused often.
func (d *BlockedDomainActive) goesOn(e *pipeline.Event, r pipeline.Report) {
	sum := func(s window.Scale) uint32 { return d.refused.Sum(e.Slots.IP, window.Proven, s, e.Time) }
	x := window.Excess{Count: sum(window.S24h), Threshold: refusedDay, Scale: window.S24h, Part: window.Proven}
	if x.Count < refusedDay {
		return
	}
	s := pipeline.SeverityLow
	if n := sum(window.S1m); n >= refusedMinute && sum(window.S10m) >= refusedTen {
		x.Count, x.Threshold, x.Scale, s = n, refusedMinute, window.S1m, pipeline.SeverityMedium
	}
	if d.refused.Once(e.Slots.IP, window.Proven, e.Time) {
		r.Find(d.finding(e, x, s, "Deliveries of a blocked domain from %s: "+strconv.Itoa(int(x.Count))+" refused in "+x.Scale.String()))
	}
}

// evades reports a name that nobody knew, from an address that was a blocked domain's alone.
func (d *BlockedDomainActive) evades(e *pipeline.Event, w []uint32, r pipeline.Report) {
	second, came := uint32(e.Time/pipeline.Second), d.site.First(window.Domain, e.Slots.Domain)
	if came != 0 && e.Time.Sub(came) >= newName {
		w[knownSite] = second
		return
	}
	shared := w[knownSite] != 0 && second-w[knownSite] < sharedFor
	if came == 0 || shared || !window.WithinDay(w[window.NoteWhen], e.Time) || e.Time.Sub(d.site.Since()) < namesAreKnown {
		return
	}
	n := d.refused.Sum(e.Slots.IP, window.Proven, window.S24h, e.Time)
	if n < refusedDay || d.sends(e) < newNameSends || !d.refused.Once(e.Slots.IP, window.Proven, e.Time) {
		return
	}
	x := window.Excess{Count: n, Threshold: refusedDay, Scale: window.S24h, Part: window.Proven}
	r.Find(d.finding(e, x, pipeline.SeverityMedium, "A new name from %s, of which a blocked domain's deliveries were refused: "+strconv.Itoa(int(n))+" in 24h"))
}

// sends returns how many deliveries the event's name brought in 24 hours, proven or not.
func (d *BlockedDomainActive) sends(e *pipeline.Event) uint32 {
	return d.domains.Sum(e.Slots.Domain, window.Proven, window.S24h, e.Time) + d.domains.Sum(e.Slots.Domain, window.ClaimedPart, window.S24h, e.Time)
}

func (d *BlockedDomainActive) finding(e *pipeline.Event, x window.Excess, s pipeline.Severity, summary string) pipeline.Finding {
	f := d.refused.Finding(e, x, window.AddressEntity(e.IP), "refused_deliveries")
	f.Until = e.Time.Add(max(x.Scale.Length(), refusedForOnce))
	f.Evidence.Part = pipeline.IPOnly
	f.Severity, f.Summary = s, summary
	return f
}
