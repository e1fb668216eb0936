package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/runner"
)

// staleAfter is how old a status may be before the loop counts as stuck: it is renewed every second.
const staleAfter = 60 * time.Second

// An unready source says why it is not ready yet, as while it reads history; "" is ready. It is asked from
// any goroutine.
type unready interface{ NotReady() string }

// round returns when the loop came round last.
func (s *service) round() time.Time { return s.current.Load().status().At }

// Healthy implements probe.
func (s *service) Healthy() error {
	if age := time.Since(s.round()); age > staleAfter {
		return fmt.Errorf("the loop has not come round for %s", age.Round(time.Second))
	}
	return nil
}

// Ready implements probe. Logs without a line yet are no reason to wait: on a quiet server they may stay so.
// Nor are sinks: a restart mends none.
func (s *service) Ready() error {
	if err := s.Healthy(); err != nil {
		return err
	}
	n := s.current.Load()
	if err := n.notReady(); err != nil {
		return err
	}
	st := n.status()
	if st.Save.Err != "" {
		return errors.New(unsaved(&st))
	}
	for _, stream := range st.Streams {
		if stream.Err != "" {
			return fmt.Errorf("%s: %s", stream.Stream, stream.Err)
		}
	}
	for i := range st.Engine.Streams {
		if s := &st.Engine.Streams[i]; s.Lost {
			return fmt.Errorf("%s: can't be read", s.Stream)
		}
	}
	return nil
}

// notReady returns what the first source that is not ready says.
func (n *session) notReady() error {
	for _, source := range n.sources {
		if u, ok := source.(unready); ok {
			if why := u.NotReady(); why != "" {
				return errors.New(why)
			}
		}
	}
	return nil
}

// WriteMetrics implements probe.
func (s *service) WriteMetrics(w io.Writer) {
	if err := s.metrics.WritePrometheus(w); err != nil {
		s.log.Warn("write metrics", "err", err)
	}
}

// State implements asked. While one session yields to the next it waits for that one.
func (s *service) State(ctx context.Context) (*stateReport, error) {
	s.turn.RLock()
	defer s.turn.RUnlock()
	n := s.current.Load()
	if n.runner == nil {
		return nil, errors.New("the run is over")
	}
	report := &stateReport{Running: true, MemoryLimit: int64(n.cfg.Memory)}
	err := n.runner.Do(ctx, func(e *engine.Engine) { fillReport(report, e, n.keys) })
	if err != nil {
		return nil, err
	}
	st, info := n.status(), s.store.Info()
	report.Outbox, report.StateBytes = st.Outbox, info.FileBytes
	if info.Generation > 0 {
		report.SavedAt = &info.Saved
	}
	if bytes, err := runner.ResidentBytes(); err == nil {
		report.MemoryBytes = bytes
	}
	report.Notes = append(s.notes(n), notes(&st)...)
	return report, nil
}

// notes says what of a session and its configuration is not well.
func (s *service) notes(n *session) []string {
	list := append([]string{}, n.notices...)
	if r := s.refused.Load(); r != nil {
		list = append(list, r.String())
	}
	if err := n.notReady(); err != nil {
		list = append(list, err.Error())
	}
	return list
}

// Alerts implements asked.
func (s *service) Alerts(_ context.Context, q alertQuery) ([]episode, error) {
	return s.store.History(q.Query)
}

// Alert implements asked.
func (s *service) Alert(_ context.Context, id string) (*episode, error) {
	ep, err := s.store.Episode(id)
	return &ep, err
}

// notes says what of a run is not well.
func notes(st *runner.Status) []string {
	list := append([]string{}, st.Notices...)
	if st.Save.Err != "" {
		list = append(list, fmt.Sprintf("%d transitions are not saved: %s", st.Unsaved, st.Save.Err))
	}
	for _, sink := range st.Sinks {
		if sink.Err != "" {
			list = append(list, fmt.Sprintf("sink %s: %d waiting after %d failures: %s", sink.Name, sink.Queued, sink.Failures, sink.Err))
		}
	}
	for _, stream := range st.Streams {
		if stream.Err != "" {
			list = append(list, fmt.Sprintf("%s: %s", stream.Stream, stream.Err))
		}
	}
	return list
}
