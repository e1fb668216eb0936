package detectors_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
	"github.com/fedwarden/fedwarden/pipeline/identity"
)

// TestLaws holds all registered detectors together to the five laws, over seeds. Each seed is a day and
// more of three logs with trouble of every kind in it, late and unreadable lines included.
func TestLaws(t *testing.T) {
	told, campaigns := map[string]bool{}, false
	seeds := uint64(4)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		streams := troubledDay(seed)
		if err := enginetest.Laws(lawEngine, streams, seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		plain, err := enginetest.Run(func() *engine.Engine { return lawEngine(false) }, streams, enginetest.Schedule{})
		if err != nil {
			t.Fatal(err)
		}
		campaigns = campaigns || bytes.Contains(plain.Lines, []byte(`"campaign":"FW-`))
		for _, s := range detectors.Specs() {
			if bytes.Contains(plain.Lines, []byte(`"detector":"`+s.Name+`"`)) {
				told[s.Name] = true
			}
		}
	}
	if !campaigns {
		t.Error("there was no campaign in any seed: the laws were not tried on it")
	}
	for _, s := range detectors.Specs() {
		if !told[s.Name] && !testing.Short() {
			t.Errorf("%s told nothing in any seed: the laws were not tried on it", s.Name)
		}
	}
}

// TestScheduler runs one seed under other numbers of threads; map seeds differ in every run anyway.
func TestScheduler(t *testing.T) {
	streams := troubledDay(99)
	run := func() []byte {
		r, err := enginetest.Run(func() *engine.Engine { return lawEngine(false) }, streams, enginetest.Schedule{Seed: 1, Cut: 50})
		if err != nil {
			t.Fatal(err)
		}
		return append(r.Lines, r.Snapshots...)
	}
	want := run()
	for _, n := range []int{1, 4} {
		before := runtime.GOMAXPROCS(n)
		got := run()
		runtime.GOMAXPROCS(before)
		if !bytes.Equal(got, want) {
			t.Errorf("with GOMAXPROCS %d the result differs", n)
		}
	}
}

func lawEngine(everyTick bool) *engine.Engine {
	secret := pipeline.Secret([]byte("the laws' own key"))
	var list []engine.Registered
	for _, b := range detectors.Build(detectors.Options{Secret: secret, Percent: 1}) {
		list = append(list, engine.Registered{Spec: b.Spec, Detector: b.Detector})
	}
	return engine.New(engine.Config{Instance: "social.example", Secret: secret, Detectors: list,
		Identifier: identity.New(identity.Options{Secret: secret}), EveryTick: everyTick})
}

// A day collects the events of three streams.
type day struct {
	rng    *rand.Rand
	events [3][]pipeline.Event
}

const (
	nginxLog = iota
	railsLog
	sidekiqLog
)

// troubledDay returns 27 hours of three logs with trouble in them.
func troubledDay(seed uint64) []enginetest.Stream {
	d := &day{rng: rand.New(rand.NewPCG(seed, 42))}
	d.background()
	hour := 25 * time.Hour
	d.repeat(hour, 20*time.Second, 200, func(at pipeline.Time, i int) { d.delivery(at, "loud.example", "u", "inbox", 202) })
	d.repeat(hour+5*time.Minute, 8*time.Minute, 80, func(at pipeline.Time, i int) {
		d.delivery(at, "peer1.example", fmt.Sprint("new", i), "inbox", 202)
	})
	d.repeat(hour+2*time.Minute, 8*time.Minute, 80, func(at pipeline.Time, i int) {
		d.delivery(at, fmt.Sprintf("wave%d.example", i/2), fmt.Sprint("u", i), "inbox", 202)
	})
	d.repeat(hour+12*time.Minute, 2*time.Minute, 45, func(at pipeline.Time, i int) {
		d.delivery(at, "bots.example", fmt.Sprint("b", i), fmt.Sprint("user", i), 202)
	})
	d.repeat(hour+20*time.Minute, 5*time.Minute, 40, func(at pipeline.Time, i int) { d.delivery(at, "peer2.example", "u0", "inbox", 202) })
	d.repeat(hour+30*time.Minute, 5*time.Minute, 28, func(at pipeline.Time, i int) {
		d.delivery(at, "spam.example", "s", fmt.Sprint("user", i), 202)
	})
	d.repeat(hour+40*time.Minute, 3*time.Minute, 30, func(at pipeline.Time, i int) { d.delivery(at, "forged.example", "f", "inbox", 401) })
	d.repeat(hour+45*time.Minute, 3*time.Minute, 15, func(at pipeline.Time, i int) { d.signIn(at, 200+uint16(i/14)*102) })
	d.repeat(hour+52*time.Minute, 4*time.Minute, 60, func(at pipeline.Time, i int) { d.signInFrom(at, 200, fmt.Sprintf("198.51.100.%d", i%5)) })
	d.repeat(hour+50*time.Minute, 8*time.Second, 300, func(at pipeline.Time, i int) { d.get(at, "203.0.113.77") })
	d.repeat(hour+15*time.Minute, time.Minute, 400, func(at pipeline.Time, i int) { d.delivery(at, fmt.Sprintf("swarm%d.example", i), "u", "inbox", 202) })
	d.repeat(hour+time.Minute, time.Minute, 30, func(at pipeline.Time, i int) {
		d.add(railsLog, pipeline.Event{Time: at, Kind: pipeline.KindRejected, Format: pipeline.FormatRails, Error: "unknown line"})
	})
	return d.streams()
}

func (d *day) repeat(from, over time.Duration, n int, f func(at pipeline.Time, i int)) {
	for i := range n {
		f(clock.Add(from+over*time.Duration(i)/time.Duration(n)), i)
	}
}

func (d *day) background() {
	for at := clock; at < clock.Add(27*time.Hour); at += pipeline.Time(d.rng.IntN(120)) * pipeline.Second {
		at += pipeline.Time(d.rng.IntN(1000)) * pipeline.Time(time.Millisecond)
		host := fmt.Sprintf("peer%d.example", d.rng.IntN(20))
		d.delivery(at, host, fmt.Sprint("u", d.rng.IntN(3)), "inbox", 202)
		if d.rng.IntN(3) == 0 {
			d.get(at, "198.51.100.7")
		}
	}
}

// delivery stands in nginx' log and, a little earlier, in Rails' and Sidekiq's; in the first hours
// Rails loses half.
func (d *day) delivery(at pipeline.Time, host, actor, user string, status uint16) {
	e := pipeline.Event{Time: at, Kind: pipeline.KindRequest, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox, Status: status,
		KeyID: "https://" + host + "/users/" + actor, KeyHost: host}
	if user != "inbox" {
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, user
	}
	nginx, rails := e, e
	nginx.Format, nginx.AgentHost, nginx.IP = pipeline.FormatNginx, host, addressOf(host)
	nginx.Software, nginx.RequestBytes = "mastodon", 3000
	rails.Format, rails.Verified = pipeline.FormatRails, pipeline.VerdictYes
	if status != 202 {
		rails.Verified = pipeline.VerdictNo
	}
	d.add(nginxLog, nginx)
	if at > clock.Add(8*time.Hour) || d.rng.IntN(2) == 0 {
		rails.Time -= pipeline.Time(d.rng.IntN(50)) * pipeline.Time(time.Millisecond)
		d.add(railsLog, rails)
	}
	if status == 202 {
		d.add(sidekiqLog, pipeline.Event{Time: at.Add(100 * time.Millisecond), Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq,
			JobClass: "ActivityPub::ProcessingWorker", JobState: pipeline.JobStart})
	}
}

func addressOf(host string) netip.Addr {
	sum := 0
	for _, c := range []byte(host) {
		sum += int(c)
	}
	return netip.AddrFrom4([4]byte{203, 0, 113, byte(sum)})
}

func (d *day) signIn(at pipeline.Time, status uint16) { d.signInFrom(at, status, "2001:db8::5") }

func (d *day) signInFrom(at pipeline.Time, status uint16, addr string) {
	d.add(nginxLog, pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointSignIn, Status: status, IP: netip.MustParseAddr(addr)})
}

func (d *day) get(at pipeline.Time, addr string) {
	d.add(nginxLog, pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodGet,
		Endpoint: pipeline.EndpointAPIPublic, Status: 200, IP: netip.MustParseAddr(addr)})
}

func (d *day) add(log int, e pipeline.Event) { d.events[log] = append(d.events[log], e) }

// streams puts each log into the order in which it would be written, some lines out of it, some too late, some lost;
// Sidekiq's falls silent in the 26th hour.
func (d *day) streams() []enginetest.Stream {
	list := []enginetest.Stream{{ID: "nginx"}, {ID: "rails"}, {ID: "sidekiq"}}
	for i := range list {
		events := d.events[i]
		slices.SortStableFunc(events, func(a, b pipeline.Event) int { return cmp.Compare(a.Time, b.Time) })
		if i == sidekiqLog {
			events = slices.DeleteFunc(events, func(e pipeline.Event) bool { return e.Time > clock.Add(26*time.Hour-50*time.Minute) })
		}
		list[i].Lateness = 2 * time.Second
		for k := range events {
			e := events[k]
			switch {
			case e.Kind == pipeline.KindRejected:
			case i == nginxLog && e.Time > clock.Add(25*time.Hour+50*time.Minute) && e.Time < clock.Add(25*time.Hour+51*time.Minute):
				if d.rng.IntN(2) == 0 {
					e.Time -= 5 * pipeline.Second // too late
				}
			case d.rng.IntN(20) == 0:
				e.Time -= pipeline.Second // out of order, in time
			}
			if k%500 == 499 {
				list[i].Steps = append(list[i].Steps, enginetest.Step{LostLines: uint64(k)})
			}
			list[i].Steps = append(list[i].Steps, enginetest.Step{Event: &e})
		}
		end := enginetest.Step{CaughtUp: clock.Add(27*time.Hour + 10*time.Minute)}
		list[i].Steps = append(list[i].Steps, end)
	}
	return list
}
