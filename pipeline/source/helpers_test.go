package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fedwarden/fedwarden/pipeline"
)

var day = time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)

// nginxLine is a combined line at second sec whose path is /n/<n>.
func nginxLine(sec, n int) string {
	return fmt.Sprintf(`203.0.113.7 - - [%s] "GET /n/%d HTTP/1.1" 200 5 "-" "curl/8.5.0"`,
		day.Add(time.Duration(sec)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), n)
}

// sidekiqLine is a job's start at second sec.
func sidekiqLine(sec, n int) string {
	return fmt.Sprintf("%s pid=7 tid=4gb class=ActivityPub::ProcessingWorker jid=%024x INFO: start",
		day.Add(time.Duration(sec)*time.Second).Format("2006-01-02T15:04:05.000Z"), n)
}

// nginxLog is one line a second, from first to last.
func nginxLog(first, last int) string {
	var b strings.Builder
	for s := first; s <= last; s++ {
		b.WriteString(nginxLine(s, s) + "\n")
	}
	return b.String()
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, text string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return string(z.EncodeAll([]byte(text), nil))
}

func inputs(paths ...string) []Input {
	var out []Input
	for _, p := range paths {
		out = append(out, Input{Path: p})
	}
	return out
}

// A seen is what a test looks at of an event.
type seen struct {
	Seq  uint64
	Kind pipeline.Kind
	Path string
	Time pipeline.Time
}

// A transcript is all that a stream has given.
type transcript struct {
	Events  []seen
	Lines   uint64
	Lost    uint64
	Opened  int
	Ended   int
	Cursors []pipeline.Cursor
	After   []int // number of events before each cursor
}

func (x *transcript) add(b pipeline.Batch) {
	for _, e := range b.Events {
		x.Events = append(x.Events, seen{e.Seq, e.Kind, strings.Clone(e.Path), e.Time})
		x.Lines += uint64(e.Lines)
	}
	x.Lines += uint64(b.Skipped)
	x.Lost += b.LostLines
	if b.Opened {
		x.Opened++
	}
	if b.Ended {
		x.Ended++
	}
	if b.Cursor != "" {
		x.Cursors = append(x.Cursors, b.Cursor)
		x.After = append(x.After, len(x.Events))
	}
}

// drain reads a source to its end. It keeps some batches unreleased while it reads on.
func drain(t testing.TB, s pipeline.Source) transcript {
	t.Helper()
	x, err := tryDrain(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func tryDrain(s pipeline.Source) (x transcript, first error) {
	var held []pipeline.Batch
	for {
		b, err := s.Read(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			first = errors.Join(first, err)
			continue
		}
		held = append(held, b)
		if len(held) == 3 {
			x.add(held[0])
			held[0].Release()
			held = held[1:]
		}
	}
	for _, b := range held {
		x.add(b)
		b.Release()
	}
	return x, first
}

func newReplay(t testing.TB, cfg ReplayConfig) *Replay {
	t.Helper()
	r, err := NewReplay(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func inDir(dir string, names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, filepath.Join(dir, n))
	}
	return out
}

func pipelineTime(sec int) pipeline.Time {
	return pipeline.TimeOf(day.Add(time.Duration(sec) * time.Second))
}
