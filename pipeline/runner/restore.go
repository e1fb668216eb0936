package runner

import (
	"bytes"
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
)

// restore goes on from cp.
func (r *Runner) restore(cp *pipeline.Checkpoint) error {
	if cp == nil {
		cp = &pipeline.Checkpoint{}
	}
	marks := cp.Streams
	if r.restoreParts(cp.Parts) && r.cfg.Anew != nil {
		r.engine = r.cfg.Anew()
		r.notifier.Again(pipeline.TimeOf(r.now()))
		r.note("what can't be read is learned anew, with all else, from the logs' past")
		marks = nil
	}
	r.engine.SetMarks(marks)
	if err := r.seek(marks, r.feeds...); err != nil {
		return err
	}
	var known []pipeline.StreamID
	for _, f := range r.feeds {
		known = append(known, f.streams...)
	}
	r.engine.Expect(known)
	r.outbox.restore(cp.Outbox, pipeline.TimeOf(r.now()))
	return nil
}

// restoreParts gives everybody what was saved. What can't be read starts empty; it reports whether that is vital,
// or a vital part is not there at all.
func (r *Runner) restoreParts(parts []pipeline.Part) (anew bool) {
	vital := func(name string) bool { return r.cfg.Vital != nil && r.cfg.Vital(name) }
	missing := map[string]bool{}
	for _, p := range r.engine.Parts() {
		if len(parts) > 0 && vital(p.Name) {
			missing[p.Name] = true
		}
	}
	for _, p := range parts {
		if err := r.restorePart(p); err != nil {
			r.note(fmt.Sprintf("part %s starts empty: %v", p.Name, err))
			continue
		}
		delete(missing, p.Name)
	}
	return len(missing) > 0
}

// note says what was not well when the run began.
func (r *Runner) note(text string) {
	r.notices = append(r.notices, text)
	r.log.Warn("checkpoint", "notice", text)
}

func (r *Runner) restorePart(p pipeline.Part) error {
	if p.Name != notifyPart {
		return r.engine.RestorePart(p)
	}
	if p.Version != r.notifier.Version() {
		return fmt.Errorf("layout %d is not read, only %d", p.Version, r.notifier.Version())
	}
	return r.notifier.Restore(bytes.NewReader(p.Data))
}

// An owner is a source that finds its streams while it reads, and knows them again by name.
type owner interface {
	Owns(pipeline.StreamID) bool
}

// seek makes each stream of feeds go on at its place. A source may then know more streams than before.
func (r *Runner) seek(marks []pipeline.StreamMark, feeds ...*feed) error {
	for _, m := range marks {
		f := r.ownerOf(m.Stream, feeds)
		if f == nil || m.Cursor == "" {
			continue // it was read by an earlier run, or nothing of it was
		}
		if err := f.source.Seek(m.Stream, m.Cursor); err != nil {
			return fmt.Errorf("seek stream %s: %w", m.Stream, err)
		}
		r.committed[m.Stream] = m.Cursor
	}
	for _, f := range feeds {
		r.knowAll(f)
	}
	return nil
}

// ownerOf returns the one of feeds whose stream it is: that which brings it, else the owner whose own name says most
// of it, since one carrier's name may begin another's.
func (r *Runner) ownerOf(id pipeline.StreamID, feeds []*feed) (best *feed) {
	for _, f := range feeds {
		if r.byStream[id] == f {
			return f
		}
		if o, ok := f.source.(owner); ok && o.Owns(id) && (best == nil || len(f.name()) > len(best.name())) {
			best = f
		}
	}
	return best
}
