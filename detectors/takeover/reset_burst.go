package takeover

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// ResetBurstSpec documents reset_burst.
var ResetBurstSpec = pipeline.Spec{
	Name: "reset_burst", Title: "Burst of password resets", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{}, // signals only
	Sees:       "Mails that are asked for (POST to /auth/password or /auth/confirmation), per address (IPv6: /64), and over the whole server, each address counted once in ten minutes.",
	Matters:    "Whoever has people's mailboxes, or a list of them, takes their accounts by a new password; and a flood of mails ruins the name of your mail server.",
	Lookalikes: "You told all people to choose new passwords; a mail server that is late, so that people ask again.",
	Do: []string{
		"See whether mails are late, or a letter of yours asked for it.",
		"Limit the address in nginx; see which accounts got a new password (PUT /auth/password).",
	},
	Defaults: "an address: 5 in 30 m; the server: at least 10 addresses in 10 m or 20 in 1 h, surprising by the server's own past (1 in 10^7) and at least twice what is expected; medium",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx", Text: "Limit POST /auth/password in nginx while it lasts."},
	},
}

var resetFloors = []window.Floor{{Scale: window.S10m, Count: 10}, {Scale: window.S1h, Count: 20}}

const resetsOfAddress = 5

// ResetBurst reports that mails for new passwords are asked for in masses.
type ResetBurst struct {
	window.State
	all *window.Series
	who *window.Crowd
}

// NewResetBurst returns one that has seen nothing.
func NewResetBurst() *ResetBurst {
	d := &ResetBurst{all: window.NewSeries(resetFloors), who: window.NewCrowd()}
	d.State = window.NewState(d.all, d.who)
	return d
}

// Observe counts the requests of a second, and reports when they are too many.
func (d *ResetBurst) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal {
		return
	}
	d.all.Add(e.Time, 0) // whatever it is, from now on it is known that there were no others
	if e.Signal.Name != window.RareReset || !addrOf(e.Signal.Key).IsValid() {
		return
	}
	if d.who.Add(e.Time, e.Signal.Key, e.Signal.Count) {
		d.all.Add(e.Time, 1)
	}
	if x, ok := d.all.Over(e.Time); ok && filling(d.all, x, e.Time) {
		if d.all.Once(e.Time) {
			r.Find(d.everywhere(e, x))
		}
		return
	}
	n := d.who.Sum(e.Time, e.Signal.Key, hour/2)
	if n < resetsOfAddress {
		return
	}
	x := window.Excess{Count: n, Threshold: resetsOfAddress, Scale: window.S30m, Part: window.Proven}
	r.Find(pipeline.Finding{
		Key: entityOf(e.Signal.Key), Until: e.Time.Add(x.Scale.Length()), Severity: pipeline.SeverityMedium,
		Measure: x.Measure("resets"), Evidence: pipeline.Proof{Window: uint64(n), Seen: uint64(n), Part: pipeline.IPOnly},
		Summary: "New passwords are asked for from %s: " + strconv.Itoa(int(n)) + " in 30m",
	})
}

func (d *ResetBurst) everywhere(e *pipeline.Event, x window.Excess) pipeline.Finding {
	members := d.who.Within(e.Time, hour)
	f := d.all.Finding(e.Time, x, "asking_addresses")
	f.Severity = pipeline.SeverityMedium
	f.Summary = "New passwords are asked for in masses at %s: " + x.Text("addresses that ask")
	f.Related = pipeline.Related{IPs: topAddresses(members), Counts: pipeline.RelatedCounts{IPs: uint64(len(members))}}
	f.Members = membersOf(members)
	return f
}
