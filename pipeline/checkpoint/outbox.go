package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A sent is what can change of a stored delivery.
type sent struct {
	attempts int
	due      pipeline.Time
	unread   bool // it may be anything
}

func outboxKey(id uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, id))
}

// surveyOutbox learns which deliveries are stored.
func (s *Store) surveyOutbox(tx *bolt.Tx) {
	c := tx.Bucket([]byte(inOutbox)).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if len(k) == 8 {
			s.outbox[binary.BigEndian.Uint64(k)] = sent{unread: true}
		}
	}
}

// loadOutbox reads the deliveries in their order. One that can't be read is named.
func (s *Store) loadOutbox(tx *bolt.Tx) []pipeline.Delivery {
	var list []pipeline.Delivery
	c := tx.Bucket([]byte(inOutbox)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		var d pipeline.Delivery
		text, err := unseal(inOutbox, string(k), v)
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err == nil && string(k) != outboxKey(d.ID) {
			err = fmt.Errorf("it says that it is delivery %d", d.ID)
		}
		if err != nil {
			s.tell(fmt.Sprintf("delivery %x", k), "can't be read: %v; it is lost", err)
			continue
		}
		s.outbox[d.ID] = sent{attempts: d.Attempts, due: d.Due}
		list = append(list, d)
	}
	return list
}

// saveOutbox writes what has changed since it was last written.
func (s *Store) saveOutbox(tx *bolt.Tx, list []pipeline.Delivery) (map[uint64]sent, error) {
	now := make(map[uint64]sent, len(list))
	for i := range list {
		d := &list[i]
		is := sent{attempts: d.Attempts, due: d.Due}
		now[d.ID] = is
		if was, ok := s.outbox[d.ID]; ok && was == is {
			continue
		}
		text, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		if err := put(tx, inOutbox, outboxKey(d.ID), text); err != nil {
			return nil, err
		}
	}
	for id := range s.outbox {
		if _, ok := now[id]; ok {
			continue
		}
		if err := remove(tx, inOutbox, outboxKey(id)); err != nil {
			return nil, err
		}
	}
	return now, nil
}

// Ack takes deliveries out of the outbox; it is durable when Ack returns. Unknown ids are none.
func (s *Store) Ack(ids []uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.change(func() error {
		return s.db.Update(func(tx *bolt.Tx) error {
			for _, id := range ids {
				if err := remove(tx, inOutbox, outboxKey(id)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("save acknowledgements in %s: %w", s.path, err)
	}
	for _, id := range ids {
		delete(s.outbox, id)
	}
	return nil
}
