package flood

import (
	"bytes"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// TestDamagedState restores each detector with state of its own from every beginning of a snapshot, none of which
// is whole: an error, and a detector that is as new.
func TestDamagedState(t *testing.T) {
	for name, build := range map[string]func() pipeline.Detector{
		"queue_backlog":       func() pipeline.Detector { return NewQueueBacklog(newInstance()) },
		"job_failures":        func() pipeline.Detector { return NewJobFailures(newInstance()) },
		"saturation":          func() pipeline.Detector { return NewSaturation() },
		"fetch_amplification": func() pipeline.Detector { return NewFetchAmplification() },
	} {
		t.Run(name, func(t *testing.T) {
			fresh, used := snapshotOf(t, build()), build()
			for i := range 50 {
				at := clock.Add(time.Duration(i) * time.Minute)
				for _, e := range []pipeline.Event{
					{Time: at, Kind: pipeline.KindSignal, Signal: pipeline.Signal{Name: window.TotalAccepted, Count: 3}},
					{Time: at, Kind: pipeline.KindSignal, Signal: pipeline.Signal{Name: window.TotalDynamic, Count: 5}},
					{Time: at, Kind: pipeline.KindSignal, Signal: pipeline.Signal{Name: window.TotalErrors, Count: 1}},
					{Time: at, Kind: pipeline.KindJob, JobState: pipeline.JobStart, JobClass: "LinkCrawlWorker"},
					{Time: at, Kind: pipeline.KindJob, JobState: pipeline.JobDone, JobClass: "LinkCrawlWorker", TID: "abc", Slots: pipeline.Slots{Class: 3}},
					{Time: at, Kind: pipeline.KindJobError, JobClass: "LinkCrawlWorker", Site: "dead.example"},
				} {
					used.Observe(&e, nil)
				}
			}
			good := snapshotOf(t, used)
			if bytes.Equal(good, fresh) {
				t.Fatal("nothing was learned")
			}
			again := build()
			if err := again.Restore(bytes.NewReader(good)); err != nil || !bytes.Equal(snapshotOf(t, again), good) {
				t.Fatalf("a restored detector does not write what it read: %v", err)
			}
			for n := range good {
				if d := build(); d.Restore(bytes.NewReader(good[:n])) == nil || !bytes.Equal(snapshotOf(t, d), fresh) {
					t.Fatalf("%d of %d bytes were taken, or left something behind", n, len(good))
				}
			}
		})
	}
}

func newInstance() *window.Space {
	return window.NewSpace(window.Options{Space: pipeline.SpaceInstance})
}

func snapshotOf(t *testing.T, d pipeline.Detector) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
