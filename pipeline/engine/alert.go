package engine

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxList    = 20
	maxSamples = 3
)

// describe makes an alert of what f says about ep, of which entity is named. It shares no memory with f.
func (t *tracker) describe(ep *episode, f *pipeline.Finding, entity pipeline.AlertEntity) pipeline.Alert {
	a := pipeline.Alert{
		Schema:   pipeline.Schema,
		Severity: f.Severity,
		Threat:   t.threat(f.Detector),
		Detector: f.Detector,
		Entity:   entity,
		Related:  ep.related(f, entity),
		Summary:  clean(strings.Replace(f.Summary, "%s", subject(f, entity), 1)),
		Measure:  tidyMeasure(f.Measure),
		Context:  contexts(f.Context),
		Evidence: pipeline.AlertEvidence{Total: ep.Total, Samples: addSamples(nil, f.Evidence.Samples)},
	}
	if ep.Carries != nil {
		ep.Carries.Speaks = false
		ep.Carries.addTo(&a.Related, entity, ep.Carries.Members)
	}
	if t.instance != "" {
		a.Instance = &t.instance
	}
	a.Suggestions = t.suggestions(f, &a)
	return a
}

// threat returns the threat that detector is about. What key spaces and the witness find is that
// fedwarden itself is not well.
func (t *tracker) threat(detector string) pipeline.Threat {
	if c := t.specs[detector]; c != nil && c.spec.Threat != "" {
		return c.spec.Threat
	}
	return pipeline.ThreatHealth
}

// title is what detector finds, in words.
func (t *tracker) title(detector string) string {
	if c := t.specs[detector]; c != nil && c.spec.Title != "" {
		return clean(c.spec.Title)
	}
	return detector
}

// related lists who else is involved: first the names that were claimed by the facts of ep and are not
// named, by the events that claimed them; then those of f, in its order.
func (ep *episode) related(f *pipeline.Finding, entity pipeline.AlertEntity) pipeline.AlertRelated {
	domains, actors := ep.claimed(entity)
	r := &f.Related
	out := pipeline.AlertRelated{
		Domains: list(domains, r.Domains, entity.Value),
		Actors:  list(actors, r.Actors, entity.Value),
		IPs:     list(nil, r.IPs, entity.Value),
		Counts:  r.Counts,
	}
	out.Counts.Domains = max(out.Counts.Domains, uint64(len(domains)), uint64(len(out.Domains)))
	out.Counts.Actors = max(out.Counts.Actors, uint64(len(actors)), uint64(len(out.Actors)))
	out.Counts.IPs = max(out.Counts.IPs, uint64(len(out.IPs)))
	return out
}

// claimed returns the names in the facts of ep, each once, most events first, then by name.
func (ep *episode) claimed(entity pipeline.AlertEntity) (domains, actors []string) {
	facts := slices.Clone(ep.Facts)
	slices.SortFunc(facts, func(a, b fact) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), compareEntities(a.Key, b.Key), cmp.Compare(a.Part, b.Part))
	})
	for _, a := range facts {
		switch {
		case a.Key == entityOf(entity):
		case a.Key.Type == pipeline.EntityActor:
			actors = addName(actors, a.Key.Value)
		case a.Key.Type.IsName():
			domains = addName(domains, a.Key.Value)
		}
	}
	return domains, actors
}

func addName(names []string, n string) []string {
	if slices.Contains(names, n) {
		return names
	}
	return append(names, n)
}

// list joins two lists, each name once and never but, and cuts the result.
func list(first, second []string, but string) []string {
	out := []string{}
	for _, names := range [][]string{first, second} {
		for _, n := range names {
			if len(out) == maxList {
				return out
			}
			if n = clean(n); n != but && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

func contexts(cs []pipeline.Context) []pipeline.Context {
	out := []pipeline.Context{}
	for _, c := range cs {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// addSamples returns the first three of kept and more, none twice.
func addSamples(kept []pipeline.AlertSample, more []pipeline.Sample) []pipeline.AlertSample {
	out := append([]pipeline.AlertSample{}, kept...)
	for _, m := range more {
		s := pipeline.AlertSample{Source: m.Source.String(), Time: stamp(m.At.Time, m.At.Digits), Line: clean(m.Line)}
		if len(out) < maxSamples && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// suggestions returns what a person could do about a. What concerns a domain is left out while none is
// proven, and speaks of the proven one.
func (t *tracker) suggestions(f *pipeline.Finding, a *pipeline.Alert) []pipeline.Suggestion {
	from := f.Suggest
	if c := t.specs[f.Detector]; len(from) == 0 && c != nil {
		from = c.spec.Suggest
	}
	out := []pipeline.Suggestion{}
	for _, s := range from {
		who := a.Entity.Value
		if aimsAtName(s.Kind) && !a.Entity.Type.IsName() {
			if a.Proven == nil {
				continue
			}
			who = a.Proven.Value
		}
		s.Kind = clean(s.Kind)
		s.Undo = clean(strings.Replace(s.Undo, "%s", who, 1))
		s.Text = clean(strings.Replace(s.Text, "%s", who, 1))
		out = append(out, s)
	}
	return out
}

// aimsAtName reports whether what is suggested is done to a domain or to a remote account.
func aimsAtName(kind string) bool {
	return strings.HasPrefix(kind, "mastodon.domain_") || strings.HasPrefix(kind, "mastodon.account_")
}

// clean returns a copy of s that is valid UTF-8, as JSON can carry it.
func clean(s string) string { return strings.ToValidUTF8(strings.Clone(s), "\uFFFD") }

// stamp returns t with what its digits don't show cut off, so that it is what is written.
func stamp(t pipeline.Time, digits uint8) pipeline.Stamp {
	unit := pipeline.Second
	for range min(digits, 9) {
		unit /= 10
	}
	return pipeline.Stamp{Time: t.Floor() + (t-t.Floor())/unit*unit, Digits: min(digits, 9)}
}

// tidyMeasure replaces what JSON can't carry, and shares no memory with m.
func tidyMeasure(m pipeline.Measure) pipeline.Measure {
	m.Name, m.Window = clean(m.Name), clean(m.Window)
	m.Value, m.Threshold = finite(m.Value), finite(m.Threshold)
	m.Expected, m.Surprise = finiteOrNil(m.Expected), finiteOrNil(m.Surprise)
	return m
}

func finite(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return 0
	case math.IsInf(x, 0):
		return math.Copysign(math.MaxFloat64, x)
	}
	return x
}

func finiteOrNil(x *float64) *float64 {
	if x == nil || math.IsNaN(*x) {
		return nil
	}
	y := finite(*x)
	return &y
}

// cloneFinding returns a copy of f that shares no memory with it.
func cloneFinding(f *pipeline.Finding) pipeline.Finding {
	c := *f
	c.Key.Value, c.Summary = clean(f.Key.Value), clean(f.Summary)
	c.Measure = tidyMeasure(f.Measure)
	c.Context = slices.Clone(f.Context)
	c.Related.Domains = cleanAll(f.Related.Domains)
	c.Related.Actors = cleanAll(f.Related.Actors)
	c.Related.IPs = cleanAll(f.Related.IPs)
	c.Evidence.Addresses = slices.Clone(f.Evidence.Addresses)
	c.Evidence.Samples = slices.Clone(f.Evidence.Samples)
	for i := range c.Evidence.Samples {
		s := &c.Evidence.Samples[i]
		s.At, s.Line = stamp(s.At.Time, s.At.Digits), clean(s.Line)
	}
	c.Members = slices.Clone(f.Members)
	for i := range c.Members {
		c.Members[i].Value = clean(c.Members[i].Value)
	}
	c.Suggest = slices.Clone(f.Suggest)
	for i := range c.Suggest {
		s := &c.Suggest[i]
		s.Kind, s.Undo, s.Text = clean(s.Kind), clean(s.Undo), clean(s.Text)
	}
	return c
}

func cleanAll(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = clean(out[i])
	}
	return out
}
