package source

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nxadm/tail"
	"github.com/nxadm/tail/watch"
)

// A generation is one inode that the name of a live file has pointed to. We hold it open, so that no
// rename, unlink or loss of permission takes it away.
type generation struct {
	file *os.File
	inode
	fingerprint

	off  int64 // delivered up to here; behind a newline, or at the end of a file that was left
	was  int64 // off at the last look
	size int64 // at the last look
	half int64 // the size at which what lies behind off was found to be half a line

	mod   time.Time // at the last look
	grew  time.Time // when it was last seen to have grown
	left  time.Time // when another took its name, then when we went on to that
	flush bool      // it was left: half a line at its end is a line

	lib     *tail.Tail  // reads it, or
	own     *lineReader // our own reader does, or neither
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
	g := &generation{file: f, inode: inodeOf(fi), size: fi.Size(), mod: fi.ModTime(), grew: fi.ModTime()}
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

// PollEvery sets how often the tail library looks whether a file has grown. It is one variable of that
// library for the whole process, read without a lock: call it once, before the first Tail is read. Unset
// it is the library's 250 ms; 50 to 100 ms cost nothing that could be measured.
func PollEvery(d time.Duration) { watch.POLL_DURATION = d }

// follow starts the library behind what was delivered. The path names our descriptor, so whatever happens
// to the file's name, it opens and polls this inode. Polling, because the library's inotify is keyed by
// path and one tail can silence another; complete lines, because half of one is no line; never Stop at
// EOF, Tell, ReOpen or a rate limit, which lose lines.
func (g *generation) follow() error {
	lib, err := tail.TailFile(fmt.Sprintf("/proc/self/fd/%d", g.file.Fd()), tail.Config{
		Location:      &tail.SeekInfo{Offset: g.off, Whence: io.SeekStart},
		MustExist:     true,
		Follow:        true,
		Poll:          true,
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
}

func (g *generation) close() {
	g.rest()
	g.file.Close()
}

// stat looks at the file. It reports whether the file was truncated: it is shorter than what was delivered,
// or does not begin as that did.
func (g *generation) stat(now time.Time) (truncated bool, err error) {
	fi, err := g.file.Stat()
	if err != nil {
		return false, err
	}
	size, mod := fi.Size(), fi.ModTime()
	changed := size != g.size || !mod.Equal(g.mod)
	if size < g.off || changed && !g.begins(g.file) {
		return true, nil
	}
	if size > g.size {
		g.grew = now
	}
	g.size, g.mod = size, mod
	return false, nil
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
	g.off, g.was, g.half, g.size = 0, 0, 0, 0
	g.grew = now
	g.fingerprint = fingerprint{}
}

// stalled reports whether a whole line, or what can't be read, has been there for a while and nobody has
// delivered it. When what is there is half a line, its size is remembered.
func (g *generation) stalled(now time.Time) bool {
	idle := g.off == g.was
	g.was = g.off
	if !idle || g.size <= g.off || g.half == g.size || now.Sub(g.grew) < watchdog {
		return false
	}
	unread := make([]byte, min(g.size-g.off, farBehind))
	n, err := g.file.ReadAt(unread, g.off)
	if err != nil && err != io.EOF || bytes.IndexByte(unread[:n], '\n') >= 0 {
		return true
	}
	g.half = g.size
	return false
}

// drained reports whether all complete lines were delivered. Half a line counts as one that is still
// being written until it has not grown for patience.
func (g *generation) drained(now time.Time, patience time.Duration) bool {
	if g.size <= g.off {
		return true
	}
	return g.half == g.size && now.Sub(g.grew) >= patience
}

// mark returns where to go on.
func (g *generation) mark() mark {
	return mark{Dev: g.dev, Ino: g.ino, Prefix: len(g.head), Hash: g.sum(), Offset: g.off}
}
