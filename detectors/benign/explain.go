package benign

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// names are detectors that a recogniser knows how to explain.
type names []string

func (n names) has(f *pipeline.Finding) bool { return slices.Contains(n, f.Detector) }

// annotate says that c was recognised, once.
func annotate(f *pipeline.Finding, c pipeline.Context) {
	if !slices.Contains(f.Context, c) {
		f.Context = append(slices.Clip(f.Context), c)
	}
}

// lower says that c accounts for f: nobody need be told now. Critical falls to medium only.
func lower(f *pipeline.Finding, c pipeline.Context) {
	if f.Severity == pipeline.SeverityCritical {
		ease(f, c)
		return
	}
	annotate(f, c)
	f.Severity = min(f.Severity, pipeline.SeverityLow)
}

// ease says that c may account for f, which is too much to go unnoticed.
func ease(f *pipeline.Finding, c pipeline.Context) {
	annotate(f, c)
	f.Severity = min(f.Severity, pipeline.SeverityMedium)
}

// scales are the windows that a Measure may have.
var scales = [...]window.Scale{window.S10s, window.S1m, window.S5m, window.S10m, window.S30m, window.S1h, window.S24h}

// windowOf returns the window of f's measure; false if it has another one.
func windowOf(f *pipeline.Finding) (window.Scale, bool) {
	for _, s := range scales {
		if s.String() == f.Measure.Window {
			return s, true
		}
	}
	return 0, false
}

// perSecond returns the pace of f's measure, at least: a window's count may cover a bucket more than the window.
func perSecond(f *pipeline.Finding) float64 {
	s, ok := windowOf(f)
	if !ok {
		return 0
	}
	return f.Measure.Value / s.Reach().Seconds()
}

// domainOf returns the host that f is about: its key, or that of its actor, else none.
func domainOf(f *pipeline.Finding) string {
	switch f.Key.Type {
	case pipeline.EntityDomain, pipeline.EntitySite:
		return f.Key.Value
	case pipeline.EntityActor:
		return hostOf(f.Key.Value)
	}
	return ""
}

// hostOf returns the host of an actor, a URL without port or acct:name@host.
func hostOf(actor string) string {
	if _, host, ok := strings.Cut(actor, "@"); ok && strings.HasPrefix(actor, "acct:") {
		return host
	}
	_, rest, _ := strings.Cut(actor, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// addressOf returns the first address of the address or network that f is about.
func addressOf(f *pipeline.Finding) netip.Addr {
	switch f.Key.Type {
	case pipeline.EntityIP:
		addr, _ := netip.ParseAddr(f.Key.Value)
		return addr
	case pipeline.EntityPrefix:
		p, _ := netip.ParsePrefix(f.Key.Value)
		return p.Addr()
	}
	return netip.Addr{}
}

// isProven reports whether the events behind f are proven to be its key's.
func isProven(f *pipeline.Finding) bool { return f.Evidence.Part >= pipeline.Corroborated }

// A volume knows how many deliveries there are in all.
type volume struct{ domains *window.Metric }

func newVolume(site *window.Space) volume {
	return volume{site.Metric(window.Domain, window.Inbox, window.DomainScales)}
}

// most is the share of all deliveries from which on nothing goes unnoticed.
const most = 0.5

// takesMost reports whether the deliveries behind f are half of all, or can't be held against all.
func (v volume) takesMost(f *pipeline.Finding) bool {
	s, ok := windowOf(f)
	if !ok || window.DomainScales&window.Of(s) == 0 {
		return true
	}
	return f.Measure.Value >= most*float64(v.domains.Total(s, f.At))
}

func isDelivery(e *pipeline.Event) bool {
	return e.Kind == pipeline.KindRequest && e.Method == pipeline.MethodPost && e.Endpoint.IsInbox()
}

func isAccepted(e *pipeline.Event) bool { return isDelivery(e) && e.Status >= 200 && e.Status < 300 }

func isProvenEvent(e *pipeline.Event) bool { return e.Level >= pipeline.Corroborated }

// minutes returns m minutes of event time.
func minutes(m int) pipeline.Time { return pipeline.Time(time.Duration(m) * time.Minute) }
