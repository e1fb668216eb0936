package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestQueue holds a queue to a slice: items keep their order and their place over chunks.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model []pipeline.Time
		next := pipeline.Time(1)
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			switch op := rapid.IntRange(0, 9).Draw(t, "op"); {
			case op < 5:
				q.push().time = next
				model = append(model, next)
			case op < 9 && len(model) > 0:
				if got := q.at(0).time; got != model[0] {
					t.Fatalf("got %d first, want %d", got, model[0])
				}
				q.pop()
				model = model[1:]
			case len(model) > 0:
				i := rapid.IntRange(0, len(model)).Draw(t, "at")
				q.insert(i, item{time: next})
				model = slices.Insert(slices.Clone(model), i, next)
			}
			next++
			if q.len() != len(model) {
				t.Fatalf("got %d items, want %d", q.len(), len(model))
			}
		}
		for i, want := range model {
			if got := q.at(i).time; got != want {
				t.Fatalf("item %d: got %d, want %d", i, got, want)
			}
		}
		if most := len(model)/chunkItems + 2; len(q.chunks) > most {
			t.Fatalf("%d chunks for %d items", len(q.chunks), len(model))
		}
	})
}
