package notify

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxTold bounds the episodes that are remembered for each sink: more than the engine has open. Those
// beyond are of a tracker whose state was lost, and never end.
const maxTold = 16_384

// told are the open episodes that a sink was told of, and when last.
type told map[string]pipeline.Time

// take reports whether the sink is to be told of a, which is carried if a campaign tells of it. Who was told of its
// beginning is told of its end, whoever told of what was between.
func (t told) take(a *pipeline.Alert, least pipeline.Severity, carried bool) bool {
	_, known := t[a.ID]
	if a.Status == pipeline.StatusResolved {
		delete(t, a.ID)
		return known
	}
	if carried || !known && a.Severity < least {
		return false
	}
	if !known && len(t) >= maxTold {
		delete(t, t.sorted()[0].ID)
	}
	t[a.ID] = a.At.Time
	return true
}

// An episode is one that a sink was told of.
type episode struct {
	ID   string        `json:"id"`
	Last pipeline.Time `json:"last"`
}

// sorted returns the episodes, the one told longest ago first.
func (t told) sorted() []episode {
	list := make([]episode, 0, len(t))
	for _, id := range slices.Sorted(maps.Keys(t)) {
		list = append(list, episode{id, t[id]})
	}
	slices.SortStableFunc(list, func(a, b episode) int { return cmp.Compare(a.Last, b.Last) })
	return list
}
