package window

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestQuotaIsNotForEver shows that the actor who comes to a big peer later is seen too: he takes the place
// of one that has been quiet, and never that of one that is not.
func TestQuotaIsNotForEver(t *testing.T) {
	s := newSite(10_000)
	m := s.Metric(Actor, Inbox, Of(S10m, S24h))
	for i := range 300 {
		s.Observe(delivery(start, "big.example", fmt.Sprint("a", i), "", pipeline.Corroborated), nil)
	}
	late := start.Add(3 * time.Hour)
	for range 40 {
		s.Observe(delivery(late, "big.example", "a7", "", pipeline.Corroborated), nil)
	}
	e := delivery(late, "big.example", "newcomer", "", pipeline.Corroborated)
	s.Observe(e, nil)
	if e.Slots.Actor == 0 {
		t.Fatal("a newcomer has no slot while 255 of his siblings are quiet")
	}
	for i := range 2000 {
		s.Observe(delivery(late, "big.example", fmt.Sprint("invented", i), "", pipeline.Claimed), nil)
	}
	if slot := s.tables[Actor].find(s.hash("a7")); m.Sum(slot, Proven, S10m, late) != 40 {
		t.Error("invented names pushed out an actor who is busy")
	}
	parent := s.tables[Domain].find(s.hash("big.example"))
	if got := s.tables[Domain].record(parent).children(true); got != 256 || s.tables[Actor].used() != 512 {
		t.Errorf("actors: got %d and %d in the table, want the quota, 256 proven and as many claimed", got, s.tables[Actor].used())
	}
}

// TestEachSiblingIsLookedAt shows that whoever is quiet makes room, wherever in the table he stands.
func TestEachSiblingIsLookedAt(t *testing.T) {
	for quiet := range 64 {
		s := newSite(66)
		host := func(at pipeline.Time, name string) int32 {
			e := delivery(at, name+".farm.example", "", "", pipeline.Verified)
			e.Site = "farm.example"
			s.Observe(e, nil)
			return e.Slots.Domain
		}
		for i := range 2 {
			s.Observe(delivery(start, fmt.Sprintf("h%d.example", i), "", "", pipeline.Verified), nil)
		}
		late := start.Add(3 * time.Hour)
		for i := range 64 {
			host(start, fmt.Sprint("h", i))
		}
		for i := range 64 {
			if i != quiet {
				host(late, fmt.Sprint("h", i))
			}
		}
		got := int32(0)
		for range 10 {
			got = max(got, host(late, "new"))
		}
		if got == 0 {
			t.Errorf("a newcomer has no slot after ten sweeps while host %d is quiet", quiet)
		}
	}
}

// TestProofIsNoWayRoundTheQuota shows that a host whose actors are claimed first and proven then has no more of them.
func TestProofIsNoWayRoundTheQuota(t *testing.T) {
	s := newSite(10_000)
	s.Metric(Actor, Inbox, Of(S10m, S24h))
	for i := range 1000 {
		for _, level := range []pipeline.Attribution{pipeline.Claimed, pipeline.Corroborated} {
			s.Observe(delivery(start, "big.example", fmt.Sprint("a", i), "", level), nil)
		}
	}
	if got := s.tables[Actor].used(); got != 512 {
		t.Errorf("actors: got %d in the table, want the quota, 256 proven and as many claimed", got)
	}
}

// TestHostsBeyondTheQuotaBringNoActors shows that who has no more hosts has no more actors by inventing hosts.
func TestHostsBeyondTheQuotaBringNoActors(t *testing.T) {
	s := newSite(10_000)
	s.Metric(Actor, Inbox, Of(S10m, S24h))
	for i := range 1000 {
		e := delivery(start, fmt.Sprintf("h%d.farm.example", i), fmt.Sprint("a", i), "", pipeline.Claimed)
		e.Site = "farm.example"
		s.Observe(e, nil)
	}
	if got := s.tables[Actor].used(); got != 64 {
		t.Errorf("actors of a thousand hosts: got %d in the table, want 64, as many as hosts", got)
	}
}

// TestShieldEnds shows that a key which is gone for a month does not keep its place for ever.
func TestShieldEnds(t *testing.T) {
	s := newSite(10)
	for day := range 2 {
		for i := range 7 {
			s.Observe(delivery(start.Add(time.Duration(day)*24*time.Hour), fmt.Sprintf("h%d.example", i), "", "", pipeline.Verified), nil)
		}
	}
	late := start.Add(60 * 24 * time.Hour)
	for i := range 40 {
		s.Observe(delivery(late, fmt.Sprintf("n%d.example", i), "", "", pipeline.Verified), nil)
	}
	if got := s.tables[Domain].shielded[0]; got != 0 {
		t.Errorf("shielded a month after their last event: got %d, want 0", got)
	}
}

// TestPinnedKeysBarNobody shows that a table whose lightest keys are all pinned gives up the next ones, not the newcomers.
func TestPinnedKeysBarNobody(t *testing.T) {
	s := newSite(100)
	for i := range 100 {
		e := delivery(start, fmt.Sprintf("k%d.example", i), "", "", pipeline.Claimed)
		s.Observe(e, nil)
		if i < 20 {
			s.pin(Domain, e.Slots.Domain, start.Add(24*time.Hour))
			continue
		}
		for range 40 {
			s.Observe(delivery(start, fmt.Sprintf("k%d.example", i), "", "", pipeline.Verified), nil)
		}
	}
	for i := range 20 {
		e := delivery(start.Add(time.Minute), fmt.Sprintf("n%d.example", i), "", "", pipeline.Verified)
		if s.Observe(e, nil); e.Slots.Domain == 0 {
			t.Fatalf("newcomer %d has no slot while 80 keys are neither shielded nor pinned", i)
		}
	}
	for i := range 20 {
		if s.tables[Domain].find(s.hash(fmt.Sprintf("k%d.example", i))) == 0 {
			t.Errorf("key %d went although it is pinned", i)
		}
	}
}

// TestWeightFadesAsItsClassDoes shows that the heaviest key there can be leaves its class in the hour in which the list does.
func TestWeightFadesAsItsClassDoes(t *testing.T) {
	s := newSite(100)
	e := delivery(start, "heavy.example", "", "", pipeline.Claimed)
	s.Observe(e, nil)
	tab := s.tables[Domain]
	tab.record(e.Slots.Domain)[recWeight] = 1<<31 - 1
	for range 2 {
		s.Observe(delivery(start, "heavy.example", "", "", pipeline.Claimed), nil)
	}
	for hours := range 40 {
		tab.ranks.turn(epochOf(uint32(start/pipeline.Second))+uint32(hours), &tab.keys)
		if class := tab.record(e.Slots.Domain).class(tab.ranks.epoch); tab.ranks.heads[class] != e.Slots.Domain {
			t.Fatalf("after %d hours: the key is not in the list of its class, %d", hours, class)
		}
	}
}

// TestNetworkOfAParent restores a network that has a parent, of which no log and no table knows, and lets it be replaced.
func TestNetworkOfAParent(t *testing.T) {
	network := func() *Space {
		o := Options{Space: pipeline.SpaceNetwork, Secret: testSecret}
		o.Keys[IP], o.Keys[Prefix] = 4, 4
		s := NewSpace(o)
		s.Metric(Prefix, Dynamic, Of(S10s))
		return s
	}
	visit := func(s *Space, at pipeline.Time, n int) {
		for i := range 9 * n {
			addr := netip.AddrFrom4([4]byte{198, 51, byte(i / 9), 1})
			s.Observe(&pipeline.Event{Time: at, Kind: pipeline.KindRequest, Endpoint: pipeline.EndpointTimeline, IP: addr, Counts: pipeline.CountsAddress}, nil)
		}
	}
	s := network()
	visit(s, start, 1)
	s.tables[Prefix].record(1).setParent(1 << 63)
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	s = network()
	if err := s.Restore(&b); err != nil {
		t.Fatal(err)
	}
	if visit(s, start.Add(time.Hour), 20); s.Evictions() == 0 {
		t.Error("nothing was replaced")
	}
}

// TestFirstMinute shows that a doorkeeper counts in the first minute of 1970, too, where a clock that was never set begins.
func TestFirstMinute(t *testing.T) {
	s := newSite(4)
	m := s.Metric(Domain, Inbox, Of(S10s))
	for i := range 4 {
		s.Observe(delivery(pipeline.Second, fmt.Sprintf("k%d.example", i), "", "", pipeline.Verified), nil)
	}
	var e *pipeline.Event
	for range admitAt {
		e = delivery(2*pipeline.Second, "late.example", "", "", pipeline.Claimed)
		s.Observe(e, nil)
	}
	if got := m.Sum(e.Slots.Domain, ClaimedPart, S10s, e.Time); got != admitAt {
		t.Errorf("got %d, want %d", got, admitAt)
	}
}

// TestPinsKeepNobodyOut fills a table with keys that all have an open incident: a newcomer gets in with its eighth
// event nevertheless, and what went for it is told.
func TestPinsKeepNobodyOut(t *testing.T) {
	s := newSite(100)
	m := s.Metric(Site, Inbox, DomainScales)
	for i := range 100 {
		for range 55 {
			e := delivery(start, fmt.Sprintf("forged%d.example", i), "", "", pipeline.Claimed)
			s.Observe(e, nil)
			s.pin(Site, e.Slots.Site, start.Add(time.Hour))
		}
	}
	var e *pipeline.Event
	for range 8 {
		e = delivery(start.Add(time.Minute), "busy.example", "", "", pipeline.Claimed)
		s.Observe(e, nil)
	}
	if got := m.Sum(e.Slots.Site, ClaimedPart, S10s, e.Time); got != 8 {
		t.Errorf("got %d of a newcomer's eight events", got)
	}
	if p := s.Pressures(e.Time); len(p) == 0 || p[0].Lost == 0 || p[0].Floor < 55 {
		t.Errorf("got %+v, want a lost key of 55 events told", p)
	}
}

// TestOwnHostHasNoQuota lets a forger invent 64 hosts of a site: the one that is named as the site still gets in.
func TestOwnHostHasNoQuota(t *testing.T) {
	s := newSite(1000)
	m := s.Metric(Domain, Inbox, DomainScales)
	for i := range 64 {
		e := delivery(start, fmt.Sprintf("h%d.big.example", i), "", "", pipeline.Claimed)
		e.Site = "big.example"
		s.Observe(e, nil)
	}
	e := delivery(start, "big.example", "", "", pipeline.Claimed)
	s.Observe(e, nil)
	if got := m.Sum(e.Slots.Domain, ClaimedPart, S10s, start); got != 1 {
		t.Errorf("got %d events of the site's own host, want 1", got)
	}
}

// TestDoorCreditsMinutes lets a key knock seven times at the end of a minute: what came then is not in the ten
// seconds of the eighth event, half a minute later, and is in that minute's window.
func TestDoorCreditsMinutes(t *testing.T) {
	s := newSite(10)
	m := s.Metric(Site, Inbox, DomainScales)
	for i := range 5 {
		s.Observe(delivery(start, fmt.Sprintf("h%d.example", i), "", "", pipeline.Claimed), nil)
	}
	late := start.Add(50 * time.Second)
	for range 7 {
		s.Observe(delivery(late, "late.example", "", "", pipeline.Claimed), nil)
	}
	e := delivery(late.Add(40*time.Second), "late.example", "", "", pipeline.Claimed)
	s.Observe(e, nil)
	if got := m.Sum(e.Slots.Site, ClaimedPart, S10s, e.Time); got != 1 {
		t.Errorf("ten seconds: got %d, want 1", got)
	}
	if got := m.Sum(e.Slots.Site, ClaimedPart, S1m, e.Time); got != 8 {
		t.Errorf("a minute: got %d, want 8", got)
	}
}
