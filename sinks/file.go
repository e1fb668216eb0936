package sinks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/fedwarden/fedwarden/pipeline"
)

// FileOptions say where a File writes.
type FileOptions struct {
	Name string // unique among the sinks; default "file"
	Path string // created with mode 0600; its directory must exist
}

// A File appends alerts to a file, one line of JSON each, and says so only when they are on the disk.
// The file may be renamed or removed at any time: the next alert goes to a new one of the same name. A
// line that a crash cut short is ended before anything is written after it, so that it spoils itself
// alone; the alert that was in it comes again, as with every delivery that was not acknowledged.
type File struct {
	name string
	path string

	mu  sync.Mutex
	f   *os.File // nil until it is needed, and after every error
	buf []byte
}

// NewFile returns a sink that writes to o.Path. It opens nothing yet; Reopen does, for those who want to
// know early whether it can be written.
func NewFile(o FileOptions) (*File, error) {
	name, err := checkName(o.Name, "file")
	if err != nil {
		return nil, err
	}
	if o.Path == "" {
		return nil, errors.New("path: must be set")
	}
	dir, err := os.Stat(filepath.Dir(o.Path))
	if err != nil {
		return nil, fmt.Errorf("path: directory of %s: %w", o.Path, err)
	}
	if !dir.IsDir() {
		return nil, fmt.Errorf("path: %s is not a directory", filepath.Dir(o.Path))
	}
	if err := checkRegular(o.Path); err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	return &File{name: name, path: o.Path}, nil
}

// checkRegular refuses what is there and no regular file: a pipe would hang, a device keeps nothing.
func checkRegular(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	return err
}

// Name returns the sink's name.
func (s *File) Name() string { return s.name }

// Send appends a and returns when it is on the disk.
func (s *File) Send(ctx context.Context, a *pipeline.Alert) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved() {
		s.close()
	}
	if err := s.open(); err != nil {
		return err
	}
	s.buf = AppendJSON(s.buf[:0], a)
	if err := s.write(s.buf); err != nil {
		s.close() // the next open ends what was written in part
		return err
	}
	return nil
}

// Reopen closes the file and opens the one that bears its name now. It may be called at any time, from
// any goroutine.
func (s *File) Reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
	return s.open()
}

// Close closes the file; a later Send opens it again.
func (s *File) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.close()
}

func (s *File) close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	return err
}

// moved reports whether the open file no longer bears its name.
func (s *File) moved() bool {
	if s.f == nil {
		return false
	}
	named, err := os.Stat(s.path)
	if err != nil {
		return true
	}
	open, err := s.f.Stat()
	return err != nil || !os.SameFile(named, open)
}

// open opens the file, if it is not open, and ends its last line.
func (s *File) open() error {
	if s.f != nil {
		return nil
	}
	if err := checkRegular(s.path); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.f = f
	if err := s.begin(); err != nil {
		s.close()
		return err
	}
	return nil
}

// begin makes the file ready for whole lines, and its name durable.
func (s *File) begin() error {
	partial, err := endsMidLine(s.f)
	if err != nil {
		return err
	}
	if partial {
		if err := s.write([]byte("\n")); err != nil {
			return err
		}
	}
	dir, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// endsMidLine reports whether the last line of f has no end.
func endsMidLine(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// write writes b as a whole and waits until it is on the disk.
func (s *File) write(b []byte) error {
	if _, err := s.f.Write(b); err != nil {
		return err
	}
	return s.f.Sync()
}
