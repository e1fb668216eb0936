package source

import (
	"bytes"
	"os"
	"slices"
	"time"
)

// rescan is for how many looks after a rotation siblings are searched again: a rotation is several
// renames, and a directory read while they happen may show neither name of a file.
const rescan = 3

// minCopy is how much of a file must be known to call another one its copy.
const minCopy = 32

// look brings what we know of the files up to now: the name, the sizes, who is read and who is left.
func (t *Tail) look(now time.Time) {
	named, err := t.openName()
	if err == nil && len(t.gens) > 0 {
		err = t.gens[0].broken
	}
	if err != nil {
		t.fail(now, err)
	} else {
		t.restored()
	}
	if t.place != nil {
		t.resume(named)
	} else {
		t.adopt(now, named)
	}
	for _, g := range t.all() {
		t.stat(now, g)
	}
	t.leave(now)
	t.forget(now)
}

// all returns the generations that are open, oldest first.
func (t *Tail) all() []*generation { return slices.Concat(t.gone, t.gens) }

// openName opens the file that has the name, unless we hold it already.
func (t *Tail) openName() (*generation, error) {
	fi, err := os.Stat(t.path)
	if err != nil {
		return nil, err
	}
	if t.named = inodeOf(fi); t.holds(t.named) {
		return nil, nil
	}
	f, err := openRegular(t.path)
	if err != nil {
		return nil, err
	}
	g, err := hold(f)
	if err != nil {
		return nil, err
	}
	t.named = g.inode
	return g, nil
}

func (t *Tail) holds(id inode) bool {
	return slices.ContainsFunc(t.all(), func(g *generation) bool { return g.inode == id })
}

// adopt takes on the file that has the name now, and those that had it since the last look.
func (t *Tail) adopt(now time.Time, named *generation) {
	if named != nil && len(t.gens) == 0 {
		t.ignore(siblings(t.path))
		t.gens = append(t.gens, named)
		return
	}
	if named != nil {
		t.rescans = rescan
	}
	if t.rescans > 0 {
		t.rescans--
		t.adoptSiblings(named)
	}
	if named != nil {
		t.gens = append(t.gens, named)
	}
	for i, g := range t.gens {
		if i < len(t.gens)-1 && g.left.IsZero() {
			g.left = now
			t.rotations.Add(1)
			t.cfg.Log.Info("live file was rotated", "stream", t.id, "inode", g.ino, "unread", g.size-g.off)
		}
	}
}

// ignore remembers rotated files that are not ours to read.
func (t *Tail) ignore(list []sibling) {
	for _, s := range list {
		t.seen[inodeOf(s.info)] = struct{}{}
	}
}

// adoptSiblings takes on rotated files that were never seen: the name was theirs between two looks.
func (t *Tail) adoptSiblings(named *generation) {
	list := siblings(t.path)
	t.unsee(list)
	for _, s := range list {
		id := inodeOf(s.info)
		if _, seen := t.seen[id]; seen || t.holds(id) || named != nil && named.inode == id {
			continue
		}
		g, err := openSibling(s)
		if err != nil {
			t.cfg.Log.Warn("rotated file can't be read", "stream", t.id, "err", err)
			continue
		}
		if t.isCopy(g) {
			t.seen[id] = struct{}{}
			g.close()
			continue
		}
		t.insert(g, named == nil)
	}
}

// insert puts a rotated file behind those that are older. When the last generation has the name, the file
// is older than that; when that one is being read already, the file is read on the side.
func (t *Tail) insert(g *generation, beforeLast bool) {
	switch n := len(t.gens); {
	case !beforeLast:
		t.gens = append(t.gens, g)
	case n > 1:
		t.gens = slices.Insert(t.gens, n-1, g)
	default:
		g.flush = true
		g.left = g.mod
		t.gone = append(t.gone, g)
	}
}

// unsee forgets siblings that are there no more: their inodes may be used again.
func (t *Tail) unsee(list []sibling) {
	there := map[inode]struct{}{}
	for _, s := range list {
		id := inodeOf(s.info)
		if _, ok := t.seen[id]; ok {
			there[id] = struct{}{}
		}
	}
	t.seen = there
}

func openSibling(s sibling) (*generation, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	return hold(f)
}

// isCopy reports whether g begins as a generation that we hold, as copytruncate makes it.
func (t *Tail) isCopy(g *generation) bool {
	for _, held := range t.all() {
		if len(held.head) < minCopy {
			continue
		}
		head := make([]byte, len(held.head))
		if n, _ := g.file.ReadAt(head, 0); bytes.Equal(head[:n], held.head) {
			return true
		}
	}
	return false
}

// stat looks at one generation: was it truncated, and is it still being read?
func (t *Tail) stat(now time.Time, g *generation) {
	unread := g.size > g.off
	truncated, err := g.stat(now)
	switch {
	case err != nil:
		t.cfg.Log.Warn("live file can't be read", "stream", t.id, "err", err)
	case truncated:
		t.truncated(now, g, unread)
		g.stat(now)
	case g.stalled(now) && g.lib != nil:
		g.rest()
	}
}

// truncated begins a generation anew. What was not read of it is lost; how much that was, nobody knows.
func (t *Tail) truncated(now time.Time, g *generation, unread bool) {
	g.restart(now)
	t.truncations.Add(1)
	n := uint64(0)
	if unread {
		n = 1
	}
	t.lose(n, "the file was truncated: lines that were not read yet are lost, how many is unknown")
}

// leave goes on to the next generation when the first was rotated away, is read to its end and has not
// grown for a while, or grows for ever. It stays open: what still comes is read on the side.
func (t *Tail) leave(now time.Time) {
	for len(t.gens) > 1 {
		g := t.gens[0]
		quiet := g.drained(now, t.cfg.Grace) && now.Sub(g.grew) >= t.cfg.Grace && now.Sub(g.left) >= t.cfg.Grace
		endless := now.Sub(g.left) >= maxDrain && g.size-g.off < t.cfg.Backlog && t.gens[1].size > 0
		if !quiet && !endless {
			return
		}
		g.rest()
		g.flush = quiet
		g.left = now
		t.gone = append(t.gone, g)
		t.gens = t.gens[1:]
	}
}

// forget closes generations that were left long ago and grow no more.
func (t *Tail) forget(now time.Time) {
	over := len(t.gone) - keptLeft
	t.gone = slices.DeleteFunc(t.gone, func(g *generation) bool {
		idle := now.Sub(g.left) >= maxDrain && now.Sub(g.grew) >= maxDrain
		if g.inode == t.named || g.size > g.off || !idle && over <= 0 {
			return false
		}
		over--
		g.close()
		return true
	})
}
