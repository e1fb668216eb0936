package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	minPrefix = 5
	idPrefix  = "FW-"
)

// Why an alert can't be looked up.
var (
	ErrUnknownAlert = errors.New("there is none with this id")
	ErrAmbiguous    = errors.New("several alerts begin so")
	ErrShortPrefix  = errors.New("at least five characters of the id are needed")
)

// An Episode is one alert's life: its transitions in their order.
type Episode struct {
	Transitions []pipeline.Alert `json:"transitions"` // at least one
	Damaged     int              `json:"damaged"`     // transitions that can't be read
}

// Last returns the latest transition.
func (e *Episode) Last() *pipeline.Alert { return &e.Transitions[len(e.Transitions)-1] }

// A Query says which episodes of the history are asked for. The zero value asks for all.
type Query struct {
	Status      pipeline.Status   // of the last transition; firing includes updated
	MinSeverity pipeline.Severity // of the last transition
	Since       pipeline.Time     // the last transition is not before
	Limit       int               // at most; zero is no limit
}

func (q *Query) takes(e *entry) bool {
	if e.severity < q.MinSeverity || e.at < q.Since {
		return false
	}
	switch q.Status {
	case "":
		return true
	case pipeline.StatusFiring:
		return e.status != pipeline.StatusResolved
	}
	return e.status == q.Status
}

// History returns the episodes that q asks for, newest first.
func (s *Store) History(q Query) ([]Episode, error) {
	var list []Episode
	err := s.view(func(tx *bolt.Tx) error {
		list = nil
		c := tx.Bucket([]byte(inNewest)).Cursor()
		for k, v := c.Last(); k != nil && (q.Limit <= 0 || len(list) < q.Limit); k, v = c.Prev() {
			e, ok := readEntry(k, v)
			if !ok || !q.takes(&e) {
				continue
			}
			if ep := readEpisode(tx, e.id); len(ep.Transitions) > 0 {
				list = append(list, ep)
			}
		}
		return nil
	})
	return list, err
}

// view runs f on the open file. Damage is an error here: only those who write set a file aside.
func (s *Store) view(f func(*bolt.Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return fmt.Errorf("%s: %w", s.path, errClosed)
	}
	return guard(s.path, func() error { return s.db.View(f) })
}

// Episode returns the one episode whose id begins with prefix, which has at least five characters. Lower
// case will do, and "FW-" may be left out.
func (s *Store) Episode(prefix string) (Episode, error) {
	full, err := canonicalPrefix(prefix)
	if err != nil {
		return Episode{}, err
	}
	var ids []string
	var ep Episode
	err = s.view(func(tx *bolt.Tx) error {
		if ids = idsWith(tx, full); len(ids) == 1 {
			ep = readEpisode(tx, ids[0])
		}
		return nil
	})
	switch {
	case err != nil:
		return Episode{}, err
	case len(ids) == 0:
		return Episode{}, fmt.Errorf("alert %s: %w", prefix, ErrUnknownAlert)
	case len(ids) > 1:
		return Episode{}, fmt.Errorf("alert %s: %w: %s", prefix, ErrAmbiguous, strings.Join(ids, ", "))
	case len(ep.Transitions) == 0:
		return Episode{}, fmt.Errorf("alert %s: can't be read: %w", ids[0], errChecksum)
	}
	return ep, nil
}

// canonicalPrefix spells a prefix as ids are spelled. What is typed for a digit is read as one, as
// Crockford's base 32 has it.
func canonicalPrefix(typed string) (string, error) {
	p := strings.ToUpper(strings.TrimSpace(typed))
	if len(p) < minPrefix {
		return "", fmt.Errorf("alert %q: %w", typed, ErrShortPrefix)
	}
	p = strings.TrimPrefix(p, idPrefix)
	if strings.ContainsFunc(p, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		return "", fmt.Errorf("alert %q: %w", typed, ErrUnknownAlert)
	}
	return idPrefix + strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(p), nil
}

const maxNamed = 5 // candidates that an error names

// idsWith returns the ids that begin with prefix, sorted, a few at most.
func idsWith(tx *bolt.Tx, prefix string) []string {
	var ids []string
	c := tx.Bucket([]byte(inHistory)).Cursor()
	for k, _ := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix) && len(ids) < maxNamed; {
		id, _, _ := strings.Cut(string(k), "\x00")
		ids = append(ids, id)
		k, _ = c.Seek([]byte(id + "\x01"))
	}
	return ids
}

func readEpisode(tx *bolt.Tx, id string) Episode {
	var ep Episode
	c := tx.Bucket([]byte(inHistory)).Cursor()
	prefix := id + "\x00"
	for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
		a, err := readAlert(k, v)
		if err != nil {
			ep.Damaged++
			continue
		}
		ep.Transitions = append(ep.Transitions, a)
	}
	return ep
}

func readAlert(key, sealed []byte) (a pipeline.Alert, err error) {
	text, err := unseal(inHistory, string(key), sealed)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err == nil && transitionKey(a.ID, a.Seq) != string(key) {
		err = fmt.Errorf("it says that it is %s, %d", a.ID, a.Seq)
	}
	return a, err
}
