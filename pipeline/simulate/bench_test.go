package simulate

import (
	"io"
	"testing"
)

// BenchmarkRun writes all three logs of a small server's day.
func BenchmarkRun(b *testing.B) {
	for _, family := range []string{"lognormal", "pareto"} {
		b.Run(family, func(b *testing.B) {
			lines := 0
			for b.Loop() {
				m, err := Run(Config{Seed: 1, Family: family, Nginx: "json", Rails: "verified", Sidekiq: 8}, Sinks{io.Discard, io.Discard, io.Discard, io.Discard})
				if err != nil {
					b.Fatal(err)
				}
				lines += m.Nginx + m.Rails + m.Sidekiq
			}
			b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
