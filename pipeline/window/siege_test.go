package window_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// What is promised of a key while others are invented.
const (
	admission = 8           // events in a minute with which a key has its place
	doorTime  = time.Minute // a pane of what counts before that
	probation = 30          // per cent of a table that no protection takes
	overCount = 16          // of what is counted at the door, for keys that look alike there
	lightness = 2           // the lightest is one of those within that factor
)

// torture plays a thousand sieges, and those at full size for minutes, instead of a few.
func torture() bool { return os.Getenv("FEDWARDEN_TORTURE") == "1" }

func nameOf(prefix string, n int) string {
	var b [32]byte
	return string(strconv.AppendInt(append(b[:0], prefix...), int64(n), 10))
}

// A siege is a Space of sites under attack, and beside it an oracle for each key that is watched.
type siege struct {
	space   *window.Space
	metrics [3]*window.Metric // by Table
	rng     *rand.Rand
	keys    int // of each table
	now     pipeline.Time
	next    pipeline.Time // when the first of the watched is due
	passed  oracle        // events that the attack spent on keys that pass the door
	kept    int           // honest keys of age
	watched []*watched
	event   pipeline.Event
}

// newSiege returns a Space of so many keys a table, none known; zero are the defaults.
func newSiege(seed uint64, keys int) *siege {
	s := &siege{rng: rand.New(rand.NewPCG(seed, 17)), keys: keys, now: midnight, next: 1 << 62}
	s.now += pipeline.Time(s.rng.IntN(7200)) * pipeline.Second
	s.space = window.NewSpace(sized(keys))
	if keys == 0 {
		s.keys = 20_000 // the smallest table's
	}
	for t := range s.metrics {
		s.metrics[t] = s.space.Metric(window.Table(t), window.Inbox, window.DomainScales)
	}
	return s
}

// deliver lets one delivery come now, of a key by name, and returns the places of its keys.
func (s *siege) deliver(site, host, actor string, level pipeline.Attribution) pipeline.Slots {
	s.event = delivery(s.now, host, actor, level)
	s.event.Site = pipeline.Site(site)
	s.space.Observe(&s.event, nil)
	return s.event.Slots
}

// A watched key is one that nobody may hide: a site with one host and one actor, all of one pace.
type watched struct {
	name  string
	level pipeline.Attribution
	due   pipeline.Time // of its next event
	until pipeline.Time
	gap   func() time.Duration
	tables
}

// tables are what is known of the watched site, host and actor, by Table.
type tables [3]struct {
	oracle
	unseen []pipeline.Time // events without a place, since the last one with a place
	safe   pipeline.Time   // from here on it must have its place and be counted; zero while it is too light
	back   pipeline.Time   // how far back of that it must be counted
}

// watch lets a key come from at to until, every gap.
func (s *siege) watch(name string, level pipeline.Attribution, at, until pipeline.Time, gap func() time.Duration) {
	s.watched = append(s.watched, &watched{name: name, level: level, due: at, until: until, gap: gap})
	s.next = min(s.next, at)
}

// reach moves the time on to t, and lets the watched come that are due.
func (s *siege) reach(t pipeline.Time) error {
	for s.next <= t {
		var first *watched
		for _, w := range s.watched {
			if first == nil || w.due < first.due {
				first = w
			}
		}
		s.now = max(s.now, first.due)
		if err := s.come(first); err != nil {
			return err
		}
		if first.due = first.due.Add(first.gap()); first.due > first.until {
			first.due = 1 << 62
		}
		s.next = 1 << 62
		for _, w := range s.watched {
			s.next = min(s.next, w.due)
		}
	}
	s.now = max(s.now, t)
	return nil
}

// come is one event of w, after which everything that is promised must hold.
func (s *siege) come(w *watched) error {
	slots := s.deliver(w.name, w.name, "https://"+w.name+"/users/u", w.level)
	for t, slot := range []int32{slots.Site, slots.Domain, slots.Actor} {
		w.tables[t].add(s.now)
		if err := s.hold(w, t, slot); err != nil {
			return fmt.Errorf("%s, table %d, event %d at %s: %w", w.name, t, len(w.tables[t].times), s.now, err)
		}
	}
	return nil
}

// hold checks the promises for one table.
func (s *siege) hold(w *watched, t int, slot int32) error {
	k := &w.tables[t]
	if slot == 0 {
		k.unseen = append(k.unseen, s.now)
		if n := len(k.unseen); n >= admission && s.now.Sub(k.unseen[n-admission]) < doorTime {
			return fmt.Errorf("no place after %d events in a minute", admission)
		}
		if k.safe != 0 && s.isHeavy(&k.oracle, 1) {
			return fmt.Errorf("lost its place, safe since %s with %d in a minute, while %d events passed the door", k.safe,
				k.within(doorTime, s.now), s.passed.within(time.Hour, s.now))
		}
		k.safe = 0
		return nil
	}
	k.unseen = k.unseen[:0]
	s.settle(w, t)
	return s.holdSums(w, t, slot)
}

// settle decides whether the key is heavy enough that nobody may take its place.
func (s *siege) settle(w *watched, t int) {
	k := &w.tables[t]
	if !s.isHeavy(&k.oracle, 0) {
		k.safe = 0
		return
	}
	if k.safe != 0 {
		return
	}
	k.safe, k.back = s.now, s.now
	if s.share(s.passed.within(time.Hour, s.now)) <= admission {
		k.back = s.now.Add(-doorTime)
	}
}

// isHeavy reports whether a key has more than its share of all that passed the door: in the last minute, in the last
// hour, and by weights that are halved with each hour of the clock. It is asked of the key without its last less
// events, as it was before these.
func (s *siege) isHeavy(o *oracle, less uint32) bool {
	minute, hour, halved := o.within(doorTime, s.now), o.within(time.Hour, s.now), o.halved(s.now)
	if minute < admission {
		return false
	}
	quiet := time.Duration(0)
	if n := len(o.times); n > 1 {
		quiet = o.times[n-1].Sub(o.times[n-2])
	}
	return minute-less >= s.share(s.passed.within(doorTime+quiet, s.now)) && hour-less >= s.share(s.passed.within(time.Hour, s.now)) &&
		halved-less >= s.share(s.passed.halved(s.now)+1)
}

// share is what a key must have of n events to be heavier than some of those whose places anybody may take.
func (s *siege) share(n uint32) uint32 { return lightness * n / uint32(s.keys*probation/100) }

// holdSums checks the counts: never below what came since the key is safe, never above what came in the window
// and a bucket, and for a key that may have come in since, what stood at the door.
func (s *siege) holdSums(w *watched, t int, slot int32) error {
	k := &w.tables[t]
	part := window.PartOf(&s.event)
	for _, scale := range []window.Scale{window.S10s, window.S1m, window.S10m, window.S1h, window.S24h} {
		got := s.metrics[t].Sum(slot, part, scale, s.now)
		from := s.now.Add(-scale.Length())
		if low := k.after(max(from, k.back)); k.safe != 0 && got < low {
			return fmt.Errorf("%s: got %d, want at least %d, safe since %s", scale, got, low, k.safe)
		}
		high := k.within(scale.Reach(), s.now)
		if k.safe == 0 || s.now.Sub(k.safe) < scale.Reach() { // it may have come in just now
			high = k.within(scale.Reach()+3*doorTime, s.now) + overCount
		}
		if got > high {
			return fmt.Errorf("%s: got %d, want at most %d", scale, got, high)
		}
	}
	return nil
}

// attack lets a move send rate events a second for d, as that shape has it.
func (s *siege) attack(m *move, rate int, d time.Duration, shape shape) error {
	end := s.now.Add(d)
	for s.now < end {
		second := s.now.Floor()
		n := int(float64(rate) * shape(second))
		for i := range n {
			at := second + pipeline.Second*pipeline.Time(i)/pipeline.Time(n)
			if at < s.now {
				continue
			}
			if err := s.reach(at); err != nil {
				return err
			}
			site, host, actor, passes := m.send(s)
			s.deliver(site, host, actor, pipeline.Claimed)
			if passes {
				s.passed.add(s.now)
			}
		}
		if err := s.reach(second + pipeline.Second); err != nil {
			return err
		}
	}
	return nil
}

// TestSiege lets an attacker who has read all of this, and lacks the secret alone, try to hide the keys that are
// watched, or to falsify their counts. Each seed is another siege.
func TestSiege(t *testing.T) {
	seeds := 20
	switch {
	case torture():
		seeds = 1000
	case testing.Short():
		seeds = 3
	}
	first := uint64(time.Now().UnixNano())
	if v := os.Getenv("FEDWARDEN_SEED"); v != "" {
		var err error
		if first, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
		seeds = 1
	}
	missed := 0
	for seed := first; seed < first+uint64(seeds); seed++ {
		if err := besiege(seed); err != nil {
			t.Errorf("FEDWARDEN_SEED=%d: %v", seed, err)
			missed++
		}
	}
	t.Logf("%d of %d sieges broke a promise", missed, seeds)
}

// besiege plays one siege of several moves, one after the other.
func besiege(seed uint64) error {
	s := newSiege(seed, 200+100*rand.New(rand.NewPCG(seed, 0)).IntN(4))
	if s.rng.IntN(3) == 0 {
		if err := s.age(3); err != nil {
			return err
		}
	}
	s.appoint(8, 10*time.Minute)
	said := ""
	for range 3 {
		m, shape := s.moves()[s.rng.IntN(len(s.moves()))], s.shapes()[s.rng.IntN(len(s.shapes()))]
		said += m.name + "; "
		if err := s.attack(m, 2*s.keys, time.Duration(40+s.rng.IntN(50))*time.Second, shape); err != nil {
			return fmt.Errorf("%d keys, %s%w", s.keys, said, err)
		}
	}
	if err := s.reach(s.now.Add(70 * time.Minute)); err != nil { // the windows of an hour
		return fmt.Errorf("%d keys, %safterwards: %w", s.keys, said, err)
	}
	return s.remembers()
}

// TestSiegeByMove plays each move alone, so that one that succeeds has a name.
func TestSiegeByMove(t *testing.T) {
	for i, m := range newSiege(1, 300).moves() {
		t.Run(m.name, func(t *testing.T) {
			s := newSiege(uint64(i), 300)
			s.appoint(8, 4*time.Minute)
			d := 4 * time.Minute
			if testing.Short() {
				d = time.Minute
			}
			if err := s.attack(s.moves()[i], 2*s.keys, d, steady); err != nil {
				t.Error(err)
			}
			if err := s.remembers(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSiegeFullSize invents 100,000 keys a second against a Space of the default size.
func TestSiegeFullSize(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of events")
	}
	d := 10 * time.Second
	if torture() {
		d = 5 * time.Minute
	}
	for _, name := range []string{"never seen", "seven events"} {
		s := newSiege(uint64(time.Now().UnixNano()), 0)
		s.appoint(40, d)
		for _, m := range s.moves() {
			if m.name != name {
				continue
			}
			began := time.Now()
			if err := s.attack(m, 100_000, d, steady); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			t.Logf("%s: %.0f ns an event, the test's own work included, %d keys, %d replaced", name,
				float64(time.Since(began).Nanoseconds())/d.Seconds()/1e5, s.space.Keys(), s.space.Evictions())
		}
	}
}

// TestDoorKeepsPartsApart shows that what somebody claims at the door is not counted as proven when the peer whose
// name it is comes in, nor the other way round.
func TestDoorKeepsPartsApart(t *testing.T) {
	s := newSiege(1, 300)
	if err := s.attack(s.groups("never seen", 1, 1), 2*s.keys, 10*time.Second, steady); err != nil {
		t.Fatal(err)
	}
	for i, first := range []pipeline.Attribution{pipeline.Claimed, pipeline.Corroborated} {
		name, other := nameOf("peer", i)+".example", pipeline.Claimed+pipeline.Corroborated-first
		for range admission - 1 {
			s.deliver(name, name, "", first)
		}
		slots := s.deliver(name, name, "", other)
		part := window.PartOf(&s.event)
		if got := s.metrics[window.Site].Sum(slots.Site, part, window.S1m, s.now); got > 1 {
			t.Errorf("seven %v, one %v: got %d of the latter", first, other, got)
		}
	}
}

// TestProvenStay shows that a key proven on three days outlives each move, between two of its events, though
// as many invented ones as there are places came on two of these days.
func TestProvenStay(t *testing.T) {
	s := newSiege(2, 300)
	if err := s.age(3); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.moves() {
		if err := s.attack(m, 2*s.keys, 20*time.Second, steady); err != nil {
			t.Fatal(err)
		}
		if err := s.remembers(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
