package takeover

import (
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// AccountTakeoverSpec documents account_takeover.
var AccountTakeoverSpec = pipeline.Spec{
	Name: "account_takeover", Title: "Local account taken over", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceNetwork,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointSignIn, pipeline.EndpointAPIPost, pipeline.EndpointAPIAccount},
	Sees:       "Posts and follows (POST to the statuses' and the follow API) that come in masses, in the two hours after a sign-in that was odd, from the same address (IPv6: /64): after failures, or from a /24 or /48 seen on fewer than three days. No log tells whose account it is.",
	Matters:    "A password that was guessed is used at once: spam is posted, and accounts are followed, in a local name.",
	Lookalikes: "A new phone with a tool that posts elsewhere's posts too; live-posting from a journey. An address that made an account itself is left out for a day: newcomers follow many.",
	Do: []string{
		"Find the account: Mastodon's admin pages list sign-ins by address.",
		"Disable it until its owner was asked by another way; then reset its password and remove authorised apps.",
	},
	Defaults: "10 posts and follows after 3 failures in 30 m and a success, from such a network, or 30 after 5 failures from a known one: critical; without failures, from such a network, 20 posts or 60 follows in 10 m: medium; silent about new networks in the first 72 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.find_account", Undo: "nothing to undo", Text: "Search Mastodon's admin pages for accounts with the address %s."},
		{Kind: "tootctl.disable", Undo: "`tootctl accounts modify NAME --enable`",
			Text: "`tootctl accounts modify NAME --disable`, ask the owner, then `--reset-password`."},
	},
}

const (
	watchFor     = 2 * time.Hour
	fewFails     = 3  // before a sign-in from a network that is hardly known
	writesFresh  = 10 // after them
	writesKnown  = 30 // after minFailsBefore, from a known network
	postsInPane  = 20 // without failures, in ten minutes
	followInPane = 60
)

// AccountTakeover reports an address that posts and follows in masses after an odd sign-in.
type AccountTakeover struct {
	guesses
	ups     *window.Metric
	watches watches
}

// NewAccountTakeover claims its metrics of the network space.
func NewAccountTakeover(network *window.Space) *AccountTakeover {
	return &AccountTakeover{guesses: newGuesses(network), watches: watches{},
		ups: network.Metric(window.IP, window.SignUps, window.Of(window.S24h))}
}

// Observe watches the addresses of odd sign-ins, and reports one that writes in masses.
func (d *AccountTakeover) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Method != pipeline.MethodPost || e.Kind != pipeline.KindRequest || e.Slots.IP == 0 || e.Counts&pipeline.CountsAddress == 0 {
		return
	}
	switch {
	case e.Endpoint == pipeline.EndpointSignIn:
		if window.SignedIn(e) {
			d.signedIn(e)
		}
	case len(d.watches) == 0 || e.Status >= 300:
	case e.Endpoint == pipeline.EndpointAPIPost && strings.HasSuffix(e.Path, "/statuses"):
		d.writes(e, 0, r)
	case e.Endpoint == pipeline.EndpointAPIAccount && strings.HasSuffix(e.Path, "/follow"):
		d.writes(e, 1, r)
	}
}

// signedIn watches the address of a sign-in that is odd.
func (d *AccountTakeover) signedIn(e *pipeline.Event) {
	if d.ups.Sum(e.Slots.IP, window.Proven, window.S24h, e.Time) > 0 || d.shared(e.Slots.IP, 1, e.Time) {
		return
	}
	fails := d.fails.Sum(e.Slots.IP, window.Proven, window.S30m, e.Time)
	fresh := d.space.Knows(e.Time) && !d.space.Known(window.Prefix, e.Slots.Prefix)
	if fresh || fails >= minFailsBefore {
		d.watches.begin(pipeline.AddrKey(e.IP).Addr(), watch{since: e.Time, fails: fails, fresh: fresh})
	}
}

// writes counts a post or a follow of a watched address.
func (d *AccountTakeover) writes(e *pipeline.Event, kind int, r pipeline.Report) {
	w := d.watches[pipeline.AddrKey(e.IP).Addr()]
	if w == nil || e.Time.Sub(w.since) > watchFor {
		return
	}
	w.add(e.Time, kind)
	x, severity := w.judge()
	if severity == pipeline.SeverityUnknown || e.Time < w.told+pipeline.Second || w.fails < minFailsBefore && d.crowded(e) {
		return
	}
	w.told = e.Time
	d.report(e, w, x, severity, r)
}

// crowded reports whether many people turned out to be behind the address since it is watched.
func (d *AccountTakeover) crowded(e *pipeline.Event) bool {
	return d.done.Sum(e.Slots.IP, window.Proven, window.S24h, e.Time) > severalSuccesses
}

func (d *AccountTakeover) report(e *pipeline.Event, w *watch, x window.Excess, s pipeline.Severity, r pipeline.Report) {
	day := x
	day.Scale = window.S24h
	f := d.asked.Finding(e, day, window.AddressEntity(e.IP), "posts_and_follows")
	f.Evidence.Part, f.Since, f.Evidence.Seen = pipeline.IPOnly, w.since, uint64(w.total())
	f.Until, f.Measure.Window = e.Time.Add(x.Scale.Length()), x.Scale.String()
	f.Severity, f.Members = s, []pipeline.Entity{f.Key} // what was told of the guessing before belongs to it
	f.Summary = "Account taken over from %s: " + strconv.Itoa(int(x.Count)) + " posts and follows since a sign-in"
	if w.fails > 0 {
		f.Summary += " after " + strconv.Itoa(int(w.fails)) + " failures"
	}
	if w.fresh {
		f.Summary += " from a network that is hardly known"
	}
	r.Find(f)
}
