package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A report collects what detectors find in one call of them all.
type report struct {
	by       *component // who is being called
	ticking  bool
	findings []pipeline.Finding
	signals  []pipeline.Signal
}

// Find implements pipeline.Report.
func (r *report) Find(f pipeline.Finding) {
	f.Detector = r.by.spec.Name
	r.by.stats.Findings++
	r.findings = append(r.findings, f)
}

// Signal implements pipeline.Report.
func (r *report) Signal(s pipeline.Signal) {
	if !r.ticking {
		panic("BUG: " + r.by.spec.Name + " sent signal " + s.Name + " outside Advance")
	}
	r.signals = append(r.signals, s)
}

// conclude hands the findings of one call to the tracker, sorted, so that the order of registration is
// nothing.
func (e *Engine) conclude(at pipeline.Time, digits uint8) {
	found := e.report.findings
	if len(found) > 1 {
		slices.SortStableFunc(found, func(a, b pipeline.Finding) int {
			return cmp.Or(strings.Compare(a.Detector, b.Detector), compareEntities(a.Key, b.Key))
		})
	}
	for i := range found {
		found[i].At, found[i].Digits = at, digits
		e.explain(&found[i])
		e.tracker.take(&found[i])
	}
	clear(found)
	e.report.findings = found[:0]
}

// explain asks those who know benign explanations. What is about fedwarden itself has none but what the operator says:
// each of them names the detectors that it explains.
func (e *Engine) explain(f *pipeline.Finding) {
	if f.Resolving {
		return
	}
	for _, b := range e.benign {
		b.Explain(f)
	}
}

func compareEntities(a, b pipeline.Entity) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), strings.Compare(a.Value, b.Value))
}

// merge adds up equal signals and sorts them.
func merge(signals []pipeline.Signal) []pipeline.Signal {
	slices.SortFunc(signals, func(a, b pipeline.Signal) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	n := 0
	for _, s := range signals {
		if n > 0 && signals[n-1].Name == s.Name && signals[n-1].Key == s.Key {
			signals[n-1].Count += s.Count
			continue
		}
		signals[n] = s
		n++
	}
	clear(signals[n:])
	return signals[:n]
}
