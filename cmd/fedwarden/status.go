package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/runner"
)

// line says in one line how the service stands: what is not well, if anything is.
func (s *service) line(r *rate) string {
	n := s.current.Load()
	st := n.status()
	speed := r.of(&st)
	text := ""
	if err := s.Ready(); err != nil {
		text = err.Error()
	} else {
		text = figures(&st, speed)
	}
	if s.refused.Load() != nil {
		text = "the new configuration has mistakes, the old one is in effect; " + text
	}
	return text
}

// unsaved says of a run whose state can't be saved why, and what waits for it.
func unsaved(st *runner.Status) string {
	return fmt.Sprintf("the state can't be saved, %s: %s", count(st.Unsaved, "alert waits", "alerts wait"), st.Save.Err)
}

// figures says how busy a run is that is well.
func figures(st *runner.Status, speed float64) string {
	streams := 0
	for _, s := range st.Streams {
		if !s.Ended {
			streams++
		}
	}
	list := []string{
		count(streams, "stream", "streams"),
		fmt.Sprintf("%.0f events/s", speed),
		count(st.Engine.Open, "alert open", "alerts open"),
	}
	if behind := st.Lag.Round(time.Second); behind > 0 {
		list = append(list, fmt.Sprintf("%d s behind", int(behind.Seconds())))
	}
	return strings.Join(list, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// A rate is how many events come in a second: of the last seconds, as statuses show them.
type rate struct {
	at     time.Time
	events uint64
	speed  float64
}

// of returns the rate as of st.
func (r *rate) of(st *runner.Status) float64 {
	var events uint64
	for i := range st.Engine.Streams {
		events += st.Engine.Streams[i].Mark.Events
	}
	past := st.At.Sub(r.at)
	if !r.at.IsZero() && past < statusEvery && events >= r.events {
		return r.speed
	}
	if !r.at.IsZero() && events >= r.events {
		r.speed = float64(events-r.events) / past.Seconds()
	}
	r.at, r.events = st.At, events
	return r.speed
}
