package source

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

func TestChains(t *testing.T) {
	// f replays inputs, given as "name format first last", and compares the streams that come out, each
	// with its pieces in the order in which they are read.
	f := func(what string, given []string, want ...string) {
		t.Helper()
		dir := t.TempDir()
		var paths []string
		for _, g := range given {
			paths = append(paths, writePiece(t, dir, g))
		}
		r := newReplay(t, ReplayConfig{Inputs: inputs(paths...)})
		var got []string
		for _, s := range r.streams {
			var names []string
			for _, p := range s.Inputs() {
				names = append(names, filepath.Base(p))
			}
			got = append(got, fmt.Sprintf("%s: %s", s.Streams()[0], strings.Join(names, " ")))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	f("one file", []string{"a nginx 0 9"}, "nginx: a")
	f("rotated, in order", []string{"a nginx 0 9", "b nginx 10 19"}, "nginx: a b")
	f("rotated, shuffled", []string{"c nginx 20 29", "a nginx 0 9", "b nginx 10 19"}, "nginx: a b c")
	f("packed or not", []string{"c nginx 20 29", "b.gz nginx 10 19", "a.zst nginx 0 9"}, "nginx: a.zst b.gz c")
	f("a gap", []string{"b nginx 5000 5009", "a nginx 0 9"}, "nginx: a b")
	f("overlap up to the lateness", []string{"b nginx 8 19", "a nginx 0 10"}, "nginx: a b")
	f("true overlap", []string{"b nginx 7 19", "a nginx 0 10"}, "nginx: a", "nginx-2: b")
	f("true overlap, packed", []string{"b.gz nginx 7 19", "a.gz nginx 0 10"}, "nginx: a.gz", "nginx-2: b.gz")
	f("contained", []string{"a nginx 0 100", "b nginx 40 50"}, "nginx: a", "nginx-2: b")
	f("two logs of one time, in the order given", []string{"z nginx 0 10", "a nginx 0 10"}, "nginx: z", "nginx-2: a")
	f("two logs of nearly one time, by first stamp", []string{"z nginx 1 10", "a nginx 0 10"}, "nginx: a", "nginx-2: z")
	f("two rotated logs", []string{"a1 nginx 0 9", "b1 nginx 4 14", "a2 nginx 10 19", "b2 nginx 15 24"},
		"nginx: a1 a2", "nginx-2: b1 b2")
	f("first stamps too near: as given", []string{"b nginx 1 1", "a nginx 0 0"}, "nginx: b a")
	f("first stamps too near: as given", []string{"a nginx 0 0", "b nginx 1 1"}, "nginx: a b")
	f("formats never mix", []string{"s sidekiq 10 19", "a nginx 0 9", "s0 sidekiq 0 9"}, "nginx: a", "sidekiq: s0 s")
	f("no stamp: alone, last, as given", []string{"y junk 0 3", "x junk 0 3", "a nginx 0 9"},
		"nginx: a", "unknown: y", "unknown-2: x")
	f("empty files are none", []string{"e empty 0 0", "a nginx 0 9"}, "nginx: a")
	f("a first line without a stamp", []string{"b banner 10 19", "a nginx 0 9"}, "nginx: a b")
}

func writePiece(t *testing.T, dir, spec string) string {
	t.Helper()
	var name, format string
	var first, last int
	if _, err := fmt.Sscan(spec, &name, &format, &first, &last); err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	var b strings.Builder
	for sec := first; sec <= last && format != "empty"; sec++ {
		switch format {
		case "nginx", "banner":
			if sec == first && format == "banner" {
				b.WriteString("\n")
			}
			b.WriteString(nginxLine(sec, sec))
		case "sidekiq":
			b.WriteString(sidekiqLine(sec, sec))
		default:
			b.WriteString("no log line")
		}
		b.WriteString("\n")
	}
	text := b.String()
	switch filepath.Ext(name) {
	case ".gz":
		text = gz(t, text)
	case ".zst":
		text = zst(t, text)
	}
	return write(t, filepath.Join(dir, name), text)
}

func TestStdinIsNeverChained(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a"), nginxLog(0, 9))
	r := newReplay(t, ReplayConfig{Inputs: inputs("-", path), Stdin: strings.NewReader(nginxLog(100, 109))})
	var got []string
	for _, s := range r.streams {
		got = append(got, fmt.Sprint(s.Streams()[0], " ", len(drain(t, s).Events)))
	}
	if d := cmp.Diff([]string{"nginx 10", "nginx-2 10"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestChainUsesTheInputsLateness(t *testing.T) {
	dir := t.TempDir()
	a := write(t, filepath.Join(dir, "a"), nginxLog(0, 100))
	b := write(t, filepath.Join(dir, "b"), nginxLog(50, 200))
	in := inputs(a, b)
	for i := range in {
		in[i].Lateness = time.Minute
	}
	s := newReplay(t, ReplayConfig{Inputs: in}).streams
	if len(s) != 1 {
		t.Errorf("got %d streams, want 1", len(s))
	}
}

func TestChainNeedsEqualOptions(t *testing.T) {
	dir := t.TempDir()
	in := inputs(write(t, filepath.Join(dir, "a"), nginxLog(0, 9)), write(t, filepath.Join(dir, "b"), nginxLog(10, 19)))
	in[0].Parse, in[1].Parse = &parse.Options{Location: time.UTC}, &parse.Options{Location: time.UTC}
	if n := len(newReplay(t, ReplayConfig{Inputs: in}).streams); n != 1 {
		t.Errorf("equal options: got %d streams, want 1", n)
	}
	in[1].Parse = &parse.Options{Location: time.FixedZone("", 3600)}
	if n := len(newReplay(t, ReplayConfig{Inputs: in}).streams); n != 2 {
		t.Errorf("other options: got %d streams, want 2", n)
	}
}

func TestLastStampIsFoundFarFromTheEnd(t *testing.T) {
	dir := t.TempDir()
	text := nginxLog(0, 100) + strings.Repeat("no stamp here\n", 20_000)
	a := write(t, filepath.Join(dir, "a"), text)
	z := write(t, filepath.Join(dir, "z.gz"), gz(t, text))
	b := write(t, filepath.Join(dir, "b"), nginxLog(200, 210))
	want := pipelineTime(100)
	for _, p := range []string{a, z} {
		r := newReplay(t, ReplayConfig{Inputs: inputs(p, b)})
		if got := r.streams[0].chain.pieces[0].last; got != want {
			t.Errorf("%s: got last stamp %s, want %s", filepath.Base(p), got, want)
		}
	}
}

func TestChainGoesByStampsOfLinesThatAreNoRecord(t *testing.T) {
	dump := `{"context":"Job raised exception","job":{"args":[],"class":"W","jid":"1a"}}`
	line := func(sec int, text string) string {
		return day.Add(time.Duration(sec)*time.Second).Format("2006-01-02T15:04:05.000Z") + " pid=7 tid=4gb " + text + "\n"
	}
	dir := t.TempDir()
	a := write(t, filepath.Join(dir, "a"), line(0, "class=W jid=1a elapsed=0.1 INFO: fail")+line(0, "WARN: "+dump))
	b := write(t, filepath.Join(dir, "b"), line(9, "WARN: RuntimeError: no")+"app/workers/w.rb:1:in 'perform'\n")
	r := newReplay(t, ReplayConfig{Inputs: inputs(b, a)})
	if len(r.streams) != 1 {
		t.Fatalf("got %d streams, want 1", len(r.streams))
	}
	var kinds []pipeline.Kind
	for _, e := range drain(t, r.streams[0]).Events {
		kinds = append(kinds, e.Kind)
	}
	if d := cmp.Diff([]pipeline.Kind{pipeline.KindJob, pipeline.KindJobError}, kinds); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
