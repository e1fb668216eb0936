//go:build linux

package detectors_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/fedwarden/fedwarden/pipeline/window"
	"golang.org/x/sys/unix"
)

// Three peers of a load are 16 keys, in about the shares that the tables have: a site, and of each peer its host,
// an actor, two addresses and their /24.
const (
	siteOfPeers = 3
	keysOfSite  = 16
	rounds      = 20 // in which a new load's peers come: each address ten times
)

// A load is an engine with all detectors, twenty metrics and more, and peers that it knows.
type load struct {
	engine        *engine.Engine
	site, network *window.Space
	peers         []peer
	pick          func() int
	text          []byte // of the batch, as a source's buffer
	events        []pipeline.Event
	at            pipeline.Time
	gap           time.Duration
	seq           uint64
}

type peer struct {
	host, key string
	addrs     [2]netip.Addr
}

// newEmpty returns a load of so many keys, none of them known.
func newEmpty(keys int) *load {
	l := &load{at: clock, gap: 5 * time.Millisecond, events: make([]pipeline.Event, batchSize)}
	secret := pipeline.Secret([]byte("the load's own key"))
	o := window.Options{Space: pipeline.SpaceSite, Secret: secret}
	for t, n := range [...]int{window.Site: 1, window.Domain: 3, window.Actor: 3, window.IP: 6, window.Prefix: 3} {
		o.Keys[t] = max(1000, n*keys/keysOfSite*5/4)
	}
	l.site = window.NewSpace(o)
	o.Space = pipeline.SpaceNetwork
	l.network = window.NewSpace(o)
	var list []engine.Registered
	for _, b := range detectors.BuildOn(l.site, l.network) {
		list = append(list, engine.Registered{Spec: b.Spec, Detector: b.Detector})
	}
	l.claim()
	l.engine = engine.New(engine.Config{Instance: "social.example", Secret: secret, Detectors: list,
		Identifier: identity.New(identity.Options{Secret: secret})})
	return l
}

// newLoad returns a load of so many keys, each with more events in a minute than a key must have to be known.
func newLoad(keys int, zipf bool) *load {
	l := newEmpty(keys)
	n := keys * siteOfPeers / keysOfSite
	for i := range n {
		host := fmt.Sprintf("h%d.site%d.example", i, i/siteOfPeers)
		at := func(last byte) netip.Addr {
			return netip.AddrFrom4([4]byte{byte(11 + i>>16), byte(i >> 8), byte(i), last})
		}
		l.peers = append(l.peers, peer{host: host, key: fmt.Sprintf("https://%s/users/u%d#main-key", host, i%3),
			addrs: [2]netip.Addr{at(7), at(8)}})
	}
	l.warm()
	rng := rand.New(rand.NewPCG(5, 6))
	l.pick = func() int { return rng.IntN(n) }
	if zipf {
		z := rand.NewZipf(rng, 1.1, 8, uint64(n-1))
		l.pick = func() int { return int(z.Uint64()) }
	}
	return l
}

// claim makes the metrics and distinct counts of the detectors, 15 of them, 20 and one more.
func (l *load) claim() {
	hour := window.Of(window.S10s, window.S1m, window.S1h)
	l.site.Metric(window.Site, window.Signed, hour)
	l.site.Metric(window.Domain, window.NewActors, hour)
	l.site.Metric(window.Actor, window.NewActors, hour)
	l.network.Metric(window.IP, window.SignIns, hour)
	l.network.Metric(window.Prefix, window.Signed, hour)
	l.network.Metric(window.Prefix, window.SignIns, hour)
}

// warm lets every peer come twenty times within 40 seconds.
func (l *load) warm() {
	gap, next := l.gap, 0
	l.gap = 40 * time.Second / time.Duration(rounds*len(l.peers))
	l.pick = func() int { next++; return (next - 1) % len(l.peers) }
	for range 1 + rounds*len(l.peers)/batchSize {
		l.fill(true)
		l.process()
	}
	l.gap = gap
}

// fill makes the next batch, as a source that has just read it: half of it deliveries, half of it what people ask.
func (l *load) fill(deliveries bool) {
	l.text = l.text[:0]
	if cap(l.text) < 256*batchSize {
		l.text = make([]byte, 0, 256*batchSize)
	}
	for i := range l.events {
		p := &l.peers[l.pick()]
		l.at += pipeline.Time(l.gap)
		l.seq++
		e := &l.events[i]
		*e = pipeline.Event{Time: l.at, Seq: l.seq, Lines: 1, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, IP: p.addrs[l.seq/uint64(len(l.peers))%2],
			Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox, Status: 202}
		if i%2 == 1 && !deliveries {
			e.Method, e.Endpoint, e.Status = pipeline.MethodGet, pipeline.EndpointTimeline, 200
			continue
		}
		e.AgentHost, e.KeyHost, e.KeyID = l.copy(p.host), l.copy(p.host), l.copy(p.key)
		if i%8 == 0 {
			e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, l.copy(p.host[:4])
		}
	}
}

// copy puts s into the batch's text: what lives longer than the batch must have been cloned.
func (l *load) copy(s string) string {
	at := len(l.text)
	l.text = append(l.text, s...)
	return unsafe.String(&l.text[at], len(s))
}

func (l *load) process() {
	l.engine.Process(&pipeline.Batch{Stream: "nginx", Opened: l.seq == batchSize, Lateness: 2 * time.Second, Events: l.events})
}

// run processes n batches and returns the time of the processor that they took, without the filling.
func (l *load) run(n int) (took time.Duration) {
	for range n {
		l.fill(false)
		began := cpuTime()
		l.process()
		took += cpuTime() - began
	}
	return took
}

// cpuTime is that of the thread, so that others on the machine don't count; its goroutine must be locked to it.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

func (l *load) keys() int { return l.site.Keys() + l.network.Keys() }

// BenchmarkKnownKeys is the engine with all detectors and 20 metrics, fed with parsed events of 1,000, 50,000 and
// 300,000 known keys by turns, so that their ratios are of one run.
func BenchmarkKnownKeys(b *testing.B) {
	for _, name := range []string{"zipf", "uniform"} {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			sizes := []int{1000, 50_000, 300_000}
			loads, took := make([]*load, len(sizes)), make([]time.Duration, len(sizes))
			for i, keys := range sizes {
				loads[i] = newLoad(keys, name == "zipf")
				if got := loads[i].keys(); got < keys*99/100 {
					b.Fatalf("got %d keys, want %d", got, keys)
				}
				loads[i].run(256)
			}
			const turn = 64 // batches: long enough that what others left in the caches does not matter
			turns := 0
			for b.Loop() {
				for i, l := range loads {
					took[i] += l.run(turn)
				}
				turns++
			}
			cost := make([]float64, len(sizes))
			for i, keys := range sizes {
				cost[i] = float64(took[i].Nanoseconds()) / float64(turns*turn*batchSize)
				b.ReportMetric(cost[i], fmt.Sprintf("ns/event@%d", keys))
				b.ReportMetric(1e9/cost[i], fmt.Sprintf("events/s@%d", keys))
			}
			b.ReportMetric(cost[2]/cost[0], "300000:1000")
			b.ReportMetric(cost[2]/cost[1], "300000:50000")
			b.ReportMetric(testing.AllocsPerRun(20, func() { loads[1].run(1) })/batchSize, "allocs/event")
		})
	}
}

// TestKnownKeysAllocateNothing is the promise of the hot path for many keys and many metrics.
func TestKnownKeysAllocateNothing(t *testing.T) {
	l := newLoad(20_000, false)
	l.gap = 300 * time.Millisecond
	l.run(400)
	if n := testing.AllocsPerRun(100, func() { l.fill(false); l.process() }); n > 1 {
		t.Errorf("got %v allocations per batch of %d events, want at most one for what happens each second", n, batchSize)
	}
}

// full is a load whose keys fill the tables, with distinct counts of all sizes and much that was new.
func full(keys int) *load {
	l := newLoad(keys, false)
	for round := range 40 {
		l.fill(true)
		for i := range l.events {
			e := &l.events[i]
			p := &l.peers[(round*batchSize+i)%min(len(l.peers), 1500)]
			e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, fmt.Sprint("user", round)
			e.AgentHost, e.KeyHost, e.KeyID = p.host, p.host, p.key
			if i%4 == 0 {
				e.KeyID = fmt.Sprintf("https://%s/users/new%d", p.host, round)
			}
		}
		l.process()
	}
	return l
}

const snapshotKeys = 300_000

// TestSnapshotSize holds the snapshot of 300,000 keys to its size, and restores it: the same bytes.
func TestSnapshotSize(t *testing.T) {
	if testing.Short() {
		t.Skip("300,000 keys")
	}
	l := full(snapshotKeys)
	if got := l.keys(); got < snapshotKeys*99/100 {
		t.Fatalf("got %d keys, want %d", got, snapshotKeys)
	}
	parts, size := l.parts(t)
	t.Logf("%d keys: %s", l.keys(), describe(parts))
	if size > 80<<20 {
		t.Errorf("got %d MB, want 80 at most", size>>20)
	}
	next := newEmpty(snapshotKeys)
	for _, p := range parts {
		if err := next.engine.RestorePart(p); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := next.parts(t)
	for i := range parts {
		if !bytes.Equal(parts[i].Data, again[i].Data) {
			t.Errorf("%s: a restored part does not write what it read", parts[i].Name)
		}
	}
}

func (l *load) parts(t testing.TB) (parts []pipeline.Part, size int) {
	t.Helper()
	for _, p := range l.engine.Parts() {
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		p.Data = b.Bytes()
		parts, size = append(parts, p), size+b.Len()
	}
	return parts, size
}

func describe(parts []pipeline.Part) string {
	var s strings.Builder
	for _, p := range parts {
		if len(p.Data) > 1<<16 {
			fmt.Fprintf(&s, "%s %.1f MB; ", p.Name, float64(len(p.Data))/(1<<20))
		}
	}
	return s.String()
}

// BenchmarkSnapshot is how long the engine stands still for a checkpoint of 300,000 keys, and how long it takes to
// read it.
func BenchmarkSnapshot(b *testing.B) {
	l := full(snapshotKeys)
	parts, size := l.parts(b)
	b.Run("write", func(b *testing.B) {
		var buf bytes.Buffer
		buf.Grow(size)
		for b.Loop() {
			buf.Reset()
			for _, p := range l.engine.Parts() {
				if err := p.Write(&buf); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/snapshot")
		b.ReportMetric(float64(size)/(1<<20), "MB")
		b.ReportMetric(float64(l.keys()), "keys")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			next := newEmpty(snapshotKeys)
			b.StartTimer()
			for _, p := range parts {
				if err := next.engine.RestorePart(p); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/restore")
	})
}
