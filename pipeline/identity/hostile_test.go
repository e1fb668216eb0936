package identity_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/identity"
)

const noon = pipeline.Time(1_795_089_600) * pipeline.Second

// accepted returns an accepted delivery whose key is on host, and whose agent claims it.
func accepted(at pipeline.Time, host string) *pipeline.Event {
	return &pipeline.Event{Time: at, Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
		Endpoint: pipeline.EndpointInbox, Status: 202, IP: netip.MustParseAddr("198.51.100.7"),
		AgentHost: host, KeyHost: host, KeyID: "https://" + host + "/users/u#main-key"}
}

// TestSpellingsAreOne shows that a name in any spelling that reaches the same server is one domain, one site and one actor,
// with one history; each spelling is asked twice, once past the cache.
func TestSpellingsAreOne(t *testing.T) {
	for _, spellings := range [][]string{
		{"social.peer.example", "SOCIAL.peer.Example", "social.peer.example.", "social.peer.example:443", "Social.Peer.Example.:8443",
			"ｓｏｃｉａｌ.peer.example", "social。peer．example", "so\u00adcial.peer.example"},
		{"xn--bcher-kva.example", "bücher.example", "BÜCHER.example", "bu\u0308cher.example", "XN--BCHER-KVA.EXAMPLE.", "xn--Bcher-kva.example:1"},
		{"xn--strae-oqa.example", "straße.example", "STRAßE.example"},
	} {
		id := identity.New(identity.Options{})
		for day := range 5 {
			for i := range 24 {
				at := noon.Add(time.Duration(day*24+i) * time.Hour)
				id.Enrich(accepted(at, spellings[i%len(spellings)]))
			}
		}
		want := accepted(noon.Add(6*24*time.Hour), spellings[0])
		id.Enrich(want)
		for _, s := range append(spellings, spellings...) {
			e := accepted(want.Time, s)
			id.Enrich(e)
			if e.Domain != want.Domain || e.Site != want.Site || e.Actor != want.Actor || e.Level != pipeline.Corroborated {
				t.Errorf("%q: got %q of %q, actor %q, %v; want %q of %q, actor %q, corroborated", s, e.Domain, e.Site, e.Actor, e.Level,
					want.Domain, want.Site, want.Actor)
			}
		}
	}
}

// TestConfusablesAreSeveral shows that names which only look alike are apart, or are no names at all: nobody is
// taken for another, nor lends his history.
func TestConfusablesAreSeveral(t *testing.T) {
	id := identity.New(identity.Options{})
	for hour := range 5 * 24 {
		id.Enrich(accepted(noon.Add(time.Duration(hour)*time.Hour), "paypal.example"))
	}
	later := noon.Add(6 * 24 * time.Hour)
	seen := map[pipeline.Domain]string{"paypal.example": "paypal.example"}
	for _, s := range []string{
		"p\u0430ypal.example", "\u0440\u0430ypal.example", "paypa1.example", "paypaI.example", "payp\u00e0l.example", "pay-pal.example",
		"paypal.exampIe", "paypal_.example", "paypa\u217c.examples", "p\u0101ypal.example", "paypal.example.com", "paypal.ex\u0430mple",
	} {
		e := accepted(later, s)
		id.Enrich(e)
		if other, ok := seen[e.Domain]; ok && e.Domain != "" {
			t.Errorf("%q is taken for %q", s, other)
		}
		if e.Level > pipeline.Claimed {
			t.Errorf("%q: got %v, the history of another", s, e.Level)
		}
		seen[e.Domain] = s
	}
	for _, s := range []string{"", ".", "paypal..example", "paypal\x00.example", "pay pal.example", "paypal.example/x", "\xff.example", "-.example",
		"xn--\u0430.example", "xn--a.example", "192.0.2.1", "0x7f.1", "[::1]", strings.Repeat("a.", 200) + "example", strings.Repeat("\u0430", 4096) + ".example"} {
		e := accepted(later, s)
		id.Enrich(e)
		if e.Domain != "" || e.Site != "" || e.Actor != "" || e.Level > pipeline.IPOnly {
			t.Errorf("%q: got %q of %q, actor %q, %v; want no name", s, e.Domain, e.Site, e.Actor, e.Level)
		}
	}
}

// TestManyHostsAreOneSite shows that what is invented below one name takes the place of one.
func TestManyHostsAreOneSite(t *testing.T) {
	id := identity.New(identity.Options{})
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	before := live()
	for i := range n {
		e := accepted(noon.Add(time.Duration(i)*time.Millisecond), fmt.Sprintf("h%d.farm.example", i))
		if id.Enrich(e); e.Site != "farm.example" || e.Level != pipeline.Claimed {
			t.Fatalf("host %d: got %q, %v", i, e.Site, e.Level)
		}
	}
	if took := int64(live()) - int64(before); took > 16<<20 {
		t.Errorf("took %d MB, want the cache's 8 and a little", took>>20)
	}
	if n := len(saved(t, id)); n > 1000 {
		t.Errorf("the snapshot has %d bytes, want those of one site", n)
	}
}

func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func saved(t testing.TB, id *identity.Identity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := id.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// peers returns an Identity to which 40 peers have delivered for four days.
func peers() *identity.Identity {
	id := identity.New(identity.Options{MaxSites: 64})
	for hour := range 4 * 24 {
		for i := range 40 {
			e := accepted(noon.Add(time.Duration(hour)*time.Hour), fmt.Sprintf("peer%d.example", i))
			e.IP = netip.AddrFrom4([4]byte{198, 51, 100, byte(i / 2)})
			id.Enrich(e)
		}
		work(id, noon.Add(time.Duration(hour)*time.Hour))
	}
	return id
}

// work shows a job and the delivery in Rails' log that made it.
func work(id *identity.Identity, at pipeline.Time) {
	for i, state := range []pipeline.JobState{pipeline.JobStart, pipeline.JobDone} {
		id.Enrich(&pipeline.Event{Time: at.Add(time.Duration(i) * time.Second), Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq,
			JobClass: "ActivityPub::ProcessingWorker", JobID: at.String(), JobState: state, PID: "1", TID: at.String(), Stream: "sidekiq"})
	}
	e := accepted(at.Add(2*time.Second), "unproven.example")
	e.Format, e.IP, e.AgentHost = pipeline.FormatRails, netip.Addr{}, ""
	id.Enrich(e)
	id.Hear(&pipeline.Event{Time: at.Add(3 * time.Second), Kind: pipeline.KindStream, Stream: pipeline.StreamID(at.String()),
		Fact: pipeline.StreamFact{State: pipeline.StreamLost}})
}

// use lets things happen to id that touch all that it knows, replacements included.
func use(id *identity.Identity) {
	for i := range 300 {
		at := noon.Add(time.Duration(5*24+i) * time.Hour)
		for _, host := range []string{fmt.Sprintf("peer%d.example", i%40), fmt.Sprintf("new%d.example", i)} {
			e := accepted(at, host)
			e.Verified = pipeline.Verdict(i % 3)
			id.Enrich(e)
			e.Format, e.IP, e.AgentHost = pipeline.FormatRails, netip.Addr{}, ""
			id.Enrich(e)
			f := &pipeline.Finding{At: at, Since: at, Key: pipeline.Entity{Type: pipeline.EntitySite, Value: host},
				Evidence: pipeline.Proof{Deliveries: 100}}
			id.Level(f, at)
		}
		work(id, at)
	}
}

// TestRestoreHostile restores what was cut at every byte, had a bit flipped, or a huge count in the place of each
// word: an error that says what was read and leaves nothing, or an Identity that goes on; and no memory for what
// is not there.
func TestRestoreHostile(t *testing.T) {
	good, empty := saved(t, peers()), saved(t, identity.New(identity.Options{MaxSites: 64}))
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	check := func(what string, data []byte, mustFail bool) {
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("%s: panic: %v", what, r)
			}
		}()
		id := identity.New(identity.Options{MaxSites: 64})
		id.Enrich(accepted(noon, "before.example"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := id.Restore(bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
			t.Errorf("%s: took %d MB for %d bytes", what, took>>20, len(data))
		}
		switch {
		case err == nil && mustFail:
			t.Errorf("%s: got no error", what)
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			t.Errorf("%s: got %q, which names nothing", what, err)
		case err != nil && !bytes.Equal(saved(t, id), empty):
			t.Errorf("%s: something is known after %v", what, err)
		}
		use(id)
		saved(t, id)
	}
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	for range rounds {
		if t.Failed() {
			return
		}
		at := rng.IntN(len(good) - 4)
		check(fmt.Sprintf("cut at byte %d", at), good[:at], true)
		data := bytes.Clone(good)
		data[at] ^= 1 << rng.IntN(8)
		check(fmt.Sprintf("a bit of byte %d", at), data, false)
		binary.LittleEndian.PutUint32(data[at:], []uint32{1 << 31, 1<<32 - 1, 1 << 20}[rng.IntN(3)])
		check(fmt.Sprintf("a huge number at byte %d", at), data, false)
	}
	for at := range 8 {
		data := bytes.Clone(good)
		binary.LittleEndian.PutUint32(data[at:], 1<<31)
		check(fmt.Sprintf("2^31 at byte %d", at), data, false)
	}
	check("zeros beyond", append(make([]byte, 4), good...), false)
	check("another program's", []byte("PK\x03\x04 this is no snapshot of ours"), true)
}
