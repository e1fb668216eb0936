package engine

import "github.com/fedwarden/fedwarden/pipeline"

// apply shows ev to identity and the detectors at t, or at the engine's time if that is later. An event
// without a time, in an engine without one, is shown to nobody.
func (e *Engine) apply(ev *pipeline.Event, t pipeline.Time) {
	t = max(t, e.now)
	if t == 0 {
		return
	}
	if t >= e.next {
		e.tick(t.Floor())
	}
	e.now = t
	ev.Time = t
	switch ev.Kind {
	case pipeline.KindRejected, pipeline.KindStream:
		if e.hearer != nil {
			e.hearer.Hear(ev)
		}
		e.tell(ev)
	case pipeline.KindSignal:
		e.tell(ev)
	default:
		e.show(ev)
	}
	if len(e.report.findings) > 0 {
		e.conclude(ev.Time, ev.Digits)
	}
}

// show enriches ev and shows it to the detectors of its key spaces that want it.
func (e *Engine) show(ev *pipeline.Event) {
	e.id.Enrich(ev)
	spaces := ev.Spaces
	for _, c := range e.wants[ev.Kind][ev.Endpoint] {
		if spaces == 0 || spaces&c.spec.Space != 0 {
			e.report.by = c
			c.detector.Observe(ev, &e.report)
		}
	}
}

// tell shows ev to the instance detectors.
func (e *Engine) tell(ev *pipeline.Event) {
	for _, c := range e.instance {
		e.report.by = c
		c.detector.Observe(ev, &e.report)
	}
}
