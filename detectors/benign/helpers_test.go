package benign_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

var start = pipeline.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))

// A server feeds one recogniser, on spaces of its own, as the engine does.
type server struct {
	t             *testing.T
	site, network *window.Space
	instance      *window.Space
	domains       *window.Metric
	totals        *window.Totals
	witness       *window.Witness
	r             pipeline.Recogniser
	at            pipeline.Time
	signals       []pipeline.Signal
}

func newServer(t *testing.T, build func(s *server) pipeline.Recogniser) *server {
	secret := pipeline.Secret([]byte("a test's own key"))
	space := func(k pipeline.KeySpace) *window.Space {
		return window.NewSpace(window.Options{Space: k, Secret: secret})
	}
	s := &server{t: t, site: space(pipeline.SpaceSite), network: space(pipeline.SpaceNetwork), instance: space(pipeline.SpaceInstance),
		totals: window.NewTotals(), witness: window.NewWitness(), at: start}
	s.domains = s.site.Metric(window.Domain, window.Inbox, window.DomainScales)
	s.site.Metric(window.Site, window.Inbox, window.DomainScales)
	s.network.Metric(window.IP, window.Dynamic, window.Of(window.S10m, window.S24h))
	s.r = build(s)
	return s
}

func (s *server) Find(pipeline.Finding)     { s.t.Error("a recogniser finds something") }
func (s *server) Signal(sg pipeline.Signal) { s.signals = append(s.signals, sg) }

// to lets time go on.
func (s *server) to(t pipeline.Time) {
	s.t.Helper()
	if t < s.at {
		s.t.Fatalf("time goes back, from %v to %v", s.at, t)
	}
	if t.Floor() > s.at.Floor() {
		second := s.at.Floor() + pipeline.Second
		s.totals.Advance(second, s)
		for _, sg := range s.signals {
			s.r.Observe(&pipeline.Event{Time: second, Kind: pipeline.KindSignal, Signal: sg}, s)
		}
		s.signals = s.signals[:0]
	}
	s.at = t
}

// send shows an event at the current time.
func (s *server) send(e pipeline.Event) {
	e.Time = s.at
	s.witness.Observe(&e, s)
	s.site.Observe(&e, s)
	s.network.Observe(&e, s)
	s.totals.Observe(&e, s)
	s.r.Observe(&e, s)
}

// each sends n events, evenly over d.
func (s *server) each(d time.Duration, n int, make func(i int) pipeline.Event) {
	from := s.at
	for i := range n {
		s.to(from.Add(d * time.Duration(i) / time.Duration(n)))
		s.send(make(i))
	}
	s.to(from.Add(d))
}

// delivery is one that was accepted, of a proven name, as nginx tells it.
func delivery(host, actor string) pipeline.Event {
	return pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox,
		Status: 202, IP: addressOf(host), Domain: pipeline.Domain(host), Site: pipeline.Site(host),
		Actor: pipeline.Actor("https://" + host + "/users/" + actor), Level: pipeline.Corroborated}
}

// addressOf returns the host's own address.
func addressOf(host string) netip.Addr {
	sum := uint32(2166136261)
	for _, c := range []byte(host) {
		sum = (sum ^ uint32(c)) * 16777619
	}
	return netip.AddrFrom4([4]byte{100, byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

func stranger(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, byte(i >> 8), byte(i), 9}) }

// claimed is a delivery in somebody's name, from an address of nobody's.
func claimed(host, actor string, from netip.Addr) pipeline.Event {
	e := delivery(host, actor)
	e.IP, e.Level = from, pipeline.Claimed
	return e
}

// crowded is a usual day: so many deliveries of fifty hosts, and as many GETs.
func (s *server) crowded(d time.Duration, perMinute int) {
	s.each(d, int(d.Minutes())*perMinute*2, func(i int) pipeline.Event {
		if i%2 == 0 {
			return delivery(fmt.Sprintf("peer%d.example", i/2%50), fmt.Sprint("u", i%7))
		}
		return get("/@local/"+fmt.Sprint(i%1000), stranger(i%500))
	})
}

func get(path string, from netip.Addr) pipeline.Event {
	return pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodGet,
		Endpoint: pipeline.EndpointStatus, Status: 200, Path: path, IP: from, Upstream: 20 * time.Millisecond}
}

// finding is what a detector may find now.
func (s *server) finding(detector string, key pipeline.Entity, value, expected float64, w string) pipeline.Finding {
	return pipeline.Finding{Detector: detector, At: s.at, Key: key, Severity: pipeline.SeverityHigh,
		Measure:  pipeline.Measure{Name: "requests", Value: value, Expected: &expected, Threshold: value / 2, Window: w},
		Evidence: pipeline.Proof{Window: uint64(value), Part: pipeline.Corroborated}}
}

func domain(name string) pipeline.Entity {
	return pipeline.Entity{Type: pipeline.EntityDomain, Value: name}
}

func ip(a netip.Addr) pipeline.Entity {
	return pipeline.Entity{Type: pipeline.EntityIP, Value: a.String()}
}

func everything() pipeline.Entity { return pipeline.Entity{Type: pipeline.EntityInstance} }

// explained holds what the recogniser makes of f to what is wanted: a severity, and whether it gives its context; and it
// does the same after a restart.
func (s *server) explained(what string, f pipeline.Finding, want pipeline.Severity, context pipeline.Context) {
	s.t.Helper()
	was := f
	s.r.Explain(&f)
	if f.Severity != want || slices.Contains(f.Context, context) != (context != "") || context == "" && len(f.Context) > 0 {
		s.t.Errorf("%s: got %v %v, want %v [%s]", what, f.Severity, f.Context, want, context)
	}
	s.restart()
	s.r.Explain(&was)
	if was.Severity != f.Severity {
		s.t.Errorf("%s: got %v after a restart, %v before", what, was.Severity, f.Severity)
	}
}

// restart lets the recogniser go on from its own snapshot, which writes the same again.
func (s *server) restart() {
	s.t.Helper()
	var first, again bytes.Buffer
	if err := s.r.Snapshot(&first); err != nil {
		s.t.Fatal(err)
	}
	text := first.Bytes()
	if len(text) > 0 {
		if err := s.r.Restore(bytes.NewReader(text[:len(text)/2])); err == nil {
			s.t.Error("half of a snapshot is restored without an error")
		}
	}
	if err := s.r.Restore(bytes.NewReader(text)); err != nil {
		s.t.Fatal(err)
	}
	if err := s.r.Snapshot(&again); err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Equal(text, again.Bytes()) {
		s.t.Error("what was restored writes another snapshot")
	}
}

func low(s *server, what string, f pipeline.Finding, c pipeline.Context) {
	s.t.Helper()
	s.explained(what, f, pipeline.SeverityLow, c)
}

func medium(s *server, what string, f pipeline.Finding, c pipeline.Context) {
	s.t.Helper()
	s.explained(what, f, pipeline.SeverityMedium, c)
}

func untouched(s *server, what string, f pipeline.Finding) {
	s.t.Helper()
	s.explained(what, f, f.Severity, "")
}
