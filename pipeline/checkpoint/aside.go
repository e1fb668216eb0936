package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// errClosed says that the store was closed, or that its file was damaged and no new one could be begun.
var errClosed = errors.New("the state file is not open")

func isDamage(err error) bool {
	var d *damage
	return errors.As(err, &d)
}

// guard calls f. A panic in it is bbolt's about its file, or a fault in reading the mapping of a file
// that became shorter: it is returned as a damage.
//
// f must call nothing but this package and bbolt, lest mistakes elsewhere be taken for a damaged file.
func guard(path string, f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read %s: %w", path, damaged("it is inconsistent: %v", p))
		}
	}()
	return f()
}

// change runs f on the open file, and sets the file aside if it turns out to be damaged. The error says so;
// the next call finds a new file.
func (s *Store) change(f func() error) error {
	if s.db == nil {
		return fmt.Errorf("%s: %w", s.path, errClosed)
	}
	err := guard(s.path, f)
	if !isDamage(err) || s.readOnly {
		return err
	}
	to, failed := s.setAside(err)
	if failed == nil {
		failed = guard(s.path, s.openDB)
	}
	if failed != nil {
		return failed
	}
	return fmt.Errorf("%w; it was moved to %s and a new one begun", err, filepath.Base(to))
}

// setAside renames the file, which is damaged as err says, so that nothing of it is lost. It is not closed,
// since bbolt may hold its locks for ever; nobody uses it any more.
func (s *Store) setAside(err error) (to string, failed error) {
	s.db = nil
	to, failed = s.asideName()
	if failed == nil {
		failed = os.Rename(s.path, to)
	}
	if failed != nil {
		return "", fmt.Errorf("%w; moving it aside: %w", err, failed)
	}
	s.tell(s.path, "%s; it was moved to %s and a new one begun", reason(err, s.path), filepath.Base(to))
	return to, nil
}

// asideName returns a name that no file has.
func (s *Store) asideName() (string, error) {
	stamp := s.path + ".damaged-" + s.now().UTC().Format("20060102T150405Z")
	name := stamp
	for i := 2; ; i++ {
		_, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s.%d", stamp, i)
	}
}

// reason returns err without the path, which a Notice names already.
func reason(err error, path string) string {
	text := strings.TrimPrefix(err.Error(), "open "+path+": ")
	return strings.TrimPrefix(text, "read "+path+": ")
}
