package sinks

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newFile(t *testing.T, path string) *File {
	t.Helper()
	s, err := NewFile(FileOptions{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t *testing.T, s *File) {
	t.Helper()
	if err := s.Send(context.Background(), firing()); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", filepath.Base(path), d)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	s := newFile(t, path)
	if _, err := os.Stat(path); err == nil {
		t.Error("got a file from construction alone, want none")
	}
	line := string(AppendJSON(nil, firing()))
	send(t, s)
	send(t, s)
	content(t, path, line+line)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}

	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	send(t, s) // renamed away: a new file
	content(t, path, line)
	content(t, path+".1", line+line)

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	content(t, path, "")
	send(t, s)
	content(t, path, line)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, s)
	content(t, path, line+line)
}

func TestFileReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	s := newFile(t, path)
	line := string(AppendJSON(nil, firing()))
	send(t, s)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	send(t, s)
	content(t, path, "{}\n"+line)
	content(t, path+".1", line)
}

func TestFileEndsPartialLine(t *testing.T) {
	f := func(before, want string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "alerts.jsonl")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		send(t, newFile(t, path))
		content(t, path, want+string(AppendJSON(nil, firing())))
	}
	f("", "")
	f("{}\n", "{}\n")
	f(`{"schema":"fedw`, `{"schema":"fedw`+"\n")
	f(`{"whole":true}`, `{"whole":true}`+"\n")
}

// smallFiles names the process in which a test may bound the size of all files.
const smallFiles = "FEDWARDEN_TEST_SMALL_FILES"

// A write that fails half way, as on a full disk, must not spoil what comes after it. The bound is the whole
// process's, and the go command has files of its own in it, so the test runs in a process apart.
func TestFileAfterShortWrite(t *testing.T) {
	if os.Getenv(smallFiles) == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestFileAfterShortWrite$")
		cmd.Env = append(os.Environ(), smallFiles+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	s := newFile(t, path)
	send(t, s)
	limitFileSize(t, 2000, func() {
		err := s.Send(context.Background(), firing())
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s", err, path)
		}
	})
	line := string(AppendJSON(nil, firing()))
	if len(line) > 2000 || 2*len(line) < 2000 {
		t.Fatalf("BUG: a line of %d bytes does not test this", len(line))
	}
	send(t, s)
	content(t, path, line+line[:2000-len(line)]+"\n"+line)
}

// limitFileSize runs f while no file can grow beyond size.
func limitFileSize(t *testing.T, size uint64, f func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Skip(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
	f()
}

func TestNewFileErrors(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	f := func(o FileOptions, want string) {
		t.Helper()
		if _, err := NewFile(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewFile(%+v): got %v, want %q", o, err, want)
		}
	}
	f(FileOptions{}, "path: must be set")
	f(FileOptions{Path: dir}, "path: "+dir+" is not a regular file")
	f(FileOptions{Path: pipe}, "path: "+pipe+" is not a regular file")
	f(FileOptions{Path: filepath.Join(dir, "no", "file")}, "path: directory of "+dir)
	f(FileOptions{Path: filepath.Join(plain, "file")}, "path: "+plain+" is not a directory")
	f(FileOptions{Path: plain, Name: "A file"}, "name: must be")
}

func TestFileErrorsNameThePath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "alerts.jsonl")
	s := newFile(t, path)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.Send(context.Background(), firing()), s.Reopen()} {
		if err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want that %s does not exist", err, path)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	send(t, s) // what was wrong is mended: nothing needs a restart
}
