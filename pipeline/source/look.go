package source

import (
	"os"
	"slices"
	"time"
)

// rescan is for how many looks after a rotation siblings are searched again: a rotation is several
// renames, and a directory read while they happen may show neither name of a file.
const rescan = 3

// look brings what we know of the files up to now: the name, the sizes, who is read and who is left.
func (t *Tail) look(now time.Time) {
	named, err := t.openName(now)
	if err == nil && len(t.gens) > 0 {
		err = t.gens[0].broken
	}
	if err != nil {
		t.fail(now, err)
	} else {
		t.restored()
	}
	if t.place != nil {
		t.resume(now, named)
	} else {
		t.adopt(now, named)
	}
	for _, g := range t.all() {
		t.stat(now, g)
	}
	t.leave(now)
	t.forget(now)
	t.recall(now)
}

// all returns the generations that are open, oldest first.
func (t *Tail) all() []*generation { return slices.Concat(t.gone, t.gens) }

// openName opens the file that has the name, unless we hold it already.
func (t *Tail) openName(now time.Time) (*generation, error) {
	fi, err := os.Stat(t.path)
	if err != nil {
		t.named = inode{}
		return nil, err
	}
	if t.named = inodeOf(fi); t.holds(t.named) {
		return nil, nil
	}
	f, err := openRegular(t.path)
	if err != nil {
		return nil, err
	}
	g, err := hold(f, now)
	if err != nil {
		return nil, err
	}
	g.begun()
	t.named = g.inode
	return g, nil
}

func (t *Tail) holds(id inode) bool {
	return slices.ContainsFunc(t.all(), func(g *generation) bool { return g.inode == id })
}

// adopt takes on the file that has the name now, and those that had it since the last look.
func (t *Tail) adopt(now time.Time, named *generation) {
	if named != nil && len(t.gens) == 0 {
		t.begin(now, named)
		return
	}
	if named != nil {
		t.rescans = rescan
		t.gens = append(t.gens, named)
	}
	if t.rescans > 0 {
		t.rescans--
		t.adoptSiblings(now)
	}
	for _, g := range t.gens[:len(t.gens)-min(1, len(t.gens))] {
		if g.left.IsZero() {
			g.left = now
			t.rotations.Add(1)
			t.cfg.Log.Info("live file was rotated", "stream", t.id, "inode", g.ino)
		}
	}
}

// adoptSiblings takes on rotated files that were never seen: the name was theirs between two looks.
func (t *Tail) adoptSiblings(now time.Time) {
	for range rescan {
		list := siblings(t.path)
		files, all := t.fresh(now, list)
		if t.torn() {
			closeAll(files, nil)
			t.rescans = max(t.rescans, 1)
			return
		}
		for _, g := range files {
			if t.isKnown(g) {
				g.close()
				continue
			}
			g.left = time.Time{}
			t.insert(g, list)
		}
		if all {
			return
		}
	}
	t.rescans = max(t.rescans, 1)
}

// torn reports whether the file that has the name was truncated since we looked at it. Until that is seen to,
// a copy of what it holds now would not be known for one.
func (t *Tail) torn() bool {
	return slices.ContainsFunc(t.gens, func(g *generation) bool { return g.inode == t.named && !g.intact() })
}

// insert puts a generation that was missed among the others. They keep their order: each had the name when
// it was taken on, or was put where it belongs.
func (t *Tail) insert(g *generation, list []sibling) {
	at := len(t.gens)
	for at > 0 && t.younger(t.gens[at-1], g, list) {
		at--
	}
	t.gens = slices.Insert(t.gens, at, g)
}

// younger reports whether a had the name later than b: it has it now, or it was written later, or in the
// same clock tick of the file system and is listed later. Who had the name at the look's beginning and is
// listed has been rotated away since. Two of one tick may be swapped while names are changing: their lines
// are closer than any lateness.
func (t *Tail) younger(a, b *generation, list []sibling) bool {
	listed := func(id inode) int {
		return slices.IndexFunc(list, func(s sibling) bool { return inodeOf(s.info) == id })
	}
	if (a.inode == t.named || b.inode == t.named) && listed(t.named) < 0 {
		return a.inode == t.named
	}
	if c := a.written().Compare(b.written()); c != 0 {
		return c > 0
	}
	return listed(b.inode) >= 0 && listed(a.inode) > listed(b.inode)
}

// stat looks at one generation: was it truncated?
func (t *Tail) stat(now time.Time, g *generation) {
	truncated, err := g.stat(now)
	if err != nil {
		t.cfg.Log.Warn("live file can't be read", "stream", t.id, "err", err)
	}
	if truncated {
		t.truncated(now, g)
		g.stat(now)
	}
}

// leave goes on to the next generation when the first was rotated away, is read to its end and has not
// grown for a while, or grows for ever. It stays open: what still comes is read on the side.
func (t *Tail) leave(now time.Time) {
	for len(t.gens) > 1 {
		g := t.gens[0]
		quiet := t.quiet(now, g)
		endless := !g.packed && now.Sub(g.left) >= maxDrain && g.size-g.off < t.cfg.Backlog && t.gens[1].size > 0
		if !quiet && !endless {
			return
		}
		t.gens = t.gens[1:]
		t.drop(now, g, quiet)
	}
}

// quiet reports whether g, which was rotated away, was read to its end and will not grow.
func (t *Tail) quiet(now time.Time, g *generation) bool {
	if g.packed {
		return g.ended
	}
	patience := t.cfg.Grace
	if g.copy {
		patience = min(patience, settle)
	}
	return g.drained(now, patience) && now.Sub(g.grew) >= patience && now.Sub(g.left) >= patience
}

// drop leaves g. Half a line at the end of a log is its last line; at the end of a copy it is torn.
func (t *Tail) drop(now time.Time, g *generation, quiet bool) {
	g.rest()
	if g.past {
		t.recalled += g.size
		g.past = false
	}
	if g.inode != t.named {
		t.pass(g.mod)
	}
	if g.packed {
		t.note(g)
		g.close()
		return
	}
	if g.copy && g.size > g.off {
		t.lose(1, "the file was truncated in the middle of a line: the rest of it is lost")
	}
	g.flush = quiet && !g.copy
	g.left = now
	t.gone = append(t.gone, g)
}

// forget closes generations that were left long ago and grow no more.
func (t *Tail) forget(now time.Time) {
	over := len(t.gone) - keptLeft
	t.gone = slices.DeleteFunc(t.gone, func(g *generation) bool {
		idle := now.Sub(g.left) >= maxDrain && now.Sub(g.grew) >= maxDrain
		if g.inode == t.named || g.pending() || !idle && over <= 0 {
			return false
		}
		over--
		t.pass(g.mod)
		t.note(g)
		g.close()
		return true
	})
}
