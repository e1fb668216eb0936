package takeover

import (
	"slices"
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// LoginBruteforceSpec documents login_bruteforce.
var LoginBruteforceSpec = pipeline.Spec{
	Name: "login_bruteforce", Title: "Login guessing", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceNetwork,
	Kinds: []pipeline.Kind{pipeline.KindRequest, pipeline.KindThrottle}, Endpoints: []pipeline.Endpoint{pipeline.EndpointSignIn},
	Sees:       "Sign-ins that fail, or that Rails refuses by its rate limit, per address (IPv6: per /64). nginx shows a wrong password as 200 or 422, and the prompt of a second factor alike.",
	Matters:    "Guessing is how most local accounts are lost. Rails logs no address and no name with a failure.",
	Lookalikes: "Many people behind one address; a person who forgot a password; an app with a stale one.",
	Do: []string{
		"See whether a success follows: fail_then_success says so.",
		"Block the address for a day; ask for second factors.",
	},
	Defaults: "at least 10 failures in 5 m or 1 h, 20 in 24 h, or one that the rate limit refused; medium, or low from an address that many people seem to share: in 24 h a success for 4 failures, or 20 requests for one",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.ip_block", Undo: "`tootctl ip_blocks remove %s`",
			Text: "`tootctl ip_blocks add %s --severity no_access --duration 86400` (never for long: addresses are shared)"},
	},
}

// loginFloors are how many failures of an address are too many, the shortest window first.
var loginFloors = []window.Floor{{Scale: window.S5m, Count: 10}, {Scale: window.S1h, Count: 10}, {Scale: window.S24h, Count: 20}}

// LoginBruteforce reports an address whose sign-ins fail and fail.
type LoginBruteforce struct {
	pipeline.Stateless
	guesses
	limits *window.Metric
}

// NewLoginBruteforce claims its metrics of the network space.
func NewLoginBruteforce(network *window.Space) *LoginBruteforce {
	return &LoginBruteforce{
		guesses: newGuesses(network),
		limits:  network.Metric(window.IP, window.SignInLimits, window.Of(window.S10m)),
	}
}

// Observe reports the event's address when its failures are too many.
func (d *LoginBruteforce) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Endpoint != pipeline.EndpointSignIn || e.Slots.IP == 0 || e.Method == pipeline.MethodGet || window.SignedIn(e) {
		return
	}
	limited := d.limits.Sum(e.Slots.IP, window.Proven, window.S10m, e.Time)
	x, ok := d.over(e.Slots.IP, e.Time)
	if !ok && limited == 0 || x.Count == 0 || !d.fails.Once(e.Slots.IP, window.Proven, e.Time) {
		return
	}
	f := d.fails.Finding(e, x, window.AddressEntity(e.IP), "failed_sign_ins")
	f.Evidence.Part = pipeline.IPOnly
	f.Severity = pipeline.SeverityMedium
	if d.shared(e.Slots.IP, 0, e.Time) {
		f.Severity = pipeline.SeverityLow
	}
	f.Summary = "Login guessing from %s: " + strconv.Itoa(int(x.Count)) + " failed sign-ins in " + x.Scale.String()
	if limited > 0 {
		f.Summary += ", " + strconv.Itoa(int(limited)) + " refused by the rate limit"
	}
	r.Find(f)
}

// over returns the first of the floors that the address's failures reach, or the shortest with its count.
func (d *LoginBruteforce) over(slot int32, now pipeline.Time) (x window.Excess, ok bool) {
	for _, f := range slices.Backward(loginFloors) {
		n := d.fails.Sum(slot, window.Proven, f.Scale, now)
		if ok = ok || n >= f.Count; n >= f.Count || f.Scale == window.S5m && !ok {
			x = window.Excess{Count: n, Threshold: float64(f.Count), Scale: f.Scale, Part: window.Proven}
		}
	}
	return x, ok
}
