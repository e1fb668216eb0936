package takeover

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// FailThenSuccessSpec documents fail_then_success.
var FailThenSuccessSpec = pipeline.Spec{
	Name: "fail_then_success", Title: "Sign-in after failures", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceNetwork,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointSignIn},
	Sees:       "A sign-in that succeeds (3xx) from an address (IPv6: /64) with several failures in the last 30 minutes.",
	Matters:    "A guess that hit: from here on somebody else may hold a local account.",
	Lookalikes: "A person who forgot a password; several people behind one address.",
	Do: []string{
		"Find the account: Mastodon's admin pages list sign-ins by address.",
		"Ask its owner by another way; disable the account and reset its password if the owner did not sign in.",
	},
	Defaults: "at least 5 failures in 30 m before the success; high; medium from a /24 or /48 seen on three days; low up to 8 failures, or 12 from there, after which account_takeover watches, or from an address that many people seem to share: in 24 h another success for 4 failures, or 20 requests for one",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.find_account", Undo: "nothing to undo", Text: "Search Mastodon's admin pages for accounts with the address %s, and ask the owner whether it was them."},
		{Kind: "tootctl.disable", Undo: "`tootctl accounts modify NAME --enable`",
			Text: "If it was not: `tootctl accounts modify NAME --disable`, then `--reset-password`, and look at authorised apps."},
	},
}

// How many failures come before a success that is told, and how many people have who forgot what they chose.
const (
	minFailsBefore  = 5
	forgetful       = 8
	forgetfulAtHome = 12 // in a network that is known
)

// FailThenSuccess reports an address that signs in after failures.
type FailThenSuccess struct {
	pipeline.Stateless
	guesses
}

// NewFailThenSuccess claims its metrics of the network space.
func NewFailThenSuccess(network *window.Space) *FailThenSuccess {
	return &FailThenSuccess{guesses: newGuesses(network)}
}

// Observe reports the event's address when it is a success after failures.
func (d *FailThenSuccess) Observe(e *pipeline.Event, r pipeline.Report) {
	if !window.SignedIn(e) || e.Slots.IP == 0 || e.Counts&pipeline.CountsAddress == 0 {
		return
	}
	n := d.fails.Sum(e.Slots.IP, window.Proven, window.S30m, e.Time)
	if n < minFailsBefore {
		return
	}
	x := window.Excess{Count: n, Threshold: minFailsBefore, Scale: window.S30m, Part: window.Proven}
	f := d.fails.Finding(e, x, window.AddressEntity(e.IP), "failed_sign_ins")
	f.Evidence.Part = pipeline.IPOnly
	f.Until = e.Time.Add(1) // it is an event, not a state
	f.Severity = d.severity(e, n)
	f.Summary = "Sign-in from %s succeeded after " + strconv.Itoa(int(n)) + " failures in 30m"
	r.Find(f)
}

// severity is high from where hardly anybody was seen before, and low where people are likely to have forgotten what
// they chose.
func (d *FailThenSuccess) severity(e *pipeline.Event, n uint32) pipeline.Severity {
	switch {
	case n <= forgetful, d.shared(e.Slots.IP, 1, e.Time):
		return pipeline.SeverityLow
	case !d.space.Known(window.Prefix, e.Slots.Prefix):
		return pipeline.SeverityHigh
	case n <= forgetfulAtHome:
		return pipeline.SeverityLow
	}
	return pipeline.SeverityMedium
}
