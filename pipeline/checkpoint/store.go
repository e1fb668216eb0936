package checkpoint

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	fileName = "fedwarden.db"
	layout   = 1 // of the whole file
)

// ErrNone says that nothing was ever saved in a directory that is opened to read.
var ErrNone = errors.New("holds no state")

// Options say how a state directory is opened. The zero value is good to run with.
type Options struct {
	Timeout  time.Duration    // how long to wait for another process to let go; zero: not at all
	ReadOnly bool             // change nothing, a damaged file included
	Now      func() time.Time // the clock; nil is time.Now
}

// A Notice is something that an administrator should know about the state directory: what was damaged, and
// what became of it.
type Notice struct {
	What string // which file, checkpoint or part
	Text string
}

// String returns both in one line.
func (n Notice) String() string { return n.What + ": " + n.Text }

// A Store is an open state directory. Its methods may be called from several goroutines.
type Store struct {
	dir      string
	path     string
	readOnly bool
	now      func() time.Time
	lock     *dirLock

	mu      sync.RWMutex
	db      *bolt.DB
	notices []Notice // told by the next Load
	index            // what is known of the file's content
}

// An index is what is remembered of the file's content, so that saving need not read it.
type index struct {
	secret   pipeline.Secret
	slots    [2]slotInfo
	outbox   map[uint64]sent // what is stored of each delivery
	episodes int
	pruned   time.Time
}

// Open opens the state directory dir, and makes it if need be. The error is a *HeldError if another process
// has it. A damaged file is moved aside, and a new one begun; Load says so.
func Open(dir string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{dir: dir, path: filepath.Join(dir, fileName), readOnly: o.ReadOnly, now: o.Now}
	if err := s.enter(o.Timeout); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.lock.release())
	}
	return s, nil
}

// enter makes the directory and takes its lock.
func (s *Store) enter(timeout time.Duration) (err error) {
	if s.readOnly {
		if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("state directory %s %w", s.dir, ErrNone)
		}
	} else if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	s.lock, err = lock(s.dir, s.readOnly, timeout, s.now())
	if held := (*HeldError)(nil); err != nil && !errors.As(err, &held) {
		return fmt.Errorf("state directory: %w", err)
	}
	return err
}

// open checks the file and opens it; one that is damaged is set aside first.
func (s *Store) open() error {
	err := s.check()
	if err == nil {
		err = guard(s.path, s.openDB)
	}
	if !isDamage(err) || s.readOnly {
		return err
	}
	if _, err := s.setAside(err); err != nil {
		return err
	}
	return guard(s.path, s.openDB)
}

// check walks the file before bbolt may read it.
func (s *Store) check() error {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("state: %s is not a regular file", s.path)
	}
	if fi.Size() == 0 && !s.readOnly {
		return nil // bbolt begins a new one
	}
	note, err := verify(f, fi.Size())
	if note != "" {
		s.tell(s.path, "%s", note)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	return nil
}

// openDB opens the file, which was checked, and reads its index.
func (s *Store) openDB() error {
	db, err := bolt.Open(s.path, 0o600, &bolt.Options{
		Timeout:      time.Second, // nobody else should have it: the directory is locked
		ReadOnly:     s.readOnly,
		FreelistType: bolt.FreelistMapType,
		NoStatistics: true,
		// When a file outgrows its mapping in the middle of a save, bbolt copies all that was put. Address
		// space costs nothing.
		InitialMmapSize: 256 << 20,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return fmt.Errorf("open %s: another program has locked it", s.path)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	db.AllocSize = 256 << 10 // by how much the file grows; bbolt's own 16 MB is more than most will ever need
	s.db = db
	if err := s.begin(); err != nil {
		s.db = nil
		return errors.Join(fmt.Errorf("open %s: %w", s.path, err), db.Close())
	}
	return nil
}

// begin makes what is missing in the file that was opened, and reads its index.
func (s *Store) begin() error {
	if !s.readOnly {
		if err := s.prepare(); err != nil {
			return err
		}
	}
	if err := s.db.View(s.survey); err != nil || s.readOnly {
		return err
	}
	s.prune() // on a full disk it is left to a later save
	return nil
}

// The buckets of the file.
const (
	inStore       = "store"
	inCheckpoints = "checkpoints"
	inDamaged     = "damaged"
	inOutbox      = "outbox"
	inHistory     = "history"
	inNewest      = "newest"
	inSamples     = "samples"
)

var buckets = []string{inStore, inCheckpoints, inDamaged, inOutbox, inHistory, inNewest, inSamples}

// prepare makes what every file has.
func (s *Store) prepare() error {
	return s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		if err := checkLayout(tx); err != nil {
			return err
		}
		if _, err := get(tx, inStore, "secret"); err == nil {
			return nil
		}
		var secret pipeline.Secret
		rand.Read(secret[:])
		return put(tx, inStore, "secret", secret[:])
	})
}

// checkLayout writes the layout into a new file, and refuses that of a later version.
func checkLayout(tx *bolt.Tx) error {
	v, err := get(tx, inStore, "layout")
	if err != nil {
		return put(tx, inStore, "layout", []byte{layout})
	}
	if len(v) != 1 || v[0] > layout {
		return fmt.Errorf("it was written by a newer version of fedwarden (layout %d)", v)
	}
	return nil
}

// survey reads the index. What can't be read is left to Load to name.
func (s *Store) survey(tx *bolt.Tx) error {
	s.index = index{outbox: map[uint64]sent{}, pruned: s.pruned}
	for _, name := range buckets {
		if tx.Bucket([]byte(name)) == nil {
			return damaged("bucket %s is missing", name)
		}
	}
	for i := range s.slots {
		s.slots[i] = readSlotInfo(tx, i)
	}
	if v, err := get(tx, inStore, "secret"); err == nil && len(v) == len(s.secret) {
		s.secret = pipeline.Secret(v)
	}
	if n := s.newest(); n >= 0 {
		s.secret = s.slots[n].head.secret()
	}
	s.surveyOutbox(tx)
	s.surveyHistory(tx)
	return nil
}

// get returns the value under key in bucket; it lives as long as the transaction.
func get(tx *bolt.Tx, bucket, key string) ([]byte, error) {
	return unseal(bucket, key, tx.Bucket([]byte(bucket)).Get([]byte(key)))
}

func put(tx *bolt.Tx, bucket, key string, value []byte) error {
	return tx.Bucket([]byte(bucket)).Put([]byte(key), seal(bucket, key, value))
}

func remove(tx *bolt.Tx, bucket, key string) error {
	return tx.Bucket([]byte(bucket)).Delete([]byte(key))
}

// Secret returns the key of persisted hashes and pseudonyms: that of the newest checkpoint, or a random one
// made when the directory was first opened.
func (s *Store) Secret() pipeline.Secret {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.secret
}

// Close lets go of the directory.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil && s.db == nil {
		return nil
	}
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	err = errors.Join(err, s.lock.release())
	s.db, s.lock = nil, nil
	return err
}

func (s *Store) tell(what, format string, args ...any) {
	s.notices = append(s.notices, Notice{what, fmt.Sprintf(format, args...)})
}
