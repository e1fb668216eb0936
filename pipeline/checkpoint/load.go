package checkpoint

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Load returns the newest checkpoint that can be read; of a new directory one that holds a Secret and
// nothing else. The notices name what was damaged since the directory was made, or is missing now.
//
// It is called before the first Save, and again when another run goes on from what was saved.
func (s *Store) Load() (*pipeline.Checkpoint, []Notice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cp, err := s.load()
	if isDamage(err) && s.db != nil {
		cp, err = s.load() // the file was set aside, and a new one begun
	}
	if err != nil {
		return nil, s.takeNotices(), err
	}
	return cp, s.takeNotices(), nil
}

func (s *Store) takeNotices() []Notice {
	n := s.notices
	s.notices = nil
	return n
}

func (s *Store) load() (cp *pipeline.Checkpoint, err error) {
	err = s.change(func() error {
		var bad []int
		if err := s.db.View(func(tx *bolt.Tx) error {
			cp, bad = s.choose(tx)
			cp.Outbox = s.loadOutbox(tx)
			return nil
		}); err != nil {
			return fmt.Errorf("load %s: %w", s.path, err)
		}
		return s.quarantine(bad)
	})
	return cp, err
}

// choose returns the best checkpoint, and which slots are no use: a whole one if there is, else the newest
// that can be read in part.
func (s *Store) choose(tx *bolt.Tx) (cp *pipeline.Checkpoint, bad []int) {
	best, bestSlot := (*loaded)(nil), -1
	for _, i := range s.newestFirst() {
		info := &s.slots[i]
		if errors.Is(info.err, errMissing) {
			continue
		}
		l, err := (*loaded)(nil), info.err
		if err == nil {
			l, err = info.read(tx, i)
		}
		if err != nil {
			s.tell(info.what(i), "can't be read: %v", err)
			bad = append(bad, i)
			continue
		}
		if len(l.missing) == 0 {
			if best != nil {
				s.tellMissing(best, "the checkpoint before it is used")
				bad = append(bad, bestSlot)
			}
			return s.checkpoint(l, bad), bad
		}
		if best == nil {
			best, bestSlot = l, i
		}
	}
	if best != nil {
		s.tellMissing(best, "it starts empty")
	}
	return s.checkpoint(best, bad), bad
}

// newestFirst returns the slots in the order in which they are tried; those of which not even the head can
// be read come first, so that they are named first.
func (s *Store) newestFirst() [2]int {
	if n := s.newest(); n == 0 && s.slots[1].err == nil || n == 1 && s.slots[0].err != nil {
		return [2]int{0, 1}
	}
	return [2]int{1, 0}
}

// what names a slot for people, by its checkpoint if that is known.
func (info *slotInfo) what(slot int) string {
	if info.err == nil {
		return info.head.name()
	}
	return "checkpoint in slot " + slotNames[slot]
}

func (s *Store) tellMissing(l *loaded, what string) {
	for _, m := range l.missing {
		s.tell(l.head.name()+", "+m.What, "can't be read: %s; %s", m.Text, what)
	}
}

// checkpoint returns l as the world knows it, and says which one it is if a newer one was no use.
func (s *Store) checkpoint(l *loaded, bad []int) *pipeline.Checkpoint {
	if l == nil {
		if len(bad) > 0 {
			s.tell(s.path, "no checkpoint can be read; everything starts empty")
		}
		return &pipeline.Checkpoint{Secret: s.secret}
	}
	if len(bad) > 0 {
		s.tell(s.path, "%s of %s is used", l.head.name(), l.head.Saved.UTC().Format(time.RFC3339))
	}
	s.secret = l.head.secret()
	return &pipeline.Checkpoint{Streams: l.streams, Parts: l.parts, Secret: s.secret}
}

// quarantine sets damaged checkpoints aside. One is kept, the newest; what was kept before goes.
func (s *Store) quarantine(bad []int) error {
	if len(bad) == 0 || s.readOnly {
		return nil
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		from, to := tx.Bucket([]byte(inCheckpoints)), tx.Bucket([]byte(inDamaged))
		for _, name := range slotNames {
			if to.Bucket([]byte(name)) != nil {
				if err := to.DeleteBucket([]byte(name)); err != nil {
					return err
				}
			}
		}
		if err := from.MoveBucket([]byte(slotNames[bad[0]]), to); err != nil {
			return err
		}
		for _, i := range bad[1:] {
			if err := from.DeleteBucket([]byte(slotNames[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set damaged checkpoint aside in %s: %w", s.path, err)
	}
	for _, i := range bad {
		s.slots[i] = slotInfo{err: errMissing}
	}
	return nil
}
