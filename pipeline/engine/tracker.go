package engine

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxOpen      = 10_000
	ownRoom      = 100 // beyond that, for what is about fedwarden itself
	defaultQuiet = 600 * pipeline.Second
	maxWait      = 3 * pipeline.Second // for proof
)

// A tracker turns findings into episodes. It is told findings in time order, sorted within a call, and
// every second at which it is due.
type tracker struct {
	instance string
	secret   pipeline.Secret
	id       pipeline.Identifier
	prover   pipeline.Prover  // nil: waiting is no use
	locator  pipeline.Locator // nil: no name is of another's site
	specs    map[string]*component
	max      int

	open     []*episode // in the order in which they fired
	byEntity map[entityKey]*episode
	byFact   map[factKey]*episode
	waits    []*wait // in the order in which they began
	byWait   map[factKey]*wait
	ends     ends

	campaigns []*episode // open ones that carry others, by rank
	listed    int        // entities that they know

	next    pipeline.Time // no tick before it matters; never if none does
	refused uint64        // episodes not admitted
	hushed  uint64        // those of them that no signal told of yet
	alerts  []pipeline.Alert
}

// An entityKey names an open episode.
type entityKey struct {
	detector string
	entity   pipeline.Entity
}

// A factKey names a fact that a detector states: the proven and the merely claimed events of one key are
// two facts.
type factKey struct {
	Detector string
	Key      pipeline.Entity
	Part     pipeline.Attribution
}

func keyOf(f *pipeline.Finding) factKey { return factKey{f.Detector, f.Key, f.Evidence.Part} }

func newTracker(instance string, secret pipeline.Secret, id pipeline.Identifier, comps []component) *tracker {
	t := &tracker{instance: instance, secret: secret, id: id, specs: map[string]*component{}, max: maxOpen}
	t.prover, _ = id.(pipeline.Prover)
	t.locator, _ = id.(pipeline.Locator)
	for i := range comps {
		t.specs[comps[i].spec.Name] = &comps[i]
	}
	t.reset()
	return t
}

// reset forgets all.
func (t *tracker) reset() {
	t.open, t.waits, t.refused, t.hushed, t.next = nil, nil, 0, 0, never
	t.campaigns, t.listed = nil, 0
	t.byEntity = map[entityKey]*episode{}
	t.byFact = map[factKey]*episode{}
	t.byWait = map[factKey]*wait{}
	t.ends = ends{last: map[uint64]pipeline.Time{}}
}

// take tells the tracker a finding. It keeps nothing of f that it did not clone.
func (t *tracker) take(f *pipeline.Finding) {
	tidy(f)
	key := keyOf(f)
	if ep := t.byFact[key]; ep != nil {
		if f.Evidence.Refuted && ep.names(f.Key) {
			t.refute(ep, key, f)
			return
		}
		t.restate(ep, key, f)
		return
	}
	if w := t.byWait[key]; w != nil {
		t.waitOn(w, f)
		return
	}
	if !f.Resolving {
		t.start(f)
	}
}

// tidy makes f what the tracker relies on.
func tidy(f *pipeline.Finding) {
	f.Key.Value = strings.ToValidUTF8(f.Key.Value, "\uFFFD")
	f.Severity = max(f.Severity, pipeline.SeverityLow)
	f.Until = max(f.Until, f.At)
	if f.Resolving {
		f.Until = f.At
	}
	if f.Since == 0 {
		f.Since = f.At
	}
}

// start judges who is named in a fact that is new, or waits for the proof.
func (t *tracker) start(f *pipeline.Finding) {
	level := t.level(f)
	if f.Key.Type.IsName() && level < pipeline.Corroborated && t.provable(f) {
		t.waitFor(f)
		return
	}
	t.fire(f, level)
}

// fire makes f part of an episode: of the open one of whom it names, or of a new one.
func (t *tracker) fire(f *pipeline.Finding, level pipeline.Attribution) {
	entity := t.name(f, level)
	ep := t.byEntity[entityKey{f.Detector, entityOf(entity)}]
	if ep == nil {
		ep = t.provenBy(f, level)
	}
	if ep != nil {
		t.join(ep, f)
		t.restate(ep, keyOf(f), f)
		return
	}
	if !t.admits(f.Detector, f.Severity) {
		t.refused++
		t.hushed++
		t.next = min(t.next, f.At.Floor()+pipeline.Second)
		return
	}
	t.begin(f, entity)
}

// takeHushed returns how many episodes were not admitted since it was asked before.
func (t *tracker) takeHushed() uint64 {
	n := t.hushed
	t.hushed = 0
	return n
}

// provenBy returns the open episode on an address which f, proven and from that very address, proves: it
// is about the same key, and was fired before the proof came.
func (t *tracker) provenBy(f *pipeline.Finding, level pipeline.Attribution) *episode {
	if !f.Key.Type.IsName() || level < pipeline.Corroborated {
		return nil
	}
	address := narrow(&f.Evidence)
	if !address.Type.IsParty() {
		return nil
	}
	ep := t.byEntity[entityKey{f.Detector, address}]
	if ep == nil || ep.Alert.Proven != nil || !ep.claims(f.Key) {
		return nil
	}
	ep.Judged = 0
	return ep
}

// admits reports whether an episode of that severity may open: the higher it is, the more room it has. What is
// about fedwarden itself has a little of its own: that there is no room must be told.
func (t *tracker) admits(detector string, s pipeline.Severity) bool {
	if t.threat(detector) == pipeline.ThreatHealth {
		return len(t.open) < t.max+ownRoom
	}
	room := t.max
	switch s {
	case pipeline.SeverityLow:
		room = t.max / 2
	case pipeline.SeverityMedium:
		room = t.max * 3 / 4
	case pipeline.SeverityHigh:
		room = t.max * 9 / 10
	}
	return len(t.open) < room
}

// due returns the first whole second after last at which advance may do something.
func (t *tracker) due(last pipeline.Time) pipeline.Time {
	return max(t.next, last+pipeline.Second)
}

// advance sees time: waits and quiet times end.
func (t *tracker) advance(now pipeline.Time) {
	if now < t.next {
		return
	}
	t.next = never
	t.endWaits(now)
	t.sweep(now, false)
	t.sweep(now, true) // groups, of which some ended with the last of their members
	if t.hushed > 0 {
		t.next = now + pipeline.Second
	}
}

// sweep ends the episodes that are due, of those that carry others or of the rest.
func (t *tracker) sweep(now pipeline.Time, carriers bool) {
	n := 0
	for _, ep := range t.open {
		due := ep.due()
		if due <= now && carriers == (ep.Carries != nil) {
			t.resolve(ep, pipeline.Stamp{Time: now})
			continue
		}
		if due > now {
			t.next = min(t.next, due)
		}
		t.open[n] = ep
		n++
	}
	clear(t.open[n:])
	t.open = t.open[:n]
}
