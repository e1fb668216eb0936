package engine_test

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// guess returns the finding that an address guesses logins.
func guess(sec float64, addr string) pipeline.Finding {
	f := by("guess", about(addr, sec))
	f.Key.Type = pipeline.EntityIP
	f.Summary = "guessing from %s"
	f.Evidence.Samples = []pipeline.Sample{{Source: pipeline.FormatRails, At: pipeline.Stamp{Time: at(sec)}, Line: addr}}
	return f
}

func TestAddressesOfOneNetwork(t *testing.T) {
	s := newStage(t)
	s.find(1, guess(1, "203.0.113.7"))
	s.find(2, guess(2, "203.0.113.8"))
	s.find(3, guess(3, "198.51.100.9"))
	s.restart()
	f := guess(500, "203.0.113.9")
	s.find(60, guess(60, "203.0.113.7"), guess(60, "203.0.113.8"))
	s.find(120, guess(120, "203.0.113.7"), guess(120, "203.0.113.8"))
	f.Until = at(130)
	diff(t, s.find(122, f), []string{
		"122 firing#1 medium prefix:203.0.113.0/24 ip_only",
		"122 updated#2 medium ip:203.0.113.7 ip_only",
		"122 updated#2 medium ip:203.0.113.8 ip_only",
		"122 firing#1 medium ip:203.0.113.9 ip_only",
	})
	c := s.e.Open()[2]
	diff(t, c.Summary, "Login guessing: 3 addresses of 203.0.113.0/24")
	diff(t, c.Threat, pipeline.ThreatTakeover)
	diff(t, secs(c.StartsAt.Time), "1")
	diff(t, c.Measure, pipeline.Measure{Name: "alerts", Value: 3, Threshold: 3, Window: "10m"})
	diff(t, c.Evidence.Total, 30)
	diff(t, len(c.Evidence.Samples), 3)
	diff(t, c.Related.IPs, []string{"203.0.113.7", "203.0.113.8", "203.0.113.9"})
	diff(t, c.Suggestions[0].Text, "block 203.0.113.0/24")
	s.restart()
	more := guess(123, "203.0.113.10")
	more.Severity = pipeline.SeverityHigh
	diff(t, s.find(123, more), []string{"123 firing#1 high ip:203.0.113.10 ip_only", "123 updated#2 high prefix:203.0.113.0/24 ip_only"})
	s.restart()
	got := s.at(1000)
	diff(t, got[len(got)-1], "193 resolved#3 high prefix:203.0.113.0/24 ip_only") // the second in which its last member ends
	diff(t, s.last().Summary, "Login guessing: 4 addresses of 203.0.113.0/24")
	diff(t, s.last().Evidence.Total, 40)
	diff(t, len(s.e.Open()), 0)
}

func TestNetworksOfIPv6(t *testing.T) {
	s := newStage(t)
	for i := range 3 {
		f := guess(1, fmt.Sprintf("2001:db8:1:%d::/64", i))
		f.Key.Type = pipeline.EntityPrefix
		s.find(float64(i), f)
	}
	diff(t, s.alerts[2].Entity.Value, "2001:db8:1::/48")
	diff(t, s.alerts[2].Summary, "Login guessing: 3 networks of 2001:db8:1::/48")
}

func TestHostsOfOneSite(t *testing.T) {
	s := newStage(t)
	s.levels["a.x.example"], s.levels["b.x.example"] = pipeline.Verified, pipeline.Verified
	s.proves("c.x.example")
	s.find(1, about("a.x.example", 1), about("b.x.example", 1), about("d.x.example", 1)) // the last is claimed
	diff(t, s.find(2, about("c.x.example", 2))[0], "2 firing#1 medium site:x.example corroborated")
	diff(t, s.e.Open()[3].Summary, "flood: 3 hosts of x.example")
}

// Actors of one server do not make it the culprit; from five on they are told as one.
func TestActorsOfOneServer(t *testing.T) {
	s := newStage(t)
	for i := range 12 {
		f := about(fmt.Sprintf("https://big.example/u/%d", i), 1)
		f.Key.Type = pipeline.EntityActor
		s.proves(f.Key.Value)
		s.find(float64(i), f)
	}
	diff(t, len(s.members()), 12)
	c := s.alerts[4]
	diff(t, short(c), "4 firing#1 medium instance:social.example")
	diff(t, c.Summary, "flood: 5 actors at about the same time")
}

func TestCrowd(t *testing.T) {
	s := newStage(t)
	addr := func(i int) string { return fmt.Sprintf("192.0.%d.1", i) }
	for i := range 4 {
		s.find(float64(i), guess(float64(i), addr(i)))
	}
	diff(t, s.members(), nil)
	low := guess(10, addr(10))
	low.Severity = pipeline.SeverityLow
	s.find(10, low)
	diff(t, s.members(), nil)
	low.Severity = pipeline.SeverityMedium // now it is told
	low.Until = at(400)
	diff(t, s.find(11, low)[0], "11 firing#1 medium instance:social.example")
	diff(t, len(s.members()), 5)
	diff(t, s.e.Open()[5].Suggestions[0].Kind, "mastodon.two_factor") // what is done to an address is done to no server
	worse := guess(12, addr(12))
	worse.Severity = pipeline.SeverityHigh
	worse.Until = at(400)
	s.find(12, worse)
	diff(t, s.last().Campaign, nil)
	s.find(13, guess(13, addr(13)))
	diff(t, len(s.members()), 6)
	s.find(399, low, worse, guess(399, addr(14)))
	diff(t, len(s.members()), 12) // five ended
	diff(t, secs(s.last().At.Time), "399")
	low.Until, worse.Until = at(2000), at(2000)
	s.find(450, low, worse)
	s.find(1000, guess(1000, addr(15))) // more than ten minutes after the last
	diff(t, s.last().Campaign, nil)
}

// TestCrowdOfNetworks counts a group that is narrower as one: many networks of three addresses are a crowd too.
func TestCrowdOfNetworks(t *testing.T) {
	s := newStage(t)
	told := 0
	for i := range 30 {
		for j := range 3 {
			s.find(float64(3*i+j), guess(200, fmt.Sprintf("192.0.%d.%d", i, j)))
		}
	}
	for _, a := range s.alerts {
		if a.Campaign == nil {
			told++
		}
	}
	diff(t, told, 3*3+1+1+1) // three networks, one more address, the instance, and that at ten times the size
}

func TestSwelling(t *testing.T) {
	s := newStage(t)
	var got []string
	for i := range 40 {
		for _, text := range s.find(float64(i), guess(100, fmt.Sprintf("203.0.113.%d", i))) {
			if s.last().Campaign == nil || len(got) == 0 {
				got = append(got, text)
			}
		}
	}
	diff(t, got[len(got)-1], "29 updated#2 medium prefix:203.0.113.0/24 ip_only")
}

// An alert on the network speaks for those on its addresses, whichever was first.
func TestAlertOnTheNetwork(t *testing.T) {
	s := newStage(t)
	f := guess(2, "203.0.113.0/24")
	f.Key.Type = pipeline.EntityPrefix
	before := guess(1, "203.0.113.1")
	before.Severity = pipeline.SeverityHigh
	s.find(1, before)
	diff(t, s.find(2, f), []string{"2 firing#1 high prefix:203.0.113.0/24 ip_only", "2 updated#2 high ip:203.0.113.1 ip_only"})
	diff(t, s.e.Open()[1].Related.IPs, []string{"203.0.113.1"})
	s.restart()
	diff(t, s.find(3, guess(3, "203.0.113.2"), guess(3, "203.0.114.1")), []string{
		"3 firing#1 medium ip:203.0.113.2 ip_only", "3 firing#1 medium ip:203.0.114.1 ip_only",
	})
	diff(t, len(s.members()), 2)
	s.find(60, guess(60, "203.0.113.2"))
	s.at(129)
	diff(t, len(s.e.Open()), 2) // its own fact is false since 72
	diff(t, s.at(130), []string{"130 resolved#2 medium ip:203.0.113.2 ip_only", "130 resolved#2 high prefix:203.0.113.0/24 ip_only"})
	diff(t, s.last().Summary, "guessing from 203.0.113.0/24")
	diff(t, s.last().Related.Counts.IPs, 2)
}

// TestAlertOnTheServer becomes the campaign of a crowd, and says so once.
func TestAlertOnTheServer(t *testing.T) {
	s := newStage(t)
	f := guess(1, "")
	f.Key = pipeline.Entity{Type: pipeline.EntityInstance}
	s.find(1, f)
	for i := range 12 {
		s.find(float64(2+i), guess(2, fmt.Sprintf("192.0.%d.1", i)))
	}
	diff(t, len(s.members()), 12)
	diff(t, short(s.alerts[5]), "6 updated#2 medium instance:social.example")
	diff(t, s.alerts[5].Summary, "guessing from social.example")
	diff(t, s.alerts[5].Related.Counts.IPs, 5)
}

// TestOwnFactOfGroup lets the detector find the network too: it says nothing new until it is worse.
func TestOwnFactOfGroup(t *testing.T) {
	s := newStage(t)
	s.find(1, guess(1, "203.0.113.1"), guess(1, "203.0.113.2"), guess(1, "203.0.113.3"))
	f := guess(20, "203.0.113.0/24")
	f.Key.Type = pipeline.EntityPrefix
	diff(t, s.find(20, f), nil)
	s.find(21, guess(21, "203.0.113.4"))
	s.at(89)
	s.at(91)
	diff(t, s.last().Summary, "Login guessing: 4 addresses of 203.0.113.0/24")
	diff(t, secs(s.last().At.Time), "91")
	diff(t, len(s.e.Open()), 0)

	s = newStage(t)
	s.find(1, guess(1, "203.0.113.1"), guess(1, "203.0.113.2"), guess(1, "203.0.113.3"))
	f.Severity = pipeline.SeverityHigh
	diff(t, s.find(20, f), []string{"20 updated#2 high prefix:203.0.113.0/24 ip_only"})
	diff(t, s.last().Related.Counts.IPs, 3)
	s.at(100)
	diff(t, s.last().Summary, "guessing from 203.0.113.0/24")
}

func TestRefutedMemberLeaves(t *testing.T) {
	s := newStage(t)
	names := []string{"a.x.example", "b.x.example", "c.x.example"}
	s.proves(names...)
	for _, n := range names {
		s.find(1, about(n, 1, "192.0.2.1"))
	}
	for _, n := range names {
		f := about(n, 1, "192.0.2.1")
		f.Evidence.Refuted = true
		s.find(2.5, f)
	}
	diff(t, s.at(3), []string{"3 resolved#2 medium site:x.example corroborated"})
	diff(t, short(s.e.Open()[0]), "2.5 firing#1 medium ip:192.0.2.1 ip_only")
}
