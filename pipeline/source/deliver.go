package source

import (
	"context"
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
		if g.size > g.off && (g.flush || g.half != g.size) {
			if b, ok := t.backlog(g); ok {
				return b, true
			}
			g.rest()
		}
	}
	if len(t.gens) == 0 {
		t.wait(ctx, nil)
		return pipeline.Batch{}, false
	}
	g := t.gens[0]
	t.choose(g)
	if g.lib != nil {
		return t.live(ctx, g)
	}
	if b, ok := t.backlog(g); ok {
		return b, true
	}
	t.wait(ctx, nil)
	return pipeline.Batch{}, false
}

// choose decides who reads g: our own reader while much is unread or the library can't, else the library.
func (t *Tail) choose(g *generation) {
	unread := g.size - g.off
	if g.lib != nil {
		if unread > max(farBehind, t.cfg.Backlog) {
			g.rest()
		}
		return
	}
	now := t.cfg.Now()
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

// wait returns the next line from the library, nil when there is none until the next look. It returns
// early when the Tail is closed or ctx ends.
func (t *Tail) wait(ctx context.Context, lines <-chan *tail.Line) (l *tail.Line, open bool) {
	timer := time.NewTimer(min(max(t.next.Sub(t.cfg.Now()), 0), t.cfg.Tick))
	defer timer.Stop()
	select {
	case l, open = <-lines:
		return l, open
	case <-timer.C:
	case <-ctx.Done():
	case <-t.closed:
	}
	return nil, true
}

// live makes a batch of what the library gives: one line if that is all, as many as come within a moment
// if there are more, because a batch costs more than a line.
func (t *Tail) live(ctx context.Context, g *generation) (pipeline.Batch, bool) {
	l, open := t.wait(ctx, g.lib.Lines)
	if l == nil {
		if !open {
			t.pause(g, t.cfg.Now(), g.lib.Err())
		}
		return pipeline.Batch{}, false
	}
	if !g.begins(g.file) { // truncated and grown again since the last look: l is from another text
		t.truncated(t.cfg.Now(), g, g.size > g.off)
		return pipeline.Batch{}, false
	}
	s := t.asm.begin()
	env := parse.Env{Read: pipeline.TimeOf(t.cfg.Now())}
	moment := time.NewTimer(linger)
	defer moment.Stop()
	for l != nil && t.take(s, g, l, env) && !s.full() {
		select {
		case l = <-g.lib.Lines: // nil when closed: the next Read sees that
		case <-moment.C:
			l = nil
		case <-ctx.Done():
			l = nil
		}
	}
	if t.asm.idle == 0 && len(s.events) == 0 {
		s.release()
		return pipeline.Batch{}, false
	}
	return t.finish(s), true
}

// take adds a line from the library, if it is the one that must come next. If it is not, the file was
// truncated and the library has begun it anew.
func (t *Tail) take(s *slab, g *generation, l *tail.Line, env parse.Env) bool {
	end := g.off + int64(len(l.Text)) + 1
	if l.Err != nil || l.SeekInfo.Offset > end {
		g.rest()
		return false
	}
	if l.SeekInfo.Offset < end {
		t.truncated(t.cfg.Now(), g, g.size > g.off)
		return false
	}
	g.off = end
	g.backoff = 0
	if len(g.head) < maxPrefix {
		g.add(l.Text)
		g.add("\n")
	}
	t.asm.add(s, t.trim(l.Text), env)
	return true
}

// trim does to a line of the library what lineReader does to its own.
func (t *Tail) trim(line string) string {
	if len(line) > t.cfg.MaxLine {
		t.long.Add(1)
		return line[:t.cfg.MaxLine]
	}
	return strings.TrimSuffix(line, "\r")
}

// backlog makes a batch of what our own reader finds; without waiting, since the file is there.
func (t *Tail) backlog(g *generation) (pipeline.Batch, bool) {
	if g.own == nil {
		g.own = newLineReader(&growing{file: g.file, off: g.off}, &t.pool, t.cfg.MaxLine)
		g.own.pos = g.off
	}
	r := g.own
	r.partial = !g.flush
	r.err = nil // the file may have grown
	s := t.asm.begin()
	env := parse.Env{Read: pipeline.TimeOf(t.cfg.Now())}
	for !s.full() {
		before, cut := r.start, r.long
		line, ok := r.next()
		if !ok {
			if r.fill() != nil {
				break
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
	g.broken = nil
	if r.err != io.EOF {
		g.broken = r.err
	}
	if t.asm.idle == 0 && len(s.events) == 0 {
		s.release()
		return pipeline.Batch{}, false
	}
	return t.finish(s), true
}
