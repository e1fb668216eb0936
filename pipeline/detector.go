package pipeline

import "io"

// A Report takes what an Observer finds. Findings and signals must not be reported from within a range
// over a map.
type Report interface {
	// Find states a Finding; the engine sets Detector and At.
	Find(Finding)
	// Signal sends a Signal to the instance detectors; allowed in Advance only.
	Signal(Signal)
}

// A Detector watches events in time order and states what it finds. It owns no goroutine, clock, I/O or
// randomness: the same calls in the same order make the same findings on every machine.
//
// Key spaces, the witness and detectors all are Detectors to the engine, called in the order in which
// they were registered.
type Detector interface {
	// Observe sees one event. Events come in time order; the event must not be kept.
	Observe(e *Event, r Report)
	// Advance sees time: it is called once per whole second of event time, before the first event at or
	// after now.
	Advance(now Time, r Report)
	// Snapshot writes all that the detector knows, byte-stable: equal knowledge, equal bytes.
	Snapshot(w io.Writer) error
	// Restore reads what Snapshot wrote, in place of all that the detector knew. After an error the
	// detector is as new.
	Restore(r io.Reader) error
}

// A Scheduler is a Detector that knows when its Advance next matters. The engine may skip the seconds
// between, which must be invisible: alerts and snapshot equal those of one call per second. A Detector
// that is no Scheduler is called every second.
type Scheduler interface {
	// Due returns the first whole second after now at which Advance would do anything if no event came
	// before; zero for never.
	Due(now Time) Time
}

// An Identifier says who is behind an event and how sure that is. It is called before every Detector.
type Identifier interface {
	// Enrich canonicalises the names in e and sets Domain, Site, Actor, ClaimedBy and Level.
	Enrich(e *Event)
	// Level returns how sure it is, now, that f's entity did what f's evidence shows.
	Level(f *Finding, now Time) Attribution
	// Advance sees time as a Detector's does.
	Advance(now Time)
	// Snapshot and Restore are as a Detector's.
	Snapshot(w io.Writer) error
	Restore(r io.Reader) error
}

// A Prover is an Identifier that knows whether waiting for proof is any use. One that is no Prover is
// never waited for.
type Prover interface {
	// Provable reports whether f's name, not proven now, may be proven within seconds.
	Provable(f *Finding) bool
}

// A Locator is an Identifier that knows where a name belongs. Without one, a name belongs to itself alone.
type Locator interface {
	// Home returns the host of a domain or actor, and the registrable domain of it or of a site; nothing for what is
	// no name. It depends on e alone.
	Home(e Entity) (Domain, Site)
}

// A Versioned is a Detector or Identifier whose snapshot has changed its layout: Version rises with
// every change, and a snapshot of another version is not read. One that is not Versioned has version 1.
type Versioned interface {
	Version() uint32
}

// A Spec is what the registry, the README, `fedwarden detectors` and the runbook know of a detector:
// its documentation is data.
type Spec struct {
	Name   string // as in the catalogue, e.g. "domain_flood"
	Title  string // e.g. "Inbox flood"
	Threat Threat
	Space  KeySpace
	Quiet  int64 // seconds for which the condition must be false before an episode ends

	// Kinds and Endpoints are which events it is shown, of those of its key spaces; nil is all. EndpointOther, which is
	// also that of an event without one, is shown whatever Endpoints says; signals and facts always are, to those of the
	// instance.
	Kinds     []Kind
	Endpoints []Endpoint

	Sees       string   // what it sees, in which logs
	Matters    string   // why it matters
	Lookalikes string   // what is benign and looks alike
	Do         []string // what to do, mildest first
	Defaults   string   // thresholds with units, windows and bounds
	Suggest    []Suggestion
}

// Stateless is embedded by a Detector that acts on events alone and keeps nothing of its own: what it
// knows of keys is in its key space.
type Stateless struct{}

// Advance does nothing.
func (Stateless) Advance(Time, Report) {}

// Due returns never.
func (Stateless) Due(Time) Time { return 0 }

// Snapshot writes nothing.
func (Stateless) Snapshot(io.Writer) error { return nil }

// Restore reads nothing.
func (Stateless) Restore(io.Reader) error { return nil }
