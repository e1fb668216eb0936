package window

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A server is a Space of sites under a load that a test describes, hour by hour and key by key.
type server struct {
	t     *testing.T
	space *Space
	m     *Metric
	rand  *rand.Rand
	over  map[string]int // seconds in which a host was over
	from  pipeline.Time  // when these are counted from
	slots map[string]int32
}

func newServer(t *testing.T) *server {
	s := newSite(500)
	return &server{t: t, space: s, m: s.Metric(Domain, Inbox, DomainScales).Floors(DomainFloors),
		rand: rand.New(rand.NewPCG(5, 5)), over: map[string]int{}, slots: map[string]int32{}}
}

// hour lets the hosts deliver so often in an hour, evenly but for chance.
func (s *server) hour(n int, usual map[string]float64) {
	var seconds [3600][]string
	for i := range 500 { // in an order that is always the same
		host := hostName(i)
		for range poisson(s.rand, usual[host]) {
			k := s.rand.IntN(3600)
			seconds[k] = append(seconds[k], host)
		}
	}
	for k, hosts := range seconds {
		for _, h := range hosts {
			s.deliver(start.Add(time.Duration(n)*time.Hour+time.Duration(k)*time.Second), h)
		}
	}
}

func (s *server) deliver(at pipeline.Time, host string) {
	e := delivery(at, host, "", "", pipeline.Verified)
	s.space.Observe(e, nil)
	s.slots[host] = e.Slots.Domain
	x, ok := s.m.Over(e.Slots.Domain, Proven, at)
	if ok && s.m.Once(e.Slots.Domain, Proven, at) {
		if at >= s.from {
			s.over[host]++
		}
		s.m.Finding(e, x, pipeline.Entity{Type: pipeline.EntityDomain, Value: host}, "requests")
	}
}

func hostName(i int) string {
	return "h" + string(rune('a'+i/26%26)) + string(rune('a'+i%26)) + ".example"
}

func poisson(r *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	limit, n := math.Exp(-mean), 0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// peers is a load of 60 hosts, from a few to 200 an hour, which sleep at night; factor multiplies all.
func peers(hour int, factor float64) map[string]float64 {
	day := 1 + 0.7*math.Sin(float64(hour%24)/24*2*math.Pi)
	load := map[string]float64{}
	for i := range 60 {
		load[hostName(i)] = 200 / float64(i+1) * day * factor
	}
	return load
}

// A week of days and nights brings nothing up; a flood, and a host's threefold hour, do.
func TestBaselineKnowsTheUsual(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*7; n++ {
		s.hour(n, peers(n, 1))
	}
	if len(s.over) > 0 {
		t.Errorf("over in a usual week: %v", s.over)
	}
	b := s.m.base
	if got := b.season.of(uint32(start/3600/pipeline.Second) + 6); got < 1.3 || got > 2 {
		t.Errorf("the season's best hour is %.2f, not some 1.7", got)
	}
	busy := s.m.rateOf(s.slots[hostName(0)], Proven, S1h)
	if got := busy.mean(); got < 180 || got > 220 {
		t.Errorf("the busiest host is known for %.0f an hour, not 200", got)
	}
	load := peers(n, 1)
	load[hostName(0)] *= 4
	load[hostName(30)] = 400
	load["hzz.example"] = 0
	s.hour(n, load)
	for i, want := range map[int]bool{0: true, 30: true, 1: false, 10: false} {
		if got := s.over[hostName(i)] > 0; got != want {
			t.Errorf("host %d is over: %v, want %v", i, got, want)
		}
	}
}

// What everybody does at once is nobody's flood: a server that comes back is heard by all, fourfold. In the first minutes
// that is not known yet; those are the recognisers' of an outage.
func TestCommonModeIsNobodysFlood(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*5; n++ {
		s.hour(n, peers(n, 10))
	}
	s.hour(n, nil)
	s.hour(n+1, nil) // dead
	s.from = start.Add(time.Duration(n+2)*time.Hour + 3*time.Minute)
	load := peers(n+2, 40)
	load[hostName(40)] = 20000
	s.hour(n+2, load)
	if got := s.space.common.now; got < 3 || got > 5 {
		t.Errorf("the common factor is %.1f, not 4", got)
	}
	for i := range 40 {
		if s.over[hostName(i)] > 0 {
			t.Errorf("host %d is over for what everybody does", i)
		}
	}
	if s.over[hostName(40)] == 0 {
		t.Error("who floods in the recovery is not over")
	}
}

// Who grows slowly teaches no more than a winsorised hour at a time, and an open incident teaches nothing.
func TestTrainingIsSlow(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*4; n++ {
		s.hour(n, peers(n, 1))
	}
	victim := hostName(20)
	before := s.m.rateOf(s.slots[victim], Proven, S1h).mean()
	load := peers(n, 1)
	load[victim] = 100 * before
	for range 5 {
		s.hour(n, load)
		n++
	}
	s.hour(n, peers(n, 1))
	after := s.m.rateOf(s.slots[victim], Proven, S1h).mean()
	t.Logf("%.1f an hour before, %.1f after five hours of a hundredfold", before, after)
	if s.over[victim] == 0 {
		t.Error("a hundredfold is not over")
	}
	if after > 1.5*before {
		t.Errorf("a flood taught itself: %.1f an hour before, %.1f after", before, after)
	}
}

// Hours without logs teach nothing: neither the season nor any key.
func TestDeadHoursTeachNothing(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*4; n++ {
		s.hour(n, peers(n, 1))
	}
	before := s.m.rateOf(s.slots[hostName(3)], Proven, S1h).mean()
	rate := s.m.base.rate()
	n += 60 // two days and a half
	s.hour(n, peers(n, 1))
	s.hour(n+1, peers(n+1, 1))
	after := s.m.rateOf(s.slots[hostName(3)], Proven, S1h).mean()
	if after < 0.8*before || after > 1.25*before {
		t.Errorf("a gap changed a key's rate from %.1f to %.1f", before, after)
	}
	if got := s.m.base.rate(); got < 0.8*rate || got > 1.25*rate {
		t.Errorf("a gap changed the rate of all from %.0f to %.0f", rate, got)
	}
	if len(s.over) > 0 {
		t.Errorf("over after a gap: %v", s.over)
	}
}

// A new key is judged from its first minute, by what keys are like here.
func TestColdKeys(t *testing.T) {
	s := newServer(t)
	n := 0
	for ; n < 24*4; n++ {
		s.hour(n, peers(n, 1))
	}
	load := peers(n, 1)
	load[hostName(400)] = 40   // a busy new peer
	load[hostName(401)] = 2400 // a flood
	s.hour(n, load)
	if s.over[hostName(400)] > 0 || s.over[hostName(401)] == 0 {
		t.Errorf("over: %v, want the flood and not the new peer", s.over)
	}
}

// A baseline is the same after a restart, and no bytes make one that breaks.
func TestBaselineRestored(t *testing.T) {
	s := newServer(t)
	for n := range 30 {
		s.hour(n, peers(n, 1))
	}
	var b bytes.Buffer
	if err := s.space.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	next := newServer(t)
	if err := next.space.Restore(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	next.rand = rand.New(rand.NewPCG(8, 8))
	s.rand = rand.New(rand.NewPCG(8, 8))
	for n := 30; n < 34; n++ {
		s.hour(n, peers(n, 3))
		next.hour(n, peers(n, 3))
	}
	if len(s.over) != len(next.over) {
		t.Errorf("over %v, after a restart %v", s.over, next.over)
	}
	var first, second bytes.Buffer
	if s.space.Snapshot(&first) != nil || next.space.Snapshot(&second) != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("what is known differs after a restart")
	}
}
