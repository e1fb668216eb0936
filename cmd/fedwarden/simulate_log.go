package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/gzip"
)

// keptRotations is how many rotated logs are kept, as Debian's logrotate does for nginx.
const keptRotations = 14

// A simulatedLog is a log that is written to a file, and rotated if asked.
type simulatedLog struct {
	path    string
	rotated bool
	f       *os.File
	tail    []byte // the last bytes that were written, for where the last line begins
}

// Write writes to the file, which it makes if need be.
func (l *simulatedLog) Write(b []byte) (int, error) {
	if l.f == nil {
		f, err := os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return 0, err
		}
		l.f = f
	}
	l.tail = append(l.tail[:0], b[max(0, len(b)-64<<10):]...)
	return l.f.Write(b)
}

// Rotate does what logrotate does with daily, compress and delaycompress.
func (l *simulatedLog) Rotate() error {
	if !l.rotated || l.f == nil {
		return nil
	}
	if err := l.close(false); err != nil {
		return err
	}
	for n := keptRotations; n >= 2; n-- {
		if err := shift(l.compressed(n), l.compressed(n+1)); err != nil {
			return err
		}
	}
	if err := remove(l.compressed(keptRotations + 1)); err != nil {
		return err
	}
	if err := compress(l.path+".1", l.compressed(2)); err != nil {
		return err
	}
	return os.Rename(l.path, l.path+".1")
}

func (l *simulatedLog) compressed(n int) string { return fmt.Sprintf("%s.%d.gz", l.path, n) }

func shift(from, to string) error {
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// compress makes a compressed file of one that may not be there.
func compress(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, in)
	if err = errors.Join(err, z.Close(), out.Close()); err != nil {
		return err
	}
	return os.Remove(from)
}

// close closes the file; with partial, half of its last line is cut off.
func (l *simulatedLog) close(partial bool) error {
	if l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	var err error
	if partial {
		err = cutLastLine(f, l.tail)
	}
	return errors.Join(err, f.Close())
}

func cutLastLine(f *os.File, tail []byte) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || len(tail) == 0 {
		return err
	}
	last := len(tail) - 1 - (bytes.LastIndexByte(tail[:len(tail)-1], '\n') + 1)
	return f.Truncate(size - int64(last+1)/2 - 1)
}
