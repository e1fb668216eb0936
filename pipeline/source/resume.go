package source

import (
	"errors"
	"io/fs"
	"slices"
	"time"
)

// mostSearches is how often a place is searched among files whose names change, before it is given up.
const mostSearches = 50

// resume finds the generations of the cursor again: under the name or under a rotated one, by device and
// inode, or, when those have changed, by fingerprint: as a copy or an archive. Rotated files that are
// younger had the name while nobody was reading, and are read too. While neither the name nor that place
// is there, it waits for the next look; so it does while files are being renamed or truncated, because what
// is seen then does not fit together.
func (t *Tail) resume(now time.Time, named *generation) {
	list, before := siblings(t.path), t.searched
	if named == nil && len(list) > 0 && slices.EqualFunc(list, before, unchanged) {
		return
	}
	t.searched = list
	t.searches++
	r := &resumption{place: t.place, v1: t.place.Version == 1, horizon: time.Unix(0, t.place.Horizon)}
	failed := t.candidates(now, r, named, list)
	r.match()
	steady := slices.EqualFunc(list, before, same) || t.searches > mostSearches
	torn := named != nil && !named.intact() // a copy of its new text would not be known for one
	if torn || r.missing() && !steady || named == nil && (r.missing() || len(r.matched()) == 0) {
		closeAll(r.files, nil)
		return
	}
	t.known, t.searched = slices.Clone(t.place.Known), nil
	for i, m := range t.place.Generations {
		if m.Left && r.marks[i] < 0 { // it may be an archive in a moment
			t.known = append(t.known, mark{Prefix: m.Prefix, Hash: m.Hash})
		}
	}
	if t.place.Past != 0 {
		t.past = time.Unix(0, t.place.Past)
	}
	if !r.v1 {
		t.horizon = r.horizon
	}
	t.restart(now, r, named)
	for _, err := range failed {
		t.lose(1, "a rotated file can't be read, lines in it are lost: "+err.Error())
	}
	t.place = nil
	t.rescans = rescan
}

// restart takes on what a resumption has found.
func (t *Tail) restart(now time.Time, r *resumption, named *generation) {
	switch {
	case r.missing():
		t.asm.restore(t.asm.seq+seqGap, "")
		t.lose(1, "the place to go on from is gone: lines since then are lost, how many is unknown")
	case r.truncated(named):
		t.truncations.Add(1)
		t.lose(1, "the file was copied and truncated while nobody was reading: lines that came between are lost, how many is unknown")
	}
	t.gens = r.take(named, t.known)
	for _, g := range t.gens {
		g.past = g != named && !t.past.IsZero() && !g.mod.After(t.past)
	}
	closeAll(r.files, t.gens)
	for _, g := range r.files {
		if r.v1 && g != named {
			t.pass(g.mod)
		}
	}
}

// A resumption is what is known about the files when reading goes on at a cursor.
type resumption struct {
	place   *place
	v1      bool
	horizon time.Time
	files   []*generation // oldest first; last the one that has the name
	marks   []int         // for each mark of the place: which file it is of, or -1
}

// candidates opens the rotated files that may have to be read, oldest first, and last the one that has the
// name. It returns why some could not be opened that are younger than the place.
func (t *Tail) candidates(now time.Time, r *resumption, named *generation, list []sibling) (failed []error) {
	for _, s := range list {
		if named != nil && named.inode == inodeOf(s.info) {
			continue
		}
		young := s.info.ModTime().After(r.horizon)
		g, err := openSibling(now, s)
		if err != nil {
			t.cfg.Log.Warn("rotated file can't be read", "stream", t.id, "err", err)
			if young && !r.v1 && errors.Is(err, fs.ErrPermission) {
				failed = append(failed, err)
			}
			continue
		}
		fits := func(m mark) bool { return m.isOf(g) || m.Prefix >= minCopy && m.fits(g.peek) }
		if !slices.ContainsFunc(r.place.Generations, fits) && (!young || g.unclear(now)) {
			g.close()
			continue
		}
		r.files = append(r.files, g)
	}
	if named != nil {
		named.begun() // it may have been empty when it was opened, and copied since
		r.files = append(r.files, named)
	}
	return failed
}

// closeAll closes the files save those that are kept.
func closeAll(files, kept []*generation) {
	for _, g := range files {
		if !slices.Contains(kept, g) {
			g.close()
		}
	}
}

// match sets the files that the cursor names to where it had read them.
func (r *resumption) match() {
	for _, m := range r.place.Generations {
		i := r.find(m)
		if i >= 0 {
			r.files[i].resumeAt(m)
		}
		r.marks = append(r.marks, i)
	}
}

// find returns the file that m was made of: the same inode, else the one that holds most of its text,
// plain rather than packed.
func (r *resumption) find(m mark) int {
	if m.Offset < 0 || m.Prefix > maxPrefix {
		return -1
	}
	same := func(g *generation) bool { return m.isOf(g) && m.fits(g.peek) }
	if i := slices.IndexFunc(r.files, same); i >= 0 || m.Prefix < minCopy {
		return i
	}
	best := -1
	for i, g := range r.files {
		if !m.fits(g.peek) {
			continue
		}
		if best < 0 || r.files[best].packed && !g.packed || r.files[best].packed == g.packed && g.size > r.files[best].size {
			best = i
		}
	}
	return best
}

// isOf reports whether g is the inode that m was made of, as far as that can be told without its text.
func (m mark) isOf(g *generation) bool {
	return m.Dev == g.dev && m.Ino == g.ino && (m.Born == g.born || m.Born == 0 || g.born == 0)
}

// resumeAt sets g to the place m, which it was found to be the file of. A file that has lost its end since
// goes on there; a copy may be shorter than what was delivered.
func (g *generation) resumeAt(m mark) {
	g.off = m.Offset
	if m.Offset > 0 {
		g.fingerprint = fingerprint{head: slices.Clone(g.peek[:m.Prefix]), hash: m.Hash}
	}
	if m.isOf(g) {
		if !g.packed {
			g.off = min(g.off, g.size)
		}
		return
	}
	g.copy = !g.packed
}

// missing reports whether a file that was not read to its end is not there any more.
func (r *resumption) missing() bool {
	for i, m := range r.place.Generations {
		last := i == len(r.place.Generations)-1
		if r.marks[i] < 0 && !m.Left && m.Prefix > 0 && (last || !r.v1) {
			return true
		}
	}
	return false
}

// truncated reports whether the file that has the name is one that was being read, and is another text now.
func (r *resumption) truncated(named *generation) bool {
	if named == nil {
		return false
	}
	for i, m := range r.place.Generations {
		if m.isOf(named) && r.marks[i] >= 0 && r.files[r.marks[i]] != named {
			return true
		}
	}
	return false
}

// take returns the files that are to be read: those that the cursor names, those that are younger than the
// place, and the one that has the name; but no text twice: beside that one a copy of it may lie, because it
// is about to be truncated, or for ever.
func (r *resumption) take(named *generation, known []mark) []*generation {
	front := len(r.files) // the file that was being read last
	for i, f := range r.marks {
		if f >= 0 && (r.v1 || !r.place.Generations[i].Left) && r.files[f] != named {
			front = min(front, f)
		}
	}
	var out []*generation
	for i, g := range r.files {
		if g == named || slices.Contains(r.marks, i) {
			g.copy = g.copy && g != named
			out = append(out, g)
			continue
		}
		young := i > front || !r.v1 && g.mod.After(r.horizon)
		twin := func(o *generation) bool { return o != g && o.begunAs(g.peek) }
		taken := slices.ContainsFunc(out, twin) || slices.ContainsFunc(r.matched(), twin) || named != nil && twin(named)
		if young && !taken && !knows(known, g.peek) {
			out = append(out, g)
		}
	}
	return out
}

// matched returns the files that the cursor names.
func (r *resumption) matched() []*generation {
	var out []*generation
	for _, i := range r.marks {
		if i >= 0 {
			out = append(out, r.files[i])
		}
	}
	return out
}
