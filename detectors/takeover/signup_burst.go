package takeover

import (
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// SignupBurstSpec documents signup_burst.
var SignupBurstSpec = pipeline.Spec{
	Name: "signup_burst", Title: "Accounts made in masses", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{}, // signals only
	Sees:       "Sign-ups that succeed, over the whole server, per /24 or /48, and by the agents of those who use the form.",
	Matters:    "The spam waves of 2024 began with accounts that scripts had made on servers with open registrations: your server then spams others.",
	Lookalikes: "A day on which people come, of a press report or of another network's trouble: they come once each, from everywhere, with all sorts of browsers; that is told as low. A class that signs up from one address.",
	Do: []string{
		"Look at the newest accounts in Mastodon's admin pages: names, mail domains, what they post.",
		"Demand approval for sign-ups, or a captcha, while it lasts.",
		"Block the mail domain, or the addresses for sign-ups.",
	},
	Defaults: "a /24 or /48: 10 in 1 h; medium. The server: at least 8 addresses of 4 networks with one agent in 4 h, four fifths of all that used the form: medium; at least 10 in 1 h or 40 in 24 h, surprising by the server's own past (1 in 10^7), at least twice what is expected, and of one agent or twice by each address: high; else low",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.registrations_approval", Undo: "open registrations again", Text: "Set registrations to \"Approval required\" in Mastodon's admin pages."},
		{Kind: "tootctl.ip_block", Undo: "`tootctl ip_blocks remove ADDRESS`",
			Text: "`tootctl ip_blocks add ADDRESS --severity sign_up_block --duration 86400` for those named in related: it blocks sign-ups alone."},
	},
}

var signUpFloors = []window.Floor{{Scale: window.S1h, Count: 10}}

const signUpsOfNetwork = 10

// SignupBurst reports accounts that are made in masses.
type SignupBurst struct {
	window.State
	all      *window.Series
	who      *window.Crowd // by address and agent
	networks *window.Crowd
}

// NewSignupBurst returns one that has seen nothing.
func NewSignupBurst() *SignupBurst {
	d := &SignupBurst{all: window.NewSeries(signUpFloors), who: window.NewCrowd(), networks: window.NewCrowd()}
	d.State = window.NewState(d.all, d.who, d.networks)
	return d
}

// Observe counts the sign-ups of a second, and reports when they are too many or too much alike.
func (d *SignupBurst) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal {
		return
	}
	d.all.Add(e.Time, 0) // whatever it is, from now on it is known that there were no others
	if e.Signal.Name != window.RareSignUp {
		return
	}
	d.all.Add(e.Time, uint32(e.Signal.Count))
	address, _, _ := strings.Cut(e.Signal.Key, " ")
	if network := networkOf(address); network != "" {
		d.who.Add(e.Time, e.Signal.Key, e.Signal.Count)
		d.networks.Add(e.Time, network, e.Signal.Count)
		d.oneNetwork(e, network, r)
	}
	if d.all.Once(e.Time) {
		d.everywhere(e, r)
	}
}

func (d *SignupBurst) oneNetwork(e *pipeline.Event, network string, r pipeline.Report) {
	n := d.networks.Sum(e.Time, network, hour)
	if n < signUpsOfNetwork {
		return
	}
	x := window.Excess{Count: n, Threshold: signUpsOfNetwork, Scale: window.S1h, Part: window.Proven}
	r.Find(pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityPrefix, Value: network}, Until: e.Time.Add(x.Scale.Length()), Severity: pipeline.SeverityMedium,
		Measure: x.Measure("sign_ups"), Evidence: pipeline.Proof{Window: uint64(n), Seen: uint64(n), Part: pipeline.IPOnly},
		Summary: "Accounts are made in masses from %s: " + strconv.Itoa(int(n)) + " sign-ups in 1h",
	})
}

// everywhere reports sign-ups from many networks.
func (d *SignupBurst) everywhere(e *pipeline.Event, r pipeline.Report) {
	x, over := d.all.Over(e.Time)
	c := d.crowd(e.Time)
	alike := c.alike() && d.goesOn(e, &c)
	if c.ofOneNetwork() || !over && !alike {
		return
	}
	if !over {
		x = window.Excess{Count: c.sameAgent, Threshold: agentLeast, Scale: window.S1h, Part: window.Proven}
	}
	f := d.all.Finding(e.Time, x, "sign_ups")
	f.Related.Counts.IPs = uint64(len(c.addresses))
	switch {
	case alike:
		f.Severity = pipeline.SeverityMedium
		f.Summary = "Accounts are made in masses at %s: " + strconv.Itoa(int(c.sameAgent)) + " addresses with one agent in 4h, of " + strconv.Itoa(c.agentNets) + " networks"
	case c.again():
		f.Summary = "Accounts are made in masses at %s: " + x.Text("sign-ups") + ", several by each address"
	default:
		f.Severity = pipeline.SeverityLow
		f.Summary = "Many sign up at %s: " + x.Text("sign-ups")
		r.Find(f)
		return
	}
	if over {
		f.Severity = pipeline.SeverityHigh
	} else {
		f.Measure.Window = "4h"
	}
	f.Related.IPs, f.Members = topAddresses(c.addresses), membersOf(c.addresses)
	r.Find(f)
}
