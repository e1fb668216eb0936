package source

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// caughtUp reports whether everything that was there at the last look has been delivered. It is not while
// the name can't be opened: that there is nothing is not known then.
func (t *Tail) caughtUp(now time.Time) bool {
	if t.trouble != nil || len(t.gens) == 0 || t.inHistory.Load() {
		return false
	}
	for _, g := range append(t.gone[:len(t.gone):len(t.gone)], t.gens...) {
		if !g.drained(now, t.cfg.Lateness) {
			return false
		}
	}
	return true
}

// isLost reports whether the stream has been unreadable long enough to say so, once: its name can't be
// opened, and what we still hold does not grow either.
func (t *Tail) isLost(now time.Time) bool {
	if t.trouble == nil || t.told || now.Sub(t.since) < t.cfg.LostAfter {
		return false
	}
	for _, g := range t.gens {
		if g.broken == nil && (!g.drained(now, 0) || now.Sub(g.grew) < t.cfg.LostAfter) {
			return false
		}
	}
	return true
}

// fail notes that the name can't be opened.
func (t *Tail) fail(now time.Time, err error) {
	if t.trouble == nil {
		t.since = now
	}
	if t.trouble == nil || t.trouble.Error() != err.Error() {
		t.cfg.Log.Warn("live file can't be read", "stream", t.id, "err", err)
	}
	t.trouble = err
}

// mendFile says what to do about a log that can't be opened.
func mendFile(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: let fedwarden's user read it (usermod -aG adm USER, and see logrotate's `create`)", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: see whether its disk is mounted and its service writes it", err)
	}
	return err
}

// restored notes that it can.
func (t *Tail) restored() {
	if t.trouble != nil {
		t.cfg.Log.Info("live file can be read", "stream", t.id)
	}
	t.trouble, t.told = nil, false
}

// lose notes a loss, which the next batch tells. How many lines were lost is never known: n is how many
// at least.
func (t *Tail) lose(n uint64, why string) {
	t.lost += n
	t.reason = why
	t.cfg.Log.Warn("lines may be lost", "stream", t.id, "reason", why)
}

// finish makes a batch of s.
func (t *Tail) finish(s *slab) pipeline.Batch { return t.sign(t.asm.finish(s)) }

// sign says whose batch b is, where it ends and what was lost before it.
func (t *Tail) sign(b pipeline.Batch) pipeline.Batch {
	b.Stream = t.id
	b.Cursor = t.cursor()
	b.LostLines += t.lost
	if b.Reason != "" && t.reason != "" {
		b.Reason += "; "
	}
	b.Reason += t.reason
	t.lost, t.reason = 0, ""
	return b
}

func (t *Tail) cursor() pipeline.Cursor {
	p := place{Seq: t.asm.seq, Parser: []byte(t.asm.state())}
	if t.place != nil {
		p.Generations, p.Known, p.Horizon, p.Past = t.place.Generations, t.place.Known, t.place.Horizon, t.place.Past
		return p.cursor()
	}
	for _, g := range t.gone {
		m := g.mark()
		m.Left = true
		p.Generations = append(p.Generations, m)
	}
	for _, g := range t.gens {
		p.Generations = append(p.Generations, g.mark())
	}
	p.Known = t.known[max(0, len(t.known)-savedKnown):]
	p.Horizon, p.Past = nanos(t.horizon), nanos(t.past)
	return p.cursor()
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// isOver reports whether the stream has ended: no file has had the name for long, and what there was is read.
func (t *Tail) isOver(now time.Time) bool {
	if t.cfg.EndAfter <= 0 || !errors.Is(t.trouble, fs.ErrNotExist) || now.Sub(t.since) < t.cfg.EndAfter {
		return false
	}
	return !slices.ContainsFunc(t.all(), func(g *generation) bool {
		return !g.drained(now, t.cfg.Grace) || now.Sub(g.grew) < t.cfg.Grace
	})
}

// finishStream ends the stream. Its last cursor knows the texts that were read, so that a Tail that is made
// when the name comes back goes on with the count of lines and reads nothing twice.
func (t *Tail) finishStream() pipeline.Batch {
	if p := t.place; p != nil && len(p.Generations) > 0 { // what it names was not found in all that time
		t.known, t.horizon = p.Known, time.Unix(0, p.Horizon)
		t.place = nil
		t.lose(1, "the place to go on from is gone: lines since then are lost, how many is unknown")
	}
	for _, g := range t.all() {
		t.pass(g.mod)
		t.note(g)
		g.close()
	}
	t.gens, t.gone = nil, nil
	t.ended = true
	b := t.sign(pipeline.Batch{Ended: true})
	t.end.Store(&b.Cursor)
	return b
}

// End returns the last cursor when the stream has ended. It may be called from any goroutine.
func (t *Tail) End() (c pipeline.Cursor, ended bool) {
	if p := t.end.Load(); p != nil {
		return *p, true
	}
	return "", false
}
