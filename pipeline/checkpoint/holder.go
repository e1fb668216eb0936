package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const lockName = "fedwarden.lock"

// A Holder is the process that has a state directory open.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// A HeldError says that another process has the directory open.
type HeldError struct {
	Dir    string
	Holder Holder // zero if the process has not said who it is
}

// Error names the directory and who holds it.
func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("state directory %s is held by another process", e.Dir)
	}
	return fmt.Sprintf("state directory %s is held by process %d on %s since %s",
		e.Dir, e.Holder.PID, e.Holder.Host, e.Holder.Since.UTC().Format(time.RFC3339))
}

// A dirLock is the lock on a state directory; nil is none.
type dirLock struct{ file *os.File }

// lock takes the lock on dir within timeout: shared to read, else alone and with the holder written down.
func lock(dir string, readOnly bool, timeout time.Duration, now time.Time) (*dirLock, error) {
	flags, how := os.O_RDWR|os.O_CREATE, syscall.LOCK_EX
	if readOnly {
		flags, how = os.O_RDONLY, syscall.LOCK_SH
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), flags, 0o600)
	if readOnly && errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nobody has ever written here, or it was moved without its lock
	}
	if err != nil {
		return nil, err
	}
	if err := flock(f, how, timeout); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &HeldError{Dir: dir, Holder: readHolder(f)}
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	l := &dirLock{f}
	if readOnly {
		return l, nil
	}
	return l, l.write(now)
}

func flock(f *os.File, how int, timeout time.Duration) error {
	const pause = 20 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || waited >= timeout {
			return err
		}
		time.Sleep(pause)
	}
}

// write says who holds the directory. On a full disk nobody can be told, which is no reason not to run.
func (l *dirLock) write(now time.Time) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	text, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: now.UTC().Truncate(time.Second)})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("lock %s: %w", l.file.Name(), err)
	}
	if _, err := l.file.WriteAt(append(text, '\n'), 0); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("lock %s: %w", l.file.Name(), err)
	}
	return nil
}

// readHolder returns who wrote f; zero if it can't be read, e.g. because it is being written.
func readHolder(f *os.File) Holder {
	var b [512]byte
	n, _ := f.ReadAt(b[:], 0)
	var h Holder
	if json.Unmarshal(b[:n], &h) != nil {
		return Holder{}
	}
	return h
}

// release lets others in; the file stays, since removing it would let two processes lock two files.
func (l *dirLock) release() error {
	if l == nil {
		return nil
	}
	l.file.Truncate(0) // nobody holds it; if that fails, the lock says so all the same
	return l.file.Close()
}
