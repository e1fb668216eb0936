package benign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

func famous(t *testing.T) *server {
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewViral(s.network) })
	s.crowded(26*time.Hour, 10)
	return s
}

func (s *server) surge(times float64) pipeline.Finding {
	return s.finding("distributed_surge", everything(), 100*times, 100, "10m")
}

func TestReadByAll(t *testing.T) {
	s := famous(t)
	untouched(s, "on a usual day", s.surge(5))
	s.each(5*time.Minute, 300, func(i int) pipeline.Event { return get("/@famous/1", stranger(i)) })
	low(s, "a post that is read", s.surge(5), pipeline.ContextViral)
	medium(s, "too much to go unnoticed", s.surge(11), pipeline.ContextViral)
	untouched(s, "an address", s.finding("ip_flood", ip(stranger(1)), 500, 100, "1m"))
	f := s.surge(5)
	f.Severity = pipeline.SeverityCritical
	s.explained("critical", f, pipeline.SeverityCritical, pipeline.ContextViral)
	s.each(time.Minute, 20, func(i int) pipeline.Event {
		e := get("/@famous/1", stranger(i))
		e.Status = 503
		return e
	})
	s.explained("it hurts", s.surge(5), pipeline.SeverityHigh, pipeline.ContextViral)
}

func TestSlowIsNotViral(t *testing.T) {
	s := famous(t)
	s.each(11*time.Minute, 600, func(i int) pipeline.Event {
		e := get("/@famous/1", stranger(i))
		e.Upstream = 200 * time.Millisecond
		return e
	})
	s.explained("slow", s.surge(5), pipeline.SeverityHigh, pipeline.ContextViral)
}

// TestOneReader: who asks for one post over and over from few addresses makes nothing viral, nor does a crawl of many.
func TestOneReader(t *testing.T) {
	for name, of := range map[string]func(i int) pipeline.Event{
		"few addresses": func(i int) pipeline.Event { return get("/@famous/1", stranger(i%20)) },
		"many posts":    func(i int) pipeline.Event { return get(fmt.Sprint("/@famous/", i%40), stranger(i)) },
	} {
		s := famous(t)
		s.each(5*time.Minute, 400, of)
		untouched(s, name, s.surge(5))
	}
}

func TestWrittenByAll(t *testing.T) {
	s := famous(t)
	fetches := func() pipeline.Finding {
		return s.finding("fetch_amplification", everything(), 300, 100, "10m")
	}
	reply := func(sites int) {
		s.each(10*time.Minute, 400, func(i int) pipeline.Event { return delivery(fmt.Sprintf("peer%d.example", i%sites), "u") })
	}
	reply(10)
	untouched(s, "ten sites", fetches())
	s.crowded(12*time.Hour, 10)
	reply(40)
	low(s, "forty known sites", fetches(), pipeline.ContextViral)
	low(s, "a surge by them", s.surge(5), pipeline.ContextViral)
	s.crowded(12*time.Hour, 10)
	s.each(10*time.Minute, 400, func(i int) pipeline.Event {
		return claimed(fmt.Sprintf("peer%d.example", i%40), "u", stranger(i))
	})
	untouched(s, "in the names of forty sites", fetches())
}
