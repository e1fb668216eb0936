package window

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

var testSecret = pipeline.Secret([]byte("0123456789abcdef"))

// start is a whole hour, so that windows begin where tests say.
const start = pipeline.Time(1_795_003_200) * pipeline.Second

func newSite(keys int) *Space {
	return NewSpace(Options{Space: pipeline.SpaceSite, Secret: testSecret, Keys: [numTables]int{keys, keys, keys}})
}

// delivery returns a delivery that names host and actor.
func delivery(at pipeline.Time, host, actor, addr string, level pipeline.Attribution) *pipeline.Event {
	e := &pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointInbox, Status: 202, Domain: pipeline.Domain(host), Site: pipeline.Site(host),
		Actor: pipeline.Actor(actor), Level: level, Counts: pipeline.CountsAddress | pipeline.CountsDomain}
	if addr != "" {
		e.IP = netip.MustParseAddr(addr)
	}
	return e
}

// TestPartsApart shows that what is proven and what is claimed of one name never add up.
func TestPartsApart(t *testing.T) {
	s := newSite(10)
	s.Addresses(Domain)
	m := s.Metric(Domain, Inbox, DomainScales)
	var e *pipeline.Event
	for i := range 30 {
		e = delivery(start.Add(time.Duration(i)*time.Second), "big.example", "", "192.0.2.1", pipeline.Corroborated)
		s.Observe(e, nil)
	}
	for range 7 {
		e = delivery(e.Time, "big.example", "", "203.0.113.66", pipeline.Claimed)
		s.Observe(e, nil)
	}
	if got := m.Sum(e.Slots.Domain, Proven, S1m, e.Time); got != 30 {
		t.Errorf("proven: got %d, want 30", got)
	}
	if got := m.Sum(e.Slots.Domain, ClaimedPart, S1m, e.Time); got != 7 {
		t.Errorf("claimed: got %d, want 7", got)
	}
	shares := s.Shares(Domain, e.Slots.Domain, 7)
	if len(shares) != 1 || shares[0].Addr.String() != "203.0.113.66" || shares[0].Count != 7 {
		t.Errorf("addresses of the claimed part: got %v, want 203.0.113.66 with 7", shares)
	}
	if got := m.Level(e.Slots.Domain, Proven, S1m, e.Time); got != pipeline.Corroborated {
		t.Errorf("level of the proven part: got %v, want corroborated", got)
	}
}

// TestInventedKeysPushNothingReal floods a small table with invented names, three events each and ten each:
// keys that keep coming, and keys proven on two days, stay.
func TestInventedKeysPushNothingReal(t *testing.T) {
	s := newSite(500)
	m := s.Metric(Domain, Inbox, DomainScales)
	for day := range 2 {
		s.Observe(delivery(start.Add(time.Duration(day)*24*time.Hour), "honest.example", "", "192.0.2.1", pipeline.Verified), nil)
	}
	now := start.Add(49 * time.Hour)
	for i := range 50_000 {
		at := now.Add(time.Duration(i) * time.Millisecond)
		host := fmt.Sprintf("x%d.invented.example", i/3)
		if i%2 == 0 {
			host = fmt.Sprintf("y%d.invented.example", i/20)
		}
		s.Observe(delivery(at, host, "", "203.0.113.9", pipeline.Claimed), nil)
		if i%100 == 0 {
			s.Observe(delivery(at, "busy.example", "", "198.51.100.7", pipeline.Claimed), nil)
		}
	}
	if got := s.tables[Domain].used(); got > 500 {
		t.Errorf("keys: got %d, want at most 500", got)
	}
	if s.tables[Domain].find(s.hash("honest.example")) == 0 {
		t.Error("a key proven on two days was pushed out")
	}
	busy := s.tables[Domain].find(s.hash("busy.example"))
	if got := m.Seen(busy, ClaimedPart); got < 490 {
		t.Errorf("busy.example: got %d of 500 events, want nearly all", got)
	}
	if s.Evictions() == 0 {
		t.Error("no eviction was counted")
	}
}

// TestQuota shows that a site's invented sub-domains beyond its quota count for the site only.
func TestQuota(t *testing.T) {
	s := newSite(10_000)
	sites := s.Metric(Site, Inbox, DomainScales)
	var slot int32
	for i := range 1000 {
		e := delivery(start, fmt.Sprintf("h%d.farm.example", i), "", "203.0.113.9", pipeline.Claimed)
		e.Site = "farm.example"
		s.Observe(e, nil)
		slot = e.Slots.Site
	}
	if got := s.tables[Domain].used(); got != 64 {
		t.Errorf("domains: got %d, want the quota, 64", got)
	}
	if got := sites.Sum(slot, ClaimedPart, S10s, start); got != 1000 {
		t.Errorf("site: got %d, want 1000", got)
	}
}

// TestDistinctAgainstOracle holds the distinct count against a map: exact up to eight, close beyond.
func TestDistinctAgainstOracle(t *testing.T) {
	for _, n := range []int{1, 5, 8, 9, 20, 60, 300, 2000} {
		s := newSite(10)
		d := s.Distinct(Actor, Targets, S10m)
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		var e *pipeline.Event
		for i := range 3 * n {
			e = delivery(start.Add(time.Duration(i)*100*time.Millisecond), "a.example", "https://a.example/u", "", pipeline.Claimed)
			e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, fmt.Sprint("user", i%n)
			if i >= n {
				e.LocalUser = fmt.Sprint("user", rng.IntN(n))
			}
			s.Observe(e, nil)
		}
		got, exact := d.Count(e.Slots.Actor, ClaimedPart, e.Time)
		if exact != (n <= 8) {
			t.Errorf("n=%d: exact is %v", n, exact)
		}
		low, high := float64(n)*0.78-1, float64(n)*1.12
		if exact {
			low, high = float64(n), float64(n)
		}
		if float64(got) < low || float64(got) > high {
			t.Errorf("n=%d: got %d, want %.0f to %.0f", n, got, low, high)
		}
		if got, _ := d.Count(e.Slots.Actor, ClaimedPart, e.Time.Add(time.Hour)); got != 0 {
			t.Errorf("n=%d, an hour later: got %d, want 0", n, got)
		}
	}
}

// TestNewActors counts an actor as new once in a generation, in each part by itself.
func TestNewActors(t *testing.T) {
	s := newSite(1000)
	m := s.Metric(Site, NewActors, Of(S10m, S1h, S24h))
	var slot int32
	for round := range 3 {
		for i := range 200 {
			e := delivery(start.Add(time.Duration(round)*time.Minute), "a.example", fmt.Sprintf("https://a.example/u/%d", i), "", pipeline.Verified)
			s.Observe(e, nil)
			slot = e.Slots.Site
		}
	}
	now := start.Add(2 * time.Minute)
	if got := m.Sum(slot, Proven, S1h, now); got < 196 || got > 200 {
		t.Errorf("new actors: got %d, want about 200, never more", got)
	}
	if got := m.Sum(slot, ClaimedPart, S1h, now); got != 0 {
		t.Errorf("claimed new actors: got %d, want 0", got)
	}
}

// TestNewDomains counts each host below a site once in each part, also those beyond the site's quota, which have no place
// of their own, and never the host that is named as the site.
func TestNewDomains(t *testing.T) {
	s := newSite(1000)
	m := s.Metric(Site, NewDomains, Of(S10m, S1h, S24h))
	var slot int32
	for round := range 3 {
		for i := range 200 {
			for _, host := range []string{fmt.Sprintf("h%d.a.example", i), "a.example"} {
				e := delivery(start.Add(time.Duration(round)*time.Minute), host, "", "", pipeline.Verified)
				e.Site = "a.example"
				s.Observe(e, nil)
				slot = e.Slots.Site
			}
		}
	}
	now := start.Add(2 * time.Minute)
	if got := m.Sum(slot, Proven, S1h, now); got < 196 || got > 200 {
		t.Errorf("new hosts: got %d, want about 200, never more", got)
	}
	if proven, since := s.Children(Site, slot); proven == 0 || since != start.Floor() {
		t.Errorf("children: got %d since %s", proven, since)
	}
}

// TestSnapshotRestores replays half, saves, restores and replays the rest: the result is byte for byte
// that of one run.
func TestSnapshotRestores(t *testing.T) {
	build := func() *Space {
		s := newSite(300)
		s.Addresses(Domain)
		s.Metric(Domain, Inbox, DomainScales)
		s.Metric(Site, NewActors, Of(S1h, S24h))
		s.Distinct(Actor, Targets, S10m)
		return s
	}
	feed := func(s *Space, from, to int) {
		for i := from; i < to; i++ {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			host := fmt.Sprintf("d%d.example", rng.IntN(400))
			e := delivery(start.Add(time.Duration(i)*time.Second/2), host, "https://"+host+"/u", "192.0.2.1", pipeline.Attribution(2+rng.IntN(3)))
			e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, fmt.Sprint(rng.IntN(50))
			if rng.IntN(3) == 0 {
				e.Domain, e.Site, e.Actor = "loud.example", "loud.example", "https://loud.example/u"
			}
			s.Observe(e, nil)
		}
	}
	whole, half := build(), build()
	feed(whole, 0, 4000)
	feed(half, 0, 2000)
	restored := build()
	if err := restored.Restore(bytes.NewReader(snapshot(t, half))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(snapshot(t, restored), snapshot(t, half)) {
		t.Fatal("a restored space does not write what it read")
	}
	feed(restored, 2000, 4000)
	if !bytes.Equal(snapshot(t, restored), snapshot(t, whole)) {
		t.Fatal("a restored space goes on otherwise than one that never stopped")
	}
}

func snapshot(t *testing.T, s *Space) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzRestore feeds damaged snapshots: an error and an empty space, never a panic.
func FuzzRestore(f *testing.F) {
	build := func() *Space {
		s := newSite(20)
		s.Metric(Domain, Inbox, Of(S10s))
		s.Distinct(Domain, Targets, S10m)
		return s
	}
	s := build()
	for i := range 30 {
		e := delivery(start, "a.example", "", "", pipeline.Claimed)
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, fmt.Sprint(i)
		s.Observe(e, nil)
	}
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		s := build()
		if err := s.Restore(bytes.NewReader(data)); err != nil && s.Keys() != 0 {
			t.Fatalf("after %v: got %d keys, want none", err, s.Keys())
		}
		e := delivery(start, "a.example", "", "", pipeline.Claimed)
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, "x"
		s.Observe(e, nil)
	})
}

// TestKnownKeysAllocateNothing is the hot path's promise.
func TestKnownKeysAllocateNothing(t *testing.T) {
	s := newSite(100)
	s.Addresses(Domain)
	s.Metric(Domain, Inbox, DomainScales)
	e := delivery(start, "a.example", "https://a.example/u", "192.0.2.1", pipeline.Claimed)
	s.Observe(e, nil)
	if n := testing.AllocsPerRun(1000, func() { s.Observe(e, nil) }); n != 0 {
		t.Errorf("got %v allocations per event, want 0", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, keys := range []int{1000, 5000, 50_000} {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			s := NewSpace(Options{Space: pipeline.SpaceSite, Secret: testSecret, Keys: [numTables]int{keys, keys, keys}})
			s.Metric(Domain, Inbox, DomainScales)
			s.Metric(Site, Inbox, DomainScales)
			events := make([]*pipeline.Event, 1<<16)
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range events {
				events[i] = delivery(start.Add(time.Duration(i)*10*time.Millisecond), fmt.Sprintf("d%d.example", rng.IntN(keys)), "", "192.0.2.1", pipeline.Claimed)
			}
			b.ResetTimer()
			for i := range b.N {
				s.Observe(events[i&0xffff], nil)
			}
		})
	}
}
