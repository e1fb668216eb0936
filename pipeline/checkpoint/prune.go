package checkpoint

import (
	"encoding/binary"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

// prune drops what is too old or too much. What it does not get done it does the next time.
func (h *history) prune() error {
	h.pruned = true
	if err := h.dropSamples(); err != nil {
		return err
	}
	old := h.now.Add(-keepEpisodes)
	err := h.dropEpisodes(pruneAtOnce, func(e *entry) bool { return e.at < old })
	if err != nil || h.episodes <= maxEpisodes {
		return err
	}
	ended := func(e *entry) bool { return e.status == pipeline.StatusResolved }
	if err := h.dropEpisodes(h.excess(), ended); err != nil {
		return err
	}
	return h.dropEpisodes(h.excess(), func(*entry) bool { return true })
}

func (h *history) excess() int { return min(h.episodes-maxEpisodes, pruneAtOnce) }

// dropEpisodes drops at most limit episodes, oldest first, that drop says may go.
func (h *history) dropEpisodes(limit int, drop func(*entry) bool) error {
	var doomed []entry
	c := h.tx.Bucket([]byte(inNewest)).Cursor()
	for k, v := c.First(); k != nil && len(doomed) < limit; k, v = c.Next() {
		e, ok := readEntry(k, v)
		if !ok {
			e.starts, e.id = timeOfKey(k) // nobody can list it: let it go with its time
			e.at = e.starts
		}
		if drop(&e) {
			doomed = append(doomed, e)
		}
	}
	for i := range doomed {
		if err := h.dropEpisode(&doomed[i]); err != nil {
			return err
		}
	}
	return nil
}

func timeOfKey(k []byte) (pipeline.Time, string) {
	if len(k) < 8 {
		return 0, ""
	}
	return pipeline.Time(binary.BigEndian.Uint64(k)), string(k[8:])
}

func (h *history) dropEpisode(e *entry) error {
	b, prefix := h.tx.Bucket([]byte(inHistory)), e.id+"\x00"
	c := b.Cursor()
	var keys []string
	for k, _ := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, _ = c.Next() {
		keys = append(keys, string(k))
	}
	for _, k := range keys {
		if err := b.Delete([]byte(k)); err != nil {
			return err
		}
	}
	h.episodes--
	return remove(h.tx, inNewest, e.key())
}

// dropSamples empties the evidence of transitions that are too old for it.
func (h *history) dropSamples() error {
	b := h.tx.Bucket([]byte(inSamples))
	old := timeKey(h.now.Add(-keepSamples), "")
	var doomed []string
	c := b.Cursor()
	for k, _ := c.First(); k != nil && string(k) < old && len(doomed) < pruneAtOnce; k, _ = c.Next() {
		doomed = append(doomed, string(k))
	}
	for _, k := range doomed {
		if err := b.Delete([]byte(k)); err != nil {
			return err
		}
		if err := h.emptySamples(k[min(len(k), 8):]); err != nil {
			return err
		}
	}
	return nil
}

// emptySamples rewrites a transition without its lines; one that can't be read loses all.
func (h *history) emptySamples(key string) error {
	b := h.tx.Bucket([]byte(inHistory))
	v := b.Get([]byte(key))
	if v == nil {
		return nil
	}
	a, err := readAlert([]byte(key), v)
	if err != nil {
		return b.Delete([]byte(key))
	}
	a.Evidence.Samples = []pipeline.AlertSample{}
	return h.putAlert(&a)
}

// prune brings the history of a file that was just opened up to date.
func (s *Store) prune() error {
	now := s.now()
	h := &history{now: pipeline.TimeOf(now), episodes: s.episodes}
	err := s.db.Update(func(tx *bolt.Tx) error {
		h.tx = tx
		return h.prune()
	})
	if err == nil {
		s.episodes, s.pruned = h.episodes, now
	}
	return err
}
