package source

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// nobody is a user who may read nothing that is not open to all.
const nobody = 65534

// asNobody runs the rest of a test as another user when root runs it, because root may read anything. It
// reports whether this is the process that shall go on.
func asNobody(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return true
	}
	dir, err := os.MkdirTemp("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "source.test")
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bin, exe, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("as another user: %v\n%s", err, out)
	}
	return false
}

func TestTailPermissionLostAndRegained(t *testing.T) {
	if !asNobody(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(3)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 3)
		w.rotate()
		w.reopen()
		os.Chmod(w.path, 0) // made for others, as by a wrong umask
		w.lines(3)
		f.until(t, "lost", func() bool { return len(f.lost) > 0 })
		if !strings.Contains(f.lost[0], "permission denied") {
			t.Errorf("got reason %q, want permission denied", f.lost[0])
		}
		os.Chmod(w.path, 0o644)
		f.events(t, 6)
		os.Chmod(filepath.Dir(w.path), 0)
		w.lines(3)
		f.until(t, "lost again", func() bool { return len(f.lost) > 1 })
		os.Chmod(filepath.Dir(w.path), 0o755)
		w.lines(3)
		f.events(t, 12)
		f.caughtUp(t, 1)
		f.close()
		f.numbers(t, 1, 12)
		if f.got.Lost != 0 {
			t.Errorf("got %d lost lines", f.got.Lost)
		}
	})
}

func TestTailSaysWhenARotatedFileCantBeRead(t *testing.T) {
	if !asNobody(t) {
		return
	}
	w := newWriter(t, logPath(t))
	w.lines(20)
	f := resume(t, w, quick(w), func() {
		w.rotate()
		w.reopen()
		w.lines(5)
		w.rotate()
		os.Chmod(w.path+".1", 0)
		w.reopen()
		w.lines(5)
	})
	f.events(t, 5)
	f.close()
	f.numbers(t, 26, 30)
	if f.got.Lost == 0 || !strings.Contains(strings.Join(f.reasons, ""), "access.log.1: permission denied") {
		t.Errorf("got %d lost, reasons %q", f.got.Lost, f.reasons)
	}
}

func TestTailOfAFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a file system of 64 kB can't be mounted (%v): what a full one does is not tested", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := write(t, filepath.Join(dir, "ballast"), strings.Repeat("x", 20<<10))
	w := newWriter(t, filepath.Join(dir, "access.log"))
	f := follow(t, quick(w), "")
	whole := 0
	for full := false; !full; {
		n, err := w.file.WriteString(nginxLine(0, w.n+1) + "\n")
		if full = err != nil; !full {
			w.n++
			whole++
		} else if n == 0 {
			t.Log("the last line was not cut")
		}
	}
	f.events(t, whole)
	os.Remove(ballast)
	w.raw("\n")
	w.lines(10)
	f.until(t, "the last line", func() bool { return line(f.got.Events[len(f.got.Events)-1]) == w.n })
	f.close()
	var got []seen
	for _, e := range f.got.Events {
		if e.Kind == pipeline.KindRequest {
			got = append(got, e)
		}
	}
	(&follower{got: transcript{Events: got}}).numbers(t, 1, w.n)
	if f.got.Lost != 0 {
		t.Errorf("got %d lost lines", f.got.Lost)
	}
}

func TestTailDirectoryVanishesAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "logs")
		os.Mkdir(dir, 0o755)
		w := newWriter(t, filepath.Join(dir, "access.log"))
		w.lines(5)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 5)
		os.RemoveAll(dir)
		w.lines(5) // into the file that has no name any more
		f.until(t, "lost", func() bool { return len(f.lost) > 0 })
		os.Mkdir(dir, 0o755)
		w.reopen()
		w.lines(5)
		f.events(t, 15)
		f.caughtUp(t, 1)
		f.close()
		f.numbers(t, 1, 15)
	})
}

func TestTailFileDeletedAndMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		w.lines(5)
		f := follow(t, TailConfig{Path: w.path}, "")
		f.events(t, 5)
		for range 5 {
			os.Remove(w.path)
			pause(400 * time.Millisecond)
			w.lines(2)
			w.reopen()
			w.lines(5)
			f.events(t, w.n)
		}
		f.close()
		f.numbers(t, 1, w.n)
	})
}

func TestTailKnowsAnInodeThatIsUsedAgain(t *testing.T) {
	w := newWriter(t, logPath(t))
	for try := range 20 {
		w.lines(20)
		before := inodeAt(t, w.path)
		first := w.n - 19
		f := follow(t, quick(w), "")
		f.events(t, 20)
		f.close()
		w.file.Close()
		os.Remove(w.path)
		w.reopen()
		if inodeAt(t, w.path) != before {
			t.Logf("try %d: the inode was not used again", try)
			continue
		}
		w.lines(40)
		again := follow(t, quick(w), f.cursor())
		again.events(t, 40)
		again.close()
		again.numbers(t, first+20, w.n)
		if again.got.Lost == 0 || !strings.Contains(again.reasons[0], "gone") {
			t.Errorf("got %d lost, reasons %q", again.got.Lost, again.reasons)
		}
		return
	}
	t.Skip("this file system does not use an inode again at once: that it would be known is not tested")
}

func inodeAt(t *testing.T, path string) inode {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return inodeOf(fi)
}

func TestTailHalfALineOverRotationAndRestart(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(20)
	half := nginxLine(0, 21)
	w.raw(half[:50])
	f := follow(t, quick(w), "")
	f.events(t, 20)
	f.caughtUp(t, 1)
	f.close()
	w.rotate()
	w.raw(half[50:] + "\n")
	w.n = 21
	w.lines(3)
	half = nginxLine(0, 25)
	w.raw(half[:60])
	w.n = 25
	again := follow(t, quick(w), f.cursor())
	again.events(t, 4)
	w.raw(half[60:] + "\n")
	w.reopen()
	w.lines(5)
	again.events(t, 10)
	again.close()
	again.numbers(t, 21, 30)
}

// TestTailUsesNoInotify looks at the descriptors of this process: file systems without notification, as
// NFS, are followed like all others.
func TestTailUsesNoInotify(t *testing.T) {
	w := newWriter(t, logPath(t))
	w.lines(10)
	f := follow(t, quick(w), "")
	f.events(t, 10)
	w.rotate()
	w.reopen()
	w.lines(10)
	f.events(t, 20)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); strings.Contains(to, "inotify") {
			t.Errorf("descriptor %s is %s", fd.Name(), to)
		}
	}
}

// TestTailALineWithoutEnd writes a gigabyte without a newline, as fast as a hole can be made, and counts
// what the process holds of it.
func TestTailALineWithoutEnd(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 128 << 20
	}
	w := newWriter(t, logPath(t))
	w.lines(1)
	f := follow(t, TailConfig{Path: w.path, Tick: 5 * time.Millisecond, MaxLine: 64 << 10}, "")
	f.events(t, 1)
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	fi, err := os.Stat(w.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(w.path, fi.Size()+size); err != nil {
		t.Fatal(err)
	}
	w.raw("\n")
	w.lines(1)
	most := uint64(0)
	f.until(t, "the line behind it", func() bool {
		runtime.ReadMemStats(&now)
		most = max(most, now.TotalAlloc-before.TotalAlloc)
		return len(f.got.Events) == 3
	})
	f.close()
	if n := f.tail.Stats().Long; n != 1 || line(f.got.Events[2]) != 2 {
		t.Errorf("got %d long lines, last event %+v", n, f.got.Events[2])
	}
	if most > 64<<20 {
		t.Errorf("allocated %d MB for a line of which 64 kB are kept", most>>20)
	}
}

func TestTailCountsLongLinesOfBothReaders(t *testing.T) {
	for _, backlog := range []int64{1, 1 << 40} { // our own reader, the library
		w := newWriter(t, logPath(t))
		cfg := quick(w)
		cfg.Backlog, cfg.MaxLine = backlog, 8<<10
		f := follow(t, cfg, "")
		w.lines(1)
		w.raw(strings.Repeat("x", 8<<10) + "\n" + strings.Repeat("y", 9<<10) + "\n")
		w.lines(1)
		f.events(t, 4)
		f.close()
		if n := f.tail.Stats().Long; n != 1 {
			t.Errorf("backlog %d: got %d long lines, want 1", backlog, n)
		}
	}
}

func TestTailFileDatedInTheFuture(t *testing.T) {
	w := newWriter(t, logPath(t))
	old := write(t, w.path+".1", nginxLog(1000, 1010))
	os.Chtimes(old, time.Now().AddDate(12, 0, 0), time.Now().AddDate(12, 0, 0))
	w.lines(2000)
	tl, err := NewTail(quick(w))
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	var x transcript
	readSome(t, tl, &x, batchEvents)
	w.copyTruncate(nil)
	w.lines(10)
	readSome(t, tl, &x, w.n)
	(&follower{got: x}).numbers(t, 1, w.n)
}
