package benign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

func relaying(t *testing.T, listed ...string) *server {
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewRelay(s.site, listed) })
	s.crowded(time.Hour, 30)
	return s
}

func announce(host string) pipeline.Event {
	e := claimed(host, "x", addressOf(host))
	e.Actor, e.Software = pipeline.Actor("https://"+host+"/actor"), "aoderelay"
	return e
}

// flood is a claimed flood of a host from one address.
func (s *server) flood(host string, value float64, w string, from string) pipeline.Finding {
	f := s.finding("domain_flood", domain(host), value, 0, w)
	f.Evidence.Part = pipeline.Claimed
	f.Evidence.Addresses = []pipeline.Share{{Addr: addressOf(from), Count: uint64(value)}}
	return f
}

func TestNewRelay(t *testing.T) {
	s := relaying(t)
	s.each(time.Minute, 19, func(int) pipeline.Event { return announce("relay.example") })
	untouched(s, "too few to tell", s.flood("relay.example", 400, "10m", "relay.example"))
	s.each(10*time.Minute, 100, func(int) pipeline.Event { return announce("relay.example") })
	s.crowded(10*time.Minute, 200)
	low(s, "a calm one", s.flood("relay.example", 250, "10m", "relay.example"), pipeline.ContextRelay)
	low(s, "a busy one, less than half", s.flood("relay.example", 900, "10m", "relay.example"), pipeline.ContextRelay)
	medium(s, "most of all deliveries", s.flood("relay.example", 1100, "10m", "relay.example"), pipeline.ContextRelay)
	medium(s, "more than a small server bears", s.flood("relay.example", 30, "10s", "relay.example"), pipeline.ContextRelay)
	untouched(s, "in its name, from elsewhere", s.flood("relay.example", 250, "10m", "stranger.example"))
	spread := s.flood("relay.example", 250, "10m", "relay.example")
	spread.Evidence.Addresses[0].Count = 150
	untouched(s, "in its name, from many addresses", spread)
	untouched(s, "another detector", s.finding("new_actor_burst", domain("relay.example"), 250, 0, "10m"))
	s.to(s.at.Add(25 * time.Hour))
	untouched(s, "long ago", s.flood("relay.example", 250, "10m", "relay.example"))
}

// TestRelayAgent: a relay's agent on a botnet, or on many actors, is no relay.
func TestRelayAgent(t *testing.T) {
	for name, change := range map[string]func(e *pipeline.Event, i int){
		"many addresses": func(e *pipeline.Event, i int) { e.IP = stranger(i % 3) },
		"many actors": func(e *pipeline.Event, i int) {
			e.Actor = pipeline.Actor(fmt.Sprint("https://bots.example/users/", i%5))
		},
		"no agent": func(e *pipeline.Event, i int) { e.Software = "mastodon" },
		"refused":  func(e *pipeline.Event, i int) { e.Status = 401 },
	} {
		s := relaying(t)
		s.each(10*time.Minute, 300, func(i int) pipeline.Event {
			e := announce("bots.example")
			change(&e, i)
			return e
		})
		untouched(s, name, s.flood("bots.example", 250, "10m", "bots.example"))
	}
}

func TestListedRelay(t *testing.T) {
	s := relaying(t, "relay.example")
	f := s.finding("domain_flood", domain("relay.example"), 5000, 0, "10m")
	low(s, "listed and proven", f, pipeline.ContextRelay)
	medium(s, "more than ten a second", s.finding("domain_flood", domain("relay.example"), 111, 0, "10s"), pipeline.ContextRelay)
	f.Evidence.Part = pipeline.Claimed
	untouched(s, "listed, but not proven", f)
	untouched(s, "not listed", s.finding("domain_flood", domain("other.example"), 250, 0, "10m"))
}
