package benign_test

import (
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

func recovering(t *testing.T) *server {
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewRecovery(s.site, s.network) })
	s.crowded(26*time.Hour, 10)
	return s
}

func TestOurOutage(t *testing.T) {
	s := recovering(t)
	untouched(s, "on a usual day", s.finding("domain_flood", domain("peer1.example"), 100, 8, "10m"))
	s.to(s.at.Add(110 * time.Second))
	untouched(s, "shorter than two minutes", s.finding("domain_flood", domain("peer1.example"), 100, 8, "10m"))
	s.to(s.at.Add(time.Hour))
	s.crowded(10*time.Minute, 200)
	low(s, "what was left out comes", s.finding("domain_flood", domain("peer1.example"), 90, 8, "10m"), pipeline.ContextRecovery)
	low(s, "of the whole server, three times", s.finding("distributed_surge", everything(), 300, 100, "10m"), pipeline.ContextRecovery)
	untouched(s, "of the whole server, ten times", s.finding("distributed_surge", everything(), 1000, 100, "10m"))
	untouched(s, "far more than was left out", s.finding("domain_flood", domain("peer1.example"), 2000, 8, "10m"))
	untouched(s, "another detector", s.finding("signature_failures", domain("peer1.example"), 90, 8, "10m"))
	surprise := 12.0
	f := s.finding("domain_flood", domain("peer1.example"), 300, 8, "10m")
	f.Measure.Surprise = &surprise
	low(s, "no great surprise", f, pipeline.ContextRecovery)
	surprise = 12.6
	untouched(s, "a great one", f)
	f = s.finding("domain_flood", domain("peer1.example"), 90, 8, "10m")
	f.Severity = pipeline.SeverityCritical
	medium(s, "critical falls to medium at most", f, pipeline.ContextRecovery)
	s.crowded(2*time.Hour, 10)
	untouched(s, "after it", s.finding("domain_flood", domain("peer1.example"), 90, 8, "10m"))
}

// TestFloodInOurRecovery: who was never seen before the outage has nothing to come again with.
func TestFloodInOurRecovery(t *testing.T) {
	s := recovering(t)
	s.to(s.at.Add(30 * time.Minute))
	s.each(time.Minute, 60, func(int) pipeline.Event { return delivery("new.example", "a") })
	f := s.finding("domain_flood", domain("new.example"), 60, 0, "1m")
	surprise := 11.0
	f.Measure.Surprise = &surprise
	untouched(s, "a name first seen since", f)
	from := s.finding("ip_flood", ip(stranger(999)), 700, 0.1, "1m")
	untouched(s, "an address never seen", from)
}

// TestErrorsAreAnOutage: most requests answered 502 for two minutes; a minute of it is a deploy.
func TestErrorsAreAnOutage(t *testing.T) {
	for minutes, want := range map[int]pipeline.Severity{1: pipeline.SeverityHigh, 3: pipeline.SeverityLow} {
		s := recovering(t)
		s.each(time.Duration(minutes)*time.Minute, minutes*20, func(i int) pipeline.Event {
			e := delivery("peer1.example", "u")
			e.Status, e.Level = 502, pipeline.Claimed
			return e
		})
		s.crowded(2*time.Minute, 10)
		f := s.finding("domain_flood", domain("peer2.example"), 20, 8, "10m")
		s.r.Explain(&f)
		if f.Severity != want {
			t.Errorf("%d minutes of errors: got %v, want %v", minutes, f.Severity, want)
		}
	}
}

func TestPeerOutage(t *testing.T) {
	s := recovering(t)
	// peer1 has 288 deliveries a day, 12 in an hour; it is silent for six hours while the others go on
	silent := func(d time.Duration, stray bool) {
		s.each(d, int(d.Minutes()), func(i int) pipeline.Event {
			if stray && i == 100 {
				return claimed("peer1.example", "x", stranger(1)) // a forger must not shorten the silence
			}
			return delivery("peer2.example", "u")
		})
	}
	silent(6*time.Hour, true)
	s.each(10*time.Second, 60, func(i int) pipeline.Event { return delivery("peer1.example", "u") })
	flood := func(host string) pipeline.Finding {
		return s.finding("domain_flood", domain(host), 60, 0.1, "10s")
	}
	low(s, "the backlog", flood("peer1.example"), pipeline.ContextRecovery)
	jump := s.finding("actor_jump", pipeline.Entity{Type: pipeline.EntityActor, Value: "https://peer1.example/users/u"}, 60, 0.1, "10m")
	low(s, "its actor", jump, pipeline.ContextRecovery)
	untouched(s, "somebody who was not silent", flood("peer2.example"))
	untouched(s, "another detector", s.finding("new_actor_burst", domain("peer1.example"), 60, 0.1, "10m"))
	forged := flood("peer1.example")
	forged.Evidence.Part = pipeline.Claimed
	s.each(10*time.Second, 70, func(i int) pipeline.Event { return claimed("peer1.example", "x", stranger(i)) })
	untouched(s, "more claimed in its name than proven", forged)
	s.each(time.Minute, 400, func(i int) pipeline.Event { return delivery("peer1.example", "u") })
	untouched(s, "more than the silence left out", flood("peer1.example"))
}

// TestShortWindowHidesNothing: a flood of which each ten seconds are no more than all that was left out.
func TestShortWindowHidesNothing(t *testing.T) {
	s := recovering(t) // peer1 has 2 in ten minutes
	s.to(s.at.Add(2 * time.Hour))
	s.crowded(time.Minute, 60)
	s.each(10*time.Second, 20, func(i int) pipeline.Event { return delivery("peer1.example", "u") })
	flood := func() pipeline.Finding { return s.finding("domain_flood", domain("peer1.example"), 20, 0.033, "10s") }
	low(s, "ten seconds", flood(), pipeline.ContextRecovery)
	s.each(time.Minute, 120, func(i int) pipeline.Event { return delivery("peer1.example", "u") })
	untouched(s, "ten more", flood())
}

// TestSlowPeerIsNotSilent: who has come less often ever since a lively hour has no backlog.
func TestSlowPeerIsNotSilent(t *testing.T) {
	s := recovering(t)
	// peer1 has 12 in an hour, and then 4 of them for half a day: each of its gaps is as long as a silence
	for range 48 {
		s.each(15*time.Minute, 150, func(int) pipeline.Event { return delivery("peer2.example", "u") })
		s.send(delivery("peer1.example", "u"))
	}
	s.each(10*time.Second, 60, func(i int) pipeline.Event { return delivery("peer1.example", "u") })
	untouched(s, "a slow peer", s.finding("domain_flood", domain("peer1.example"), 60, 0.1, "10s"))
}
