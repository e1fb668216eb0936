package takeover

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// LoginBruteforceSpec documents login_bruteforce.
var LoginBruteforceSpec = pipeline.Spec{
	Name: "login_bruteforce", Title: "Login guessing", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceNetwork,
	Sees:       "Sign-ins that fail, or that Rails refuses by its rate limit, per address (IPv6: per /64). nginx shows a wrong password as 200 or 422, and the prompt of a second factor alike.",
	Matters:    "Guessing is how most local accounts are lost. Rails logs no address and no name with a failure.",
	Lookalikes: "Many people behind one address; a person who forgot a password; an app with a stale one.",
	Do: []string{
		"See whether a success follows: fail_then_success says so.",
		"Block the address for a day; ask for second factors.",
	},
	Defaults: "at least 10 failures in 5 m, or one that the rate limit refused; medium",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.ip_block", Undo: "`tootctl ip_blocks remove %s`",
			Text: "`tootctl ip_blocks add %s --severity no_access --duration 86400` (never for long: addresses are shared)"},
	},
}

const minLoginFailures = 10

// LoginBruteforce reports an address whose sign-ins fail and fail.
type LoginBruteforce struct {
	pipeline.Stateless
	fails, limits *window.Metric
}

// NewLoginBruteforce claims its metrics of the network space.
func NewLoginBruteforce(network *window.Space) *LoginBruteforce {
	return &LoginBruteforce{
		fails:  network.Metric(window.IP, window.SignInFails, signInScales),
		limits: network.Metric(window.IP, window.SignInLimits, window.Of(window.S10m)),
	}
}

// signInScales are shared with fail_then_success, so that both read one ring.
var signInScales = window.Of(window.S5m, window.S30m)

// Observe reports the event's address when its failures are too many.
func (d *LoginBruteforce) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Endpoint != pipeline.EndpointSignIn || e.Slots.IP == 0 {
		return
	}
	n := d.fails.Sum(e.Slots.IP, window.Proven, window.S5m, e.Time)
	limited := d.limits.Sum(e.Slots.IP, window.Proven, window.S10m, e.Time)
	if (n < minLoginFailures && limited == 0) || n == 0 || window.SignedIn(e) {
		return
	}
	if !d.fails.Once(e.Slots.IP, window.Proven, e.Time) {
		return
	}
	x := window.Excess{Count: n, Threshold: minLoginFailures, Scale: window.S5m, Part: window.Proven}
	f := d.fails.Finding(e, x, window.AddressEntity(e.IP), "failed_sign_ins")
	f.Evidence.Part = pipeline.IPOnly
	f.Severity = pipeline.SeverityMedium
	f.Summary = "Login guessing from %s: " + strconv.Itoa(int(n)) + " failed sign-ins in 5m"
	if limited > 0 {
		f.Summary += ", " + strconv.Itoa(int(limited)) + " refused by the rate limit"
	}
	r.Find(f)
}
