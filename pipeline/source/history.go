package source

import (
	"fmt"
	"time"
)

// begin takes on the files of a stream that has no place to go on from: the one that has the name, and
// before it the rotated ones that are young enough to be history. The others are never read.
func (t *Tail) begin(now time.Time, named *generation) {
	for _, s := range siblings(t.path) {
		age := now.Sub(s.info.ModTime())
		history := t.cfg.History > 0 && age <= t.cfg.History
		if !history {
			t.pass(s.info.ModTime())
		}
		if !history && age > maxDrain {
			continue // else it may still be written, and must be known then
		}
		g, err := openSibling(now, s)
		if err != nil {
			t.cfg.Log.Warn("rotated file can't be read", "stream", t.id, "err", err)
			continue
		}
		if !history || g.doubted || t.isKnown(g) || named.begunAs(g.peek) {
			t.note(g)
			g.close()
			continue
		}
		g.past = true
		t.gens = append(t.gens, g)
		t.past = now
	}
	t.gens = append(t.gens, named)
}

// recall reports how far history has come, and ends it: when it is read, or when it has taken too long.
func (t *Tail) recall(now time.Time) {
	late := !t.cfg.HistoryUntil.IsZero() && !now.Before(t.cfg.HistoryUntil)
	if late && !t.past.IsZero() {
		t.skipHistory()
	}
	done, total := t.recalled, t.recalled
	over := true
	for _, g := range t.gens {
		if g.past {
			over = false
			done += g.consumed()
			total += g.size
		}
	}
	t.historyDone.Store(uint64(done))
	t.historyTotal.Store(uint64(total))
	t.inHistory.Store(!over)
	if over && !t.past.IsZero() {
		t.past = time.Time{}
		t.cfg.Log.Info("history was read", "stream", t.id, "bytes", done)
	}
}

// skipHistory goes on with what was written since the first start. That is no loss: nobody asked for more
// than what could be read in time.
func (t *Tail) skipHistory() {
	var rest []*generation
	skipped := uint64(0)
	for _, g := range t.gens {
		if !g.past {
			rest = append(rest, g)
			continue
		}
		skipped++
		t.recalled += g.consumed()
		t.pass(g.mod)
		t.note(g)
		g.close()
	}
	t.gens = rest
	if skipped > 0 {
		t.asm.restore(t.asm.seq, "")
		t.historySkipped.Add(skipped)
		t.cfg.Log.Warn("history takes too long: the rest of it is skipped", "stream", t.id, "files", skipped)
	}
}

// consumed returns how many bytes of the file, as it lies on the disk, were read.
func (g *generation) consumed() int64 {
	switch {
	case g.ended:
		return g.size
	case !g.packed:
		return min(g.off, g.size)
	case g.text != nil:
		return min(g.text.raw.n, g.size)
	}
	return 0
}

// NotReady says how far the reading of history has come, nothing when it is over. Before the first look nobody
// knows whether there is any. It may be called from any goroutine.
func (t *Tail) NotReady() string {
	if !t.inHistory.Load() {
		return ""
	}
	return fmt.Sprintf("%s: reading history: %d %%", t.id, 100*t.historyDone.Load()/max(t.historyTotal.Load(), 1))
}
