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

// TestShown holds that which events a detector asks for is no more than what it would leave anyway: engines that show
// everything to everybody tell the same, and know the same.
func TestShown(t *testing.T) {
	days := map[string][]enginetest.Stream{"trouble": troubledDay(0), "months": troubledMonths(), "everything": everything()}
	for name, streams := range days {
		t.Run(name, func(t *testing.T) {
			run := func(of func(pipeline.Spec) pipeline.Spec) enginetest.Result {
				r, err := enginetest.Run(func() *engine.Engine { return lawEngineOf(false, of) }, streams, enginetest.Schedule{Seed: 1, Cut: 50})
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			want := run(func(s pipeline.Spec) pipeline.Spec { s.Kinds, s.Endpoints = nil, nil; return s })
			got := run(func(s pipeline.Spec) pipeline.Spec { return s })
			if len(want.Lines) == 0 || len(want.Snapshots) == 0 {
				t.Fatal("nothing was told: there is nothing to compare")
			}
			if err := enginetest.Compare(got, want, true); err != nil {
				t.Error(err)
			}
		})
	}
}

// everything returns 30 hours of events of every kind, endpoint, method and answer, by few who do all of it.
func everything() []enginetest.Stream {
	d := &day{rng: rand.New(rand.NewPCG(3, 42))}
	formats := [...]pipeline.Format{pipeline.FormatNginx, pipeline.FormatRails, pipeline.FormatSidekiq}
	status := [...]uint16{200, 202, 302, 401, 403, 404, 408, 422, 429, 499, 503}
	paths := [...]string{"/api/v1/statuses", "/api/v1/accounts/1/follow", "/oauth/token", "/auth/password", "/@a/1"}
	d.repeat(0, 30*time.Hour, 60_000, func(at pipeline.Time, i int) {
		log, host := d.rng.IntN(3), fmt.Sprintf("h%d.peer%d.example", d.rng.IntN(2), d.rng.IntN(12))
		e := pipeline.Event{Time: at, Format: formats[log], Kind: pipeline.KindRequest,
			Method: pipeline.Method(d.rng.IntN(int(pipeline.MethodOther) + 1)), Endpoint: pipeline.Endpoint(d.rng.IntN(pipeline.NumEndpoints)),
			Status: status[d.rng.IntN(len(status))], Path: paths[d.rng.IntN(len(paths))], LocalUser: fmt.Sprint("user", d.rng.IntN(9)),
			IP: netip.AddrFrom4([4]byte{198, 18, byte(d.rng.IntN(9)), byte(d.rng.IntN(3))}), Duration: time.Duration(d.rng.IntN(40)) * time.Second,
			Software: "mastodon", Version: fmt.Sprint("4.", d.rng.IntN(3)), AgentHost: host, KeyHost: host, KeyID: "https://" + host + "/users/a",
			RequestBytes: int64(d.rng.IntN(200_000))}
		if d.rng.IntN(2) == 0 {
			e.Method = pipeline.MethodPost
		}
		switch d.rng.IntN(8) {
		case 0:
			e.Kind = pipeline.KindThrottle
			e.AgentHost, e.KeyHost, e.KeyID = "", "", "" // a throttle's line names nobody
		case 1:
			e.Kind, e.Endpoint, e.JobClass = pipeline.Kind(d.rng.IntN(int(pipeline.KindRejected))), pipeline.EndpointOther, "ActivityPub::ProcessingWorker"
			e.JobState, e.RemoteHost = pipeline.JobState(d.rng.IntN(int(pipeline.JobDead)+1)), host
		}
		d.add(log, e)
	})
	return d.streams()
}
