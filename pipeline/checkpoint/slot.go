package checkpoint

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fedwarden/fedwarden/pipeline"
)

var slotNames = [2]string{"a", "b"}

// A head describes one checkpoint.
type head struct {
	Generation uint64     `json:"generation"`
	Saved      time.Time  `json:"saved"`
	Secret     string     `json:"secret"`
	Streams    partInfo   `json:"streams"`
	Parts      []partInfo `json:"parts"`
}

func (h *head) secret() (s pipeline.Secret) {
	hex.Decode(s[:], []byte(h.Secret)[:min(len(h.Secret), 2*len(s))])
	return s
}

// name names the checkpoint for people.
func (h *head) name() string { return fmt.Sprintf("checkpoint %d", h.Generation) }

// A slotInfo is what is known of one of the two slots; the head is good if err is nil.
type slotInfo struct {
	head head
	err  error // errMissing: never written
}

// newest returns the slot of the newest checkpoint whose head can be read, or -1.
func (x *index) newest() int {
	best := -1
	for i, s := range x.slots {
		if s.err == nil && (best < 0 || s.head.Generation > x.slots[best].head.Generation) {
			best = i
		}
	}
	return best
}

// next returns the slot to write to: never that of the newest checkpoint.
func (x *index) next() int {
	if x.newest() == 0 {
		return 1
	}
	return 0
}

// generation returns that of the newest checkpoint; zero is none.
func (x *index) generation() uint64 {
	if n := x.newest(); n >= 0 {
		return x.slots[n].head.Generation
	}
	return 0
}

func slotBucket(tx *bolt.Tx, slot int) *bolt.Bucket {
	return tx.Bucket([]byte(inCheckpoints)).Bucket([]byte(slotNames[slot]))
}

func readSlotInfo(tx *bolt.Tx, slot int) (info slotInfo) {
	b := slotBucket(tx, slot)
	if b == nil {
		return slotInfo{err: errMissing}
	}
	v, err := unseal(slotNames[slot], "head", b.Get([]byte("head")))
	if errors.Is(err, errMissing) {
		err = errors.New("its head is missing")
	}
	if err == nil {
		err = json.Unmarshal(v, &info.head)
	}
	info.err = err
	return info
}

// A written is a checkpoint that is ready to be put into a slot.
type written struct {
	head   head
	chunks [][]byte // in the order of the head's parts, streams first
}

// encode compresses what goes into a slot. It calls Part.Write, and so code that is not ours.
func encode(cp *pipeline.Checkpoint) (*written, error) {
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	w := &written{head: head{Secret: hex.EncodeToString(cp.Secret[:])}}
	streams, list, err := p.pack("streams", 1, func(out io.Writer) error {
		return writeMarks(out, cp.Streams)
	})
	if err != nil {
		return nil, err
	}
	w.head.Streams, w.chunks = streams, list
	for _, part := range cp.Parts {
		info, list, err := p.pack(part.Name, part.Version, part.Write)
		if err != nil {
			return nil, err
		}
		w.head.Parts = append(w.head.Parts, info)
		w.chunks = append(w.chunks, list...)
	}
	return w, nil
}

// write puts w into a slot, in place of what is there.
func (w *written) write(tx *bolt.Tx, slot int) error {
	parent, name := tx.Bucket([]byte(inCheckpoints)), slotNames[slot]
	if parent.Bucket([]byte(name)) != nil {
		if err := parent.DeleteBucket([]byte(name)); err != nil {
			return err
		}
	}
	b, err := parent.CreateBucket([]byte(name))
	if err != nil {
		return err
	}
	b.FillPercent = 1 // keys come in order, and none is added later
	for i, c := range w.chunks {
		key := chunkKey(i)
		sealInPlace(w.head.scope(slot), key, c)
		if err := b.Put([]byte(key), c); err != nil {
			return err
		}
	}
	text, err := json.Marshal(&w.head)
	if err != nil {
		return err
	}
	return b.Put([]byte("head"), seal(name, "head", text))
}

func chunkKey(i int) string { return fmt.Sprintf("%08d", i) }

// scope goes into the seal of every chunk, so that none of another generation is taken for one of this.
func (h *head) scope(slot int) string { return fmt.Sprintf("%s/%d", slotNames[slot], h.Generation) }

// A loaded is what could be read of a checkpoint.
type loaded struct {
	head    *head
	streams []pipeline.StreamMark
	parts   []pipeline.Part
	missing []Notice // parts that could not be read
}

// read reads the checkpoint in a slot. The error says why it is no use at all.
func (info *slotInfo) read(tx *bolt.Tx, slot int) (*loaded, error) {
	b, h := slotBucket(tx, slot), &info.head
	first := 0
	load := func(p partInfo) ([]byte, error) {
		from := first
		first += max(p.Chunks, 0)
		return unpack(p, func(i int) ([]byte, error) {
			key := chunkKey(from + i)
			return unseal(h.scope(slot), key, b.Get([]byte(key)))
		})
	}
	l := &loaded{head: h}
	data, err := load(h.Streams)
	if err == nil {
		l.streams, err = readMarks(data)
	}
	if err != nil {
		return nil, fmt.Errorf("streams: %w", err)
	}
	for _, p := range h.Parts {
		data, err := load(p)
		if err != nil {
			l.missing = append(l.missing, Notice{"part " + p.Name, err.Error()})
			continue
		}
		l.parts = append(l.parts, pipeline.Part{Name: p.Name, Version: p.Version, Data: data})
	}
	return l, nil
}
