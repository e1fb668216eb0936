package detectors_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
	"github.com/fedwarden/fedwarden/pipeline/identity"
)

// TestLaws holds all registered detectors together to the five laws, over seeds. Each seed is a day and
// more of three logs with trouble of every kind in it, late and unreadable lines included; the last one is two months, for
// what only a long memory sees.
func TestLaws(t *testing.T) {
	told, explained, campaigns := map[string]bool{}, map[string]bool{}, false
	seeds := uint64(2)
	switch {
	case os.Getenv("FEDWARDEN_TORTURE") == "1":
		seeds = 12
	case testing.Short():
		seeds = 1
	}
	for seed := range seeds + 1 {
		streams := troubledDay(seed)
		if seed == seeds {
			if testing.Short() {
				break
			}
			streams = troubledMonths()
		}
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
		for _, s := range detectors.Recognisers() {
			if bytes.Contains(plain.Lines, []byte(`"context":["`+s.Name+`"`)) {
				explained[s.Name] = true
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
	for _, name := range []string{"recovery", "relay", "crawler", "maintenance"} { // whose findings a day can bring about
		if !explained[name] && !testing.Short() {
			t.Errorf("%s explained nothing in any seed: the laws were not tried on it", name)
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
	return lawEngineOf(everyTick, func(s pipeline.Spec) pipeline.Spec { return s })
}

// lawEngineOf is a lawEngine whose detectors' specs are what of makes of them.
func lawEngineOf(everyTick bool, of func(pipeline.Spec) pipeline.Spec) *engine.Engine {
	secret := pipeline.Secret([]byte("the laws' own key"))
	var list []engine.Registered
	for _, b := range detectors.Build(detectors.Options{Secret: secret, Percent: 1, Known: lawKnown()}) {
		list = append(list, engine.Registered{Spec: of(b.Spec), Detector: b.Detector})
	}
	return engine.New(engine.Config{Instance: "social.example", Secret: secret, Detectors: list,
		Identifier: identity.New(identity.Options{Secret: secret}), EveryTick: everyTick})
}

// lawKnown is what the operator of the laws' server says.
func lawKnown() detectors.Known {
	return detectors.Known{
		Crawlers:    []benign.CrawlerList{{Name: "one", Networks: []netip.Prefix{netip.MustParsePrefix("66.249.64.0/19")}}},
		Maintenance: []benign.Window{{Start: time.Hour + 45*time.Minute, End: 2 * time.Hour, Detectors: []string{"login_bruteforce"}}},
	}
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

func newDay(seed uint64) *day { return &day{rng: rand.New(rand.NewPCG(seed, 42))} }

// troubledDay returns 27 hours of three logs with trouble in them.
func troubledDay(seed uint64) []enginetest.Stream {
	d := newDay(seed)
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
	d.repeat(0, 22*time.Hour, 440, func(at pipeline.Time, i int) { d.delivery(at, "sleeper.example", fmt.Sprint("u", i%3), "inbox", 202) })
	d.repeat(hour+55*time.Minute, 20*time.Second, 60, func(at pipeline.Time, i int) { d.delivery(at, "sleeper.example", "u0", "inbox", 202) })
	d.repeat(hour+2*time.Minute, 5*time.Minute, 60, func(at pipeline.Time, i int) { d.delivery(at, "relay.example", "actor", "inbox", 202) })
	d.repeat(hour+3*time.Minute, 8*time.Second, 300, func(at pipeline.Time, i int) { d.get(at, "66.249.66.1") })
	d.repeat(hour+time.Minute, 30*time.Second, 60, func(at pipeline.Time, i int) { d.job(at, "ActivityPub::ProcessingWorker", pipeline.JobFail) })
	d.job(clock.Add(time.Minute), "LinkCrawlWorker", pipeline.JobStart)
	d.repeat(hour+3*time.Minute, 3*time.Minute, 300, func(at pipeline.Time, i int) { d.job(at, "LinkCrawlWorker", pipeline.JobStart) })
	d.repeat(hour+27*time.Minute, time.Minute, 30, func(at pipeline.Time, i int) { d.costly(at, "heavy.example") })
	d.repeat(hour+36*time.Minute, 3*time.Minute, 25, func(at pipeline.Time, i int) {
		d.delivery(at, fmt.Sprintf("h%d.troll.example", i), "u", "inbox", 202)
	})
	d.repeat(hour+48*time.Minute, 20*time.Second, 80, func(at pipeline.Time, i int) { d.failing(at, "198.51.100.7") })
	d.repeat(hour+3*time.Minute, time.Minute, 600, func(at pipeline.Time, i int) { d.delivery(at, "stock.example", "u", "inbox", 202) })
	d.repeat(hour+time.Minute, time.Minute, 30, func(at pipeline.Time, i int) {
		d.add(railsLog, pipeline.Event{Time: at, Kind: pipeline.KindRejected, Format: pipeline.FormatRails, Error: "unknown line"})
	})
	d.localTrouble(hour)
	return d.streams()
}

// troubledMonths returns what happens in 75 days to one server of few: its old actors wake, its software changes, and somebody
// else signs for it from elsewhere; it is blocked in the end.
func troubledMonths() []enginetest.Stream {
	d := &day{rng: rand.New(rand.NewPCG(7, 42))}
	const days = 24 * time.Hour
	sent := func(at pipeline.Time, actor, software string, ip byte, status uint16) {
		d.add(nginxLog, pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox,
			Status: status, IP: netip.AddrFrom4([4]byte{198, 51, ip, 7}), AgentHost: "old.example", KeyHost: "old.example",
			KeyID: "https://old.example/users/" + actor, Software: software, Version: "4.5"})
	}
	d.repeat(0, 75*days, 75*6, func(at pipeline.Time, i int) {
		if i < 73*6 {
			sent(at, "awake", "mastodon", 1, 202)
		} else {
			sent(at, "awake", "pleroma", 1, 202)
		}
	})
	d.repeat(8*days, 4*days, 60, func(at pipeline.Time, i int) { sent(at, fmt.Sprint("asleep", i%20), "mastodon", 1, 202) })
	d.repeat(72*days, time.Hour, 30, func(at pipeline.Time, i int) { sent(at, fmt.Sprint("asleep", i%10), "mastodon", 1, 202) })
	d.repeat(72*days+6*time.Hour, time.Hour, 10, func(at pipeline.Time, i int) { sent(at, "awake", "lemmy", 2, 202) })
	d.repeat(73*days, time.Hour, 200, func(at pipeline.Time, i int) { sent(at, "awake", "mastodon", 1, 202) })
	d.repeat(74*days, time.Hour, 30, func(at pipeline.Time, i int) { sent(at, "awake", "mastodon", 1, 403) })
	return d.streams()
}

// localTrouble is what is done to local accounts, and to the web server.
func (d *day) localTrouble(hour time.Duration) {
	d.repeat(hour+49*time.Minute, 4*time.Minute, 32, func(at pipeline.Time, i int) {
		d.ask(at, pipeline.EndpointAPIPost, "/api/v1/statuses", 200, "2001:db8::5")
	})
	d.repeat(hour+2*time.Minute, 5*time.Minute, 25, func(at pipeline.Time, i int) {
		d.ask(at, pipeline.EndpointSignIn, "/auth/sign_in", 422, fmt.Sprintf("11.%d.0.1", i))
	})
	d.repeat(hour+8*time.Minute, 5*time.Minute, 12, func(at pipeline.Time, i int) {
		d.ask(at, pipeline.EndpointSignUp, "/auth", 302, fmt.Sprintf("198.18.0.%d", i))
	})
	d.repeat(hour+14*time.Minute, 5*time.Minute, 6, func(at pipeline.Time, i int) {
		d.ask(at, pipeline.EndpointPassword, "/auth/password", 302, "198.18.1.1")
	})
	d.repeat(hour+20*time.Minute, 5*time.Minute, 31, func(at pipeline.Time, i int) {
		d.ask(at, pipeline.EndpointApps, "/api/v1/apps", 200, "198.18.2.1")
	})
	d.repeat(hour+26*time.Minute, time.Minute, 25, func(at pipeline.Time, i int) {
		d.ask(at, pipeline.EndpointAPIAccount, "/api/v1/lists", 499, "198.18.3.1")
	})
	d.repeat(hour+32*time.Minute, 5*time.Minute, 90, func(at pipeline.Time, i int) { d.get(at, fmt.Sprintf("12.%d.0.1", i)) })
}

// ask is a POST that stands in nginx' log alone.
func (d *day) ask(at pipeline.Time, to pipeline.Endpoint, path string, status uint16, addr string) {
	d.add(nginxLog, pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: to, Path: path, Status: status, UserAgent: "Firefox", IP: netip.MustParseAddr(addr)})
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
	if host == "relay.example" {
		nginx.Software = "aoderelay"
	}
	rails.Format, rails.Verified = pipeline.FormatRails, pipeline.VerdictYes
	switch {
	case status != 202:
		rails.Verified = pipeline.VerdictNo
	case host == "stock.example":
		rails.Verified = pipeline.VerdictUnsaid
	}
	d.add(nginxLog, nginx)
	if at > clock.Add(8*time.Hour) || d.rng.IntN(2) == 0 {
		rails.Time -= pipeline.Time(d.rng.IntN(50)) * pipeline.Time(time.Millisecond)
		d.add(railsLog, rails)
	}
	if status == 202 {
		d.process(at)
	}
}

// costly is a delivery that keeps a thread for two seconds, and now and then that of somebody else, which does not.
func (d *day) costly(at pipeline.Time, host string) {
	d.delivery(at, host, "u", "inbox", 202)
	for _, log := range []int{nginxLog, railsLog} {
		d.events[log][len(d.events[log])-1].Duration = 2 * time.Second
	}
	if d.rng.IntN(3) == 0 {
		d.delivery(at, "peer3.example", "u0", "inbox", 202)
	}
}

// job is a line of Sidekiq's, and of a job that failed the line that says why.
func (d *day) job(at pipeline.Time, class string, state pipeline.JobState) {
	e := pipeline.Event{Time: at, Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, JobClass: class, JobState: state}
	d.add(sidekiqLog, e)
	if state == pipeline.JobFail {
		e.Kind, e.JobState, e.RemoteHost = pipeline.KindJobError, pipeline.JobUnknown, fmt.Sprintf("peer%d.example", d.rng.IntN(3))
		d.add(sidekiqLog, e)
	}
}

// process is what a delivery makes: it starts a little later on one of 30 threads, and is done within the second.
func (d *day) process(at pipeline.Time) {
	e := pipeline.Event{Time: at.Add(100 * time.Millisecond), Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq,
		JobClass: "ActivityPub::ProcessingWorker", JobID: fmt.Sprint("job", len(d.events[sidekiqLog])), PID: "7",
		TID: fmt.Sprint("t", len(d.events[sidekiqLog])/2%30), JobState: pipeline.JobStart}
	d.add(sidekiqLog, e)
	e.Time, e.JobState = e.Time.Add(time.Duration(d.rng.IntN(800))*time.Millisecond), pipeline.JobDone
	d.add(sidekiqLog, e)
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

func (d *day) get(at pipeline.Time, addr string) { d.read(at, addr, 200) }

func (d *day) failing(at pipeline.Time, addr string) { d.read(at, addr, 502) }

func (d *day) read(at pipeline.Time, addr string, status uint16) {
	d.add(nginxLog, pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodGet,
		Endpoint: pipeline.EndpointAPIPublic, Status: status, IP: netip.MustParseAddr(addr)})
}

func (d *day) add(log int, e pipeline.Event) { d.events[log] = append(d.events[log], e) }

// last returns the time of the last of events.
func last(events []pipeline.Event) (at pipeline.Time) {
	for i := range events {
		at = max(at, events[i].Time)
	}
	return at
}

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
		end := enginetest.Step{CaughtUp: max(clock.Add(27*time.Hour), last(d.events[nginxLog])).Add(10 * time.Minute)}
		list[i].Steps = append(list[i].Steps, end)
	}
	return list
}
