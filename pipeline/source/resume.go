package source

import (
	"slices"
	"time"
)

// resume finds the generations of the cursor again: under the name or under a rotated one, by device and
// inode, or, when those have changed, by fingerprint. Rotated files that are younger than the last of them
// had the name while nobody was reading, and are read too. While neither the name nor that place is there,
// it waits for the next look.
func (t *Tail) resume(now time.Time, named *generation) {
	files := t.candidates(now, named)
	marked, found := t.findMarks(files)
	if !found && named == nil {
		closeAll(files)
		return
	}
	if !found && len(t.place.Generations) > 0 {
		t.asm.restore(t.asm.seq+seqGap, "")
		t.lose(1, "the place to go on from is gone: lines since then are lost, how many is unknown")
	}
	younger := false
	for i, g := range files {
		if !marked[i] && g != named && !(younger && found) {
			t.seen[g.inode] = now
			g.close()
			continue
		}
		younger = younger || marked[i]
		if g != named {
			g.left = g.grew
		}
		t.gens = append(t.gens, g)
	}
	t.place = nil
	t.rescans = rescan
}

// candidates opens the rotated files, oldest first, and last the one that has the name.
func (t *Tail) candidates(now time.Time, named *generation) []*generation {
	var out []*generation
	for _, s := range siblings(t.path) {
		if named != nil && named.inode == inodeOf(s.info) {
			continue
		}
		g, err := openSibling(now, s)
		if err != nil {
			t.cfg.Log.Warn("rotated file can't be read", "stream", t.id, "err", err)
			continue
		}
		out = append(out, g)
	}
	if named != nil {
		out = append(out, named)
	}
	return out
}

func closeAll(files []*generation) {
	for _, g := range files {
		g.close()
	}
}

// findMarks sets the files that the cursor names to where it had read them, and says which they are. Found
// is whether the file that was being read last is among them.
func (t *Tail) findMarks(files []*generation) (marked []bool, found bool) {
	marked = make([]bool, len(files))
	for _, m := range t.place.Generations {
		i := findMark(files, m)
		if found = i >= 0; found {
			marked[i] = true
		}
	}
	return marked, found
}

func findMark(files []*generation, m mark) int {
	same := func(g *generation) bool { return g.dev == m.Dev && g.ino == m.Ino && g.resumeAt(m) }
	if i := slices.IndexFunc(files, same); i >= 0 {
		return i
	}
	if m.Prefix < minCopy {
		return -1
	}
	return slices.IndexFunc(files, func(g *generation) bool { return g.resumeAt(m) })
}

// resumeAt sets g to the place m if it is the file that m was made of.
func (g *generation) resumeAt(m mark) bool {
	if m.Offset < 0 || m.Offset > g.size {
		return false
	}
	fp, ok := m.verify(g.file)
	if ok {
		g.fingerprint, g.off, g.was = fp, m.Offset, m.Offset
	}
	return ok
}
