package notify

import (
	"encoding/json"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A snapshot is all that a Notifier knows.
type snapshot struct {
	HistoryUntil pipeline.Time    `json:"history_until"`
	Passed       bool             `json:"passed"`
	Held         []pipeline.Alert `json:"held"`
	Alone        []string         `json:"alone,omitempty"`
	Sinks        []savedRoute     `json:"sinks"` // in the order of the routes
}

type savedRoute struct {
	Sink string    `json:"sink"`
	Told []episode `json:"told"`
}

// Version is that of the snapshot's layout.
func (n *Notifier) Version() uint32 { return 1 }

// Snapshot writes all that n knows: equal knowledge, equal bytes.
func (n *Notifier) Snapshot(w io.Writer) error {
	s := snapshot{HistoryUntil: n.until, Passed: n.passed, Held: n.held, Alone: n.alone}
	for _, r := range n.routes {
		s.Sinks = append(s.Sinks, savedRoute{r.Sink, r.told.sorted()})
	}
	return json.NewEncoder(w).Encode(s)
}

// Restore reads what Snapshot wrote. A sink that there was not is told of open episodes from their next
// transition; one that there is no more is forgotten. After an error n is as it was.
func (n *Notifier) Restore(r io.Reader) error {
	var s snapshot
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return err
	}
	n.until, n.passed, n.held, n.alone = s.HistoryUntil, s.Passed, s.Held, s.Alone
	for i := range n.routes {
		n.routes[i].told = told{}
		for _, saved := range s.Sinks {
			if saved.Sink == n.routes[i].Sink {
				n.routes[i].remember(saved.Told)
			}
		}
	}
	return nil
}

func (r *route) remember(list []episode) {
	for _, e := range list {
		r.told[e.ID] = e.Last
	}
}
