package checkpoint

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Save makes cp durable in one transaction; after an error nothing has changed. It calls each Part's Write
// once. A zero Secret stands for the one that Secret returns.
func (s *Store) Save(cp *pipeline.Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := *cp
	if whole.Secret == (pipeline.Secret{}) {
		whole.Secret = s.secret
	}
	w, err := encode(&whole)
	if err == nil {
		err = s.change(func() error { return s.save(&whole, w) })
	}
	if err != nil {
		return fmt.Errorf("save checkpoint in %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) save(cp *pipeline.Checkpoint, w *written) error {
	now, slot := s.now(), s.next()
	w.head.Generation, w.head.Saved = s.generation()+1, now.UTC()
	var outbox map[uint64]sent
	var h *history
	err := s.db.Update(func(tx *bolt.Tx) (err error) {
		if err = w.write(tx, slot); err != nil {
			return err
		}
		if outbox, err = s.saveOutbox(tx, cp.Outbox); err != nil {
			return err
		}
		h = &history{tx: tx, now: pipeline.TimeOf(now), episodes: s.episodes}
		if err = h.add(cp.Transitions); err != nil {
			return err
		}
		if cp.Secret != s.secret {
			if err = put(tx, inStore, "secret", cp.Secret[:]); err != nil {
				return err
			}
		}
		if now.Sub(s.pruned) < pruneEvery && h.episodes <= maxEpisodes {
			return nil
		}
		return h.prune()
	})
	if err != nil {
		return err
	}
	s.slots[slot] = slotInfo{head: w.head}
	s.outbox, s.episodes, s.secret = outbox, h.episodes, cp.Secret
	if h.pruned {
		s.pruned = now
	}
	return nil
}

// An Info is how the store stands.
type Info struct {
	Path        string     `json:"path"`
	FileBytes   int64      `json:"file_bytes"`
	Generation  uint64     `json:"generation"` // of the newest checkpoint; zero is none
	Saved       time.Time  `json:"saved"`      // when that was
	StoredBytes int64      `json:"stored_bytes"`
	Parts       []PartInfo `json:"parts"`
	Outbox      int        `json:"outbox"`   // deliveries
	Episodes    int        `json:"episodes"` // in the history
}

// A PartInfo is how large a part of the newest checkpoint is.
type PartInfo struct {
	Name        string `json:"name"`
	Version     uint32 `json:"version"`
	Bytes       int64  `json:"bytes"`
	StoredBytes int64  `json:"stored_bytes"` // compressed
}

// Info returns how the store stands, for people to see.
func (s *Store) Info() Info {
	s.mu.RLock()
	defer s.mu.RUnlock()
	info := Info{Path: s.path, Outbox: len(s.outbox), Episodes: s.episodes}
	if s.db != nil {
		s.db.View(func(tx *bolt.Tx) error { info.FileBytes = tx.Size(); return nil })
	}
	n := s.newest()
	if n < 0 {
		return info
	}
	h := &s.slots[n].head
	info.Generation, info.Saved, info.StoredBytes = h.Generation, h.Saved, h.Streams.Stored
	for _, p := range h.Parts {
		info.StoredBytes += p.Stored
		info.Parts = append(info.Parts, PartInfo{p.Name, p.Version, p.Size, p.Stored})
	}
	return info
}
