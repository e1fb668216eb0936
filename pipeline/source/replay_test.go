package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// longLog has events, rejected lines, blank lines, a line that is too long, and no newline at its end.
func longLog(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		switch {
		case i%97 == 0:
			b.WriteString("\n")
		case i%101 == 0:
			b.WriteString("no line of nginx\r\n")
		case i == n/2:
			b.WriteString(nginxLine(i, i) + strings.Repeat("x", 2<<20) + "\n")
		default:
			b.WriteString(nginxLine(i, i) + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func one(t *testing.T, r *Replay) *ReplayStream {
	t.Helper()
	if len(r.streams) != 1 {
		t.Fatalf("got %d streams, want one", len(r.streams))
	}
	return r.streams[0]
}

func TestReplayKeepsTheContract(t *testing.T) {
	const n = 10_000
	path := write(t, filepath.Join(t.TempDir(), "access.log"), longLog(n))
	r := newReplay(t, ReplayConfig{Inputs: inputs(path)})
	s := one(t, r)
	x := drain(t, s)
	if x.Lines != n || x.Opened != 1 || x.Ended != 1 || r.Long() != 1 {
		t.Errorf("got %d lines, %d opened, %d ended, %d long, want %d, 1, 1, 1", x.Lines, x.Opened, x.Ended, r.Long(), n)
	}
	last := uint64(0)
	for _, e := range x.Events {
		if e.Seq <= last {
			t.Fatalf("got Seq %d after %d", e.Seq, last)
		}
		last = e.Seq
		if want := fmt.Sprintf("/n/%d", e.Seq); e.Kind == pipeline.KindRequest && e.Path != want {
			t.Fatalf("line %d: got path %s, want %s", e.Seq, e.Path, want)
		}
	}
	if want := []pipeline.StreamID{"nginx"}; !cmp.Equal(s.Streams(), want) {
		t.Errorf("got streams %v, want %v", s.Streams(), want)
	}
}

func TestReplayGoesOnAtAnyCursor(t *testing.T) {
	dir := t.TempDir()
	text := longLog(3000)
	lines := strings.SplitAfter(text, "\n")
	write(t, filepath.Join(dir, "log.2.gz"), gz(t, strings.Join(lines[:1000], "")))
	write(t, filepath.Join(dir, "log.1"), strings.Join(lines[1000:2500], ""))
	write(t, filepath.Join(dir, "log"), strings.Join(lines[2500:], ""))
	cfg := ReplayConfig{Inputs: inputs(filepath.Join(dir, "log*"))}
	whole := drain(t, one(t, newReplay(t, cfg)))
	if whole.Lines != 3000 || len(whole.Cursors) < 10 {
		t.Fatalf("got %d lines in %d batches", whole.Lines, len(whole.Cursors))
	}
	for i, c := range whole.Cursors {
		s := one(t, newReplay(t, cfg))
		if err := s.Seek("nginx", c); err != nil {
			t.Fatal(err)
		}
		got := drain(t, s)
		if d := cmp.Diff(whole.Events[whole.After[i]:], got.Events, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("from cursor %d (%s) (-want +got):\n%.1000s", i, c, d)
		}
	}
}

func TestReplaySeekRefusesWhatIsNoPlace(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "access.log"), nginxLog(0, 9))
	s := one(t, newReplay(t, ReplayConfig{Inputs: inputs(path)}))
	for _, c := range []pipeline.Cursor{"", "x", `{"v":7}`, `{"v":1,"piece":9}`, `{"v":1,"piece":-1}`, `{"v":1,"off":-4}`} {
		if err := s.Seek("nginx", c); err == nil {
			t.Errorf("cursor %q: got no error", c)
		}
	}
	if err := s.Seek("rails", `{"v":1}`); err == nil {
		t.Error("another stream: got no error")
	}
}

func TestReplayIsTheSameHoweverItIsPackedAndCut(t *testing.T) {
	text := longLog(2000)
	lines := strings.SplitAfter(text, "\n")
	dir := t.TempDir()
	want := drain(t, one(t, newReplay(t, ReplayConfig{Inputs: inputs(write(t, filepath.Join(dir, "whole"), text))})))
	same := func(name string, cfg ReplayConfig) {
		t.Helper()
		got := drain(t, one(t, newReplay(t, cfg)))
		if d := cmp.Diff(want.Events, got.Events); d != "" || got.Lines != want.Lines {
			t.Errorf("%s: %d lines, want %d; events (-want +got):\n%.1000s", name, got.Lines, want.Lines, d)
		}
	}
	same("gzip", ReplayConfig{Inputs: inputs(write(t, filepath.Join(dir, "a"), gz(t, text)))})
	same("zstd", ReplayConfig{Inputs: inputs(write(t, filepath.Join(dir, "b"), zst(t, text)))})
	same("gzip of two members", ReplayConfig{Inputs: inputs(write(t, filepath.Join(dir, "c"), gz(t, text[:99])+gz(t, text[99:])))})
	same("stdin", ReplayConfig{Inputs: inputs("-"), Stdin: strings.NewReader(text)})
	same("packed stdin", ReplayConfig{Inputs: inputs("-"), Stdin: strings.NewReader(zst(t, text))})
	for i, cut := range [][2]int{{10, 1000}, {700, 701}, {500, 1990}} {
		a := write(t, filepath.Join(dir, fmt.Sprint("x", i)), strings.Join(lines[:cut[0]], ""))
		b := write(t, filepath.Join(dir, fmt.Sprint("y", i)), zst(t, strings.Join(lines[cut[0]:cut[1]], "")))
		c := write(t, filepath.Join(dir, fmt.Sprint("z", i)), gz(t, strings.Join(lines[cut[1]:], "")))
		if i == 1 {
			same("a piece of one line, in order", ReplayConfig{Inputs: inputs(a, b, c)})
			continue
		}
		same("shuffled", ReplayConfig{Inputs: inputs(c, a, b)})
		same("shuffled again", ReplayConfig{Inputs: inputs(b, c, a)})
	}
}

func TestReplayReadsAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text := nginxLog(0, 99)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	x := drain(t, one(t, newReplay(t, ReplayConfig{Inputs: inputs(fmt.Sprintf("/dev/fd/%d", r.Fd()))})))
	if x.Lines != 100 || len(x.Events) != 100 {
		t.Errorf("got %d lines, %d events, want 100", x.Lines, len(x.Events))
	}
}

func TestReplayDamagedArchiveKeepsWhatWasRead(t *testing.T) {
	text := nginxLog(0, 4999)
	damage := func(name, packed, want string) {
		t.Helper()
		dir := t.TempDir()
		bad := write(t, filepath.Join(dir, "bad"), packed)
		good := write(t, filepath.Join(dir, "good"), nginxLog(9000, 9009))
		r, err := NewReplay(ReplayConfig{Inputs: inputs(bad, good)})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		x, err := tryDrain(one(t, r))
		if err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, want)
		}
		if x.Lines < 1010 || x.Events[len(x.Events)-1].Path != "/n/9009" {
			t.Errorf("%s: got %d lines", name, x.Lines)
		}
	}
	z, s := gz(t, text), zst(t, text)
	damage("cut gzip", z[:len(z)*3/4], "cut short near byte")
	damage("cut zstd", zst(t, text[:len(text)/2])+s[:len(s)/2], "cut short near byte")
	damage("corrupt gzip", gz(t, text[:len(text)/2])+z[:len(z)/2]+"garbage"+z[len(z)/2+7:], "damaged near byte")
}

func TestReplayOfAnArchiveCutBeforeItsFirstLine(t *testing.T) {
	packed := zst(t, nginxLog(0, 4999))
	path := write(t, filepath.Join(t.TempDir(), "cut"), packed[:200])
	if x, err := tryDrain(one(t, newReplay(t, ReplayConfig{Inputs: inputs(path)}))); err == nil || !strings.Contains(err.Error(), "cut short") || x.Lines != 0 {
		t.Errorf("got %d lines, error %v, want none, and that it is cut short", x.Lines, err)
	}
}

func TestReplayProgress(t *testing.T) {
	dir := t.TempDir()
	a, b := nginxLog(0, 9999), gz(t, nginxLog(20_000, 29_999))
	paths := []string{write(t, filepath.Join(dir, "a"), a), write(t, filepath.Join(dir, "b"), b)}
	var calls []Progress
	cfg := ReplayConfig{Inputs: inputs(paths...), ProgressEvery: 100_000, Progress: func(p Progress) { calls = append(calls, p) }}
	drain(t, one(t, newReplay(t, cfg)))
	last := calls[len(calls)-1]
	total := int64(len(a) + len(b))
	if want := (Progress{Bytes: total, Total: total, Lines: 20_000, Stream: "nginx"}); last != want {
		t.Errorf("got last %+v, want %+v", last, want)
	}
	if len(calls) < 5 || len(calls) > int(total/100_000)+2 {
		t.Errorf("got %d calls for %d bytes", len(calls), total)
	}
}

func TestReplayStopsWithItsContext(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "access.log"), nginxLog(0, 9))
	s := one(t, newReplay(t, ReplayConfig{Inputs: inputs(path)}))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestReplayOfAnEmptyFile(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "access.log"), "")
	if r := newReplay(t, ReplayConfig{Inputs: inputs(path)}); len(r.Sources()) != 0 {
		t.Errorf("got %d streams, want none", len(r.Sources()))
	}
}

func TestExplainNamesEveryLine(t *testing.T) {
	dir := t.TempDir()
	a := write(t, filepath.Join(dir, "a.log"), nginxLine(1, 1)+"\nno line at all\n\n"+nginxLine(2, 2)+"\n")
	b := write(t, filepath.Join(dir, "b.log.gz"), gz(t, sidekiqLine(1, 1)+"\n"))
	var got []string
	err := Explain(context.Background(), ReplayConfig{Inputs: inputs(b, a)}, func(l Line) error {
		what := "skipped"
		if l.Err != nil {
			what = "rejected"
		} else if l.Event != nil {
			what = l.Event.Kind.String()
		}
		got = append(got, fmt.Sprintf("%s:%d %s %s", filepath.Base(l.Input), l.Number, l.Format, what))
		return nil
	})
	want := []string{"b.log.gz:1 sidekiq job", "a.log:1 nginx request", "a.log:2 nginx rejected", "a.log:3 nginx skipped",
		"a.log:4 nginx request"}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("error %v; lines (-want +got):\n%s", err, d)
	}
}

func TestExplainStops(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "access.log"), nginxLog(0, 9))
	stop, calls := errors.New("stop"), 0
	err := Explain(context.Background(), ReplayConfig{Inputs: inputs(path)}, func(Line) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

// BenchmarkReplay replays with the real parser, and with one that does nothing.
func BenchmarkReplay(b *testing.B) {
	path := write(b, filepath.Join(b.TempDir(), "access.log"), string(benchText(200_000)))
	bench := func(name string, cfg ReplayConfig) {
		b.Run(name, func(b *testing.B) {
			lines := uint64(0)
			cfg.Inputs = inputs(path)
			b.ReportAllocs()
			for b.Loop() {
				r, err := NewReplay(cfg)
				if err != nil {
					b.Fatal(err)
				}
				for {
					batch, err := r.streams[0].Read(context.Background())
					if err != nil {
						break
					}
					lines += uint64(len(batch.Events)) + uint64(batch.Skipped)
					batch.Release()
				}
				r.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
		})
	}
	bench("parsed", ReplayConfig{})
	bench("unparsed", ReplayConfig{newParser: func(parse.Options) (lineParser, error) { return &noParser{}, nil }})
}

// A noParser makes an event of every line and reads nothing of it.
type noParser struct{ records [1]parse.Record }

func (p *noParser) Open(line string) []parse.Record {
	p.records[0].Text = line
	return p.records[:]
}

func (*noParser) Parse(line string, _ parse.Env, e *pipeline.Event) (string, *parse.Error) {
	e.Time, e.Path = 1, line
	return "", nil
}
func (*noParser) Reset()                  {}
func (*noParser) State() string           { return "" }
func (*noParser) Restore(string)          {}
func (*noParser) Format() pipeline.Format { return pipeline.FormatNginx }
