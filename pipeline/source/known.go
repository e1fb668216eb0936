package source

import (
	"errors"
	"io/fs"
	"slices"
	"time"
)

const (
	// minCopy is how much of a text must be known to call another one the same.
	minCopy = 32
	// keptKnown is how many known texts are remembered, savedKnown how many of them in a cursor.
	keptKnown, savedKnown = 64, 8
	// wrongClock is how far ahead of us a file may be dated.
	wrongClock = time.Hour
)

// note remembers the text of a generation that is not to be read again, whatever file it is found in.
func (t *Tail) note(g *generation) {
	m := g.mark()
	if m.Prefix < minCopy {
		return
	}
	m = mark{Prefix: m.Prefix, Hash: m.Hash}
	if i := slices.Index(t.known, m); i >= 0 {
		t.known = slices.Delete(t.known, i, i+1)
	}
	t.known = append(t.known, m)
	if n := len(t.known); n > keptKnown {
		t.known = slices.Delete(t.known, 0, n-keptKnown)
	}
}

// isKnown reports whether a rotated file holds a text that is being read, was read, or is not to be read:
// a copy of it, or an archive.
func (t *Tail) isKnown(g *generation) bool {
	same := func(other *generation) bool {
		if !other.packed {
			other.begun() // it may have been empty when we looked
		}
		return other != g && other.begunAs(g.peek)
	}
	return slices.ContainsFunc(t.gone, same) || slices.ContainsFunc(t.gens, same) || knows(t.known, g.peek)
}

func knows(known []mark, head []byte) bool {
	return slices.ContainsFunc(known, func(m mark) bool { return m.Prefix >= minCopy && m.fits(head) })
}

// begunAs reports whether a text that begins with head is the one of g, of which so much is known that
// this is no chance.
func (g *generation) begunAs(head []byte) bool {
	own := g.beginning()
	return min(len(own), len(head)) >= minCopy && agree(own, head)
}

// pass moves the horizon: rotated files last written before it were read, or are not to be. A file that is
// dated far ahead was written when the clock was wrong: behind it nothing would ever be new.
func (t *Tail) pass(written time.Time) {
	if written.After(t.horizon) && written.Before(t.cfg.Now().Add(wrongClock)) {
		t.horizon = written
	}
}

// fresh opens the rotated files that were never seen, oldest first: the name was theirs, or a copy of them
// was made, since we looked last. What can't be told yet is left for the next look. All
// is false when a file was given another name meanwhile.
func (t *Tail) fresh(now time.Time, list []sibling) (out []*generation, all bool) {
	all = true
	for _, s := range list {
		if !s.info.ModTime().After(t.horizon) || t.holds(inodeOf(s.info)) {
			continue
		}
		g, err := openSibling(now, s)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errRenamed) {
			all = false
			continue
		}
		if err != nil {
			t.cfg.Log.Warn("rotated file can't be read", "stream", t.id, "err", err)
			continue
		}
		if g.unclear(now) {
			t.rescans = max(t.rescans, 1)
		}
		if g.unclear(now) || g.doubted && g.packed {
			g.close()
			continue
		}
		out = append(out, g)
	}
	return out, all
}
