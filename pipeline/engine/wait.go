package engine

import "github.com/fedwarden/fedwarden/pipeline"

// A wait is a fact about a name that is not proven, and may be within seconds.
type wait struct {
	Finding pipeline.Finding // the newest, with the first Since and the highest Severity
	Began   pipeline.Time
}

// level returns how sure it is now that f's key did it.
func (t *tracker) level(f *pipeline.Finding) pipeline.Attribution {
	if !f.Key.Type.IsName() {
		return pipeline.AttributionNone
	}
	if f.Evidence.Refuted {
		return pipeline.Claimed
	}
	return t.id.Level(f, f.At)
}

func (t *tracker) provable(f *pipeline.Finding) bool {
	return t.prover != nil && !f.Evidence.Refuted && t.prover.Provable(f)
}

func (t *tracker) waitFor(f *pipeline.Finding) {
	w := &wait{Finding: cloneFinding(f), Began: f.At}
	t.waits = append(t.waits, w)
	t.byWait[keyOf(&w.Finding)] = w
	t.next = min(t.next, f.At.Floor()+pipeline.Second)
}

// waitOn takes a fact that waits already. Once a second is enough: it is looked at on ticks only.
func (t *tracker) waitOn(w *wait, f *pipeline.Finding) {
	if f.Evidence.Refuted {
		t.unwait(w)
		f.Since = min(f.Since, w.Finding.Since)
		t.fire(f, pipeline.Claimed)
		return
	}
	old := &w.Finding
	if f.Resolving || f.Severity <= old.Severity && f.At.Floor() == old.At.Floor() {
		old.Until = f.Until // what was true fires, even if it ends before that
		return
	}
	f.Since, f.Severity = min(f.Since, old.Since), max(f.Severity, old.Severity)
	w.Finding = cloneFinding(f)
}

func (t *tracker) unwait(w *wait) {
	delete(t.byWait, keyOf(&w.Finding))
	for i, o := range t.waits {
		if o == w {
			t.waits = append(t.waits[:i], t.waits[i+1:]...)
			return
		}
	}
	panic("BUG: a wait is not in the list")
}

// endWaits fires what is proven by now, and what can't wait for another tick.
func (t *tracker) endWaits(now pipeline.Time) {
	waits := t.waits
	t.waits = nil
	for _, w := range waits {
		f := &w.Finding
		f.At, f.Digits = now, 0
		level := t.level(f)
		if level < pipeline.Corroborated && now+pipeline.Second <= w.Began+maxWait {
			t.waits = append(t.waits, w)
			t.next = min(t.next, now+pipeline.Second)
			continue
		}
		delete(t.byWait, keyOf(f))
		t.fire(f, level)
	}
}
