package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/fedwarden/fedwarden/pipeline"
)

// replayed runs the replay command in this process and returns what it prints.
func replayed(t *testing.T, inputs ...string) []byte {
	t.Helper()
	var out, talk bytes.Buffer
	c := &console{ctx: context.Background(), in: strings.NewReader(""), out: &out, err: &talk}
	if err := (&replayCommand{Output: "json", Verified: true, Inputs: inputs}).Run(c); err != nil {
		t.Fatalf("%v\n%s", err, talk.String())
	}
	return out.Bytes()
}

func sample(name string) string { return filepath.Join("..", "..", "testdata", "logs", name) }

var samples = []string{"access.log", "rails.log", "sidekiq.log"}

// TestSampleLogs is the README's promise: of the logs that come with the project, every alert at medium or
// above belongs to one of the three incidents of the last hour, and none of these has more than two.
func TestSampleLogs(t *testing.T) {
	incidents := map[string]int{"flood.example": 0, "newactors.example": 0, "203.0.113.114": 0}
	dec := json.NewDecoder(bytes.NewReader(replayed(t, sample("access.log"), sample("rails.log"), sample("sidekiq.log"))))
	for {
		var a pipeline.Alert
		if err := dec.Decode(&a); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if a.Status != pipeline.StatusFiring || a.Severity < pipeline.SeverityMedium {
			continue
		}
		if _, ok := incidents[a.Entity.Value]; !ok {
			t.Errorf("a false alert: %s of %s", a.Detector, a.Entity.Value)
		}
		incidents[a.Entity.Value]++
	}
	for who, n := range incidents {
		if n < 1 || n > 2 {
			t.Errorf("%s: got %d alerts, want one or two", who, n)
		}
	}
}

// TestReplayIsByteIdentical cuts the samples in pieces, compresses them, shuffles them and changes the
// number of threads: the output stays the same bytes.
func TestReplayIsByteIdentical(t *testing.T) {
	want := replayed(t, sample("access.log"), sample("rails.log"), sample("sidekiq.log"))
	if len(want) == 0 {
		t.Fatal("the samples make no alert")
	}
	f := func(name string, inputs ...string) {
		t.Helper()
		if got := replayed(t, inputs...); !bytes.Equal(got, want) {
			t.Errorf("%s: the output differs:\n got %s\nwant %s", name, got, want)
		}
	}
	f("again", sample("access.log"), sample("rails.log"), sample("sidekiq.log"))
	f("another order", sample("sidekiq.log"), sample("access.log"), sample("rails.log"))
	f("formats named", "sidekiq:"+sample("sidekiq.log"), "nginx:"+sample("access.log"), "rails:"+sample("rails.log"))
	dir := t.TempDir()
	var pieces []string
	for i, name := range samples {
		pieces = append(pieces, cut(t, dir, name, 3+i)...)
	}
	f("pieces", pieces...)
	for i, j := 0, len(pieces)-1; i < j; i, j = i+1, j-1 {
		pieces[i], pieces[j] = pieces[j], pieces[i]
	}
	f("pieces, backwards", pieces...)
	before := runtime.GOMAXPROCS(1)
	f("one thread", pieces...)
	runtime.GOMAXPROCS(before)
}

// cut writes a sample in n pieces, cut at line ends: the first as gzip, the second as zstd, the rest plain.
func cut(t *testing.T, dir, name string, n int) []string {
	t.Helper()
	data, err := os.ReadFile(sample(name))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	var paths []string
	for i := range n {
		piece := bytes.Join(lines[i*len(lines)/n:(i+1)*len(lines)/n], nil)
		path := filepath.Join(dir, fmt.Sprintf("%s.%d", name, n-i))
		switch i {
		case 0:
			path, piece = path+".gz", packed(t, piece, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
		case 1:
			path, piece = path+".zst", packed(t, piece, func(w io.Writer) io.WriteCloser {
				z, err := zstd.NewWriter(w)
				if err != nil {
					t.Fatal(err)
				}
				return z
			})
		}
		if err := os.WriteFile(path, piece, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func packed(t *testing.T, data []byte, with func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var b bytes.Buffer
	w := with(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
