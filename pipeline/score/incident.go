package score

import (
	"fmt"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An Incident is one episode as the world was told it.
type Incident struct {
	ID       string
	Detector string
	Threat   pipeline.Threat // none: any threat is right for it, as of a rival
	Entity   pipeline.Entity
	Proven   *pipeline.Entity
	Opened   time.Time
	Ended    time.Time // zero while open
	// Told is when a person was notified: the first transition at medium or above, before it belonged to a
	// campaign; zero if never.
	Told     time.Time
	Severity pipeline.Severity // the highest
	Member   bool              // of a campaign, at some time
	Messages int               // transitions that a person was sent
	Evidence uint64            // events behind it when it was told; zero if unknown
}

// slack is how far outside a run an alert may lie: clocks in logs are attacked too.
const slack = time.Hour

// ReadAlerts reads what `fedwarden replay --output json` wrote about the logs of t; name is the file's, for
// errors. Nothing that is wrong is passed over.
func ReadAlerts(r io.Reader, name string, t *Truth) ([]Incident, error) {
	l := ledger{truth: t, at: map[string]int{}, seq: map[string]uint64{}}
	if err := eachLine(r, name, l.line); err != nil {
		return nil, err
	}
	return l.list, nil
}

// A ledger is the incidents so far.
type ledger struct {
	truth *Truth
	list  []Incident
	at    map[string]int // index in list by id
	seq   map[string]uint64
}

func (l *ledger) line(line []byte) error {
	var a pipeline.Alert
	if err := decode(line, &a); err != nil {
		return err
	}
	if err := l.check(&a); err != nil {
		return err
	}
	if a.Seq == 1 {
		l.at[a.ID] = len(l.list)
		l.list = append(l.list, Incident{ID: a.ID, Detector: a.Detector, Threat: a.Threat,
			Entity: entity(&a.Entity), Opened: a.At.Time.Std()})
	}
	l.seq[a.ID] = a.Seq
	l.list[l.at[a.ID]].apply(&a)
	return nil
}

func (l *ledger) check(a *pipeline.Alert) error {
	run := &l.truth.Run
	at := a.At.Time.Std()
	switch {
	case a.Schema != pipeline.Schema:
		return fmt.Errorf("the schema is %q, not %q: no alert of replay --output json", a.Schema, pipeline.Schema)
	case a.ID == "" || a.Entity.Type == "" || a.At.Time == 0:
		return fmt.Errorf("an alert must have id, entity and at")
	case !isThreat(a.Threat):
		return fmt.Errorf("%s: unknown threat %q", a.ID, a.Threat)
	case a.Severity == pipeline.SeverityUnknown:
		return fmt.Errorf("%s: unknown severity", a.ID)
	case a.Status != pipeline.StatusFiring && a.Status != pipeline.StatusUpdated && a.Status != pipeline.StatusResolved:
		return fmt.Errorf("%s: unknown status %q", a.ID, a.Status)
	case a.Seq <= l.seq[a.ID]:
		return fmt.Errorf("%s: seq %d is there twice, or comes after seq %d", a.ID, a.Seq, l.seq[a.ID])
	case a.Seq != l.seq[a.ID]+1:
		return fmt.Errorf("%s: seq %d follows %d: what was between is lost", a.ID, a.Seq, l.seq[a.ID])
	case (a.Seq == 1) != (a.Status == pipeline.StatusFiring):
		return fmt.Errorf("%s: seq %d is %s, but the first and no other fires", a.ID, a.Seq, a.Status)
	case at.Before(run.Start.Add(-slack)) || at.After(run.End.Add(slack)):
		return fmt.Errorf("%s at %s is outside the run, from %s to %s: alerts of other logs", a.ID, stamp(at), stamp(run.Start), stamp(run.End))
	}
	return nil
}

// apply adds a transition.
func (i *Incident) apply(a *pipeline.Alert) {
	if a.Proven != nil {
		p := entity(a.Proven)
		i.Proven = &p
	}
	if a.Status == pipeline.StatusResolved {
		i.Ended = a.At.Time.Std()
	}
	i.Severity = max(i.Severity, a.Severity)
	if a.Campaign != nil {
		i.Member = true
		if a.Status == pipeline.StatusResolved && !i.Told.IsZero() {
			i.Messages++ // who heard of it hears of its end
		}
		return
	}
	if i.Told.IsZero() && a.Severity >= pipeline.SeverityMedium {
		i.Told, i.Evidence = a.At.Time.Std(), a.Evidence.Total
	}
	if !i.Told.IsZero() {
		i.Messages++
	}
}

func entity(a *pipeline.AlertEntity) pipeline.Entity {
	return pipeline.Entity{Type: a.Type, Value: a.Value}
}

// names returns the entities of i that are names of remote parties.
func (i *Incident) names() []pipeline.Entity {
	var list []pipeline.Entity
	if i.Entity.Type.IsName() {
		list = append(list, i.Entity)
	}
	if i.Proven != nil && i.Proven.Type.IsName() {
		list = append(list, *i.Proven)
	}
	return list
}

// about reports whether i is about p.
func (i *Incident) about(p *Parties) bool {
	return p.holds(i.Entity) || i.Proven != nil && p.holds(*i.Proven)
}
