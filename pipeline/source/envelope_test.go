package source

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// enveloped are the ways in which a file may hold lines.
var enveloped = map[string]func(line string) string{
	"docker": func(l string) string {
		return `{"log":` + strconv.Quote(l+"\n") + `,"stream":"stdout","time":"2026-11-18T14:00:00.5Z"}`
	},
	"cri":     func(l string) string { return "2026-11-18T14:00:00.5Z stdout F " + l },
	"compose": func(l string) string { return "nginx-1  | " + l },
	"rsyslog": func(l string) string { return "2026-11-18T14:00:00.5+00:00 web1 nginx: " + l },
	"filebeat": func(l string) string {
		return `{"@timestamp":"2026-11-18T15:00:00Z","agent":{"type":"filebeat"},"message":` + strconv.Quote(l) + `}`
	},
}

// A file of enveloped lines is replayed as the file of the lines themselves: found, dated, read, and gone
// on with at any cursor.
func TestReplayReadsEnvelopes(t *testing.T) {
	const n = 700
	dir := t.TempDir()
	bare := drain(t, one(t, newReplay(t, ReplayConfig{Inputs: inputs(write(t, filepath.Join(dir, "bare"), nginxLog(1, n)))})))
	for name, wrap := range enveloped {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			b.WriteString(wrap(nginxLine(i, i)) + "\n")
		}
		path := write(t, filepath.Join(dir, name+".log"), b.String())
		r := newReplay(t, ReplayConfig{Inputs: inputs(path)})
		s := one(t, r)
		p := s.chain.pieces[0]
		if err := r.findLast(p); err != nil {
			t.Fatal(err)
		}
		if p.format != pipeline.FormatNginx || p.first != pipelineTime(1) || p.last != pipelineTime(n) {
			t.Errorf("%s: got %s from %v to %v", name, p.format, p.first, p.last)
		}
		got := drain(t, s)
		if diff := cmp.Diff(bare.Events, got.Events); diff != "" || got.Lines != n {
			t.Errorf("%s: got %d lines; events (-want +got):\n%s", name, got.Lines, diff)
		}
	}
}

// pieces is a file of docker's in which every line is split in three, with lines of the other stream
// between them.
func pieces(first, last int) string {
	var b strings.Builder
	for i := first; i <= last; i++ {
		line := sidekiqLine(i, i) + "\n"
		for _, cut := range []string{line[:10], line[10:20], line[20:]} {
			fmt.Fprintf(&b, `{"log":%s,"stream":"stdout","time":"2026-11-18T14:00:00.5Z"}`+"\n", strconv.Quote(cut))
			b.WriteString(`{"log":"=> Booting\n","stream":"stderr","time":"2026-11-18T14:00:00.5Z"}` + "\n")
		}
	}
	return b.String()
}

func TestReplayJoinsPiecesAcrossCursors(t *testing.T) {
	const n = 2 * batchEvents
	path := write(t, filepath.Join(t.TempDir(), "x-json.log"), pieces(1, n))
	read := func(cursor pipeline.Cursor) transcript {
		s := one(t, newReplay(t, ReplayConfig{Inputs: inputs(path)}))
		if cursor != "" {
			if err := s.Seek(s.Streams()[0], cursor); err != nil {
				t.Fatal(err)
			}
		}
		return drain(t, s)
	}
	whole := read("")
	if len(whole.Events) != n || whole.Lines != 6*n || whole.Events[n-1].Time != pipelineTime(n) {
		t.Fatalf("got %d events of %d lines, want %d of %d", len(whole.Events), whole.Lines, n, 6*n)
	}
	for i, cursor := range whole.Cursors {
		rest := read(cursor)
		if diff := cmp.Diff(whole.Events[whole.After[i]:], rest.Events, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("from cursor %d (-want +got):\n%s", i, diff)
		}
	}
}

// An assembler that is made anew between any two pieces still joins them.
func TestAssemblerJoinsPiecesOverARestart(t *testing.T) {
	make := func() (lineParser, error) { return newParser(parse.Options{}) }
	asm, err := newAssembler(make)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(pieces(1, 3), "\n"), "\n")
	var events int
	for _, line := range lines {
		s := asm.begin()
		asm.add(s, line, parse.Env{})
		seq, state := asm.seq, asm.state()
		events += len(asm.finish(s).Events)
		s.release()
		if asm, err = newAssembler(make); err != nil {
			t.Fatal(err)
		}
		asm.restore(seq, state)
	}
	if events != 3 || asm.seq != uint64(len(lines)) {
		t.Errorf("got %d events and Seq %d, want 3 and %d", events, asm.seq, len(lines))
	}
}

// A line of several records counts each, and what journald has dropped is lost.
func TestAssemblerCountsRecords(t *testing.T) {
	asm, err := newAssembler(func() (lineParser, error) { return newParser(parse.Options{}) })
	if err != nil {
		t.Fatal(err)
	}
	const many = batchEvents + 10
	text := strings.TrimSuffix(nginxLog(1, many), "\n")
	s := asm.begin()
	asm.add(s, `{"message":`+strconv.Quote(text)+`,"host":"web1"}`, parse.Env{})
	if !s.full() || len(s.events) != many || s.events[many-1].Seq != many {
		t.Fatalf("got %d events, full %v, want %d in one batch", len(s.events), s.full(), many)
	}
	const dropped = "Nov 18 14:07:58 web1 systemd-journald[1]: Suppressed 40 messages from mastodon-web.service"
	asm.add(s, dropped, parse.Env{})
	asm.add(s, dropped, parse.Env{})
	b := asm.finish(s)
	const reason = "80 lines were dropped by journald's rate limit"
	if b.LostLines != 80 || b.Reason != reason || b.Skipped != 2 || asm.seq != many+2 {
		t.Errorf("got %d lost (%s), %d skipped, Seq %d, want 80 (%s), 2, %d", b.LostLines, b.Reason, b.Skipped, asm.seq, reason, many+2)
	}
	s.release()
	if b := asm.finish(asm.begin()); b.LostLines != 0 || b.Reason != "" {
		t.Errorf("the batch after: got %d lost (%s)", b.LostLines, b.Reason)
	}
}

func TestExplainOpensEnvelopes(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "journal"), strings.Join([]string{
		`{"MESSAGE":"first\nsecond","_SYSTEMD_UNIT":"x.service","__REALTIME_TIMESTAMP":"1795010879412345"}`,
		`{"MESSAGE":` + strconv.Quote(nginxLine(1, 1)) + `,"_SYSTEMD_UNIT":"nginx.service","__REALTIME_TIMESTAMP":"1795010879412345"}`,
		`Nov 18 14:07:58 web1 systemd-journald[1]: Suppressed 40 messages from mastodon-web.service`,
	}, "\n"))
	var got []string
	err := Explain(context.Background(), ReplayConfig{Inputs: inputs(path)}, func(l Line) error {
		kind := pipeline.KindUnknown
		if l.Event != nil {
			kind = l.Event.Kind
		}
		got = append(got, fmt.Sprintf("%d %s %v %s", l.Number, l.Origin.Unit, kind, l.Skipped))
		return nil
	})
	want := []string{"1 x.service rejected ", "1 x.service rejected ", "2 nginx.service request ",
		"3 mastodon-web.service unknown 40 lines were dropped by journald's rate limit"}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("error %v; lines (-want +got):\n%s", err, d)
	}
}

// A live file says what journald has dropped, beside what the Tail itself has lost.
func TestTailTellsWhatJournaldDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, logPath(t))
		f := follow(t, TailConfig{Path: w.path}, "")
		w.raw("Nov 18 14:07:58 web1 nginx: " + nginxLine(1, 1) + "\n")
		w.raw("Nov 18 14:07:58 web1 systemd-journald[1]: Suppressed 40 messages from nginx.service\n")
		f.caughtUp(t, 2)
		f.close()
		want := []string{"40 lines were dropped by journald's rate limit"}
		if diff := cmp.Diff(want, f.reasons); diff != "" || f.got.Lost != 40 || len(f.got.Events) != 1 || f.got.Lines != 2 {
			t.Errorf("got %d lost, %d events of %d lines; reasons (-want +got):\n%s", f.got.Lost, len(f.got.Events), f.got.Lines, diff)
		}
	})
}
