package identity

import (
	"math/rand/v2"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// both shows one honest delivery as both logs tell it: Rails first, nginx two milliseconds later.
func both(id *Identity, at pipeline.Time) pipeline.Attribution {
	level := levelOf(id, rails(at, victim))
	levelOf(id, nginx(at+2*pipeline.Second/1000, victimAddr, victim, ""))
	return level
}

// settle lets the victim deliver once in each step, for long.
func settle(id *Identity, at, long, step pipeline.Time) (pipeline.Time, pipeline.Attribution) {
	var last pipeline.Attribution
	for end := at + long; at < end; at += step {
		last = both(id, at)
	}
	return at, last
}

func TestWitnessesAgree(t *testing.T) {
	for _, perMinute := range []pipeline.Time{1, 5, 30, 100, 600} {
		id, at := known(t)
		at, _ = settle(id, at, minute*2, minute/perMinute)
		bad := 0
		for end := at + 10*minute; at < end; at += minute / perMinute {
			if both(id, at) != pipeline.Corroborated {
				bad++
			}
		}
		if bad > 0 {
			t.Errorf("%d deliveries a minute: %d are not corroborated, want none", perMinute, bad)
		}
	}
}

func TestWitnessesDisagree(t *testing.T) {
	f := func(what string, play func(id *Identity, at pipeline.Time) pipeline.Attribution) {
		t.Helper()
		id, at := known(t)
		want(t, what, play(id, at), pipeline.Claimed)
	}
	f("Rails alone", func(id *Identity, at pipeline.Time) (got pipeline.Attribution) {
		for i := range pipeline.Time(1000) {
			got = levelOf(id, rails(at+i*pipeline.Second, victim))
		}
		return got
	})
	f("nginx knows of a third more", func(id *Identity, at pipeline.Time) (got pipeline.Attribution) {
		for i := range pipeline.Time(1000) {
			levelOf(id, nginx(at+i*pipeline.Second, victimAddr, victim, ""))
			if i%4 > 0 {
				got = levelOf(id, rails(at+i*pipeline.Second, victim))
			}
		}
		return got
	})
	f("a minute of silence", func(id *Identity, at pipeline.Time) pipeline.Attribution {
		at, _ = settle(id, at, 5*minute, pipeline.Second)
		return levelOf(id, rails(at+2*minute, victim))
	})
	f("from addresses that prove nothing", func(id *Identity, at pipeline.Time) (got pipeline.Attribution) {
		for i := range pipeline.Time(1000) {
			levelOf(id, nginx(at+i*pipeline.Second, forgerAddr, victim, ""))
			got = levelOf(id, rails(at+i*pipeline.Second, victim))
		}
		return got
	})
	f("a read", func(id *Identity, at pipeline.Time) pipeline.Attribution {
		at, _ = settle(id, at, 5*minute, pipeline.Second)
		return levelOf(id, with(rails(at, victim), func(e *pipeline.Event) { e.Method, e.Status = pipeline.MethodGet, 200 }))
	})
	f("refused", func(id *Identity, at pipeline.Time) pipeline.Attribution {
		at, _ = settle(id, at, 5*minute, pipeline.Second)
		return levelOf(id, with(rails(at, victim), func(e *pipeline.Event) { e.Status = 401 }))
	})
}

// TestRidersAreFew holds the bound that tally promises, whatever the forger's pace: forged deliveries in a stock
// log, mixed into the traffic of a peer with as many a minute.
func TestRidersAreFew(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 2))
		perMinute := pipeline.Time([]int64{3, 20, 100, 1000}[rng.IntN(4)])
		limit := map[bool]int{true: 2, false: maxSlack}[perMinute < 50]
		pace := []float64{0.001, 0.01, 0.1, 0.5, 5}[rng.IntN(5)]
		id, at := known(t)
		at -= at % hour
		at, _ = settle(id, at+hour, 10*minute, minute/perMinute)
		riders := 0
		for end := at + 40*minute; at < end; at += minute / perMinute {
			both(id, at)
			for n := rng.ExpFloat64() * pace; n > 0.5; n-- {
				e := rails(at+minute/perMinute/2, victim)
				if levelOf(id, e) >= pipeline.Corroborated {
					riders++
				}
				levelOf(id, nginx(at+minute/perMinute/2, forgerAddr, victim, "forger.example"))
			}
		}
		if riders > limit {
			t.Errorf("seed %d, %d a minute, pace %g: %d forged deliveries are corroborated, want %d at most", seed, perMinute, pace, riders, limit)
		}
	}
}

// A flood of forged deliveries in one moment does not ride on the minute before.
func TestBurstOfRiders(t *testing.T) {
	f := func(perMinute pipeline.Time, limit int) {
		t.Helper()
		id, at := known(t)
		at, _ = settle(id, at, 10*minute, minute/perMinute)
		riders := 0
		for i := range pipeline.Time(1000) {
			if levelOf(id, rails(at+i, victim)) >= pipeline.Corroborated {
				riders++
			}
		}
		if riders > limit {
			t.Errorf("of 1000 forged at once beside %d a minute, got %d corroborated, want %d at most", perMinute, riders, limit)
		}
		at, _ = settle(id, at+minute, 5*minute, minute/perMinute)
		want(t, "honest, minutes later", both(id, at), pipeline.Claimed)
		at, _ = settle(id, at, 5*hour, minute/perMinute)
		want(t, "honest, hours later", both(id, at), pipeline.Corroborated)
	}
	f(19, minSlack)
	f(100, minSlack+2)
	f(2000, maxSlack)
}
