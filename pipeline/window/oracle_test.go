package window_test

import (
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
	"pgregory.net/rapid"
)

// secret is what no attacker knows.
func secret() pipeline.Secret { return pipeline.Secret([]byte("0123456789abcdef")) }

// sized returns options of a Space of sites with so many keys a table; zero are the defaults.
func sized(keys int) window.Options {
	o := window.Options{Space: pipeline.SpaceSite, Secret: secret()}
	for t := range o.Keys {
		o.Keys[t] = keys
	}
	return o
}

// midnight is where streams begin that need no other place: a whole day, hence a whole bucket of every scale.
const midnight = pipeline.Time(1_795_046_400) * pipeline.Second

// An oracle knows when each event of a key was, and counts without buckets.
type oracle struct{ times []pipeline.Time }

func (o *oracle) add(at pipeline.Time) { o.times = append(o.times, at) }

// after returns how many events were later than t.
func (o *oracle) after(t pipeline.Time) uint32 {
	return uint32(len(o.times) - sort.Search(len(o.times), func(i int) bool { return o.times[i] > t }))
}

// within returns how many events there were in the last d before now.
func (o *oracle) within(d time.Duration, now pipeline.Time) uint32 { return o.after(now.Add(-d)) }

// halved returns how many events there were, those of the clock's last hour counted by half, and those before not.
func (o *oracle) halved(now pipeline.Time) uint32 {
	hour := now - now%pipeline.Time(time.Hour)
	fresh := o.after(hour - 1)
	return fresh + (o.after(hour.Add(-time.Hour)-1)-fresh)/2
}

// scales returns every scale that there is.
func scales() []window.Scale {
	return []window.Scale{window.S10s, window.S1m, window.S5m, window.S10m, window.S30m, window.S1h, window.S24h}
}

// A pace is how the time to the next event is drawn.
type pace struct {
	name string
	gap  func(now pipeline.Time, draw func(n int) int) time.Duration
}

// paces are streams as they are found, and as somebody makes them who has read where buckets end.
func paces() []pace {
	units := []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, time.Hour}
	return []pace{
		{"random", func(_ pipeline.Time, draw func(int) int) time.Duration {
			return time.Duration(draw(20_000)) * time.Millisecond
		}},
		{"bursts", func(_ pipeline.Time, draw func(int) int) time.Duration {
			if draw(40) > 0 {
				return time.Duration(draw(3)) * time.Millisecond
			}
			return time.Duration(draw(5000)) * time.Second
		}},
		{"across edges", func(now pipeline.Time, draw func(int) int) time.Duration {
			unit := units[draw(len(units))]
			next := now - now%pipeline.Time(unit) + pipeline.Time(unit)
			return max(0, next.Sub(now)+time.Duration(draw(3)-1))
		}},
		{"sparse", func(_ pipeline.Time, draw func(int) int) time.Duration {
			return time.Duration(draw(5*24*3600)) * time.Second
		}},
		{"a window and a bucket apart", func(_ pipeline.Time, draw func(int) int) time.Duration {
			s := scales()[draw(len(scales()))]
			length := []time.Duration{s.Length(), s.Reach()}[draw(2)]
			return length + time.Duration(draw(3)-1)*[]time.Duration{1, time.Second}[draw(2)]
		}},
		{"all at once", func(pipeline.Time, func(int) int) time.Duration { return 0 }},
		{"weeks of silence", func(_ pipeline.Time, draw func(int) int) time.Duration {
			return time.Duration(draw(2)*draw(60)) * 24 * time.Hour
		}},
	}
}

// delivery returns a delivery to the shared inbox that names host and actor.
func delivery(at pipeline.Time, host, actor string, level pipeline.Attribution) pipeline.Event {
	return pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointInbox, Status: 202, Domain: pipeline.Domain(host), Site: pipeline.Site(host),
		Actor: pipeline.Actor(actor), Level: level, Counts: pipeline.CountsAddress | pipeline.CountsDomain}
}

// TestSumAgainstOracle holds the sums of both parts of a key, at every scale and at any time, against the times
// of all events: never below the window's true count, never above that of the window and one bucket.
func TestSumAgainstOracle(t *testing.T) {
	for _, p := range paces() {
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkSums(t, p) })
		})
	}
}

func checkSums(t *rapid.T, p pace) {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	s := window.NewSpace(sized(0))
	m := s.Metric(window.Site, window.Inbox, window.Of(scales()...))
	now := midnight + pipeline.Time(rng.Int64N(int64(48*time.Hour)))
	var parts [2]oracle
	for range rapid.IntRange(1, 300).Draw(t, "events") {
		now = now.Add(p.gap(now, rng.IntN))
		e := delivery(now, "peer.example", "", pipeline.Claimed)
		part := window.Part(rng.IntN(2))
		if part == window.Proven {
			e.Level = pipeline.Verified
		}
		s.Observe(&e, nil)
		parts[part].add(now)
		if rng.IntN(4) > 0 {
			continue
		}
		later := now.Add(p.gap(now, rng.IntN))
		for _, scale := range scales() {
			for part := range parts {
				holdSum(t, m, e.Slots.Site, window.Part(part), scale, &parts[part], later)
			}
		}
	}
}

func holdSum(t *rapid.T, m *window.Metric, slot int32, p window.Part, s window.Scale, o *oracle, now pipeline.Time) {
	got, low, high := m.Sum(slot, p, s, now), o.within(s.Length(), now), o.within(s.Reach(), now)
	if got < low || got > high {
		t.Fatalf("sum of %s, part %d, at %s: got %d, want %d to %d", s, p, now, got, low, high)
	}
}

// TestTotalAgainstOracle holds the sums of a whole table against the times of all events, whether their keys
// have a place or not.
func TestTotalAgainstOracle(t *testing.T) {
	for _, p := range paces() {
		t.Run(p.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			s := window.NewSpace(sized(16))
			m := s.Metric(window.Site, window.Inbox, window.Of(scales()...))
			var o oracle
			now := midnight
			for i := range 800 { // years of silence, not the century after which seconds begin anew
				now = now.Add(p.gap(now, rng.IntN))
				e := delivery(now, nameOf("n", rng.IntN(i+1))+".example", "", pipeline.Claimed)
				s.Observe(&e, nil)
				o.add(now)
				for _, scale := range scales() {
					got, low, high := m.Total(scale, now), o.within(scale.Length(), now), o.within(scale.Reach(), now)
					if got < low || got > high {
						t.Fatalf("total of %s after %d events: got %d, want %d to %d", scale, i+1, got, low, high)
					}
				}
			}
		})
	}
}
