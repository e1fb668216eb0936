package benign_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

func TestCrawler(t *testing.T) {
	lists := []benign.CrawlerList{{Name: "a", Networks: []netip.Prefix{netip.MustParsePrefix("66.249.64.0/19"), netip.MustParsePrefix("66.249.66.0/24"),
		netip.MustParsePrefix("2001:4860:4801::/48"), netip.MustParsePrefix("192.0.2.7/32")}}}
	s := newServer(t, func(*server) pipeline.Recogniser { return benign.NewCrawler(lists) })
	about := func(e pipeline.Entity) pipeline.Finding { return s.finding("ip_flood", e, 700, 10, "1m") }
	for addr, in := range map[string]bool{"66.249.64.0": true, "66.249.95.255": true, "66.249.96.0": false, "66.249.63.255": false,
		"192.0.2.7": true, "192.0.2.8": false, "2001:4860:4801::1": true, "2001:4860:4802::1": false, "::ffff:66.249.66.1": true} {
		f := about(ip(netip.MustParseAddr(addr)))
		if s.r.Explain(&f); (f.Severity == pipeline.SeverityLow) != in {
			t.Errorf("%s: got %v", addr, f.Severity)
		}
	}
	network := func(p string) pipeline.Finding { return about(pipeline.Entity{Type: pipeline.EntityPrefix, Value: p}) }
	low(s, "a network within", network("66.249.80.0/24"), pipeline.ContextCrawler)
	untouched(s, "a network around", network("66.249.64.0/18"))
	untouched(s, "nonsense", network("66.249.64.0/99"))
	untouched(s, "another detector", s.finding("fail_then_success", ip(netip.MustParseAddr("66.249.66.1")), 7, 0, "30m"))

	surge := func() pipeline.Finding { return s.finding("distributed_surge", everything(), 900, 100, "10m") }
	read := func(share int) {
		s.each(10*time.Minute, 1000, func(i int) pipeline.Event {
			from := netip.MustParseAddr("66.249.66.1")
			if i%100 >= share {
				from = stranger(i)
			}
			e := get(fmt.Sprint("/@a/", i), from)
			e.UserAgent = "Googlebot/2.1"
			return e
		})
	}
	read(49)
	untouched(s, "a surge of which less than half is theirs", surge())
	s.to(s.at.Add(time.Hour))
	read(51)
	low(s, "a surge of theirs", surge(), pipeline.ContextCrawler)
	s.to(s.at.Add(time.Hour))
	untouched(s, "when nothing is read", surge())
}

func TestMaintenanceWindows(t *testing.T) {
	windows := []benign.Window{{Start: 23 * time.Hour, End: time.Hour},
		{From: start.Add(40 * time.Hour), To: start.Add(41 * time.Hour), Detectors: []string{"domain_flood"}}}
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewMaintenance(windows, s.instance) })
	backlog := func() pipeline.Finding {
		return s.finding("queue_backlog", pipeline.Entity{Type: pipeline.EntityQueue, Value: "default"}, 9, 0, "5m")
	}
	low(s, "after midnight", backlog(), pipeline.ContextMaintenance)
	untouched(s, "what was not named", s.finding("domain_flood", domain("a.example"), 9, 0, "5m"))
	s.to(start.Add(time.Hour))
	untouched(s, "after it", backlog())
	s.to(start.Add(47 * time.Hour))
	low(s, "before midnight", backlog(), pipeline.ContextMaintenance)

	s = newServer(t, func(s *server) pipeline.Recogniser { return benign.NewMaintenance(windows, s.instance) })
	s.to(start.Add(40 * time.Hour))
	low(s, "what was named", s.finding("domain_flood", domain("a.example"), 9, 0, "5m"), pipeline.ContextMaintenance)
	untouched(s, "only that", backlog())
	s.to(start.Add(41 * time.Hour))
	untouched(s, "after it", s.finding("domain_flood", domain("a.example"), 9, 0, "5m"))
}

func TestDeploy(t *testing.T) {
	s := newServer(t, func(s *server) pipeline.Recogniser { return benign.NewMaintenance(nil, s.instance) })
	work := func(d time.Duration, version, threads, anew int) {
		s.each(d, int(d.Seconds()), func(i int) pipeline.Event {
			v := version
			if i%10 < anew {
				v += 1000
			}
			return pipeline.Event{Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, JobState: pipeline.JobStart, JobClass: "A",
				PID: fmt.Sprint(v), TID: fmt.Sprint("t", i%threads)}
		})
	}
	failures := func() pipeline.Finding {
		return s.finding("job_failures", pipeline.Entity{Type: pipeline.EntityJobClass, Value: "A"}, 9, 0, "10m")
	}
	work(10*time.Minute, 1, 25, 0)
	untouched(s, "the first that is known", failures())
	work(2*time.Hour, 1, 25, 0)
	untouched(s, "no deploy", failures())
	work(3*time.Minute, 1, 25, 3)
	untouched(s, "one process of some", failures())
	work(time.Hour, 1, 25, 3)
	work(time.Minute, 2, 25, 0)
	low(s, "a deploy", failures(), pipeline.ContextMaintenance)
	untouched(s, "another detector", s.finding("domain_flood", domain("a.example"), 9, 0, "5m"))
	work(15*time.Minute, 2, 25, 0)
	untouched(s, "it took too long", failures())
	for v := range 10 { // a Sidekiq that crashes every five minutes
		work(5*time.Minute, 10+v, 25, 0)
		untouched(s, "a crash", failures())
	}
	work(2*time.Hour, 19, 25, 0)
	work(time.Minute, 50, 25, 0)
	low(s, "the next deploy", failures(), pipeline.ContextMaintenance)
}
