package parse

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	railsBench   = "I, [2026-11-23T07:31:41.765%03[1]d #29854]  INFO -- : [521303bc-6a6b-4558-8b5c-66c94ca4b9ac] method=POST path=/inbox format=*/* controller=ActivityPub::InboxesController action=create status=202 allocations=2691 duration=12.%02[2]d view=0.00 db=4.10 key=https://server-%[3]d.example/users/bob#main-key"
	sidekiqBench = "\x1b[1;34mINFO \x1b[0m 2026-11-23T07:28:42.%03[1]dZ pid=28388 tid=lv8 jid=fcba9f47527a7c7b96%06[3]d class=ActivityPub::ProcessingWorker elapsed=0.0%02[2]d: done"
	sidekiqOld   = "2026-11-23T07:22:41.%03[1]dZ pid=18363 tid=d6r class=ActivityPub::ProcessingWorker jid=526ffbf6da83e78b9f%06[3]d elapsed=0.0%02[2]d INFO: done"
	sidekiqJSON  = `{"ts":"2026-11-23T07:22:57.%03[1]dZ","pid":18390,"tid":"d66","lvl":"INFO","msg":"done","ctx":{"class":"ActivityPub::ProcessingWorker","jid":"9cd39abab821c86d67%06[3]d","elapsed":0.0%02[2]d}}`
)

func BenchmarkRails(b *testing.B) { benchmark(b, benchLines(railsBench, 10000)) }

func BenchmarkSidekiq(b *testing.B) {
	for name, format := range map[string]string{"7": sidekiqOld, "8": sidekiqBench, "json": sidekiqJSON} {
		b.Run(name, func(b *testing.B) { benchmark(b, benchLines(format, 10000)) })
	}
}

// TestNoRailsAllocation holds records and jobs to not one allocation per line.
func TestNoRailsAllocation(t *testing.T) {
	for name, format := range map[string]string{"rails": railsBench, "7": sidekiqOld, "8": sidekiqBench, "json": sidekiqJSON} {
		lines := benchLines(format, 2000)
		p := newParser(t, Options{})
		var e pipeline.Event
		got := testing.AllocsPerRun(10, func() {
			for _, line := range lines {
				if skip, err := p.Parse(line, Env{}, &e); skip != "" || err != nil {
					t.Fatalf("%s: got %q, %v", line, skip, err)
				}
			}
		})
		if got/float64(len(lines)) >= 0.01 {
			t.Errorf("%s: got %v allocations in %d lines, want 0", name, got, len(lines))
		}
	}
}
