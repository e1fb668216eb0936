package identity

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// deliver shows n deliveries of the victim from ip, every apart.
func deliver(id *Identity, from pipeline.Time, n int, apart pipeline.Time, ip string) (last pipeline.Attribution) {
	for i := range n {
		last = levelOf(id, nginx(from+pipeline.Time(i)*apart, ip, victim, ""))
	}
	return last
}

func TestHistoryNeedsThreeDaysAndFiftyRequests(t *testing.T) {
	f := func(what string, level pipeline.Attribution, plays ...func(id *Identity)) {
		t.Helper()
		id := New(Options{})
		for _, play := range plays {
			play(id)
		}
		want(t, what, levelOf(id, nginx(t0+48*hour+2*minute*60, victimAddr, victim, "")), level)
	}
	play := func(from pipeline.Time, n int, apart pipeline.Time) func(*Identity) {
		return func(id *Identity) { deliver(id, t0+from, n, apart, victimAddr) }
	}
	f("one request", pipeline.Claimed, play(0, 1, hour))
	f("three days, 50 requests", pipeline.Corroborated, play(0, 24, hour), play(day, 24, hour), play(2*day, 2, minute))
	f("three days, 49 requests", pipeline.Claimed, play(0, 24, hour), play(day, 24, hour), play(2*day, 1, minute))
	f("two days, 1000 requests", pipeline.Claimed, play(0, 500, minute), play(day, 500, minute))
	f("the third day is the hour of the event", pipeline.Claimed, play(0, 500, minute), play(day, 500, minute), play(2*day+2*hour, 100, 1))
	f("one hour a day", pipeline.Corroborated, play(0, 20, minute), play(day, 20, minute), play(2*day, 20, minute))
}

func TestHistoryIsOfAcceptedDeliveriesOnly(t *testing.T) {
	f := func(what string, change func(e *pipeline.Event)) {
		t.Helper()
		id := New(Options{})
		for at := t0; at < t0+5*day; at += hour / 4 {
			e := nginx(at, victimAddr, victim, "")
			change(e)
			id.Enrich(e)
		}
		want(t, what, levelOf(id, nginx(t0+5*day, victimAddr, victim, "")), pipeline.Claimed)
	}
	f("refused", func(e *pipeline.Event) { e.Status = 401 })
	f("failed", func(e *pipeline.Event) { e.Status = 500 })
	f("reads", func(e *pipeline.Event) { e.Method, e.Status = pipeline.MethodGet, 200 })
	f("elsewhere", func(e *pipeline.Event) { e.Endpoint = pipeline.EndpointOther })
	f("refuted", func(e *pipeline.Event) { signed(e, victim).Verified = pipeline.VerdictNo })
	f("beside a key that names another", func(e *pipeline.Event) { signed(e, "other.example") })
	f("beside a key that names nobody", func(e *pipeline.Event) { signed(e, "localhost") })
	f("no time", func(e *pipeline.Event) { e.Time = 0 })
}

func TestAddressesOfNobody(t *testing.T) {
	for _, ip := range []string{"10.0.0.254", "127.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fe80::1", "fd00::1", "169.254.1.1", "::ffff:10.0.0.1"} {
		id := New(Options{})
		want(t, ip, deliver(id, t0, 5*48, hour/2, ip), pipeline.Claimed)
	}
	for _, ip := range []string{"198.51.100.7", "100.63.0.1", "100.128.0.1", "2001:db8::1", "::ffff:198.51.100.7"} {
		id := New(Options{})
		want(t, ip, deliver(id, t0, 5*48, hour/2, ip), pipeline.Corroborated)
	}
}

func TestHistoryIsOfA64(t *testing.T) {
	id := New(Options{})
	deliver(id, t0, 5*48, hour/2, "2001:db8:1:2::7")
	at := t0 + 5*day
	want(t, "the same /64", levelOf(id, nginx(at, "2001:db8:1:2:ffff::1", victim, "")), pipeline.Corroborated)
	want(t, "another /64", levelOf(id, nginx(at, "2001:db8:1:3::7", victim, "")), pipeline.Claimed)
}

// A peer that moves is a newcomer while its old address was seen in the last 30 days, then enters before
// whoever came after it, and is known after three more days.
func TestMove(t *testing.T) {
	id, at := known(t)
	moved, lurker := "192.0.2.1", "192.0.2.2"
	for ; at < t0+40*day; at += hour {
		level := levelOf(id, nginx(at, moved, victim, ""))
		want(t, "someone who came later", levelOf(id, nginx(at+1, lurker, victim, "")), pipeline.Claimed)
		if level == pipeline.Corroborated {
			break
		}
	}
	if days := float64(at-(t0+4*day)) / float64(day); days < 32 || days > 33.1 {
		t.Errorf("a moved peer is known after: got %.1f days, want 32 to 33", days)
	}
	want(t, "the old address, forgotten", levelOf(id, nginx(at, victimAddr, victim, "")), pipeline.Claimed)
}

// What Rails verified in a line that bears an address enters at once, and counts when it carries its share.
func TestVerifiedAddressEnters(t *testing.T) {
	id, at := known(t)
	second := "192.0.2.1"
	levels := map[pipeline.Attribution]int{}
	for ; at < t0+14*day; at += hour / 2 {
		levelOf(id, nginx(at, victimAddr, victim, ""))
		e := signed(nginx(at, second, "", ""), victim)
		e.Verified = pipeline.VerdictYes
		want(t, "verified", levelOf(id, e), pipeline.Verified)
		levels[levelOf(id, nginx(at+1, second, victim, ""))]++
	}
	if levels[pipeline.Corroborated] == 0 || levels[pipeline.Claimed] < 96 {
		t.Errorf("events of a second, verified address: got %v, want claimed for days, then corroborated", levels)
	}
	want(t, "the first address", levelOf(id, nginx(at, victimAddr, victim, "")), pipeline.Corroborated)
}

func TestLeaveOut(t *testing.T) {
	f := func(total uint32, out uint32, hours ...uint32) {
		t.Helper()
		s := &site{hours: total}
		for _, h := range hours {
			s.list = append(s.list, address{hours: h, entered: true})
		}
		if got := s.leaveOut(); got != out {
			t.Errorf("of %v in %d hours: left out %b, want %b", hours, total, got, out)
		}
	}
	f(100, 0, 100)
	f(100, 0, 100, 100, 100)
	f(100, 0b10, 100, 5)
	f(100, 0, 100, 6)
	f(100, 0b110, 96, 2, 3)
	f(100, 0b100, 96, 3, 3)
	f(100, 0b1, 5, 100)
	f(0, 0b1, 0)
}

func TestSharedAddress(t *testing.T) {
	id := New(Options{MaxShared: 3})
	play := func(sites int, at pipeline.Time) (got []pipeline.Attribution) {
		for i := range sites {
			got = append(got, levelOf(id, nginx(at, victimAddr, fmt.Sprintf("s%d.example", i), "")))
		}
		return got
	}
	at := t0
	for ; at < t0+5*day; at += hour / 2 {
		play(3, at)
	}
	want(t, "one of three sites", play(3, at)[2], pipeline.Corroborated)
	play(4, at)
	want(t, "one of four sites", play(4, at+hour)[0], pipeline.Claimed)
}
