package source

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nxadm/tail"
)

// A generation is one file whose text belongs to the stream: an inode that the name of a live file has
// pointed to, a copy that was made of one before it was truncated, or an archive of one. We hold it open,
// so that no rename, unlink or loss of permission takes it away.
type generation struct {
	file *os.File
	path string // that it was opened by; for messages
	inode
	born int64 // when the inode was made; zero is unknown
	fingerprint
	peek []byte // how it began when nothing of it was delivered yet

	packed  bool // an archive: off counts its text, size its bytes
	doubted bool // when it was opened, too little of its text was there to know it by
	copy    bool // made by copytruncate: half a line at its end is torn, and it may be shorter than off
	past    bool // lies before the first start

	off  int64 // delivered up to here; behind a newline, or at the end of a file that was left
	half int64 // up to here, what lies behind off was found to be half a line
	size int64 // at the last look

	mod   time.Time // at the last look
	grew  time.Time // when it was last seen to have grown
	left  time.Time // when another took its name, then when we went on to that
	flush bool      // it was left: half a line at its end is a line
	ended bool      // an archive that was read to its end, or as far as it can be

	lib     *tail.Tail  // reads it, or
	own     *lineReader // our own reader does, or neither
	text    *text       // unpacks an archive
	skip    int64       // bytes of text before the place to go on from
	broken  error       // why our own reader can't go on
	backoff time.Duration
	retry   time.Time // not before this is lib started again
}

// A growing reads a file from an offset and may be read on behind its end.
type growing struct {
	file *os.File
	off  int64
}

func (g *growing) Read(p []byte) (int, error) {
	n, err := g.file.ReadAt(p, g.off)
	g.off += int64(n)
	return n, err
}

// hold makes a generation of an open file that nothing was delivered of. A file that is dated later than
// now was written when the clock was wrong, or is.
func hold(f *os.File, now time.Time) (*generation, error) {
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	g := &generation{file: f, path: f.Name(), inode: inodeOf(fi), born: bornOf(f), size: fi.Size(), mod: fi.ModTime(), grew: fi.ModTime()}
	if g.grew.After(now) {
		g.grew = now
	}
	return g, nil
}

// openRegular opens a file for reading, but nothing else than a regular file.
func openRegular(path string) (*os.File, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: is no regular file", path)
	}
	return os.Open(path)
}

// follow lets the library read what lies behind what was delivered. The path names our descriptor, so
// whatever happens to the file's name, it opens this inode. It reads to the end and no further: our own
// look says when there is more, so that no file is polled twice, and a line that never ends is not
// gathered where we can't bound it.
func (g *generation) follow() error {
	lib, err := tail.TailFile(fmt.Sprintf("/proc/self/fd/%d", g.file.Fd()), tail.Config{
		Location:      &tail.SeekInfo{Offset: g.off, Whence: io.SeekStart},
		MustExist:     true,
		Poll:          true, // never inotify: it is keyed by path, and not all file systems have it
		CompleteLines: true,
		Logger:        tail.DiscardingLogger,
	})
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	g.lib = lib
	return nil
}

// rest stops whoever reads the generation. A line that the library holds is read again.
func (g *generation) rest() {
	if g.lib != nil {
		g.lib.Stop()
		g.lib = nil
	}
	if g.own != nil {
		g.own.close()
		g.own = nil
	}
	if g.text != nil {
		g.text.close()
		g.text = nil
	}
}

func (g *generation) close() {
	g.rest()
	g.file.Close()
}

// stat looks at the file. It reports whether the file was truncated: it does not begin as it did, or is
// shorter than what was delivered. A file that still begins as it did and lost its end, as after a power
// failure, brings nothing new: reading goes on at its end.
func (g *generation) stat(now time.Time) (truncated bool, err error) {
	fi, err := g.file.Stat()
	if err != nil {
		return false, err
	}
	size, mod := fi.Size(), fi.ModTime()
	changed := size != g.size || !mod.Equal(g.mod)
	if size > g.size || changed && g.packed {
		g.grew = now
	}
	was := g.size
	if g.packed || !changed {
		g.size, g.mod = size, mod
		return false, nil
	}
	if !g.intact() {
		return true, nil
	}
	if size < g.off && !g.copy {
		if len(g.head) < minCopy {
			return true, nil
		}
		g.rest()
		g.off = size
	}
	if size < was {
		g.half = 0
	}
	g.size, g.mod = size, mod
	return false, nil
}

// intact reports whether the file still begins as it did.
func (g *generation) intact() bool { return g.begins(g.file) && g.begun() }

// begun looks how a file begins that nothing was delivered of, and reports whether it still begins so.
func (g *generation) begun() bool {
	if len(g.head) > 0 || len(g.peek) == maxPrefix {
		return len(g.head) > 0 || headOf(g.file, g.peek)
	}
	head := make([]byte, maxPrefix)
	n, _ := g.file.ReadAt(head, 0)
	if !bytes.HasPrefix(head[:n], g.peek) {
		return false
	}
	g.peek = head[:n]
	return true
}

// still reports whether what was just read is of the text that was there before: its beginning is the
// same after the read, so it was the same all the time.
func (g *generation) still() bool {
	return g.packed || agree(g.head, g.peek) && g.begins(g.file)
}

// beginning returns how the text begins, as far as it is known: as delivered, else as seen.
func (g *generation) beginning() []byte {
	if len(g.head) > 0 {
		return g.head
	}
	return g.peek
}

// written returns when the file was last written, as of now.
func (g *generation) written() time.Time {
	if fi, err := g.file.Stat(); err == nil {
		return fi.ModTime()
	}
	return g.mod
}

// restart begins the file anew after a truncation.
func (g *generation) restart(now time.Time) {
	g.rest()
	g.off, g.half, g.size = 0, 0, 0
	g.mod = time.Time{}
	g.grew = now
	g.fingerprint, g.peek = fingerprint{}, nil
}

// pending reports whether there is something that nobody has looked at.
func (g *generation) pending() bool {
	if g.packed {
		return !g.ended
	}
	return g.size > max(g.off, g.half) || g.flush && g.size > g.off
}

// drained reports whether all complete lines were delivered. Half a line counts as one that is still
// being written until it has not grown for patience.
func (g *generation) drained(now time.Time, patience time.Duration) bool {
	if g.packed {
		return g.ended
	}
	if g.size <= g.off {
		return true
	}
	return g.half >= g.size && now.Sub(g.grew) >= patience
}

// mark returns where to go on.
func (g *generation) mark() mark {
	m := mark{Dev: g.dev, Ino: g.ino, Born: g.born, Offset: g.off}
	if len(g.head) > 0 {
		m.Prefix, m.Hash = len(g.head), g.sum()
	} else if len(g.peek) > 0 {
		m.Prefix, m.Hash = len(g.peek), hashOf(g.peek)
	}
	return m
}
