package window_test

import (
	"fmt"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A move is what an attacker sends: the keys of one event, and whether it is spent on a key that passes the door.
type move struct {
	name string
	n    int // events so far
	send func(s *siege) (site, host, actor string, passes bool)
}

// A shape is by how much an attack exceeds its rate in a second.
type shape func(second pipeline.Time) float64

func steady(pipeline.Time) float64 { return 1 }

// shapes returns how an attack can be spread over time.
func (s *siege) shapes() []shape {
	edge := pipeline.Time(s.rng.IntN(60)) * pipeline.Second
	return []shape{
		steady,
		func(t pipeline.Time) float64 { // all of a minute where one pane ends and the next begins
			if at := (t + edge) % pipeline.Time(doorTime) / pipeline.Second; at == 0 || at == 59 {
				return 30
			}
			return 0
		},
		func(t pipeline.Time) float64 { // by turns
			return float64(t/pipeline.Second%20/10) * 2
		},
	}
}

// alone is a key that is a site, a host and an actor.
func alone(name string) (site, host, actor string, passes bool) {
	host = name + ".example"
	return host, host, "https://" + host + "/users/u", false
}

// moves returns the repertoire, each move at its beginning.
func (s *siege) moves() []*move {
	list := []*move{
		s.groups("never seen", 1, 1),
		s.groups("seven events", 7, 1),
		s.groups("eight events", 8, 1),
		s.groups("nine events", 9, 1),
		s.groups("sixteen events", 16, 1),
		s.groups("eight events, ten keys by turns", 8, 10),
		s.groups("eight events, a table's keys by turns", 8, s.keys),
		s.crowd("a crowd, then eight events", 17),
		s.crowd("a heavy crowd, then eight events", 40),
		s.crowd("a crowd of the lightest", 1<<30),
	}
	for _, period := range []int{59, 61, 119, 121} {
		list = append(list, s.returning(period))
	}
	return append(list,
		s.below("hosts of one site", func(n int) (string, string, string) {
			return "farm.example", nameOf("h", n) + ".farm.example", ""
		}),
		s.below("actors of one host", func(n int) (string, string, string) {
			return "crowd.example", "crowd.example", nameOf("https://crowd.example/users/u", n)
		}),
		s.below("hosts of many sites", func(n int) (string, string, string) {
			site := nameOf("farm", n/80) + ".example"
			return site, nameOf("h", n) + "." + site, ""
		}),
		s.below("actors of many hosts", func(n int) (string, string, string) {
			host := nameOf("crowd", n/300) + ".example"
			return host, host, nameOf("https://"+host+"/users/u", n)
		}))
}

// groups sends size events of each key, of width keys by turns.
func (s *siege) groups(name string, size, width int) *move {
	m, salt := &move{name: name}, s.rng.IntN(1<<30)
	m.send = func(*siege) (string, string, string, bool) {
		block, place := m.n/(size*width), m.n%width
		m.n++
		site, host, actor, _ := alone(nameOf(nameOf("g", salt)+"-", block*width+place))
		return site, host, actor, size >= admission
	}
	return m
}

// crowd fills the places that are free for all with keys of so many events, and then sends keys of eight: whoever
// comes in is lighter than all that are there.
func (s *siege) crowd(name string, weight int) *move {
	m, salt := &move{name: name}, s.rng.IntN(1<<30)
	width := s.keys
	m.send = func(*siege) (string, string, string, bool) {
		n := m.n
		m.n++
		if n/width < weight {
			n %= width
		} else {
			n = width + (n-width*weight)/admission
		}
		site, host, actor, _ := alone(nameOf(nameOf("c", salt)+"-", n))
		return site, host, actor, true
	}
	return m
}

// returning sends a set of keys, four events each, that comes again every so many seconds; between, nothing.
func (s *siege) returning(period int) *move {
	m, salt := &move{name: fmt.Sprintf("a set every %d s", period)}, s.rng.IntN(1<<30)
	var began pipeline.Time
	m.send = func(s *siege) (string, string, string, bool) {
		if m.n == 0 || s.now.Sub(began) >= time.Duration(period)*time.Second {
			began, m.n = s.now, 0
		}
		key := m.n / 4
		m.n++
		site, host, actor, _ := alone(nameOf(nameOf("r", salt)+"-", key))
		return site, host, actor, period <= 2*int(doorTime/time.Second)
	}
	return m
}

// below invents children, ten events each, more than their parents may have.
func (s *siege) below(name string, child func(n int) (site, host, actor string)) *move {
	m, salt := &move{name: name}, s.rng.IntN(1<<20)*1000
	m.send = func(*siege) (string, string, string, bool) {
		site, host, actor := child(salt + m.n/10)
		m.n++
		return site, host, actor, true
	}
	return m
}

// age lets as many keys as there are places come every day, so that they look like what is real; and honest
// ones, whose proofs nobody has, as many as are protected for sure.
func (s *siege) age(days int) error {
	honest := s.keys / 4
	for day := range days {
		for range 3 * admission {
			for i := range s.keys {
				site, host, actor, _ := alone(nameOf("aged", i))
				if err := s.reach(s.now.Add(5 * time.Millisecond)); err != nil {
					return err
				}
				if day > 0 {
					s.deliver(site, host, actor, pipeline.Claimed)
				}
				if i < honest {
					s.deliver(honestName(i), honestName(i), "https://"+honestName(i)+"/users/u", pipeline.Verified)
				}
			}
		}
		s.now = s.now.Add(24 * time.Hour)
	}
	s.kept = honest
	return nil
}

func honestName(i int) string { return nameOf("honest", i) + ".example" }

// remembers checks that no honest key was pushed out since age.
func (s *siege) remembers() error {
	for i := range s.kept {
		slots := s.deliver(honestName(i), honestName(i), "https://"+honestName(i)+"/users/u", pipeline.Verified)
		for t, slot := range []int32{slots.Site, slots.Domain, slots.Actor} {
			if slot == 0 || s.metrics[t].Seen(slot, 1) < 3*3*admission {
				return fmt.Errorf("%s, proven on three days, lost its place in table %d", honestName(i), t)
			}
		}
	}
	return nil
}

// appoint watches n keys of different paces, which begin some time in the next d.
func (s *siege) appoint(n int, d time.Duration) {
	gaps := []time.Duration{6 * time.Second, 5 * time.Second, time.Second, 100 * time.Millisecond, 20 * time.Millisecond}
	for i := range n {
		at := s.now.Add(time.Duration(s.rng.Int64N(int64(d))))
		gap := gaps[s.rng.IntN(len(gaps))]
		level := []pipeline.Attribution{pipeline.Claimed, pipeline.Claimed, pipeline.Corroborated, pipeline.Verified}[s.rng.IntN(4)]
		next := func() time.Duration { return gap }
		switch s.rng.IntN(4) {
		case 0: // at random, in a minute's edge now and then
			next = func() time.Duration { return time.Duration(s.rng.Int64N(int64(2 * gap))) }
		case 1: // eight at once, then a while of nothing
			sent := 0
			next = func() time.Duration {
				if sent++; sent%admission == 0 {
					return 50 * time.Second
				}
				return time.Millisecond
			}
		}
		s.watch(nameOf("watched", i)+".example", level, at, at.Add(2*d), next)
	}
}
