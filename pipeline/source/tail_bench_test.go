package source

import (
	"context"
	"os"
	"testing"
	"time"
)

// BenchmarkTail follows a file while it is written as fast as the disk takes it, first with the library
// alone, then as it is in use, where our own reader takes over what the library leaves too far behind.
func BenchmarkTail(b *testing.B) {
	text := benchText(400_000)
	bench := func(name string, backlog int64) {
		b.Run(name, func(b *testing.B) {
			var lines, lost uint64
			for b.Loop() {
				got, gone := followAll(b, TailConfig{Path: logPath(b), Backlog: backlog}, text, 400_000)
				lines += got
				lost += gone
			}
			b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(lost), "lost")
		})
	}
	bench("library", 1<<40)
	bench("default", 0)
}

// followAll writes text in pieces while a Tail reads, and returns how many lines came and how many not.
func followAll(b *testing.B, cfg TailConfig, text []byte, want uint64) (lines, lost uint64) {
	t, err := NewTail(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer t.Close()
	f, err := os.Create(cfg.Path)
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		defer f.Close()
		for len(text) > 0 {
			n := min(len(text), 64<<10)
			f.Write(text[:n])
			text = text[n:]
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for lines < want {
		batch, err := t.Read(ctx)
		if err != nil {
			return lines, want - lines
		}
		for i := range batch.Events {
			lines += uint64(batch.Events[i].Lines)
		}
		lines += uint64(batch.Skipped)
		if batch.Release != nil {
			batch.Release()
		}
	}
	return lines, 0
}
