package detectors_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
)

// randomStreams returns two logs of events whose every field is chance's, from times at which clocks may be wrong: of the
// seconds after 1970, of today with jumps of hours to years, and of the last ones that 32 bits hold.
func randomStreams(seed uint64, n int) []enginetest.Stream {
	rng := rand.New(rand.NewPCG(seed, 1))
	at := [...]pipeline.Time{pipeline.Second, clock, pipeline.Time(1<<32-400*86400) * pipeline.Second}[seed%3]
	list := []enginetest.Stream{{ID: "one", Lateness: 2 * time.Second}, {ID: "two", Lateness: 2 * time.Second}}
	jump := 0
	for i := range n {
		at = at.Add(time.Duration(rng.IntN(int(4 * time.Second))))
		if jump < 6 && rng.IntN(n/8) == 0 {
			at = at.Add(time.Duration(1+rng.IntN(1500)) * [...]time.Duration{time.Hour, time.Minute}[rng.IntN(2)])
			jump++
		}
		e := randomEvent(rng, i)
		e.Time = at
		s := &list[rng.IntN(2)]
		if rng.IntN(500) == 0 {
			s.Steps = append(s.Steps, enginetest.Step{LostLines: rng.Uint64N(1000)})
		}
		s.Steps = append(s.Steps, enginetest.Step{Event: e})
	}
	for i := range list {
		list[i].Steps = append(list[i].Steps, enginetest.Step{CaughtUp: at.Add(time.Hour)})
	}
	return list
}

func randomEvent(rng *rand.Rand, i int) *pipeline.Event {
	name := func(most int) string {
		switch rng.IntN(12) {
		case 0:
			return ""
		case 1:
			return fmt.Sprintf("x%d.y%d.example", rng.IntN(1<<30), rng.IntN(1<<30))
		}
		return fmt.Sprintf("h%d.s%d.example", rng.IntN(3), rng.IntN(most))
	}
	sizes := []int64{0, 1, 3000, 1 << 20, 1 << 40, 1<<63 - 1}
	took := []time.Duration{0, time.Millisecond, time.Second, time.Hour, 1<<63 - 1}
	host := name(9)
	e := &pipeline.Event{Kind: pipeline.Kind(rng.IntN(int(pipeline.KindThrottle) + 3)), Format: pipeline.Format(rng.IntN(4)), Method: pipeline.Method(rng.IntN(5)),
		Endpoint: pipeline.Endpoint(rng.IntN(int(pipeline.EndpointTagPage) + 1)), Status: []uint16{0, 200, 202, 302, 401, 403, 422, 429, 499, 500, 502, 503, 65535}[rng.IntN(13)],
		AgentHost: host, KeyHost: host, KeyID: "https://" + host + "/users/" + fmt.Sprint(rng.IntN(9)), LocalUser: fmt.Sprint("u", rng.IntN(40)),
		Software: []string{"", "mastodon", "aoderelay", "pleroma"}[rng.IntN(4)], Version: []string{"", "4.5", "99999999999999999999", "x"}[rng.IntN(4)],
		UserAgent: name(9), Path: "/" + name(5), RequestBytes: sizes[rng.IntN(len(sizes))], Bytes: sizes[rng.IntN(len(sizes))],
		Duration: took[rng.IntN(len(took))], Upstream: took[rng.IntN(len(took))], Verified: pipeline.Verdict(rng.IntN(3)),
		JobClass: []string{"", "ActivityPub::ProcessingWorker", "LinkCrawlWorker", "LocalNotificationWorker", name(3)}[rng.IntN(5)], JobState: pipeline.JobState(rng.IntN(4)),
		JobID: fmt.Sprint(rng.IntN(1 + i)), PID: "7", TID: fmt.Sprint("t", rng.IntN(9)), RemoteHost: name(3)}
	if rng.IntN(2) == 0 {
		e.Kind = pipeline.KindRequest
	}
	if rng.IntN(3) == 0 {
		e.Method, e.Endpoint, e.Status = pipeline.MethodPost, pipeline.EndpointInbox, 202
	}
	switch rng.IntN(9) {
	case 0:
	case 1:
		e.IP = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(rng.IntN(256))})
	default:
		e.IP = netip.AddrFrom4([4]byte{11, byte(rng.IntN(3)), byte(rng.IntN(20)), byte(rng.IntN(256))})
	}
	return e
}

// TestRandomEvents holds the laws, and that nothing panics, for events of which each field is chance's.
func TestRandomEvents(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	for seed := range uint64(6) {
		if err := enginetest.Laws(lawEngine, randomStreams(seed, n), seed); err != nil {
			t.Errorf("seed %d: %.600s", seed, err.Error())
		}
	}
	var e *engine.Engine
	_, err := enginetest.Run(func() *engine.Engine { e = lawEngine(false); return e }, randomStreams(7, 10*n), enginetest.Schedule{Cut: 300})
	if err != nil {
		t.Error(err)
	}
	written(t, e)
}
