package takeover

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// CredentialStuffingSpec documents credential_stuffing.
var CredentialStuffingSpec = pipeline.Spec{
	Name: "credential_stuffing", Title: "Credential stuffing", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{}, // signals only
	Sees:       "Sign-ins that fail all over the server, each address (IPv6: /64) counted once in ten minutes, against all addresses that usually sign in, fail or not; and per /24 or /48.",
	Matters:    "Lists of stolen passwords are tried from botnets, a few tries by each address: no limit by address holds, and one in some hundred is right.",
	Lookalikes: "A sign-in that is broken, or a second factor that is demanded anew: as many people come as usually do, and the failures are theirs. All who were signed out sign in again: most succeed.",
	Do: []string{
		"See which sign-ins succeeded after failures: fail_then_success says so. Ask their owners.",
		"While it lasts, demand a challenge before the sign-in form, or limit it in nginx.",
		"Tell people to use a second factor.",
	},
	Defaults: "at least 15 addresses in 10 m or 40 in 1 h, surprising by the server's own past (1 in 10^7) and at least twice what is expected; fewer successes than one in five; high. A /24 or /48: 20 in 1 h by 4 addresses at least; medium. Silent in the first 24 h of a fresh state",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx", Text: "Limit POST /auth/sign_in in nginx for all addresses together while it lasts."},
		{Kind: "mastodon.find_account", Undo: "nothing to undo", Text: "Look in Mastodon's admin pages who signed in from an address that is new for them, and reset these passwords."},
	},
}

var triesFloors = []window.Floor{{Scale: window.S10m, Count: 15}, {Scale: window.S1h, Count: 40}}

const (
	hour          = 3600
	networkTries  = 20 // of addresses of one /24 or /48 in an hour, each once in ten minutes: four addresses at least
	stuffedUpTo   = 5  // tries for a success, at the least
	networkOfAddr = 4  // addresses at the least
)

// CredentialStuffing reports that many addresses fail to sign in, of the whole server or of one network.
type CredentialStuffing struct {
	window.State
	tries          *window.Series
	done           *window.Counter
	fails          *window.Crowd // by address
	networks, good *window.Crowd // failures and successes by network, each address once in ten minutes
}

// NewCredentialStuffing returns one that has seen nothing.
func NewCredentialStuffing() *CredentialStuffing {
	d := &CredentialStuffing{tries: window.NewSeries(triesFloors), done: window.NewCounter(window.Of(window.S10m, window.S1h)),
		fails: window.NewCrowd(), networks: window.NewCrowd(), good: window.NewCrowd()}
	d.State = window.NewState(d.tries, d.done, d.fails, d.networks, d.good)
	return d
}

// Observe counts the sign-ins of a second, and reports when too many fail.
func (d *CredentialStuffing) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal {
		return
	}
	d.tries.Add(e.Time, 0) // whatever it is, from now on it is known that there were no others
	switch e.Signal.Name {
	case window.RareSignIn:
		d.done.Add(e.Time, uint32(e.Signal.Count))
		d.tries.Add(e.Time, uint32(e.Signal.Count))
		if network := networkOf(e.Signal.Key); network != "" {
			d.good.Add(e.Time, network, e.Signal.Count)
		}
	case window.RareSignInFail:
		d.failed(e, r)
	}
}

func (d *CredentialStuffing) failed(e *pipeline.Event, r pipeline.Report) {
	network := networkOf(e.Signal.Key)
	if network == "" {
		return
	}
	first := d.fails.Add(e.Time, e.Signal.Key, e.Signal.Count)
	if first {
		d.tries.Add(e.Time, 1)
		d.networks.Add(e.Time, network, 1)
	}
	if x, ok := d.tries.Over(e.Time); ok && filling(d.tries, x, e.Time) && d.done.Sum(x.Scale, e.Time)*stuffedUpTo < x.Count {
		if d.tries.Once(e.Time) {
			r.Find(d.everywhere(e, x))
		}
		return
	}
	n := d.networks.Sum(e.Time, network, hour)
	if first && n >= networkTries && d.good.Sum(e.Time, network, hour)*stuffedUpTo < n {
		d.oneNetwork(e, network, n, r)
	}
}

func (d *CredentialStuffing) everywhere(e *pipeline.Event, x window.Excess) pipeline.Finding {
	members := d.fails.Within(e.Time, hour)
	f := d.tries.Finding(e.Time, x, "failing_addresses")
	f.Severity = pipeline.SeverityHigh
	f.Summary = "Stolen passwords are tried at %s: " + x.Text("addresses that fail to sign in")
	f.Related.Counts.IPs = uint64(len(members))
	f.Related.IPs, f.Members = topAddresses(members), membersOf(members)
	return f
}

// oneNetwork reports a network of which no address stands out.
func (d *CredentialStuffing) oneNetwork(e *pipeline.Event, network string, n uint32, r pipeline.Report) {
	var members []window.Member
	for _, m := range d.fails.Within(e.Time, hour) {
		if networkOf(m.Key) == network {
			members = append(members, m)
		}
	}
	if len(members) < networkOfAddr {
		return
	}
	x := window.Excess{Count: n, Threshold: networkTries, Scale: window.S1h, Part: window.Proven}
	f := pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityPrefix, Value: network}, Until: e.Time.Add(x.Scale.Length()), Severity: pipeline.SeverityMedium,
		Measure: x.Measure("failing_addresses"), Evidence: pipeline.Proof{Window: uint64(n), Seen: uint64(n), Part: pipeline.IPOnly},
		Summary: "Login guessing from %s: " + strconv.Itoa(len(members)) + " of its addresses fail to sign in, some again and again, in 1h",
		Related: pipeline.Related{IPs: topAddresses(members), Counts: pipeline.RelatedCounts{IPs: uint64(len(members))}},
		Members: membersOf(members),
	}
	r.Find(f)
}
