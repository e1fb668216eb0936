package checkpoint

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// state50MB is about what the keyed state of a large server looks like: slabs of small numbers, some random.
func state50MB() []pipeline.Part {
	r := rand.New(rand.NewPCG(1, 1))
	var parts []pipeline.Part
	for _, name := range []string{"space.site", "space.network"} {
		block := make([]byte, 0, 1<<20)
		for len(block) < 1<<20 {
			block = binary.LittleEndian.AppendUint64(block, r.Uint64()) // a hash
			for range 14 {
				block = binary.LittleEndian.AppendUint32(block, uint32(r.IntN(20))) // and counts
			}
		}
		parts = append(parts, pipeline.Part{Name: name, Version: 1, Write: func(w io.Writer) error {
			for range 25 {
				if _, err := w.Write(block); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	return parts
}

func BenchmarkSave50MB(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	cp := &pipeline.Checkpoint{Parts: state50MB()}
	stop, peak := make(chan struct{}), make(chan uint64)
	go sampleHeap(stop, peak)
	for b.Loop() {
		if err := s.Save(cp); err != nil {
			b.Fatal(err)
		}
	}
	close(stop)
	b.ReportMetric(float64(<-peak)/1e6, "peak-MB")
	b.ReportMetric(float64(s.Info().StoredBytes)/1e6, "stored-MB")
}

// sampleHeap tells the largest heap that it saw.
func sampleHeap(stop <-chan struct{}, peak chan<- uint64) {
	most := uint64(0)
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		select {
		case <-stop:
			peak <- most
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func BenchmarkLoad50MB(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Save(&pipeline.Checkpoint{Parts: state50MB()}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, notices, err := s.Load(); err != nil || len(notices) > 0 {
			b.Fatal(notices, err)
		}
	}
}

// A save of a small server: a little state, one transition, one delivery.
func BenchmarkSaveSmall(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	state := bytes.Repeat([]byte("state"), 20_000)
	for i := 0; b.Loop(); i++ {
		err := s.Save(&pipeline.Checkpoint{
			Parts:       []pipeline.Part{part("engine", state)},
			Outbox:      []pipeline.Delivery{delivery(uint64(i))},
			Transitions: []pipeline.Alert{alert(i%1000, 1)},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Ten thousand deliveries wait for a dead sink; one transition is new.
func BenchmarkSaveFullOutbox(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	cp := &pipeline.Checkpoint{}
	for i := range uint64(10_000) {
		cp.Outbox = append(cp.Outbox, delivery(i+1))
	}
	if err := s.Save(cp); err != nil {
		b.Fatal(err)
	}
	for i := uint64(20_000); b.Loop(); i++ {
		cp.Outbox[0] = delivery(i)
		if err := s.Save(cp); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenFullHistory(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(dir, Options{Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	cp := &pipeline.Checkpoint{}
	for i := range maxEpisodes {
		for seq := range uint64(3) {
			cp.Transitions = append(cp.Transitions, alert(i, seq+1))
		}
	}
	if err := s.Save(cp); err != nil {
		b.Fatal(err)
	}
	s.Close()
	for b.Loop() {
		s, err := Open(dir, Options{Now: func() time.Time { return noon }})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkHistoryFifty(b *testing.B) {
	s, err := Open(b.TempDir(), Options{Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	cp := &pipeline.Checkpoint{}
	for i := range maxEpisodes {
		cp.Transitions = append(cp.Transitions, alert(i, 1))
	}
	if err := s.Save(cp); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if list, err := s.History(Query{Limit: 50}); len(list) != 50 || err != nil {
			b.Fatal(len(list), err)
		}
	}
}
