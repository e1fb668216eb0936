package takeover

import (
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// TokenBurstSpec documents token_burst.
var TokenBurstSpec = pipeline.Spec{
	Name: "token_burst", Title: "Burst of applications or tokens", Threat: pipeline.ThreatTakeover, Space: pipeline.SpaceNetwork,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointApps, pipeline.EndpointOAuth},
	Sees:       "Applications that are registered (POST /api/v1/apps), and requests for a token that are refused (4xx of /oauth/token), per address (IPv6: /64).",
	Matters:    "Scripts register an application before they sign up or guess; whoever tries codes or client secrets fails again and again.",
	Lookalikes: "A client that is broken and tries for ever; a web client that many people use from one address.",
	Do: []string{
		"Look which client it is, by its agent in nginx' log, and tell its author.",
		"Limit the address in nginx.",
	},
	Defaults: "30 in 10 m of either; low, or medium from 300 on",
	Suggest: []pipeline.Suggestion{
		{Kind: "nginx.limit_req", Undo: "remove the limit and reload nginx", Text: "Limit /oauth/token and /api/v1/apps per address in nginx (`limit_req_zone $binary_remote_addr`)."},
	},
}

const (
	minTokens  = 30
	manyTokens = 300
)

// TokenBurst reports an address that registers applications, or is refused tokens, in masses.
type TokenBurst struct {
	pipeline.Stateless
	apps, refused *window.Metric
}

// NewTokenBurst claims its metrics of the network space.
func NewTokenBurst(network *window.Space) *TokenBurst {
	return &TokenBurst{
		apps:    network.Metric(window.IP, window.Apps, window.Of(window.S10m)),
		refused: network.Metric(window.IP, window.TokenFails, window.Of(window.S10m)),
	}
}

// Observe reports the event's address when it has too many of either.
func (d *TokenBurst) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Method != pipeline.MethodPost || e.Slots.IP == 0 {
		return
	}
	switch e.Endpoint {
	case pipeline.EndpointApps:
		d.judge(d.apps, e, "applications registered", r)
	case pipeline.EndpointOAuth:
		d.judge(d.refused, e, "tokens refused", r)
	}
}

func (d *TokenBurst) judge(m *window.Metric, e *pipeline.Event, what string, r pipeline.Report) {
	n := m.Sum(e.Slots.IP, window.Proven, window.S10m, e.Time)
	if n < minTokens || !m.Once(e.Slots.IP, window.Proven, e.Time) {
		return
	}
	x := window.Excess{Count: n, Threshold: minTokens, Scale: window.S10m, Part: window.Proven}
	f := m.Finding(e, x, window.AddressEntity(e.IP), "requests")
	f.Evidence.Part = pipeline.IPOnly
	f.Severity = pipeline.SeverityLow
	if n >= manyTokens {
		f.Severity = pipeline.SeverityMedium
	}
	f.Summary = "Burst of applications or tokens from %s: " + strconv.Itoa(int(n)) + " " + what + " in 10m"
	r.Find(f)
}
