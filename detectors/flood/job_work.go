package flood

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// jobWork knows which classes of jobs take how much of Sidekiq's time, and how they are called: their table keeps
// hashes only.
type jobWork struct {
	spent *window.Metric
	names []string // by slot
}

const (
	mostClasses = 1 << 14 // slots: more than the table ever has
	topClasses  = 3
)

// newJobWork claims its metric of the instance space.
func newJobWork(instance *window.Space) jobWork {
	return jobWork{spent: instance.Metric(window.Class, window.JobMS, window.Of(window.S10m))}
}

// meet remembers what the class of e's slot is called.
func (w *jobWork) meet(e *pipeline.Event) {
	slot := int(e.Slots.Class)
	if slot < len(w.names) && w.names[slot] == e.JobClass || slot == 0 || slot >= mostClasses || len(e.JobClass) > maxText {
		return
	}
	for len(w.names) <= slot {
		w.names = append(w.names, "")
	}
	w.names[slot] = strings.Clone(e.JobClass)
}

// top returns the classes that took most time in the last ten minutes, with their part of it.
func (w *jobWork) top(now pipeline.Time) []string {
	total := w.spent.Total(window.S10m, now)
	var slots []int32
	for slot, name := range w.names {
		if name != "" && w.sum(int32(slot), now) > 0 {
			slots = append(slots, int32(slot))
		}
	}
	slices.SortStableFunc(slots, func(a, b int32) int { return cmp.Compare(w.sum(b, now), w.sum(a, now)) })
	var list []string
	for _, slot := range slots[:min(len(slots), topClasses)] {
		list = append(list, fmt.Sprintf("%s %.0f %%", w.names[slot], 100*float64(w.sum(slot, now))/float64(max(total, 1))))
	}
	return list
}

func (w *jobWork) sum(slot int32, now pipeline.Time) uint32 {
	return w.spent.Sum(slot, window.Proven, window.S10m, now)
}

func (w *jobWork) save(s *saver) {
	s.numbers(uint64(len(w.names)))
	for _, name := range w.names {
		s.text(name)
	}
}

func (w *jobWork) load(l *loader) {
	for range l.count(mostClasses) {
		w.names = append(w.names, l.text())
	}
}
