//go:build linux

package detectors_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// BenchmarkJobs is the engine with all detectors, fed with lines of Sidekiq's: three times as many as nginx'.
func BenchmarkJobs(b *testing.B) {
	classes := [...]string{"ActivityPub::ProcessingWorker", "ActivityPub::DeliveryWorker", "FeedInsertWorker", "DistributionWorker", "LinkCrawlWorker"}
	f := &feed{engine: newTestEngine(), at: clock, gap: 5 * time.Millisecond, events: make([]pipeline.Event, 1<<12)}
	for i := range f.events {
		e := &f.events[i]
		*e = pipeline.Event{Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, Lines: 1, JobClass: classes[i/2%len(classes)],
			JobID: fmt.Sprintf("%024d", i/2), PID: "4711", TID: fmt.Sprintf("t%d", i/2%25), JobState: pipeline.JobStart}
		if i%2 == 1 {
			e.JobState, e.Duration = pipeline.JobDone, 70*time.Millisecond
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	began := cpuTime()
	for b.Loop() {
		f.process()
	}
	b.ReportMetric(float64((cpuTime()-began).Nanoseconds())/float64(b.N*batchSize), "cpu-ns/event")
}
