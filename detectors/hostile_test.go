package detectors_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
)

// partsAfter returns the parts of an engine that has had a troubled day.
func partsAfter(t *testing.T, seed uint64) []pipeline.Part {
	t.Helper()
	var e *engine.Engine
	_, err := enginetest.Run(func() *engine.Engine { e = lawEngine(false); return e }, troubledDay(seed), enginetest.Schedule{})
	if err != nil {
		t.Fatal(err)
	}
	return written(t, e)
}

func written(t testing.TB, e *engine.Engine) []pipeline.Part {
	t.Helper()
	parts := e.Parts()
	for i := range parts {
		var b bytes.Buffer
		if err := parts[i].Write(&b); err != nil {
			t.Fatalf("%s: %v", parts[i].Name, err)
		}
		parts[i].Data = b.Bytes()
	}
	return parts
}

// nextTrouble returns the troubled hours of a day, long after another.
func nextTrouble(seed uint64, after time.Duration) []enginetest.Stream {
	list := troubledDay(seed)
	for i := range list {
		steps := list[i].Steps[:0]
		for _, s := range list[i].Steps {
			switch {
			case s.Event == nil && s.CaughtUp == 0:
				continue
			case s.Event != nil && s.Event.Time < clock.Add(24*time.Hour):
				continue
			case s.Event != nil:
				s.Event.Time = s.Event.Time.Add(after)
			default:
				s.CaughtUp = s.CaughtUp.Add(after)
			}
			steps = append(steps, s)
		}
		list[i].Steps = steps
	}
	return list
}

// places is how many bytes of each part are damaged.
func places() int {
	if os.Getenv("FEDWARDEN_TORTURE") == "1" {
		return 40
	}
	if testing.Short() {
		return 1
	}
	return 3
}

// TestRestoreDamaged cuts and damages each part of what all detectors know. After an error a part is as new; without
// one its detector goes on, and writes what can be read again.
func TestRestoreDamaged(t *testing.T) {
	fresh := written(t, lawEngine(false))
	rng := rand.New(rand.NewPCG(1, 2))
	for i, p := range partsAfter(t, 3) {
		if p.Name == "engine" {
			continue // it has its own fuzzing
		}
		if len(p.Data) == 0 {
			continue
		}
		for k := range places() {
			cut := rng.IntN(len(p.Data))
			if k < 4 {
				cut = min(4*k, len(p.Data)-1)
			}
			damaged(t, fmt.Sprintf("%s cut at %d of %d", p.Name, cut, len(p.Data)), p, p.Data[:cut], fresh[i].Data, true)
			at, bit := rng.IntN(min(len(p.Data), 1<<(4+rng.IntN(20)))), rng.IntN(8)
			data := slices.Clone(p.Data)
			data[at] ^= 1 << bit
			damaged(t, fmt.Sprintf("%s with bit %d of %d flipped", p.Name, bit, at), p, data, fresh[i].Data, false)
		}
	}
}

func damaged(t *testing.T, what string, p pipeline.Part, data, fresh []byte, cut bool) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", what, r)
		}
	}()
	e := lawEngine(false)
	p.Data = data
	err := e.RestorePart(p)
	for _, own := range e.Parts() {
		if own.Name != p.Name {
			continue
		}
		var b bytes.Buffer
		if failed := own.Write(&b); failed != nil {
			t.Errorf("%s: %v", what, failed)
		}
		if err != nil && !bytes.Equal(b.Bytes(), fresh) {
			t.Errorf("%s: after %v it is not as new", what, err)
		}
	}
	if cut && err == nil {
		t.Errorf("%s: no error", what)
	}
	if err != nil {
		return
	}
	first := true
	_, err = enginetest.Run(func() *engine.Engine {
		if first {
			first = false
			return e
		}
		return lawEngine(false)
	}, nextTrouble(4, 3*24*time.Hour), enginetest.Schedule{Seed: 1, Cut: 500, Restore: 100})
	if err != nil {
		t.Errorf("%s: %.300s", what, err.Error())
	}
}
