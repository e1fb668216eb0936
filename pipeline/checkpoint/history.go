package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxEpisodes  = 10_000
	keepEpisodes = 90 * 24 * time.Hour
	keepSamples  = 14 * 24 * time.Hour
	pruneEvery   = time.Hour
	pruneAtOnce  = 2000 // of each kind, so that a save stays short
)

// A history changes the history within one transaction.
type history struct {
	tx       *bolt.Tx
	now      pipeline.Time
	episodes int
	pruned   bool
}

// An entry is what the list of episodes knows of each.
type entry struct {
	starts   pipeline.Time // whole second
	id       string
	status   pipeline.Status
	severity pipeline.Severity
	at       pipeline.Time // of the last transition
}

var statusCodes = [...]pipeline.Status{pipeline.StatusFiring, pipeline.StatusUpdated, pipeline.StatusResolved}

func transitionKey(id string, seq uint64) string {
	return id + "\x00" + string(binary.BigEndian.AppendUint64(nil, seq))
}

func timeKey(t pipeline.Time, rest string) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(max(t, 0)))) + rest
}

func (e *entry) key() string { return timeKey(e.starts, e.id) }

func (e *entry) value() []byte {
	code := byte(0)
	for i, s := range statusCodes {
		if s == e.status {
			code = byte(i)
		}
	}
	return binary.BigEndian.AppendUint64([]byte{code, byte(e.severity)}, uint64(e.at))
}

// readEntry reads an entry; false if it is damaged.
func readEntry(key, sealed []byte) (e entry, ok bool) {
	v, err := unseal(inNewest, string(key), sealed)
	if err != nil || len(key) <= 8 || len(v) != 10 || int(v[0]) >= len(statusCodes) || v[1] > byte(pipeline.SeverityCritical) {
		return entry{}, false
	}
	return entry{
		starts:   pipeline.Time(binary.BigEndian.Uint64(key)),
		id:       string(key[8:]),
		status:   statusCodes[v[0]],
		severity: pipeline.Severity(v[1]),
		at:       pipeline.Time(binary.BigEndian.Uint64(v[2:])),
	}, true
}

func entryOf(a *pipeline.Alert) entry {
	return entry{a.StartsAt.Time, a.ID, a.Status, a.Severity, a.At.Time}
}

// add keeps transitions. One that is kept already is written over: after a crash it may happen again.
func (h *history) add(list []pipeline.Alert) error {
	for i := range list {
		if err := h.addOne(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) addOne(a *pipeline.Alert) error {
	if err := h.putAlert(a); err != nil {
		return err
	}
	key := transitionKey(a.ID, a.Seq)
	if len(a.Evidence.Samples) > 0 {
		if err := put(h.tx, inSamples, timeKey(a.At.Time, key), nil); err != nil {
			return err
		}
	}
	e := entryOf(a)
	old, err := get(h.tx, inNewest, e.key())
	if err != nil {
		h.episodes++
	} else if last, ok := readEntry([]byte(e.key()), seal(inNewest, e.key(), old)); ok && last.at > e.at {
		return nil
	}
	return put(h.tx, inNewest, e.key(), e.value())
}

func (h *history) putAlert(a *pipeline.Alert) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return put(h.tx, inHistory, transitionKey(a.ID, a.Seq), text)
}

// surveyHistory counts the episodes.
func (s *Store) surveyHistory(tx *bolt.Tx) {
	c := tx.Bucket([]byte(inNewest)).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		s.episodes++
	}
}
