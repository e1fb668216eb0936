package source

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
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
	t.named = g.inode
	return g, nil
}

func (t *Tail) holds(id inode) bool {
	return slices.ContainsFunc(t.all(), func(g *generation) bool { return g.inode == id })
}

// adopt takes on the file that has the name now, and those that had it since the last look.
func (t *Tail) adopt(now time.Time, named *generation) {
	if named != nil && len(t.gens) == 0 {
		t.ignore(now, siblings(t.path))
		t.gens = append(t.gens, named)
		return
	}
	if named != nil {
		t.rescans = rescan
		t.gens = append(t.gens, named)
	}
	if t.rescans > 0 {
		t.rescans--
		t.adoptSiblings(now, siblings(t.path))
	}
	for _, g := range t.gens[:len(t.gens)-min(1, len(t.gens))] {
		if g.left.IsZero() {
			g.left = now
			t.rotations.Add(1)
			t.cfg.Log.Info("live file was rotated", "stream", t.id, "inode", g.ino)
		}
	}
}

// ignore remembers rotated files that are not ours to read.
func (t *Tail) ignore(now time.Time, list []sibling) {
	for _, s := range list {
		t.seen[inodeOf(s.info)] = now
	}
}

// adoptSiblings takes on rotated files that were never seen: the name was theirs between two looks.
func (t *Tail) adoptSiblings(now time.Time, list []sibling) {
	t.unsee(now, list)
	for _, s := range list {
		id := inodeOf(s.info)
		if _, seen := t.seen[id]; seen || t.holds(id) {
			continue
		}
		g, err := openSibling(now, s)
		if err != nil {
			t.cfg.Log.Warn("rotated file can't be read", "stream", t.id, "err", err)
			continue
		}
		if t.isCopy(g) {
			t.seen[id] = now
			g.close()
			continue
		}
		t.insert(g, list)
	}
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
// same clock tick of the file system and is listed later. Two of one tick may be swapped while names are
// changing: their lines are closer than any lateness.
func (t *Tail) younger(a, b *generation, list []sibling) bool {
	if a.inode == t.named || b.inode == t.named {
		return a.inode == t.named
	}
	if c := a.written().Compare(b.written()); c != 0 {
		return c > 0
	}
	listed := func(g *generation) int {
		return slices.IndexFunc(list, func(s sibling) bool { return inodeOf(s.info) == g.inode })
	}
	return listed(b) >= 0 && listed(a) > listed(b)
}

// unsee forgets siblings that have not been there for a while: their inodes may be used again. Not at
// once, because a list that is taken while names change may lack one.
func (t *Tail) unsee(now time.Time, list []sibling) {
	for _, s := range list {
		id := inodeOf(s.info)
		if _, ok := t.seen[id]; ok {
			t.seen[id] = now
		}
	}
	maps.DeleteFunc(t.seen, func(_ inode, last time.Time) bool { return now.Sub(last) > maxDrain })
}

// errRenamed says that a name has come to mean another file; the next look finds both.
var errRenamed = errors.New("was renamed meanwhile")

func openSibling(now time.Time, s sibling) (*generation, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	g, err := hold(f, now)
	if err != nil {
		return nil, err
	}
	if g.inode != inodeOf(s.info) {
		g.close()
		return nil, fmt.Errorf("open %s: %w", s.path, errRenamed)
	}
	return g, nil
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
		g.retry = now.Add(watchdog) // so our own reader looks first
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
		t.seen[g.inode] = now
		g.close()
		return true
	})
}
