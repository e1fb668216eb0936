package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// BenchmarkBacklog works off a backlog of one topic, first with bare Readers of kafka-go, then through the
// engine with all detectors and a checkpoint, in one run: what counts is their ratio.
func BenchmarkBacklog(b *testing.B) {
	const partitions, each = 4, 250_000
	start := startFake
	if os.Getenv("FEDWARDEN_KAFKA_LIBS") != "" {
		start = startReal
	}
	broker := start(b)
	topic := broker.topic(b, partitions)
	fill(b, broker, topic, partitions, each)
	b.ResetTimer()
	for range b.N {
		bare := bareReaders(b, broker, topic, partitions, each)
		alone := sourcesAlone(b, broker, topic, partitions*each)
		s := newScene(b, broker, topic)
		s.full, s.cfg.Lateness, s.cfg.Log = true, 10*time.Second, slog.New(slog.DiscardHandler)
		began, used := time.Now(), cpu(b)
		r := s.start()
		r.untilLines(partitions * each)
		ours := time.Since(began)
		b.ReportMetric((cpu(b)-used).Seconds()/ours.Seconds(), "cores")
		if sum := total(r.marks()); sum.Late+sum.Lost+sum.Rejected != 0 {
			b.Fatalf("%+v", sum)
		}
		r.stop()
		b.ReportMetric(partitions*each/bare.Seconds(), "bare/s")
		b.ReportMetric(partitions*each/ours.Seconds(), "lines/s")
		b.ReportMetric(ours.Seconds()/bare.Seconds(), "times-bare")
		b.ReportMetric(alone.Seconds()/bare.Seconds(), "parsed-times-bare")
	}
}

// BenchmarkIdle tells what twelve quiet partitions cost, in hundredths of a core, the fake broker included.
func BenchmarkIdle(b *testing.B) {
	start := startFake
	if os.Getenv("FEDWARDEN_KAFKA_LIBS") != "" {
		start = startReal
	}
	broker := start(b)
	for range b.N {
		s := newScene(b, broker, broker.topic(b, 12))
		s.full, s.cfg.Session, s.cfg.Look, s.cfg.Log = true, 0, 0, slog.New(slog.DiscardHandler)
		r := s.start()
		eventually(b, "all are read", func() error {
			for _, p := range r.group.all() {
				if !p.stats.reached.Load() {
					return errors.New(p.String())
				}
			}
			return nil
		})
		before := cpu(b)
		<-time.After(10 * time.Second)
		b.ReportMetric(10*(cpu(b)-before).Seconds(), "%core")
		r.stop()
	}
}

// cpu returns what the process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sourcesAlone reads and parses all of a topic by our Sources, and does nothing with it.
func sourcesAlone(b *testing.B, broker *broker, topic string, n int) time.Duration {
	s := newScene(b, broker, topic)
	s.cfg.Log = slog.New(slog.DiscardHandler)
	g, err := Open(b.Context(), s.cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for _, src := range g.Sources() {
		wg.Go(func() {
			for left.Load() > 0 {
				batch, err := src.Read(ctx)
				if err != nil {
					break
				}
				if left.Add(-int64(len(batch.Events))) <= 0 {
					cancel() // the others wait for nothing more
				}
				if batch.Release != nil {
					batch.Release()
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

// fill appends a thousand lines for each second of the past, in the order of their times.
func fill(b *testing.B, broker *broker, topic string, partitions, each int) {
	var wg sync.WaitGroup
	begin := time.Now().Add(-time.Duration(partitions*each/1000)*time.Second - time.Minute)
	for p := range partitions {
		wg.Go(func() {
			var batch []kafkago.Message
			for i := range each {
				n := i*partitions + p
				at := begin.Add(time.Duration(n) * time.Millisecond)
				text := fmt.Sprintf(`198.51.100.%d - - [%s] "POST /inbox HTTP/2.0" 202 0 "-" "Mastodon/4.3.1 (http.rb/5.1.1; +https://peer%d.example/)"`,
					n%200, at.UTC().Format("02/Jan/2006:15:04:05 -0700"), n%3000)
				if batch = append(batch, kafkago.Message{Value: []byte(text), Time: at}); len(batch) == 10_000 {
					broker.produce(b, topic, p, batch...)
					batch = batch[:0]
				}
			}
		})
	}
	wg.Wait()
}

// bareReaders reads all of a topic with kafka-go alone.
func bareReaders(b *testing.B, broker *broker, topic string, partitions, each int) time.Duration {
	began := time.Now()
	var wg sync.WaitGroup
	for p := range partitions {
		wg.Go(func() {
			r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: []string{broker.addr}, Topic: topic, Partition: p, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: maxWait})
			defer r.Close()
			for range each {
				if _, err := r.ReadMessage(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}
