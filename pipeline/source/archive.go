package source

import (
	"errors"
	"io"
	"os"
	"time"
)

// approachStep is how much of an archive is unpacked on the way to a place at a time.
const approachStep = 16 << 20

// archiveRetry is for how long after its last change an archive that is cut short may still be being
// written, and archivePause how long it is left alone then.
const (
	archiveRetry = 10 * time.Second
	archivePause = 500 * time.Millisecond
)

// openSibling opens a rotated file and looks how its text begins.
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
		return nil, &os.PathError{Op: "open", Path: s.path, Err: errRenamed}
	}
	g.inspect()
	g.left = g.grew
	return g, nil
}

// errRenamed says that a name has come to mean another file; the next look finds both.
var errRenamed = errors.New("was renamed meanwhile")

// inspect finds out whether a generation is an archive and how its text begins.
func (g *generation) inspect() {
	err := g.unpack()
	if err == nil {
		g.packed = g.text.packed
		g.peek, err = beginningOf(g.text)
		g.text.close()
		g.text = nil
	}
	g.packed = g.packed || isPacked(g.path)
	g.doubted = g.packed && err != nil || len(g.peek) < minCopy
	g.flush = g.packed
}

// unclear reports whether it can't be told yet what text a file holds: an archive or a copy that is just
// being made has no beginning yet.
func (g *generation) unclear(now time.Time) bool {
	age := now.Sub(g.mod)
	return g.doubted && age < archiveRetry && age > -archiveRetry
}

// beginningOf reads so much of a text as a fingerprint covers. A text that is shorter is no error, one that
// is cut short is.
func beginningOf(r io.Reader) ([]byte, error) {
	head := make([]byte, maxPrefix)
	n := 0
	for n < len(head) {
		m, err := r.Read(head[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return head[:n], err
		}
	}
	return head[:n], nil
}

// unpack begins to read the text from its beginning. Our descriptor has no place of its own in that.
func (g *generation) unpack() (err error) {
	g.text, err = unpack(g.path, &growing{file: g.file}, func() error { return nil })
	return err
}

// approach brings an archive to the place to go on from, a piece at a time, and reports whether reading
// may begin. Memory is bounded by the archive's window whatever its size.
func (t *Tail) approach(g *generation, now time.Time) bool {
	if g.own != nil {
		return true
	}
	if now.Before(g.retry) {
		return false
	}
	if g.text == nil {
		g.skip = g.off
		if err := g.unpack(); err != nil {
			t.cut(g, now, err)
			return false
		}
	}
	n, err := io.CopyN(io.Discard, g.text, min(g.skip, approachStep))
	g.skip -= n
	if err == io.EOF { // the text ends before the place: all of it was delivered
		g.ended = true
		return false
	}
	if err != nil {
		t.cut(g, now, err)
		return false
	}
	if g.skip > 0 {
		return false
	}
	g.own = newLineReader(g.text, &t.pool, t.cfg.MaxLine)
	g.own.pos = g.off
	return true
}

// cut deals with an archive that can't be read on: it may still be being written; if not, the rest of it
// is lost.
func (t *Tail) cut(g *generation, now time.Time, err error) {
	if g.text != nil {
		err = g.text.fail(g.off, err)
	}
	g.rest()
	if now.Sub(g.grew) < archiveRetry {
		g.retry = now.Add(archivePause)
		return
	}
	g.ended = true
	t.lose(1, "a rotated file can't be read on, lines in it are lost: "+err.Error())
}
