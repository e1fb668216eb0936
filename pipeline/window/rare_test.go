package window

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A signalList takes signals.
type signalList struct{ got []string }

func (l *signalList) Find(pipeline.Finding) {}
func (l *signalList) Signal(s pipeline.Signal) {
	l.got = append(l.got, fmt.Sprintf("%s(%s)=%d", s.Name, s.Key, s.Count))
}

func request(method pipeline.Method, to pipeline.Endpoint, path string, status uint16, addr string) *pipeline.Event {
	return &pipeline.Event{Time: start, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Counts: pipeline.CountsAddress,
		Method: method, Endpoint: to, Path: path, Status: status, UserAgent: "Firefox 143", IP: netip.MustParseAddr(addr)}
}

// TestRareSignals shows what is told of which request.
func TestRareSignals(t *testing.T) {
	post, get := pipeline.MethodPost, pipeline.MethodGet
	f := func(want string, e *pipeline.Event) {
		t.Helper()
		var l signalList
		r := NewRare(testSecret)
		r.Observe(e, &l)
		if due := r.Due(start); (due != 0) != (want != "") {
			t.Errorf("%s %s: due at %d", e.Method, e.Path, due)
		}
		r.Advance(start, &l)
		if got := strings.Join(l.got, " "); got != want {
			t.Errorf("%s %s %d: got %q, want %q", e.Method, e.Path, e.Status, got, want)
		}
	}
	f("rare.sign_in(192.0.2.1)=1", request(post, pipeline.EndpointSignIn, "/auth/sign_in", 302, "192.0.2.1"))
	f("rare.sign_in_fail(192.0.2.1)=1", request(post, pipeline.EndpointSignIn, "/auth/sign_in", 200, "192.0.2.1"))
	f("rare.sign_in_fail(2001:db8:1:2::/64)=1", request(post, pipeline.EndpointSignIn, "/auth/sign_in", 429, "2001:db8:1:2::7"))
	f("", request(get, pipeline.EndpointSignIn, "/auth/sign_in", 200, "192.0.2.1"))
	f("rare.sign_up(192.0.2.1 Firefox 143)=1", request(post, pipeline.EndpointSignUp, "/auth", 302, "192.0.2.1"))
	f("rare.sign_up(192.0.2.1)=1", request(post, pipeline.EndpointSignUp, "/api/v1/accounts", 200, "192.0.2.1"))
	f("", request(post, pipeline.EndpointSignUp, "/auth", 200, "192.0.2.1")) // a mistake in the form
	f("rare.reset(192.0.2.1)=1", request(post, pipeline.EndpointPassword, "/auth/password", 302, "192.0.2.1"))
	f("", request(post, pipeline.EndpointPassword, "/auth/challenge", 302, "192.0.2.1"))
	f("", request(post, pipeline.EndpointInbox, "/inbox", 202, "192.0.2.1"))
	f("total.networks()=1", request(get, pipeline.EndpointTagPage, "/tags/x", 200, "192.0.2.1"))
	f("", request(get, pipeline.EndpointOther, "/.env", 404, "192.0.2.1"))
	other := request(post, pipeline.EndpointSignIn, "/auth/sign_in", 302, "192.0.2.1")
	other.Counts = pipeline.CountsDomain
	f("", other)
}

// TestRareIsBounded lets more addresses fail in a second than are told of by name: the rest is added up. A snapshot in
// the middle changes nothing.
func TestRareIsBounded(t *testing.T) {
	var l signalList
	r := NewRare(testSecret)
	for i := range 1000 {
		r.Observe(request(pipeline.MethodPost, pipeline.EndpointSignIn, "/auth/sign_in", 200, fmt.Sprintf("203.%d.%d.9", i/250, i%250)), &l)
		if i == 500 {
			var b, again bytes.Buffer
			if err := r.Snapshot(&b); err != nil {
				t.Fatal(err)
			}
			next := NewRare(testSecret)
			if err := next.Restore(bytes.NewReader(b.Bytes())); err != nil {
				t.Fatal(err)
			}
			if err := next.Snapshot(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
				t.Fatalf("a restored part does not write what it read (%v)", err)
			}
			r = next
		}
	}
	r.Advance(start, &l)
	if rest := fmt.Sprintf("%s()=%d", RareSignInFail, 1000-maxRare); len(l.got) != maxRare+1 || !slices.Contains(l.got, rest) {
		t.Errorf("got %d signals, want %d and %q", len(l.got), maxRare, rest)
	}
	if err := r.Restore(strings.NewReader("short")); err == nil || r.Due(start) != 0 {
		t.Errorf("after a snapshot that is cut short: %v, due at %d", err, r.Due(start))
	}
}

// TestStrangers counts each network once in a month, and not those who come for what others just came for.
func TestStrangers(t *testing.T) {
	s := newStrangers(testSecret)
	comes := func(day int, path, addr string) bool {
		e := request(pipeline.MethodGet, pipeline.EndpointStatus, path, 200, addr)
		e.Time = start.Add(time.Duration(day) * 24 * time.Hour)
		return s.comes(e)
	}
	if !comes(0, "/@alice/1", "203.0.113.1") {
		t.Error("the first of a network is no stranger")
	}
	if comes(0, "/@alice/2", "203.0.113.99") || comes(20, "/@alice/3", "203.0.113.1") {
		t.Error("a network that was seen is a stranger")
	}
	if !comes(100, "/@alice/4", "203.0.113.1") {
		t.Error("after eighty days without a sight it is no stranger")
	}
	counted := 0
	for i := range 200 {
		if comes(100, "/@alice/9", fmt.Sprintf("198.51.%d.1", i)) {
			counted++
		}
	}
	if counted != 1 {
		t.Errorf("of 200 who come for one post: got %d strangers, want the first", counted)
	}
	for i := range 200 {
		if !comes(100, fmt.Sprintf("/@alice/%d", 1000+i), fmt.Sprintf("198.52.%d.1", i)) {
			t.Fatal("who reads at random is no stranger")
		}
	}
}

// TestLane fills half a table of addresses, so that newcomers must knock: one that fails to sign in gets a place at once,
// one that reads does not, and no more than the lane is wide.
func TestLane(t *testing.T) {
	s := NewSpace(Options{Space: pipeline.SpaceNetwork, Secret: testSecret, Keys: [numTables]int{IP: 4000, Prefix: 8000}})
	fails := s.Metric(IP, SignInFails, Of(S1h))
	s.Metric(IP, Dynamic, AddressScales)
	for i := range 3000 {
		s.Observe(request(pipeline.MethodGet, pipeline.EndpointTimeline, "/", 200, fmt.Sprintf("11.%d.%d.1", i/200, i%200)), nil)
	}
	read := request(pipeline.MethodGet, pipeline.EndpointTimeline, "/", 200, "203.0.113.1")
	if s.Observe(read, nil); read.Slots.IP != 0 {
		t.Fatal("one read got a place: the table has no doorkeeper")
	}
	placed := 0
	for i := range 2000 {
		e := request(pipeline.MethodPost, pipeline.EndpointSignIn, "/auth/sign_in", 200, fmt.Sprintf("12.%d.%d.1", i/200, i%200))
		if s.Observe(e, nil); fails.Sum(e.Slots.IP, Proven, S1h, start) == 1 {
			placed++
		}
	}
	if placed == 0 || placed > laneWidth {
		t.Errorf("of 2,000 that sign in within a second %d got a place, want %d at most, and some", placed, laneWidth)
	}
}
