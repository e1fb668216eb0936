package parse

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// BenchmarkOpen opens and parses a combined line, bare and in envelopes; the first against
// BenchmarkCombined is what Open costs where there is nothing to open.
func BenchmarkOpen(b *testing.B) {
	all := wraps()
	all["bare"] = func(s string) string { return s }
	all["bare json"] = all["bare"]
	for _, name := range []string{"bare", "bare json", "docker", "cri", "compose", "rfc 3164", "rsyslog", "journald", "filebeat", "vector", "otlp"} {
		b.Run(name, func(b *testing.B) {
			format := combinedBench
			if name == "bare json" {
				format = jsonBench
			}
			lines := benchLines(format, 10000)
			for i := range lines {
				lines[i] = all[name](lines[i])
			}
			p := newParser(b, Options{})
			var e pipeline.Event
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i == len(lines) {
					i = 0
				}
				if i%256 == 0 {
					p.Reset()
				}
				for _, rec := range p.Open(lines[i]) {
					p.Parse(rec.Text, Env{Time: rec.Time}, &e)
				}
				i++
			}
		})
	}
}

// TestOpenNoAllocation holds opening to not one allocation per line, in an envelope or not.
func TestOpenNoAllocation(t *testing.T) {
	all := wraps()
	for _, name := range []string{"", "docker", "cri", "compose", "rfc 3164", "rfc 5424", "rsyslog", "journald", "filebeat", "vector", "fluent bit"} {
		lines := benchLines(combinedBench, 2000)
		if wrap := all[name]; wrap != nil {
			for i := range lines {
				lines[i] = wrap(lines[i])
			}
		} else if name != "" {
			t.Fatalf("no envelope %q", name)
		}
		p := newParser(t, Options{})
		run := func() {
			for i, line := range lines {
				if i%256 == 0 {
					p.Reset()
				}
				if got := p.Open(line); len(got) != 1 {
					panic(fmt.Sprintf("%s: got %d records", name, len(got)))
				}
			}
		}
		run()
		if got := testing.AllocsPerRun(10, run) / float64(len(lines)); got >= 0.01 {
			t.Errorf("%s: got %v allocations per line, want 0", name, got)
		}
	}
}
