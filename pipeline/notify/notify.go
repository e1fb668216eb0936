package notify

import (
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Config says where alerts go.
type Config struct {
	Routes       []Route
	HistoryUntil pipeline.Time // what happened before is history; a restored snapshot's own wins
}

// A Route is a sink and the least severity that it is told of.
type Route struct {
	Sink string
	Min  pipeline.Severity
}

// An Outgoing is one transition for one sink.
type Outgoing struct {
	Sink  string
	Alert pipeline.Alert
}

// A Notifier routes alerts. It is not for concurrent use.
type Notifier struct {
	routes []route
	until  pipeline.Time
	passed bool             // engine time is past until
	held   []pipeline.Alert // the latest transition of each open episode, in the order in which they fired
	alone  []string         // open members whose campaign was over before history was: their ids, in that order
	out    []Outgoing
}

// A route is a Route and which open episodes its sink was told of.
type route struct {
	Route
	told told
}

// New returns a Notifier that has told nobody of anything.
func New(c Config) *Notifier {
	n := &Notifier{until: c.HistoryUntil}
	for _, r := range c.Routes {
		n.routes = append(n.routes, route{r, told{}})
	}
	return n
}

// Again makes what happened before until history once more, for an engine that begins anew and reads the logs'
// past. What sinks were told stays known.
func (n *Notifier) Again(until pipeline.Time) {
	n.until, n.passed, n.held, n.alone = until, false, nil, nil
}

// HistoryUntil returns the time before which everything is history.
func (n *Notifier) HistoryUntil() pipeline.Time { return n.until }

// Handle takes the alerts that the engine made happen until now, in their order, and returns what is to be
// delivered. The slice is valid until the next call.
func (n *Notifier) Handle(alerts []pipeline.Alert, now pipeline.Time) []Outgoing {
	n.out = n.out[:0]
	for i := range alerts {
		a := &alerts[i]
		n.pass(a.At.Time)
		if n.passed {
			n.route(a)
			continue
		}
		n.hold(a)
	}
	n.pass(now)
	return n.out
}

// Advance tells the time when there are no alerts; otherwise it is as Handle.
func (n *Notifier) Advance(now pipeline.Time) []Outgoing { return n.Handle(nil, now) }

// hold keeps the latest transition of an episode that is not over.
func (n *Notifier) hold(a *pipeline.Alert) {
	i := slices.IndexFunc(n.held, func(h pipeline.Alert) bool { return h.ID == a.ID })
	switch {
	case a.Status == pipeline.StatusResolved && i >= 0:
		n.held = slices.Delete(n.held, i, i+1)
	case a.Status == pipeline.StatusResolved: // it began before what is held: over all the same
	case i >= 0:
		n.held[i] = *a
	default:
		n.held = append(n.held, *a)
	}
}

// pass lets go of what is held once time has reached the end of history.
func (n *Notifier) pass(now pipeline.Time) {
	if n.passed || now < n.until {
		return
	}
	n.passed = true
	for i := range n.held {
		if a := &n.held[i]; a.Campaign != nil && !n.holds(*a.Campaign) {
			n.alone = append(n.alone, a.ID)
		}
	}
	for i := range n.held {
		n.route(&n.held[i])
	}
	n.held = nil
}

func (n *Notifier) holds(id string) bool {
	return slices.ContainsFunc(n.held, func(a pipeline.Alert) bool { return a.ID == id })
}

// carried reports whether another alert carries the notification for a.
func (n *Notifier) carried(a *pipeline.Alert) bool {
	if a.Campaign == nil {
		return false
	}
	i := slices.Index(n.alone, a.ID)
	if i >= 0 && a.Status == pipeline.StatusResolved {
		n.alone = slices.Delete(n.alone, i, i+1)
	}
	return i < 0
}

// route sends a to the sinks that are to be told of it.
func (n *Notifier) route(a *pipeline.Alert) {
	carried := n.carried(a)
	for i := range n.routes {
		r := &n.routes[i]
		if !r.told.take(a, r.Min, carried) {
			continue
		}
		n.out = append(n.out, Outgoing{Sink: r.Sink, Alert: *a})
	}
}
