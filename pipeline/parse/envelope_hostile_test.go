package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

const forged = `6.6.6.6 - - [23/Nov/2026:07:21:02 +0000] "POST /inbox HTTP/1.1" 202 31 "-" "x"`

// A stranger's text opens nothing, wherever it stands in a line.
func TestNothingOpensWithinALine(t *testing.T) {
	for name, wrap := range wraps() {
		inner := wrap(forged)
		for _, line := range []string{
			`203.0.113.9 - - [23/Nov/2026:07:21:02 +0000] "POST /inbox HTTP/1.1" 202 31 "-" "` + inner + `"`,
			`203.0.113.9 - - [23/Nov/2026:07:21:02 +0000] "GET ` + inner,
			railsLine + inner,
			`{"time":"2026-11-23T07:21:02Z","remote_addr":"203.0.113.9","status":200,"user_agent":` + jsonText(inner) + `,"request":"GET / HTTP/1.1","message":` + jsonText(inner) + `}`,
			`{"method":"POST","path":` + jsonText(inner) + `,"controller":"X","action":"y","status":200,"message":` + jsonText(inner) + `}`,
			`{"ts":"2026-11-23T07:22:57.371Z","pid":1,"tid":"a","lvl":"INFO","msg":` + jsonText(inner) + `}`,
		} {
			var o Opener
			if got := o.Open(line); len(got) != 1 || got[0] != (Record{Text: line}) {
				t.Errorf("%s: %.200q: got %+v", name, line, got)
			}
		}
	}
}

// What a carrier brought is a program's own words: nothing of an envelope in it counts but its text.
func TestCarriersAreOpenedNoFurther(t *testing.T) {
	inner := map[string]string{
		"shipper":  `{"message":` + jsonText(forged) + `,"_SYSTEMD_UNIT":"nginx.service","host":"h","@timestamp":"2020-01-01T00:00:00Z"}`,
		"docker":   `{"log":"cut","stream":"stderr","time":"2020-01-01T00:00:00Z"}`,
		"cri":      `2020-01-01T00:00:00.123456789Z stderr P cut`,
		"compose":  `nginx-1  | ` + forged,
		"syslog":   `<190>1 2020-01-01T00:00:00Z h nginx - - - ` + forged,
		"journald": `Nov 23 07:21:38 h systemd-journald[1]: Suppressed 9 messages from x.service`,
	}
	want := Record{Time: 1795010878*pipeline.Second + 1e8}
	for name, text := range inner {
		want.Text = text
		var o Opener
		got := o.Open(`{"log":` + jsonText(text+"\n") + `,"stream":"stdout","time":"2026-11-18T14:07:58.1Z"}`)
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// Of a message of several lines only the first may be in an envelope: the others begin where a stranger
// may have broken the line.
func TestFurtherLinesAreOpenedNoFurther(t *testing.T) {
	var o Opener
	got := o.Open(`{"message":` + jsonText("<190>Nov 18 14:07:58 web1 nginx: first\n<190>Nov 18 14:07:58 web2 rails: second\n\n") + `,"host":"h"}`)
	want := []Record{
		{Text: "first", Origin: Origin{Host: "h", Program: "nginx"}},
		{Text: "<190>Nov 18 14:07:58 web2 rails: second", Origin: Origin{Host: "h"}},
	}
	if diff := cmp.Diff(want, append([]Record(nil), got...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	got = o.Open("<190>Nov 18 14:07:58 web1 nginx: first\n<190>Nov 18 14:07:58 web2 rails: second\n")
	if len(got) != 2 || got[1].Origin.Host != "web2" || got[1].Text != "second" {
		t.Errorf("a message of two lines in no envelope: got %+v", got)
	}
	if got := o.Open("{\n \"message\": \"a\",\r\n \"host\": \"h\"\n}\n"); len(got) != 1 || got[0].Text != "a" {
		t.Errorf("an object over several lines: got %+v", got)
	}
	got = o.Open(`{"message":"` + strings.Repeat(`\n`, 1<<16) + `x","host":"h"}`)
	if len(got) > maxLines+1 {
		t.Errorf("64 k line breaks: got %d records, want at most %d", len(got), maxLines+1)
	}
}

// A stream whose lines are understood without an envelope takes one for text, until there are many.
func TestBareStreamsStayBare(t *testing.T) {
	p := newParser(t, Options{})
	read := func(line string) (told []string) {
		for _, rec := range p.Open(line) {
			var e pipeline.Event
			skip, err := p.Parse(rec.Text, Env{Time: rec.Time, Cut: rec.Cut, Err: rec.Err}, &e)
			told = append(told, fmt.Sprint(e.Kind, skip, err))
		}
		return told
	}
	for range 20 {
		read(railsLine)
	}
	smuggled := `{"log":` + jsonText(railsLine+"\n") + `,"stream":"stdout","time":"2020-01-01T00:00:00Z"}`
	for i := range sureVoice + 1 {
		if got := p.Open(smuggled); len(got) != 1 || got[0].Text != smuggled {
			t.Fatalf("envelope %d in a bare stream: got %+v", i+1, got)
		}
		var e pipeline.Event
		if p.Parse(smuggled, Env{}, &e); e.Kind == pipeline.KindRequest {
			t.Fatalf("envelope %d in a bare stream: got a record", i+1)
		}
	}
	if got := p.Open(smuggled); got[0].Text != railsLine {
		t.Errorf("after %d envelopes: got %+v, want it opened", sureVoice+1, got)
	}
	if got := read(railsLine); got[0] != "request<nil>" {
		t.Errorf("a bare line: got %v", got)
	}
}

// The pieces of a line make one, each stream's its own, and so they do over a restart.
func TestPieces(t *testing.T) {
	p := newParser(t, Options{})
	var e pipeline.Event
	step := func(text string, env Env, want string) {
		t.Helper()
		q := newParser(t, Options{})
		q.Restore(p.State())
		p = q
		skip, err := p.Parse(text, env, &e)
		if got := fmt.Sprint(e.Kind, " ", skip, err); got != want {
			t.Errorf("%.40q: got %s, want %s", text, got, want)
		}
	}
	step(nginxLine, Env{}, "request <nil>")
	step(nginxLine[:30], Env{Cut: true}, "unknown piece of a line<nil>")
	step(nginxLine[:20], Env{Cut: true, Err: true}, "unknown piece of a line<nil>")
	step(nginxLine[30:50], Env{Cut: true}, "unknown piece of a line<nil>")
	step(nginxLine[20:], Env{Err: true}, "request <nil>")
	step(nginxLine[50:], Env{}, "request <nil>")
	step(nginxLine, Env{}, "request <nil>")
}

// A line is kept to its bound, in however many pieces it comes.
func TestPiecesAreBounded(t *testing.T) {
	dump := `2026-11-23T07:22:41.279Z pid=18363 tid=d4j WARN: {"context":"Job raised exception","job":{"class":"X::Y","jid":"ab","args":["` + strings.Repeat("x", 1<<20)
	p := newParser(t, Options{})
	var e pipeline.Event
	p.Parse(sidekiqLine, Env{}, &e)
	for ; len(dump) > 16<<10; dump = dump[16<<10:] {
		p.Parse(dump[:16<<10], Env{Cut: true}, &e)
		p.Parse(strings.Repeat("e", 16<<10), Env{Cut: true, Err: true}, &e)
	}
	if n := len(p.State()); n > maxState || n < 2*maxJoined {
		t.Errorf("state: got %d bytes, want the two lines of %d and at most %d", n, maxJoined, maxState)
	}
	q := newParser(t, Options{})
	q.Restore(p.State())
	if q.State() != p.State() {
		t.Error("two long lines did not survive a restart")
	}
	if skip, err := q.Parse(dump, Env{}, &e); skip != skipDump || err != nil {
		t.Errorf("the whole dump: got %q, %v, want %q", skip, err, skipDump)
	}
}

// Only journald says what journald has dropped.
func TestSuppressed(t *testing.T) {
	var o Opener
	f := func(line string, n uint64, unit string) {
		t.Helper()
		got := o.Open(line)
		if len(got) != 1 || got[0].Suppressed != n || got[0].Origin.Unit != unit || n > 0 && got[0].Text != "" {
			t.Errorf("%s: got %+v, want %d of %q", line, got, n, unit)
		}
	}
	const text = "Suppressed 4211 messages from mastodon-web.service"
	f(`{"MESSAGE":"`+text+`","_TRANSPORT":"driver","SYSLOG_IDENTIFIER":"systemd-journald","N_DROPPED":"4211","OBJECT_SYSTEMD_UNIT":"mastodon-web.service","_SYSTEMD_UNIT":"systemd-journald.service"}`, 4211, "mastodon-web.service")
	f(`{"message":"`+text+`","_TRANSPORT":"driver","SYSLOG_IDENTIFIER":"systemd-journald","source_type":"journald"}`, 4211, "mastodon-web.service")
	f(`{"MESSAGE":"Suppressed 7 messages from /system.slice/x.service","SYSLOG_IDENTIFIER":"systemd-journald","__REALTIME_TIMESTAMP":"1795010878123456"}`, 7, "x.service")
	f(`Nov 23 07:21:48 web1 systemd-journald[301]: `+text, 4211, "mastodon-web.service")
	f(`{"message":"Nov 23 07:21:48 web1 systemd-journald[301]: `+text+`","host":"h"}`, 4211, "mastodon-web.service")
	f(`{"@timestamp":"2026-11-18T14:07:59Z","agent":{},"process":{"name":"systemd-journald"},"systemd":{"unit":"systemd-journald.service"},"message":"`+text+`"}`, 4211, "mastodon-web.service")

	f(text, 0, "")
	f(`Nov 23 07:21:48 web1 bundle[301]: `+text, 0, "")
	f(`{"MESSAGE":"`+text+`","_TRANSPORT":"stdout","SYSLOG_IDENTIFIER":"systemd-journald","_SYSTEMD_UNIT":"evil.service","N_DROPPED":"9"}`, 0, "evil.service")
	f(`{"log":"`+text+`\n","stream":"stdout","time":"2026-11-18T14:07:58.1Z"}`, 0, "")
	f(`Nov 23 07:21:48 web1 systemd-journald[301]: Suppressed 99999999999999999999 messages from x.service`, 0, "")
}

// Envelopes of a megabyte take time as their length.
func TestHostileEnvelopes(t *testing.T) {
	const size = 1 << 20
	heads := []string{"", `{"message":"`, `{"MESSAGE":[`, `{"resourceLogs":[`, `{"a":{`, `<190>1 - - - - - [a b="`, "web-1  | ", `"{`, `{"a":`, "{"}
	var o Opener
	for _, head := range heads {
		for _, piece := range append(hostile, "\n", `\n`, "1,", `[`, `]`, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[`, " ", "|", `\\"`, `{}`, `"a":1,`) {
			line := head + strings.Repeat(piece, size/len(piece))
			holdRecords(t, line, o.Open(line))
			o.Reset()
		}
	}
}

// holdRecords checks what must hold of the records of any line.
func holdRecords(t *testing.T, line string, records []Record) {
	t.Helper()
	total := 0
	for _, r := range records {
		total += len(r.Text)
		if !isSane(r.Time) || !isSane(r.Read) {
			t.Errorf("%.100q: got the times %v, %v", line, r.Time, r.Read)
		}
		for _, s := range []string{r.Origin.Host, r.Origin.File, r.Origin.Unit, r.Origin.Container, r.Origin.Service, r.Origin.Program} {
			if len(s) > maxOrigin {
				t.Errorf("%.100q: got %d bytes of an origin", line, len(s))
			}
		}
	}
	if len(records) == 0 || total > len(line) {
		t.Errorf("%.100q: got %d records of %d bytes, want at least one and at most %d bytes", line, len(records), total, len(line))
	}
}

func FuzzOpen(f *testing.F) {
	for _, wrap := range wraps() {
		f.Add(wrap(nginxLine))
		f.Add(wrap(wrap("a\nb")))
	}
	for _, line := range envelopeLines(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var o, again Opener
		got := append([]Record(nil), o.Open(line)...)
		holdRecords(t, line, got)
		again.Open(line)
		if diff := cmp.Diff(got, append([]Record(nil), again.Open(line)...)); diff != "" {
			t.Errorf("%q: opened again:\n%s", line, diff)
		}
		p := newParser(t, Options{})
		for _, rec := range p.Open(line) {
			var e pipeline.Event
			p.Parse(rec.Text, recordEnv(&rec), &e)
			checkEvent(t, line, &e)
		}
	})
}
