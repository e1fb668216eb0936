package score

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline"
)

var noon = time.Date(2026, 9, 3, 12, 0, 0, 0, time.UTC)

// request is one as nginx tells it.
func request(after time.Duration, ip, host string, end pipeline.Endpoint, method pipeline.Method, status uint16, path string) *pipeline.Event {
	return &pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Time: pipeline.TimeOf(noon.Add(after)), IP: netip.MustParseAddr(ip),
		Domain: pipeline.Domain(host), Endpoint: end, Method: method, Status: status, Path: path}
}

func delivery(after time.Duration, host string) *pipeline.Event {
	return request(after, "192.0.2.7", host, pipeline.EndpointInbox, pipeline.MethodPost, 202, "/inbox")
}

// said is what r told, and when.
func said(r Rival) string {
	var list []string
	for _, i := range r.Incidents() {
		list = append(list, fmt.Sprintf("%s %s %s", i.Detector, i.Entity.Value, i.Told.Sub(noon)))
	}
	return strings.Join(list, "; ")
}

func want(t *testing.T, r Rival, want string) {
	t.Helper()
	if got := said(r); got != want {
		t.Errorf("%s: got %q, want %q", r.Name(), got, want)
	}
}

func TestBucketCapacity(t *testing.T) {
	b := newBuckets()
	for range 100 {
		b.Observe(delivery(0, "big.example"))
	}
	want(t, b, "")
	for n := range 21 {
		b.Observe(delivery(time.Duration(n), "big.example"))
	}
	want(t, b, "bucket_requests_address 192.0.2.7 0s; bucket_inbox_domain big.example 20ns")
}

func TestBucketLeaks(t *testing.T) {
	b := newBuckets()
	for n := range 10_000 {
		b.Observe(delivery(time.Duration(n)*time.Second/2, "steady.example"))
	}
	want(t, b, "")
	b = newBuckets()
	for n := range 1_000 { // one a second above the leak: full after a hundred and twenty in excess
		b.Observe(delivery(time.Duration(n)*time.Second/3, "fast.example"))
	}
	want(t, b, "bucket_inbox_domain fast.example 1m59s")
}

// TestTellerIsQuiet tells once for as long as it goes on, and again after ten quiet minutes.
func TestTellerIsQuiet(t *testing.T) {
	b := newBuckets()
	pulse := func(at time.Duration) {
		for range 6 {
			b.Observe(request(at, "192.0.2.9", "", pipeline.EndpointSignIn, pipeline.MethodPost, 422, "/auth/sign_in"))
		}
	}
	pulse(0)
	pulse(9 * time.Minute)
	want(t, b, "bucket_sign_in_address 192.0.2.9 0s")
	pulse(20 * time.Minute)
	want(t, b, "bucket_sign_in_address 192.0.2.9 0s; bucket_sign_in_address 192.0.2.9 20m0s")
}

func TestBucketKinds(t *testing.T) {
	b := newBuckets()
	for n := range 20 {
		at := time.Duration(n) * time.Millisecond
		b.Observe(request(at, "2a00:1::5", "", pipeline.EndpointSignIn, pipeline.MethodPost, 302, "/auth/sign_in")) // successes
		b.Observe(request(at, "192.0.2.1", "", pipeline.EndpointOther, pipeline.MethodGet, 404, "/wp-login.php"))   // one path
		b.Observe(request(at, "2a00:2::5", "", pipeline.EndpointOther, pipeline.MethodGet, 404, fmt.Sprintf("/%d", n)))
	}
	want(t, b, "bucket_probing_address 2a00:2::/64 10ms")
	if n := len(b.byRule[3]); n != 2 {
		t.Errorf("%d probing buckets are held, want 2", n)
	}
	b.Observe(delivery(time.Hour, "late.example"))
	if n := len(b.byRule[3]); n != 0 {
		t.Errorf("an hour later %d probing buckets are held, want none", n)
	}
}

func TestZScore(t *testing.T) {
	z := newZScore()
	hour := 0
	steady := func(hours, perBin int, host string) {
		for range hours * 12 {
			for n := range perBin + hour%2 { // so that there is a deviation
				z.Observe(delivery(time.Duration(hour)*zBin+time.Duration(n), host))
			}
			hour++
		}
	}
	steady(48, 200, "big.example")
	want(t, z, "z_score_domain big.example 59ns") // cold, it is told of as any beginner above the floor
	from := time.Duration(hour) * zBin
	for n := range 400 {
		z.Observe(delivery(from+time.Duration(n), "big.example"))
	}
	if got := z.Incidents(); len(got) != 2 || got[1].Told.Sub(noon) < from+210 || got[1].Told.Sub(noon) > from+399 {
		t.Errorf("twice the usual: got %s", said(z))
	}
	for n := range 59 {
		z.Observe(delivery(from+zBin+time.Duration(n), "small.example"))
	}
	if got := z.Incidents(); len(got) != 2 {
		t.Errorf("below the floor: got %s", said(z))
	}
}

func TestZScoreForgets(t *testing.T) {
	z := newZScore()
	for n := range 10_000 {
		z.Observe(delivery(time.Duration(n)*time.Second, fmt.Sprintf("d%d.example", n)))
	}
	z.Observe(delivery(100*24*time.Hour, "last.example"))
	if n := len(z.domains); n != 1 {
		t.Errorf("%d domains are held, want 1", n)
	}
}

// TestSeriesRolls compares the closed form for empty bins with one bin after the other.
func TestSeriesRolls(t *testing.T) {
	a, b := series{count: 70}, series{count: 70}
	a.roll(100)
	for n := range int64(100) {
		b.roll(n + 1)
	}
	if !near(a.mean, b.mean) || !near(a.square, b.square) || a.mean == 0 {
		t.Errorf("got %+v, want %+v", a, b)
	}
}

// TestRivalsKeepNothing shows that what they keep is their own, for a log's buffer is used again; and that
// they name whom a request claims to be, so that framing works on them.
func TestRivalsKeepNothing(t *testing.T) {
	for _, r := range Rivals() {
		buffer := []byte("kite.example")
		for n := range 500 {
			r.Observe(delivery(time.Duration(n), unsafe.String(&buffer[0], len(buffer))))
		}
		copy(buffer, "overwritten!")
		if len(r.Incidents()) == 0 {
			t.Errorf("%s: nothing told", r.Name())
		}
		tally := Judge(readTruth(t, story...), framing(r.Incidents()), nil)
		if len(tally.Framed) == 0 {
			t.Errorf("%s: nobody was framed", r.Name())
		}
	}
}

// framing moves incidents into the attack of the story.
func framing(list []Incident) []Incident {
	for i := range list {
		list[i].Opened = list[i].Opened.Add(-time.Hour - 30*time.Minute)
		list[i].Told = list[i].Opened
	}
	return list
}
