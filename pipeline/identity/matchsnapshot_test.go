package identity

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestMatcherSnapshotAnywhere cuts honest floods at many places, one beside a stream that is lost: what is proven, and what is known in
// the end, is the same as without a cut.
func TestMatcherSnapshotAnywhere(t *testing.T) {
	o := Options{Secret: pipeline.Secret{1, 2, 3}}
	proven := 0
	for seed, c := range scenes()[:5] {
		s, lines := c.lines(uint64(seed), true)
		j := newJury(t, s.rng)
		cut := New(o)
		for i, l := range lines {
			e := l.event
			j.show(&l)
			cut.Enrich(&e)
			for state, after := range [...]int{pipeline.StreamLost: 100, pipeline.StreamRejoined: 400} {
				if after > 0 && i == len(lines)/2+after && seed == 4 {
					f := fact(e.Time-t0, "nginx", pipeline.StreamState(state))
					j.id.Hear(&f)
					cut.Hear(&f)
				}
			}
			if i%513 == 0 {
				cut = restored(t, cut, o)
			}
			if i%31 == 0 {
				f, _ := j.evidence(victim, e.Time, windows[i%len(windows)], false)
				one, two := j.id.Level(&f, e.Time), cut.Level(&f, e.Time)
				if one != two || j.id.Provable(&f) != cut.Provable(&f) {
					t.Fatalf("seed %d, line %d: got %v, without the cuts %v", seed, i, two, one)
				}
				if one == pipeline.Corroborated {
					proven++
				}
			}
		}
		if !bytes.Equal(snapshot(t, j.id), snapshot(t, cut)) {
			t.Errorf("seed %d: the snapshots differ", seed)
		}
	}
	if proven == 0 {
		t.Error("nothing was proven, the cuts could have lost it all")
	}
}

// TestMatcherBounds holds what a flood of everything may take: threads, job ids, deliveries and lost streams.
func TestMatcherBounds(t *testing.T) {
	id := New(Options{})
	n := 400_000
	if testing.Short() {
		n = 100_000
	}
	before := heap()
	for i := range n {
		at := t0 + pipeline.Time(i)*10*millisecond
		name := fmt.Sprint(i)
		e := pipeline.Event{Time: at, Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, JobClass: processing, JobID: name,
			JobState: pipeline.JobStart, PID: name, TID: name, Stream: pipeline.StreamID(name)}
		id.Enrich(&e)
		id.Enrich(rails(at, "h"+name+".example"))
		f := fact(at-t0, name, pipeline.StreamLost)
		id.Hear(&f)
	}
	if grown := int(heap()) - int(before); grown > 20<<20 {
		t.Errorf("took %d MB, want 20 at most, with the cache's 8", grown>>20)
	}
	m := &id.matcher
	if len(m.threads.list) > maxThreads || len(m.threads.index) > maxThreads || len(m.deliveries.list) > maxDeliveries || len(m.lost) > maxLost {
		t.Errorf("got %d threads, %d deliveries, %d lost streams", len(m.threads.list), len(m.deliveries.list), len(m.lost))
	}
}

func TestJobIDs(t *testing.T) {
	var j jids
	m := newMatcher(pipeline.Secret{})
	hash := func(i int) uint64 { return m.hash(fmt.Sprint("job", i)) }
	const n = 100_000
	wrong := 0
	for i := range n {
		at := t0 + pipeline.Time(i)*30*millisecond
		if !j.first(hash(i), at) {
			wrong++
		}
		if i >= 1000 && j.first(hash(i-1000), at) {
			t.Fatalf("job %d is new again", i-1000)
		}
	}
	if wrong > n/200 {
		t.Errorf("first starts taken for retries: got %d of %d", wrong, n)
	}
	end := t0 + n*30*millisecond
	if j.first(hash(n-1), end+3*hour-minute) {
		t.Error("a job of less than three hours ago is not known")
	}
	if !j.first(hash(0), end+4*hour) {
		t.Error("a job of four hours ago is still known")
	}
}

// What is counted in a name is the same after a restart, however old the evidence is: else a restart could prove a name.
func TestOldDeliveriesAreKept(t *testing.T) {
	id := New(Options{})
	id.matcher.on = true
	for i := range int64(4000) {
		id.matcher.deliveries.add(delivery{second: i, site: 7, accepted: true})
	}
	id.matcher.seconds.now = 4000
	next := restored(t, id, Options{})
	all, _ := id.matcher.deliveries.count(pipeline.EntitySite, 7, 100, 3500, 4000)
	again, _ := next.matcher.deliveries.count(pipeline.EntitySite, 7, 100, 3500, 4000)
	if all != 3900 || again != all {
		t.Errorf("got %d deliveries, and %d after a restart, want 3900", all, again)
	}
}
