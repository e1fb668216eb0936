package engine

import (
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxFacts bounds the facts that one episode tells apart.
const maxFacts = 64

// An episode is one alert while it fires.
type episode struct {
	Alert pipeline.Alert // the latest transition
	Facts []fact         // in the order in which they came

	Print  uint64        // the fingerprint
	Quiet  pipeline.Time // how long all facts must have been false
	Others pipeline.Time // until when any of the facts beyond Facts is true
	Total  uint64        // events
	Value  float64       // of the measure at firing
	Window string        // of the measure at firing: values of another one can't be compared
	Grown  bool          // tenfold scope was told
	Judged pipeline.Time // the second in which proof was last asked for

	Loud    pipeline.Time     `json:",omitempty"` // when it became medium or worse while no campaign carried it
	Covered pipeline.Severity `json:",omitempty"` // of its campaign, when that ended
	Carries *campaign         `json:",omitempty"` // nil: it is no campaign

	aka []pipeline.Entity // by which it may be listed; nil: not known yet
}

// A fact is what a detector states, within an episode.
type fact struct {
	factKey
	Until pipeline.Time
	Seen  uint64 // Proof.Seen at the last finding
	Total uint64 // events
}

// begin opens an episode on entity with f.
func (t *tracker) begin(f *pipeline.Finding, entity pipeline.AlertEntity) {
	print := t.fingerprint(f.Detector, entityOf(entity))
	starts := t.ends.after(print, max(f.Since, f.At-remembered), f.At)
	ep := &episode{
		Print: print,
		Quiet: t.quiet(f.Detector),
		Value: finite(f.Measure.Value), Window: clean(f.Measure.Window),
	}
	t.byEntity[entityKey{f.Detector, entityOf(entity)}] = ep
	t.join(ep, f)
	lists := t.list(ep, entity, f)
	ep.Alert = t.describe(ep, f, entity)
	a := &ep.Alert
	a.Fingerprint, a.ID = hex(print), episodeID(print, starts)
	a.StartsAt = pipeline.Stamp{Time: starts}
	at, folded := stamp(f.At, f.Digits), []*episode(nil)
	if lists {
		folded = t.fold(ep, f.At)
		a.Severity = max(a.Severity, worst(folded))
	}
	folded = append(folded, t.enlist(ep, at)...)
	t.open = append(t.open, ep)
	t.next = min(t.next, ep.due())
	t.announce(ep, pipeline.StatusFiring, at, folded)
}

// join makes the fact of f one of ep's.
func (t *tracker) join(ep *episode, f *pipeline.Finding) {
	if len(ep.Facts) == maxFacts {
		ep.Others = max(ep.Others, f.Until)
		return
	}
	e := &f.Evidence
	ep.Total += e.Window
	key := keyOf(f)
	key.Key.Value = clean(key.Key.Value)
	ep.Facts = append(ep.Facts, fact{factKey: key, Until: f.Until, Seen: e.Seen, Total: e.Window})
	t.byFact[key] = ep
}

// restate takes a fact of an open episode again, and tells what became of it.
func (t *tracker) restate(ep *episode, key factKey, f *pipeline.Finding) {
	ep.grow(key, f)
	t.next = min(t.next, ep.due())
	if f.Resolving {
		if f.Summary != "" {
			ep.Alert.Summary = clean(strings.Replace(f.Summary, "%s", subject(f, ep.Alert.Entity), 1))
		}
		return
	}
	at, folded := stamp(f.At, f.Digits), []*episode(nil)
	if t.list(ep, ep.Alert.Entity, f) {
		folded = t.fold(ep, f.At)
	}
	severity := max(f.Severity, worst(folded))
	grows := !ep.Grown && ep.tenfold(f)
	proven := t.proves(ep, f)
	if severity <= ep.Alert.Severity && !grows && proven == nil {
		t.announceAll(folded, at)
		return
	}
	old := ep.Alert
	ep.Grown = ep.Grown || grows
	ep.Alert = t.describe(ep, f, old.Entity)
	a := &ep.Alert
	a.ID, a.Fingerprint, a.Seq, a.StartsAt = old.ID, old.Fingerprint, old.Seq, old.StartsAt
	a.Severity = max(severity, old.Severity)
	a.Proven, a.Campaign = old.Proven, old.Campaign
	a.Evidence.Samples = addSamples(old.Evidence.Samples, f.Evidence.Samples)
	if proven != nil {
		a.Proven, ep.aka = proven, nil
	}
	a.Suggestions = t.suggestions(f, a)
	folded = append(folded, t.enlist(ep, at)...)
	t.announce(ep, pipeline.StatusUpdated, at, folded)
}

// grow counts the events that came since the fact was stated before.
func (ep *episode) grow(key factKey, f *pipeline.Finding) {
	i := slices.IndexFunc(ep.Facts, func(a fact) bool { return a.factKey == key })
	if i < 0 {
		ep.Others = max(ep.Others, f.Until)
		return
	}
	a, e := &ep.Facts[i], &f.Evidence
	a.Until = f.Until
	more := uint64(0)
	if e.Seen > a.Seen {
		more = e.Seen - a.Seen
	} else if e.Seen == 0 && e.Window > a.Total {
		more = e.Window - a.Total // the detector does not count for ever
	}
	a.Seen = e.Seen
	a.Total += more
	ep.Total += more
}

// tenfold reports whether ep has ten times the scope that it fired with: the measure's value in the same
// window, or the names behind it, of which there is one when it fires. Events that add up while it goes on
// as it began are time alone.
func (ep *episode) tenfold(f *pipeline.Finding) bool {
	more := ep.Value > 0 && f.Measure.Window == ep.Window && f.Measure.Value >= 10*ep.Value
	return more || len(ep.Facts) >= 10
}

// proves returns the name that f proves for an episode which fired on an address, else nil.
func (t *tracker) proves(ep *episode, f *pipeline.Finding) *pipeline.AlertEntity {
	if c := ep.Carries; c != nil && c.Grouped {
		return nil // it would be said of all members
	}
	if ep.Alert.Proven != nil || ep.Alert.Entity.Type.IsName() || !f.Key.Type.IsName() || ep.Judged == f.At.Floor() {
		return nil
	}
	ep.Judged = f.At.Floor()
	level := t.level(f)
	if level < pipeline.Corroborated {
		return nil
	}
	return &pipeline.AlertEntity{Type: f.Key.Type, Value: clean(f.Key.Value), Attribution: &level}
}

// names reports whether ep says that key did it.
func (ep *episode) names(key pipeline.Entity) bool {
	p := ep.Alert.Proven
	return entityOf(ep.Alert.Entity) == key || p != nil && entityOf(*p) == key
}

// claims reports whether a fact about key is part of ep.
func (ep *episode) claims(key pipeline.Entity) bool {
	return slices.ContainsFunc(ep.Facts, func(a fact) bool { return a.Key == key })
}

// refute takes back what was proven: the fact leaves its episode, which ends with its last one, and fires
// at once under the entity that remains.
func (t *tracker) refute(ep *episode, key factKey, f *pipeline.Finding) {
	ep.Facts = slices.DeleteFunc(ep.Facts, func(a fact) bool { return a.factKey == key })
	delete(t.byFact, key)
	if len(ep.Facts) == 0 || ep.Alert.Proven != nil {
		t.open = slices.DeleteFunc(t.open, func(o *episode) bool { return o == ep })
		t.resolve(ep, stamp(f.At, f.Digits))
	}
	if !f.Resolving {
		t.fire(f, pipeline.Claimed)
	}
}

// due returns the first whole second at which ep may end.
func (ep *episode) due() pipeline.Time {
	until := ep.Others
	for i := range ep.Facts {
		until = max(until, ep.Facts[i].Until)
	}
	if until > 0 {
		until = (until + ep.Quiet).Ceil()
	}
	if c := ep.Carries; c != nil && c.Grouped && c.open > 0 {
		return never // a group ends with the last of its members
	}
	return until
}

// resolve ends ep, which the caller takes off the list.
func (t *tracker) resolve(ep *episode, at pipeline.Stamp) {
	for _, a := range ep.Facts {
		delete(t.byFact, a.factKey)
	}
	delete(t.byEntity, entityKey{ep.Alert.Detector, entityOf(ep.Alert.Entity)})
	t.ends.add(ep.Print, at.Time.Floor())
	ep.Alert.EndsAt = at
	ep.Alert.Evidence.Total = ep.Total
	t.part(ep)
	t.disband(ep)
	t.tell(ep, pipeline.StatusResolved, at)
}

// tell makes ep's alert a transition.
func (t *tracker) tell(ep *episode, status pipeline.Status, at pipeline.Stamp) {
	a := &ep.Alert
	a.Status, a.At = status, at
	a.Seq++
	t.alerts = append(t.alerts, *a)
	if c := t.specs[a.Detector]; c != nil {
		c.stats.count(status)
	}
}

func (t *tracker) quiet(detector string) pipeline.Time {
	if c := t.specs[detector]; c != nil && c.spec.Quiet > 0 {
		return pipeline.Time(c.spec.Quiet) * pipeline.Second
	}
	return defaultQuiet
}
