package identity

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A million invented sites take no more memory than the bounds say, and push out nobody who is known.
func TestMillionInventedSites(t *testing.T) {
	id := New(Options{})
	peers := 500
	peer := func(i int, at pipeline.Time) pipeline.Attribution {
		return levelOf(id, nginx(at, fmt.Sprintf("198.51.%d.%d", i/250, i%250), fmt.Sprintf("peer%d.example", i), ""))
	}
	at := t0
	for ; at < t0+4*day; at += hour {
		for i := range peers {
			peer(i, at)
		}
	}
	before := heap()
	for i := range 1_000_000 {
		at += pipeline.Second / 100
		id.Enrich(nginx(at, forgerAddr, fmt.Sprintf("s%d.invented%d.example", i, i), ""))
	}
	if grown := int(heap()) - int(before); grown > 24<<20 {
		t.Errorf("a million sites took %d MB, want 24 at most", grown>>20)
	}
	if n := len(id.table.sites); n != defaultSites || len(id.table.index) != n {
		t.Errorf("sites: got %d and %d names, want %d", n, len(id.table.index), defaultSites)
	}
	for i := range peers {
		want(t, fmt.Sprintf("peer %d after the flood", i), peer(i, at), pipeline.Corroborated)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is protected never fills the table, so that a newcomer can always come.
func TestProtectedShare(t *testing.T) {
	id := New(Options{MaxSites: 100})
	at := t0
	for ; at < t0+5*day; at += hour {
		for i := range 100 {
			id.Enrich(nginx(at, forgerAddr, fmt.Sprintf("old%d.example", i), ""))
		}
	}
	if got := id.table.protected; got != 70 {
		t.Errorf("protected sites: got %d, want 70", got)
	}
	id.Enrich(nginx(at, victimAddr, victim, ""))
	if _, ok := id.table.index[victim]; !ok {
		t.Errorf("a newcomer found no place")
	}
	for range 32 { // after 30 days of silence nothing is protected, as far as the hand has come
		at += 31 * day
		id.Enrich(nginx(at, victimAddr, fmt.Sprintf("%d.new.example%d", at, at), ""))
	}
	if got := id.table.protected; got != 0 {
		t.Errorf("protected sites after months of silence: got %d, want 0", got)
	}
}

func TestFewestHoursGoFirst(t *testing.T) {
	id := New(Options{MaxSites: 3})
	for i, hours := range []int{3, 1, 2} {
		for h := range hours + 1 {
			id.Enrich(nginx(t0+pipeline.Time(h)*hour, forgerAddr, fmt.Sprintf("s%d.example", i), ""))
		}
	}
	id.Enrich(nginx(t0+4*hour, forgerAddr, "new.example", ""))
	if _, ok := id.table.index["s1.example"]; ok || len(id.table.index) != 3 {
		t.Errorf("the site with the fewest hours is still there: %v", id.table.index)
	}
}

// Of invented sites, which all have one hour, those that came first go first.
func TestOldestGoesFirst(t *testing.T) {
	id := New(Options{MaxSites: 3})
	for i := range 4 {
		id.Enrich(nginx(t0+pipeline.Time(i)*hour, forgerAddr, fmt.Sprintf("s%d.example", i), ""))
	}
	if _, ok := id.table.index["s0.example"]; ok || len(id.table.index) != 3 {
		t.Errorf("the oldest site is still there: %v", id.table.index)
	}
}

// traffic is a mix of honest and hostile events over weeks.
func traffic(seed uint64, n int) []pipeline.Event {
	rng := rand.New(rand.NewPCG(seed, 3))
	at := t0
	list := make([]pipeline.Event, n)
	for i := range list {
		at += pipeline.Time(rng.Int64N(int64(hour / 2)))
		k := rng.IntN(40)
		name := fmt.Sprintf("s%d.example", k)
		switch rng.IntN(6) {
		case 0:
			list[i] = *rails(at, name)
		case 1:
			list[i] = *forgery(rng, at)
		case 2:
			list[i] = *with(rails(at, name), func(e *pipeline.Event) { e.Verified = pipeline.VerdictYes })
		default:
			list[i] = *nginx(at, fmt.Sprintf("198.51.100.%d", k/2), name, "")
		}
	}
	return list
}

// Snapshot and restore at any point change nothing that comes after, nor does the size of the cache.
func TestSnapshotAnywhere(t *testing.T) {
	for seed := range uint64(8) {
		o := Options{MaxSites: 30, MaxShared: 2}
		whole, cut := New(o), New(o)
		cut.cache.limit = 300
		for i, e := range traffic(seed, 4000) {
			other := e
			whole.Enrich(&e)
			cut.Enrich(&other)
			if e != other {
				t.Fatalf("seed %d, event %d: got %+v, want %+v", seed, i, other, e)
			}
			if i%611 == 0 {
				cut = restored(t, cut, o)
				cut.Advance(e.Time.Ceil())
			}
		}
		if !bytes.Equal(snapshot(t, whole), snapshot(t, cut)) {
			t.Errorf("seed %d: the snapshots differ", seed)
		}
	}
}

func snapshot(t testing.TB, id *Identity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := id.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func restored(t testing.TB, id *Identity, o Options) *Identity {
	t.Helper()
	next := New(o)
	if err := next.Restore(iotest.OneByteReader(bytes.NewReader(snapshot(t, id)))); err != nil {
		t.Fatal(err)
	}
	return next
}

// A damaged snapshot is an error and leaves nothing, whatever the damage.
func TestRestoreDamaged(t *testing.T) {
	id, at := known(t)
	good := snapshot(t, id)
	for n := range len(good) {
		next, _ := known(t)
		if err := next.Restore(bytes.NewReader(good[:n])); err == nil {
			t.Fatalf("%d of %d bytes: got no error", n, len(good))
		}
		want(t, "after a damaged snapshot", levelOf(next, nginx(at, victimAddr, victim, "")), pipeline.Claimed)
	}
}

func FuzzRestore(f *testing.F) {
	id, _ := known(f)
	f.Add(snapshot(f, id))
	f.Add(snapshot(f, New(Options{})))
	f.Fuzz(func(t *testing.T, b []byte) {
		id := New(Options{MaxSites: 4})
		if id.Restore(bytes.NewReader(b)) != nil {
			return
		}
		for i, e := range traffic(1, 200) {
			e.Time += pipeline.Time(i) * hour
			id.Enrich(&e)
		}
		restored(t, id, Options{MaxSites: 4})
	})
}
