package benign

import (
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// RelaySpec documents relay.
var RelaySpec = pipeline.Spec{
	Name: "relay", Title: "A relay that you subscribed to", Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointInbox, pipeline.EndpointUserInbox},
	Sees:       "A domain that delivers under a relay's agent, nine in ten deliveries by one actor and from one address; in nginx' log, which has agents. And the relays that the configuration lists, once their names are proven.",
	Matters:    "A relay passes on what thousands of servers write, from the minute on in which you subscribe.",
	Lookalikes: "Anyone can write a relay's agent and send as one actor. Who does gains a flood at low of one delivery in two seconds, or of two a second that are less than half of all, from one address; spread over addresses it gains nothing. In a listed relay's name it must be proven, and gains ten a second.",
	Do: []string{
		"If you don't know the relay: look at Mastodon's list of relays.",
		"List the relays that you use (`relays`).",
	},
	Defaults: "listed: to low up to 10 deliveries a second. Else from 20 deliveries on: to low up to one in 2 s, and up to 2 a second below half of all deliveries; above to medium at most",
}

var relayed = names{"domain_flood", "domain_cost", "actor_jump", "dormant_wake"}

const (
	minRelayed  = 20  // deliveries
	relayMargin = 0.8 // of all, by which the one is more than all others: nine in ten
	calmPace    = 0.5 // a second: no server minds
	relayPace   = 2.0 // what a small one bears beside everything else
	listedPace  = 10.0
	relayQuiet  = 24 * time.Hour
	maxRelays   = 32
	claimsShare = 0.8 // of the evidence that must come from the relay's address
)

// Relay explains what relays deliver.
type Relay struct {
	site   *window.Space
	volume volume
	listed []string // sorted
	seen   shelf[relay]
}

// A relay is what is known of a domain with a relay's agent.
type relay struct {
	Last            pipeline.Time
	All             uint32
	Actor, Origin   uint64 // hashes of the first, or of who came in its place; zero for none
	ByActor, ByAddr uint32
}

// NewRelay claims its metrics of the site space; listed are the operator's relays, by host.
func NewRelay(site *window.Space, listed []string) *Relay {
	listed = slices.Clone(listed)
	slices.Sort(listed)
	return &Relay{site: site, volume: newVolume(site), listed: listed, seen: newShelf[relay](maxRelays)}
}

// Observe learns who delivers like a relay.
func (d *Relay) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Software == "" || e.Slots.Domain == 0 || !strings.Contains(e.Software, "relay") || !isAccepted(e) {
		return
	}
	r := d.seen.take(d.site.Hash(string(e.Domain)), e.Time)
	if r.All >= 1<<30 {
		r.All, r.ByActor, r.ByAddr = r.All/2, r.ByActor/2, r.ByAddr/2
	}
	r.Last = e.Time
	r.All++
	vote(&r.ByActor, &r.Actor, d.site.Hash(string(e.Actor)))
	vote(&r.ByAddr, &r.Origin, d.origin(e.IP))
}

// origin returns the hash of an address; zero for none.
func (d *Relay) origin(addr netip.Addr) uint64 {
	if !addr.IsValid() {
		return 0
	}
	return d.site.AddressHash(addr)
}

// vote counts for the one that has the majority (Boyer and Moore): the count is how many more there were of it than of
// all others.
func vote(count *uint32, of *uint64, who uint64) {
	switch {
	case *of == who:
		*count++
	case *count == 0:
		*of, *count = who, 1
	default:
		*count--
	}
}

// Explain lowers what is a relay's.
func (d *Relay) Explain(f *pipeline.Finding) {
	name := domainOf(f)
	if name == "" || !relayed.has(f) {
		return
	}
	if _, ok := slices.BinarySearch(d.listed, name); ok && isProven(f) {
		d.judge(f, perSecond(f) <= listedPace)
		return
	}
	r := d.seen.find(d.site.Hash(name))
	if r == nil || !r.isRelay(f.At) || !isProven(f) && !d.isFrom(f, r) {
		return
	}
	d.judge(f, f.Key.Type == pipeline.EntityActor || perSecond(f) <= calmPace || perSecond(f) <= relayPace && !d.volume.takesMost(f))
}

// judge lowers f if it is bearable: of a relay's one actor only its domain's volume matters.
func (d *Relay) judge(f *pipeline.Finding, bearable bool) {
	if bearable {
		lower(f, pipeline.ContextRelay)
	} else {
		ease(f, pipeline.ContextRelay)
	}
}

// isRelay reports whether the domain delivers as relays do: one actor, or one name without actors, at one address.
func (r *relay) isRelay(now pipeline.Time) bool {
	need := uint32(relayMargin * float64(r.All))
	return r.All >= minRelayed && r.ByActor >= need && r.ByAddr >= need && now.Sub(r.Last) < relayQuiet
}

// isFrom reports whether what is claimed in a relay's name comes from its address.
func (d *Relay) isFrom(f *pipeline.Finding, r *relay) bool {
	if len(f.Evidence.Addresses) == 0 {
		return false
	}
	top := f.Evidence.Addresses[0]
	return d.origin(top.Addr) == r.Origin && float64(top.Count) >= claimsShare*float64(f.Evidence.Window)
}

// Advance does nothing.
func (d *Relay) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *Relay) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the relays.
func (d *Relay) Snapshot(w io.Writer) error { return d.seen.write(w) }

// Restore reads what Snapshot wrote.
func (d *Relay) Restore(r io.Reader) error { return d.seen.read(r) }
