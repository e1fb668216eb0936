package identity

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// peers returns events of n peers that are known, and the Identity that knows them.
func peers(n int) (*Identity, []pipeline.Event) {
	id := New(Options{})
	list := make([]pipeline.Event, n)
	for i := range list {
		name := fmt.Sprintf("social.peer%d.example", i)
		if i%3 == 0 {
			list[i] = *rails(t0, name)
		} else {
			list[i] = *nginx(t0, fmt.Sprintf("198.51.%d.%d", i/250%250, i%250), name, []string{"", name}[i%2])
		}
		id.Enrich(&list[i])
	}
	return id, list
}

func TestKnownHostsAllocateNothing(t *testing.T) {
	id, list := peers(1000)
	i := 0
	got := testing.AllocsPerRun(20_000, func() {
		e := list[i%len(list)]
		e.Time += pipeline.Time(i) * pipeline.Second
		id.Enrich(&e)
		i++
	})
	if got != 0 {
		t.Errorf("allocations per event of a known host: got %v, want 0", got)
	}
}

func BenchmarkEnrich(b *testing.B) {
	for _, n := range []int{1000, 5000, 20_000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			id, list := peers(n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				e := &list[i%n]
				e.Time += pipeline.Second
				id.Enrich(e)
				i++
			}
		})
	}
	b.Run("jobs", func(b *testing.B) {
		id, list := peers(5000)
		b.ReportAllocs()
		i := 0
		names := make([]string, 1<<16)
		for i := range names {
			names[i] = fmt.Sprintf("526ffbf6da83e78b%d", i)
		}
		for b.Loop() { // a delivery in one of both logs, or its job
			e := list[i%len(list)]
			e.Time += pipeline.Time(i) * pipeline.Second / 100
			if i%3 == 2 {
				e = pipeline.Event{Time: e.Time, Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, JobClass: "ActivityPub::ProcessingWorker",
					JobID: names[i%len(names)], JobState: pipeline.JobState(1 + i/3%2), PID: "18363", TID: names[i/6%25], Stream: "sidekiq"}
			}
			id.Enrich(&e)
			i++
		}
	})
	b.Run("invented", func(b *testing.B) {
		id := New(Options{})
		names := make([]string, 1<<18)
		for i := range names {
			names[i] = fmt.Sprintf("s%d.invented%d.example", i, i)
		}
		e := *nginx(t0, forgerAddr, "", "")
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			e.AgentHost = names[i%len(names)]
			e.Time += pipeline.Second / 1000
			id.Enrich(&e)
			i++
		}
	})
}
