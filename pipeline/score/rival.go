package score

import (
	"fmt"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Rival is a simple rule that reads nginx' requests as fedwarden does, and tells on its own. It knows no
// threats and proves nothing: it names the domain that a request claims.
type Rival interface {
	// Name is what the tables call it.
	Name() string
	// Observe sees a request; they come in the order of the log.
	Observe(e *pipeline.Event)
	// Incidents returns what it told so far.
	Incidents() []Incident
}

// Rivals returns new ones of all.
func Rivals() []Rival { return []Rival{newBuckets(), newZScore()} }

// quietTime is how long a rival's condition must be false before it tells of the same key again: the same
// for all, fedwarden's too, so that none is blamed for repeating itself.
const quietTime = 10 * time.Minute

// A teller makes incidents of what a rival sees: one for each key until it was quiet.
type teller struct {
	told []Incident
	open map[pipeline.Entity]int // index in told
}

// tell says that rule holds for who at that time.
func (t *teller) tell(rule string, who pipeline.Entity, at time.Time) {
	if t.open == nil {
		t.open = map[pipeline.Entity]int{}
	}
	if n, ok := t.open[who]; ok && at.Sub(t.told[n].Ended) < quietTime {
		t.told[n].Ended = at
		return
	}
	t.open[who] = len(t.told)
	t.told = append(t.told, Incident{ID: fmt.Sprintf("%s-%d", rule, len(t.told)+1), Detector: rule, Entity: who,
		Opened: at, Told: at, Ended: at, Messages: 1, Severity: pipeline.SeverityMedium})
}

// address returns the party behind an address.
func address(e *pipeline.Event) (pipeline.Entity, bool) {
	if !e.IP.IsValid() {
		return pipeline.Entity{}, false
	}
	p := pipeline.AddrKey(e.IP)
	if p.IsSingleIP() {
		return pipeline.Entity{Type: pipeline.EntityIP, Value: p.Addr().String()}, true
	}
	return pipeline.Entity{Type: pipeline.EntityPrefix, Value: p.String()}, true
}

// domain returns the party that the request claims to be.
func domain(e *pipeline.Event) (pipeline.Entity, bool) {
	return pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)}, e.Domain != ""
}
