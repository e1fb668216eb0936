package source

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

const (
	// settle is for how long a copy must not have grown to be complete: whoever truncates has copied before.
	settle = time.Second
	// busy is how recently a file must have grown for the moment between copy and truncation to have cost lines.
	busy = time.Second
)

// truncated begins a generation anew. What was not read of it lies in the copy that was made before, if one
// was; it goes first, and so do the copies of what came and was truncated, too, since we looked last.
func (t *Tail) truncated(now time.Time, g *generation) {
	t.truncations.Add(1)
	old := *g
	old.fingerprint.head = slices.Clone(g.head)
	g.restart(now)
	if !slices.Contains(t.gens, g) {
		t.tellTruncation(now, &old, nil)
		return
	}
	list := siblings(t.path)
	files, all := t.fresh(now, list)
	for i := 0; !all && i < rescan; i++ {
		closeAll(files, nil)
		list = siblings(t.path)
		files, all = t.fresh(now, list)
	}
	copied := copyOf(&old, files)
	for _, f := range files {
		if f != copied && (t.isKnown(f) || startsWith(f.peek, old.beginning())) {
			f.close()
			continue
		}
		if f == copied {
			f.resumeCopy(&old)
		}
		f.left = f.grew
		t.insert(f, list)
	}
	t.note(&old)
	t.tellTruncation(now, &old, copied)
}

// copyOf returns the file that holds most of the text that old had: a plain one rather than an archive,
// which may be unfinished.
func copyOf(old *generation, files []*generation) *generation {
	var best *generation
	for _, f := range files {
		if !startsWith(f.peek, old.beginning()) {
			continue
		}
		if best == nil || best.packed && !f.packed || best.packed == f.packed && cmp.Compare(f.size, best.size) > 0 {
			best = f
		}
	}
	return best
}

func startsWith(head, prefix []byte) bool {
	return len(prefix) > 0 && len(head) >= len(prefix) && agree(head, prefix)
}

// resumeCopy makes a copy go on where old was left.
func (g *generation) resumeCopy(old *generation) {
	g.off, g.fingerprint = old.off, old.fingerprint
	g.copy = !g.packed
}

// tellTruncation says what a truncation has cost. What was written between the copy and the truncation is
// lost to any reader; how much that was, nobody knows, save what we had seen of it.
func (t *Tail) tellTruncation(now time.Time, old, copied *generation) {
	n, why := uint64(0), "the file was truncated: lines that were not read yet are lost, how many is unknown"
	seen := old.size - old.off
	if copied != nil {
		why = fmt.Sprintf("the file was truncated after it was copied to %s: lines that came between are lost, how many is unknown",
			filepath.Base(copied.path))
		seen = min(seen, old.size-copied.size)
	}
	if copied != nil && copied.packed {
		seen = 0
	}
	if seen > 0 {
		why += fmt.Sprintf("; at least %d bytes of them had been seen", seen)
	}
	if seen > 0 || now.Sub(old.grew) < busy {
		n = 1
	}
	t.lose(n, why)
}
