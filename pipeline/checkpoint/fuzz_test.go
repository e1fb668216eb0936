package checkpoint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A file that verify lets through must not make bbolt panic, for ever or at all; one that it doesn't is set
// aside. Each input is a good file with something written over it.
func FuzzFile(f *testing.F) {
	dir := f.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	cp := &pipeline.Checkpoint{
		Parts:       []pipeline.Part{part("engine", random(1, 9000))},
		Outbox:      []pipeline.Delivery{delivery(1)},
		Transitions: []pipeline.Alert{alert(1, 1), alert(2, 1)},
	}
	if err := s.Save(cp); err != nil {
		f.Fatal(err)
	}
	if err := s.Save(cp); err != nil {
		f.Fatal(err)
	}
	s.Close()
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		f.Fatal(err)
	}
	for at := 0; at < len(file); at += 4096 {
		f.Add(uint32(at+8), []byte{1}, uint32(len(file)))
	}
	f.Add(uint32(0), []byte{}, uint32(9000))
	f.Fuzz(func(t *testing.T, at uint32, over []byte, size uint32) {
		data := bytes.Clone(file[:min(int(size), len(file))])
		if int(at) < len(data) {
			copy(data[at:], over)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Options{})
		if err != nil {
			t.Skip(err) // a later layout, and the like
		}
		defer s.Close()
		if _, _, err := s.Load(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.History(Query{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(cp); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever stands in a chunk under whatever description: it is the data that was packed, or an error.
func FuzzUnpack(f *testing.F) {
	p, err := newPacker()
	if err != nil {
		f.Fatal(err)
	}
	for _, data := range [][]byte{nil, []byte("state"), bytes.Repeat([]byte("state"), 1000)} {
		info, list, err := p.pack("engine", 1, part("engine", data).Write)
		if err != nil {
			f.Fatal(err)
		}
		text, _ := json.Marshal(info)
		var whole []byte
		for _, c := range list {
			whole = append(whole, c[sealSize:]...)
		}
		f.Add(text, whole)
	}
	f.Fuzz(func(t *testing.T, description, chunk []byte) {
		var info partInfo
		if json.Unmarshal(description, &info) != nil {
			t.Skip()
		}
		data, err := unpack(info, func(int) ([]byte, error) { return chunk, nil })
		if err == nil && int64(len(data)) != info.Size {
			t.Errorf("got %d bytes, want %d", len(data), info.Size)
		}
	})
}

func FuzzEntry(f *testing.F) {
	e := entryOf(&pipeline.Alert{ID: "FW-7K2Q9M4XTB", StartsAt: alert(1, 1).StartsAt})
	f.Add([]byte(e.key()), e.value())
	f.Fuzz(func(t *testing.T, key, value []byte) {
		e, ok := readEntry(key, seal(inNewest, string(key), value))
		if ok && !bytes.Equal(e.value()[1:], value[1:]) {
			t.Errorf("got %x, want %x", e.value(), value)
		}
		readEntry(key, value)
		timeOfKey(key)
	})
}
