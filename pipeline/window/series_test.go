package window

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A Series learns its days, says nothing of a usual one, and tells of an hour that holds three times as much; a restart
// changes nothing.
func TestSeries(t *testing.T) {
	floors := []Floor{{Scale: S10m, Count: 20}, {Scale: S1h, Count: 40}}
	s, r := NewSeries(floors), rand.New(rand.NewPCG(1, 1))
	load := func(s *Series, r *rand.Rand, from, hours int, mean float64) (over int) {
		for minute := range hours * 60 {
			at := start.Add(time.Duration(from)*time.Hour + time.Duration(minute)*time.Minute)
			day := 1 + 0.8*math.Sin(float64(from*60+minute)/(24*60)*2*math.Pi)
			s.Add(at, uint32(poisson(r, mean*day)))
			if x, ok := s.Over(at); ok {
				s.Finding(at, x, "things")
				over++
			}
		}
		return over
	}
	if over := load(s, r, 0, 6*24, 1.5); over > 0 {
		t.Errorf("over in %d minutes of usual days", over)
	}
	if got := s.Mean(S1h, start.Add(6*24*time.Hour)); got < 70 || got > 120 {
		t.Errorf("an hour is known for %.0f, not some 90", got)
	}
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	next := NewSeries(floors)
	if err := next.Restore(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	one, two := load(s, rand.New(rand.NewPCG(2, 2)), 6*24, 3, 6), load(next, rand.New(rand.NewPCG(2, 2)), 6*24, 3, 6)
	if one == 0 || one != two {
		t.Errorf("over in %d minutes of four times as much, and in %d after a restart", one, two)
	}
	if err := next.Restore(bytes.NewReader(b.Bytes()[:b.Len()/2])); err == nil || !next.Learning(start.Add(time.Hour)) {
		t.Errorf("half a snapshot: %v", err)
	}
}
