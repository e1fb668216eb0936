package window

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// isNew is what Space.isNewPair asks.
func (n *novelty) isNew(hash uint64, second uint32, counter uint64) bool {
	if _, known := n.knows(hash, second); known {
		return false
	}
	n.learn(hash, second, counter)
	return true
}

// fill remembers pairs from to to, not included, each of a counter of its own.
func fill(n *novelty, second uint32, from, to uint64) {
	for i := from; i < to; i++ {
		n.isNew(pairActor.of(mix(i)), second, i)
		n.spent[i%uint64(len(n.spent))] = 0
	}
}

// wrong returns the share of pairs never seen that are called known.
func wrong(n *novelty, second uint32) float64 {
	const tries = 1_000_000
	known := 0
	for i := range uint64(tries) {
		if n.has(pairActor.of(mix(1<<40+i)), second) {
			known++
		}
	}
	return float64(known) / tries
}

// TestNoveltyError measures at what fill how many new pairs are called known, up to both generations full, and that
// no known one is called new.
func TestNoveltyError(t *testing.T) {
	n, second := newNovelty(), uint32(1_795_000_000)
	all := uint64(room(0) + room(1) + room(2))
	done := uint64(0)
	for _, step := range []struct {
		pairs uint64
		limit float64
	}{{uint64(room(0)), 0.002}, {100_000, 0.003}, {uint64(room(0) + room(1)), 0.004}, {1_000_000, 0.004}, {all, 0.005}, {2 * all, 0.01}} {
		if testing.Short() && step.pairs > 300_000 {
			break
		}
		fill(n, second, done, step.pairs)
		for i := done; i < step.pairs; i++ {
			if !n.has(pairActor.of(mix(i)), second) {
				t.Fatalf("pair %d of %d is called new", i, step.pairs)
			}
		}
		done = step.pairs
		got := wrong(n, second)
		t.Logf("%d pairs: %.3f %% of new ones are called known", step.pairs, 100*got)
		if got > step.limit {
			t.Errorf("%d pairs: %.3f %% of new ones are called known, want at most %.1f %%", step.pairs, 100*got, 100*step.limit)
		}
	}
}

// TestNoveltyGenerations holds a filter against a map of when each pair was seen last: what was within 60 days is
// never new, what was not within 90 is never known but by error, and nobody is said to have slept for longer than
// they did, nor, after 60 days, for less than 30.
func TestNoveltyGenerations(t *testing.T) {
	n, second := newNovelty(), uint32(1_795_000_000)
	rng, last := rand.New(rand.NewPCG(1, 2)), map[uint64]uint32{}
	forgotten, woken := 0, 0
	for range 200_000 {
		second += uint32(rng.IntN(200))
		pair := uint64(rng.ExpFloat64() * 3000)
		slept, isKnown := n.knows(pairActor.of(mix(pair)), second)
		if !isKnown {
			n.learn(pairActor.of(mix(pair)), second, rng.Uint64())
		}
		seen, known := last[pair]
		age := second - seen
		switch {
		case !known:
		case age <= 2*generation && !isKnown:
			t.Fatalf("a pair seen %d days ago is called new", age/dayInSeconds)
		case age > 3*generation && !isKnown:
			forgotten++
		case age > 3*generation:
			t.Errorf("a pair seen %d days ago is called known", age/dayInSeconds)
		case slept > age, isKnown && age > 2*generation && slept < generation:
			t.Fatalf("a pair seen %d days ago is said to have slept for %d", age/dayInSeconds, slept/dayInSeconds)
		case slept >= generation:
			woken++
		}
		last[pair] = second
	}
	if forgotten == 0 || woken == 0 {
		t.Errorf("%d pairs were forgotten and %d slept: the test shows nothing", forgotten, woken)
	}
	if n.has(pairActor.of(mix(1)), second+3*generation) {
		t.Error("a pair is known three generations later")
	}
}

// TestNoveltyFull shows that a filter which is full before its time gives up its third generation at once.
func TestNoveltyFull(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of pairs")
	}
	n, second := newNovelty(), uint32(1_795_000_000)
	pairs := uint64(room(0) + room(1) + room(2))
	fill(n, second, 0, 3*pairs)
	n.turn(second)
	if len(n.gens[1].blocks) != maxBlocks || len(n.gens[2].blocks) != 0 {
		t.Errorf("got %d blocks in the second and %d in the third generation, want %d and none", len(n.gens[1].blocks), len(n.gens[2].blocks), maxBlocks)
	}
}

// TestNoveltyKinds shows that pairs of one kind are no pairs of another.
func TestNoveltyKinds(t *testing.T) {
	s := newSite(10)
	e := delivery(start, "a.example", "", "192.0.2.1", pipeline.Verified)
	kinds := []pairKind{pairActor, pairOrigin, pairNetwork, pairSoftware, pairSubdomain}
	for _, isNew := range []bool{true, false} {
		for _, k := range kinds {
			for i := range uint64(100) {
				if got := s.isNewPair(e, k, mix(i), true); got != isNew {
					t.Fatalf("kind %d, pair %d: got new %v, want %v", k, i, got, isNew)
				}
			}
		}
	}
}

// TestNoveltyBound shows that a site makes 1,000 pairs known in an hour and no more, whatever metrics are claimed, and
// that others' are.
func TestNoveltyBound(t *testing.T) {
	s := newSite(10)
	meet := func(at pipeline.Time, site string, i int) bool {
		e := delivery(at, site, "", "192.0.2.1", pipeline.Verified)
		return s.novel(e, mix(s.hash(site))^s.hash(fmt.Sprint(i)), true) == NewActors.bit()
	}
	for i := range 5000 {
		meet(start, "inventive.example", i)
	}
	known := 0
	for i := range 5000 {
		if !meet(start, "inventive.example", i) {
			known++
		}
	}
	if known < maxLearned || known > maxLearned+30 {
		t.Errorf("got %d of 5000 known, want %d", known, maxLearned)
	}
	if !meet(start, "honest.example", 1) || meet(start, "honest.example", 1) {
		t.Error("another site's pair is not remembered")
	}
	if !meet(start.Add(time.Hour), "inventive.example", 4999) || meet(start.Add(time.Hour), "inventive.example", 4999) {
		t.Error("an hour later a pair is not remembered")
	}
}

// TestNoveltyIsNotWarmed shows that claims make an actor known to the proven part only where they came from the network
// that proves him and were accepted.
func TestNoveltyIsNotWarmed(t *testing.T) {
	for _, c := range []struct {
		what, from string
		status     uint16
		isNew      bool
	}{
		{"a peer's own past", "192.0.2.77", 202, false},
		{"a forger's claim", "203.0.113.66", 202, true},
		{"a refused claim", "192.0.2.77", 401, true},
	} {
		s := newSite(10)
		pair := mix(s.hash("a.example")) ^ s.hash("https://a.example/u")
		claim := delivery(start, "a.example", "https://a.example/u", c.from, pipeline.Claimed)
		claim.Status = c.status
		if s.novel(claim, pair, false) != NewActors.bit() || s.novel(claim, pair, false) != 0 {
			t.Errorf("%s: among claims it is not new once", c.what)
		}
		e := delivery(start.Add(time.Hour), "a.example", "https://a.example/u", "192.0.2.1", pipeline.Verified)
		if got := s.novel(e, pair, true) == NewActors.bit(); got != c.isNew {
			t.Errorf("%s: got new %v, want %v", c.what, got, c.isNew)
		}
		if s.novel(e, pair, true) != 0 {
			t.Errorf("%s: what was proven is new again", c.what)
		}
	}
}

// TestNoveltySnapshot shows that bounds and generations outlive a restart, and that damage is an error or bounded.
func TestNoveltySnapshot(t *testing.T) {
	n, second := newNovelty(), uint32(1_795_000_000)
	fill(n, second, 0, 40_000)
	for i := range uint64(900) {
		n.isNew(mix(i), second, 7)
	}
	n.turn(second + generation)
	fill(n, second+generation, 100_000, 100_100)
	var b bytes.Buffer
	if err := n.write(&b); err != nil {
		t.Fatal(err)
	}
	good := bytes.Clone(b.Bytes())
	restored := newNovelty()
	if err := restored.read(bytes.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(500) {
		if got, want := restored.isNew(mix(1<<30+i), second+generation, 7), n.isNew(mix(1<<30+i), second+generation, 7); got != want {
			t.Fatalf("pair %d: got new %v after a restart, want %v", i, got, want)
		}
	}
	for _, at := range []int{0, 3, 4, 7, 8, 11, 12 + 64<<10 + 512<<10, len(good) - 1} {
		bad := bytes.Clone(good)
		bad[at] ^= 0xff
		if damaged := newNovelty(); damaged.read(bytes.NewReader(bad)) == nil {
			damaged.isNew(1, second, 1)
		}
		if newNovelty().read(bytes.NewReader(good[:at])) == nil {
			t.Errorf("cut at %d: no error", at)
		}
	}
}

func BenchmarkNovelty(b *testing.B) {
	for _, pairs := range []uint64{10_000, 2_000_000} {
		n, second := newNovelty(), uint32(1_795_000_000)
		fill(n, second, 0, pairs)
		b.Run(fmt.Sprint("known of ", pairs), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				n.isNew(pairActor.of(mix(uint64(i)%pairs)), second, 1)
			}
		})
		b.Run(fmt.Sprint("new to ", pairs), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				n.isNew(pairActor.of(mix(1<<40+uint64(i))), second, 1)
			}
		})
	}
}
