package source

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/nxadm/tail"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// lines returns the next lines of the generation whose turn it is, waiting for them until the next look.
func (t *Tail) lines(ctx context.Context) (pipeline.Batch, bool) {
	for _, g := range t.gone {
		if g.pending() {
			if b, ok := t.backlog(g); ok {
				return b, true
			}
			g.rest()
		}
	}
	if len(t.gens) == 0 || !t.gens[0].pending() && t.gens[0].lib == nil {
		t.wait(ctx)
		return pipeline.Batch{}, false
	}
	g := t.gens[0]
	if g.packed {
		return t.unpacked(ctx, g)
	}
	if t.choose(g); g.lib != nil {
		return t.live(ctx, g)
	}
	b, ok := t.backlog(g)
	if !ok {
		t.wait(ctx)
	}
	return b, ok
}

// choose decides who reads g: our own reader while much is unread or the library can't, else the library.
// Much is judged by what is there now: the library gathers a line whole, however long it is.
func (t *Tail) choose(g *generation) {
	if g.lib != nil {
		return
	}
	now := t.cfg.Now()
	unread := g.size - g.off
	if fi, err := g.file.Stat(); err == nil {
		unread = max(unread, fi.Size()-g.off)
	}
	if g.own != nil && g.own.err == nil || unread > t.cfg.Backlog || now.Before(g.retry) {
		return
	}
	g.rest()
	if err := g.follow(); err != nil {
		t.pause(g, now, err)
	}
}

// pause lets some time pass before the library is tried again; until then our own reader reads.
func (t *Tail) pause(g *generation, now time.Time, err error) {
	g.rest()
	t.restarts.Add(1)
	g.backoff = min(max(2*g.backoff, t.cfg.Tick), maxPause)
	g.retry = now.Add(g.backoff)
	t.cfg.Log.Warn("tail stopped by itself", "stream", t.id, "err", err, "again_in", g.backoff)
}

// wait lets the time until the next look pass. It returns early when the Tail is closed or ctx ends.
func (t *Tail) wait(ctx context.Context) {
	timer := time.NewTimer(min(max(t.next.Sub(t.cfg.Now()), 0), restful*t.cfg.Tick))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-t.closed:
	}
}

// A moment is where the stream and a generation stood before a batch.
type moment struct {
	seq   uint64
	state string // the parser's
	off   int64
	head  int
	long  uint64
}

func (t *Tail) moment(g *generation) moment {
	return moment{t.asm.seq, t.asm.state(), g.off, len(g.head), t.long.Load()}
}

// undo takes back what a batch has read: it was of another text than what came before.
func (t *Tail) undo(g *generation, s *slab, m moment) {
	s.release()
	t.asm.restore(m.seq, m.state)
	t.long.Store(m.long)
	g.off = m.off
	g.fingerprint.cut(m.head)
}

// batch makes a batch of what was read of g since m, if it was anything.
func (t *Tail) batch(g *generation, s *slab, m moment) (pipeline.Batch, bool) {
	if t.asm.seq == m.seq {
		s.release()
		return pipeline.Batch{}, false
	}
	if !g.still() { // truncated and grown again since the last look
		t.undo(g, s, m)
		t.truncated(t.cfg.Now(), g)
		return pipeline.Batch{}, false
	}
	return t.finish(s), true
}

// live makes a batch of what the library gives, up to the end of the file.
func (t *Tail) live(ctx context.Context, g *generation) (pipeline.Batch, bool) {
	m := t.moment(g)
	s := t.asm.begin()
	env := parse.Env{Read: pipeline.TimeOf(t.cfg.Now())}
	for !s.full() {
		l, open := t.line(ctx, g)
		if !open {
			t.dry(g, m)
			break
		}
		if l == nil || !t.take(s, g, l, env) {
			break
		}
	}
	return t.batch(g, s, m)
}

// line returns the library's next line; nil when the Tail is to stop.
func (t *Tail) line(ctx context.Context, g *generation) (l *tail.Line, open bool) {
	select {
	case l, open = <-g.lib.Lines:
		return l, open
	case <-ctx.Done():
	case <-t.closed:
	}
	return nil, true
}

// dry notes that the library has read g to its end, or has given up.
func (t *Tail) dry(g *generation, m moment) {
	err := g.lib.Wait()
	g.lib = nil
	if err != nil {
		t.pause(g, t.cfg.Now(), err)
		return
	}
	g.backoff = 0
	if g.off == m.off { // nothing but half a line, if anything
		g.half = max(g.half, g.size)
	}
}

// take adds a line from the library, if it is the one that must come next. What has no newline yet is none.
func (t *Tail) take(s *slab, g *generation, l *tail.Line, env parse.Env) bool {
	end := g.off + int64(len(l.Text)) + 1
	if l.Err == nil && l.SeekInfo.Offset == end-1 {
		g.half = l.SeekInfo.Offset
		return true
	}
	if l.Err != nil || l.SeekInfo.Offset != end {
		t.pause(g, t.cfg.Now(), errOutOfStep)
		return false
	}
	g.off = end
	if len(g.head) < maxPrefix {
		g.add(l.Text)
		g.add("\n")
	}
	t.asm.add(s, t.trim(l.Text), env)
	return true
}

// errOutOfStep says that the library's offsets do not add up.
var errOutOfStep = errors.New("a line is not where it must be")

// trim does to a line of the library what lineReader does to its own.
func (t *Tail) trim(line string) string {
	if len(line) > t.cfg.MaxLine {
		t.long.Add(1)
		return line[:t.cfg.MaxLine]
	}
	return strings.TrimSuffix(line, "\r")
}

// unpacked makes a batch of the text of an archive.
func (t *Tail) unpacked(ctx context.Context, g *generation) (pipeline.Batch, bool) {
	now := t.cfg.Now()
	if !t.approach(g, now) {
		if now.Before(g.retry) {
			t.wait(ctx)
		}
		return pipeline.Batch{}, false
	}
	b, ok := t.backlog(g)
	if ok {
		return b, true
	}
	if g.broken != nil {
		t.cut(g, now, g.broken)
		g.broken = nil
	} else {
		g.ended = true
		g.rest()
	}
	return pipeline.Batch{}, false
}

// backlog makes a batch of what our own reader finds; without waiting, since the file is there.
func (t *Tail) backlog(g *generation) (pipeline.Batch, bool) {
	if g.own == nil {
		g.own = newLineReader(&growing{file: g.file, off: g.off}, &t.pool, t.cfg.MaxLine)
		g.own.pos = g.off
	}
	r := g.own
	r.partial = !g.flush
	if !g.packed {
		r.err = nil // the file may have grown
	}
	m := t.moment(g)
	s := t.asm.begin()
	err := t.read(s, g)
	g.broken = nil
	if err == io.EOF {
		g.half = r.pos + r.gap + int64(r.end-r.start)
	} else if err != nil {
		g.broken = err
	}
	return t.batch(g, s, m)
}

// read fills s with lines from our own reader. It returns why there was no more, nil when s is full.
func (t *Tail) read(s *slab, g *generation) error {
	r := g.own
	env := parse.Env{Read: pipeline.TimeOf(t.cfg.Now())}
	for !s.full() {
		before, cut := r.start, r.long
		line, ok := r.next()
		if !ok {
			if err := r.fill(); err != nil {
				return err
			}
			continue
		}
		s.hold(r.block)
		if len(g.head) < maxPrefix {
			g.add(string(r.block.data[before:r.start]))
		}
		g.off = r.pos
		t.long.Add(r.long - cut)
		t.asm.add(s, line, env)
	}
	return nil
}
