package benign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

// follow is a delivery to a local account's own inbox.
func follow(host, actor, to string) pipeline.Event {
	e := delivery(host, actor)
	e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, to
	return e
}

func TestAccountMove(t *testing.T) {
	newActors := func(s *server, host string, n float64) pipeline.Finding {
		return s.finding("new_actor_burst", pipeline.Entity{Type: pipeline.EntitySite, Value: host}, n, 1, "1h")
	}
	moved := func(n, sites int, change func(e *pipeline.Event, i int)) *server {
		s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewAccountMove(s.site) })
		s.crowded(time.Hour, 10)
		s.each(time.Hour, 2*n, func(i int) pipeline.Event {
			e := follow(fmt.Sprintf("peer%d.example", i/2%sites), fmt.Sprint("u", i), "moved")
			if i%4 == 1 {
				e.LocalUser = fmt.Sprint("other", i%20)
			}
			change(&e, i)
			return e
		})
		return s
	}
	plain := func(*pipeline.Event, int) {}
	s := moved(500, 25, plain) // of each site 30 to the account
	low(s, "followers", newActors(s, "peer3.example", 20), pipeline.ContextAccountMove)
	untouched(s, "more new actors than follow", newActors(s, "peer3.example", 80))
	untouched(s, "a site that does not follow", newActors(s, "peer40.example", 20))
	untouched(s, "another detector", s.finding("domain_flood", domain("peer3.example"), 20, 1, "1h"))
	s.to(s.at.Add(3 * time.Hour))
	untouched(s, "hours later", newActors(s, "peer3.example", 20))

	s = moved(500, 10, plain)
	untouched(s, "ten sites", newActors(s, "peer3.example", 20))
	s = moved(30, 25, plain)
	untouched(s, "few", newActors(s, "peer3.example", 1))
	s = moved(500, 25, func(e *pipeline.Event, i int) { e.Level = pipeline.Claimed })
	untouched(s, "claimed names", newActors(s, "peer3.example", 20))
	s = moved(500, 25, func(e *pipeline.Event, i int) { e.LocalUser = fmt.Sprint("user", i%10) })
	untouched(s, "many accounts", newActors(s, "peer3.example", 5))
	s = moved(500, 25, func(e *pipeline.Event, i int) {
		if i%2 == 0 {
			e.Domain, e.Site = "peer3.example", "peer3.example"
		}
	})
	untouched(s, "one site above all", newActors(s, "peer3.example", 20))
}

func TestRollout(t *testing.T) {
	version := func(host, v string) pipeline.Event {
		e := delivery(host, "u")
		e.Software, e.Version = "mastodon", v
		return e
	}
	rolled := func(sites int, known bool, change func(e *pipeline.Event)) *server {
		s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewRollout(s.site) })
		if known {
			s.each(25*time.Hour, 1000, func(i int) pipeline.Event { return version(fmt.Sprintf("peer%d.example", i%20), "4.5.0") })
		}
		s.each(6*time.Hour, 100, func(i int) pipeline.Event {
			e := version(fmt.Sprintf("peer%d.example", i%sites), "4.5.1")
			change(&e)
			return e
		})
		return s
	}
	plain := func(*pipeline.Event) {}
	odd := func(s *server, host string) pipeline.Finding {
		return s.finding("signing_change", domain(host), 1, 0, "24h")
	}
	s := rolled(6, true, plain)
	low(s, "one of six", odd(s, "peer3.example"), pipeline.ContextRollout)
	untouched(s, "who stayed", odd(s, "peer10.example"))
	untouched(s, "another detector", s.finding("domain_flood", domain("peer3.example"), 1, 0, "24h"))
	byAddress := s.finding("malformed_burst", ip(addressOf("peer3.example")), 10, 0, "10m")
	byAddress.Evidence.Part, byAddress.Related.Domains = pipeline.IPOnly, []string{"peer3.example"}
	low(s, "by its own address", byAddress, pipeline.ContextRollout)
	byAddress.Key = ip(stranger(5))
	untouched(s, "in its name, from elsewhere", byAddress)
	claims := odd(s, "peer3.example")
	claims.Evidence.Part = pipeline.Claimed
	untouched(s, "in its name, not proven", claims)
	s.to(s.at.Add(25 * time.Hour))
	untouched(s, "the day after", odd(s, "peer3.example"))

	s = rolled(4, true, plain)
	untouched(s, "one of four", odd(s, "peer3.example"))
	s = rolled(6, false, plain)
	untouched(s, "sites that are new themselves", odd(s, "peer3.example"))
	s = rolled(6, true, func(e *pipeline.Event) { e.Level = pipeline.Claimed })
	untouched(s, "claimed agents", odd(s, "peer3.example"))
}
