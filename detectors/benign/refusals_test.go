package benign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

// refused is a delivery that is answered 401.
func refused(host, actor string, i int, own bool) pipeline.Event {
	e := claimed(host, actor, addressOf(host))
	if !own {
		e.IP = addressOf("stranger.example")
	}
	e.Status = 401
	return e
}

func (s *server) badSignatures(host string) pipeline.Finding {
	f := s.finding("signature_failures", ip(addressOf(host)), 20, 0, "10m")
	f.Severity = pipeline.SeverityMedium
	f.Evidence.Part = pipeline.IPOnly
	f.Related.Domains = []string{"peer1.example"}
	return f
}

func TestKeyRotation(t *testing.T) {
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewKeyRotation(s.site) })
	s.crowded(time.Hour, 10)
	s.each(time.Minute, 10, func(i int) pipeline.Event { return refused("peer1.example", "u1", i, true) })
	low(s, "its own address", s.badSignatures("peer1.example"), pipeline.ContextKeyRotation)
	s.each(time.Minute, 2, func(i int) pipeline.Event {
		e := refused("peer2.example", "u1", i, true)
		e.IP = addressOf("peer1.example")
		return e
	})
	untouched(s, "somebody else's names too", s.badSignatures("peer1.example"))
	s.each(time.Minute, 30, func(i int) pipeline.Event { return refused("peer1.example", "u1", i, false) })
	untouched(s, "a stranger's address", s.badSignatures("stranger.example"))
	untouched(s, "an address that was not refused", s.badSignatures("peer3.example"))
	s.to(s.at.Add(time.Hour))
	s.each(24*time.Hour, 24*60, func(i int) pipeline.Event { return refused("peer1.example", "u1", i, true) })
	low(s, "for a day", s.badSignatures("peer1.example"), pipeline.ContextKeyRotation)
	s.each(20*time.Minute, 20, func(i int) pipeline.Event { return refused("peer1.example", "u1", i, true) })
	untouched(s, "for more than a day", s.badSignatures("peer1.example"))
}

func storming(t *testing.T) *server {
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewDeleteStorm(s.site) })
	s.each(25*time.Hour, 25*600, func(i int) pipeline.Event {
		if i%2 == 0 {
			return delivery(fmt.Sprintf("peer%d.example", i/2%50), "u")
		}
		return read()
	})
	return s
}

// read is the job of a delivery.
func read() pipeline.Event {
	return pipeline.Event{Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, JobClass: "ActivityPub::ProcessingWorker", JobState: pipeline.JobStart}
}

func (s *server) claimedFlood(detector, host string, value, threshold float64, w string) pipeline.Finding {
	f := s.finding(detector, domain(host), value, 0, w)
	f.Measure.Threshold = threshold
	f.Evidence.Part = pipeline.Claimed
	return f
}

// verdicts sends n Deletes in the host's name, of which nginx knows the address and Rails that nobody signed.
func (s *server) verdicts(d time.Duration, n int, host string, own bool) {
	s.each(d, 2*n, func(i int) pipeline.Event {
		e := delivery(host, fmt.Sprint("gone", i/2))
		if !own {
			e.IP = stranger(i)
		}
		e.Level = pipeline.Claimed
		if i%2 == 1 {
			e.Format, e.Verified = pipeline.FormatRails, pipeline.VerdictNo
			e.IP = stranger(0)
		}
		return e
	})
}

func TestUnreadByVerdict(t *testing.T) {
	s := storming(t)
	s.each(time.Minute, 10, func(int) pipeline.Event { // Rails is there, and is the witness of names
		e := delivery("peer2.example", "u")
		e.Format, e.Verified = pipeline.FormatRails, pipeline.VerdictYes
		return e
	})
	s.verdicts(5*time.Minute, 15, "peer1.example", true)
	untouched(s, "too few", s.claimedFlood("domain_flood", "peer1.example", 400, 400, "10m"))
	s.verdicts(5*time.Minute, 400, "peer1.example", true)
	low(s, "unread", s.claimedFlood("domain_flood", "peer1.example", 400, 400, "10m"), pipeline.ContextDeleteStorm)
	medium(s, "too fast", s.claimedFlood("domain_flood", "peer1.example", 111, 50, "10s"), pipeline.ContextDeleteStorm)
	proven := s.claimedFlood("new_actor_burst", "peer1.example", 15, 15, "10m")
	proven.Evidence.Part = pipeline.Verified
	untouched(s, "what was signed", proven)
	untouched(s, "another site", s.claimedFlood("domain_flood", "peer2.example", 400, 400, "10m"))
	s.verdicts(5*time.Minute, 400, "peer3.example", false)
	untouched(s, "forged from elsewhere", s.claimedFlood("domain_flood", "peer3.example", 400, 400, "10m"))
}

func TestUnreadByJobs(t *testing.T) {
	s := storming(t)
	storm := func(host string, jobs int) { // ten minutes: the usual, and 600 of one host, of which so many jobs come
		s.each(11*time.Minute, 900, func(i int) pipeline.Event {
			switch {
			case i%9 == 0:
				return delivery(fmt.Sprintf("peer%d.example", i/9%50), "u")
			case i%9 == 1 || i%9 < 2+jobs:
				return read()
			}
			return delivery(host, fmt.Sprint("gone", i))
		})
	}
	flood := func(host string) pipeline.Finding {
		f := s.claimedFlood("domain_flood", host, 540, 400, "10m")
		f.Evidence.Part = pipeline.Corroborated
		return f
	}
	storm("peer1.example", 0)
	low(s, "without jobs", flood("peer1.example"), pipeline.ContextDeleteStorm)
	untouched(s, "who did not send them", flood("peer2.example"))
	s.to(s.at.Add(30 * time.Minute))
	storm("peer1.example", 4)
	untouched(s, "with jobs", flood("peer1.example"))
	s.to(s.at.Add(30 * time.Minute))
	s.each(11*time.Minute, 900, func(i int) pipeline.Event { return delivery("peer1.example", fmt.Sprint("spam", i)) })
	untouched(s, "while the queue stands still", flood("peer1.example"))
}

// TestForgedDeletesHideNothing: who forges Deletes from elsewhere, beside what he sends, makes no job missing.
func TestForgedDeletesHideNothing(t *testing.T) {
	s := storming(t)
	s.each(11*time.Minute, 1500, func(i int) pipeline.Event {
		switch i % 3 {
		case 0:
			return read()
		case 1:
			return delivery("peer1.example", fmt.Sprint("spam", i))
		}
		return claimed("victim.example", fmt.Sprint("gone", i), stranger(i))
	})
	f := s.claimedFlood("domain_flood", "peer1.example", 500, 400, "10m")
	f.Evidence.Part = pipeline.Corroborated
	untouched(s, "a flood beside forged Deletes", f)
}

func TestRefusedStorm(t *testing.T) {
	s := storming(t)
	s.each(time.Minute, 30, func(i int) pipeline.Event { return refused("peer1.example", fmt.Sprint("gone", i), i, true) })
	low(s, "its own address, many actors", s.badSignatures("peer1.example"), pipeline.ContextDeleteStorm)
	s.each(time.Minute, 30, func(i int) pipeline.Event { return refused("peer1.example", fmt.Sprint("gone", i), i, false) })
	untouched(s, "a stranger's", s.badSignatures("stranger.example"))
}
