package parse

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	nginxLine   = `203.0.113.9 - - [23/Nov/2026:07:21:02 +0000] "POST /inbox HTTP/1.1" 202 31 "-" "x"`
	sidekiqLine = `2026-11-23T07:22:41.257Z pid=18363 tid=d6r class=ActivityPub::ProcessingWorker jid=526ffbf6da83e78b9faab14d INFO: start`
	railsLine   = `I, [2026-11-23T07:30:18.797448 #29221]  INFO -- : [62184f89-a39e-48fb-9003-b4bb5832241e] method=POST path=/users/admin/inbox format=json controller=ActivityPub::InboxesController action=create status=202 duration=0.23 view=0.00 key=https://remote.example/users/bob#main-key`
)

func TestRecognise(t *testing.T) {
	f := func(want pipeline.Format, lines ...string) {
		t.Helper()
		p := newParser(t, Options{})
		var e pipeline.Event
		for _, line := range lines {
			p.Parse(line, Env{}, &e)
		}
		if got := p.Format(); got != want {
			t.Errorf("format of %.60q …: got %s, want %s", lines[0], got, want)
		}
	}
	f(pipeline.FormatNginx, nginxLine)
	f(pipeline.FormatNginx, `{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1","status":202}`)
	f(pipeline.FormatNginx, `2026/11/23 07:21:39 [error] 17513#17513: *100 limiting requests`)
	f(pipeline.FormatSidekiq, sidekiqLine)
	f(pipeline.FormatRails, railsLine)
	f(pipeline.FormatUnknown, "hello")
	f(pipeline.FormatUnknown, "\x7fELF\x02\x01\x01\x00")
	f(pipeline.FormatUnknown, `{"a":1}`)
	f(pipeline.FormatNginx, "hello", "\xff", nginxLine)
	f(pipeline.FormatNginx, nginxLine, sidekiqLine) // one stray line
}

// What comes before the first record of a stream and is no record is no mistake either.
func TestBanner(t *testing.T) {
	p := newParser(t, Options{})
	for _, line := range []string{"=> Booting Puma", "    raise NoMethodError", "app/x.rb:29:in `create'"} {
		var e pipeline.Event
		if skip, err := p.Parse(line, Env{}, &e); skip == "" || err != nil {
			t.Errorf("%q: got %q, %v, want it skipped", line, skip, err)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	p := newParser(t, Options{})
	var e pipeline.Event
	skip, err := p.Parse("hello\x1b world", Env{Read: 1795418498 * pipeline.Second}, &e)
	if skip != "" || err == nil || err.Error() != "unknown: column 1: unknown format" {
		t.Fatalf("hello: got %q, %v, want unknown: column 1: unknown format", skip, err)
	}
	want := pipeline.Event{Kind: pipeline.KindRejected, Error: "unknown format", Time: 1795418498 * pipeline.Second, Sample: "hello world"}
	if e != want {
		t.Errorf("event: got %+v, want %+v", e, want)
	}
}

// A stream keeps its format through a few bad lines, and takes another one after many.
func TestRecogniseAgain(t *testing.T) {
	run := func(o Options, bad int) pipeline.Format {
		p := newParser(t, o)
		var e pipeline.Event
		p.Parse(nginxLine, Env{}, &e)
		for range bad {
			p.Parse(sidekiqLine, Env{}, &e)
		}
		return p.Format()
	}
	const enough = patience / rejectWeight
	if got := run(Options{}, enough); got != pipeline.FormatNginx {
		t.Errorf("after %d bad lines: got %s, want nginx", enough, got)
	}
	if got := run(Options{}, enough+1); got != pipeline.FormatSidekiq {
		t.Errorf("after %d bad lines: got %s, want sidekiq", enough+1, got)
	}
	if got := run(Options{Format: pipeline.FormatNginx}, 10*enough); got != pipeline.FormatNginx {
		t.Errorf("named format: got %s, want nginx", got)
	}
}

func TestTimes(t *testing.T) {
	const own, other, later = 1795418462 * pipeline.Second, 1795418470*pipeline.Second + 5e6, 1795418480 * pipeline.Second
	p := newParser(t, Options{})
	f := func(line string, env Env, want pipeline.Time, digits uint8, kind pipeline.Kind) {
		t.Helper()
		var e pipeline.Event
		p.Parse(line, env, &e)
		if e.Time != want || e.Digits != digits || e.Kind != kind {
			t.Errorf("time of %.40q in %v: got %v %d %s, want %v %d %s", line, env, e.Time, e.Digits, e.Kind, want, digits, kind)
		}
	}
	noStamp := `{"request":"GET / HTTP/1.1","status":200}`
	f(noStamp, Env{}, 0, 0, pipeline.KindRejected)
	f(noStamp, Env{Read: later}, later, 0, pipeline.KindRequest)
	f(nginxLine, Env{}, own, 0, pipeline.KindRequest)
	f(nginxLine, Env{Read: later}, own, 0, pipeline.KindRequest)
	f(nginxLine, Env{Time: other, Read: later}, own, 0, pipeline.KindRequest) // it names its zone
	f(noStamp, Env{Time: other, Read: later}, other, 3, pipeline.KindRequest)
	f(noStamp, Env{}, other, 3, pipeline.KindRequest)
	f("garbage", Env{Read: later}, other, 3, pipeline.KindRejected)
	f("garbage", Env{Time: later}, later, 0, pipeline.KindRejected)

	const ownRails = 1795419018*pipeline.Second + 797448000
	p = newParser(t, Options{})
	f(railsLine, Env{Read: later}, ownRails, 6, pipeline.KindRequest)
	f(railsLine, Env{Time: other}, other, 3, pipeline.KindRequest) // it names none
	p = newParser(t, Options{})
	const ownSidekiq = 1795418561*pipeline.Second + 257e6
	f(sidekiqLine, Env{Time: other}, ownSidekiq, 3, pipeline.KindJob)
	f(railsLine[:44]+"INFO -- : Rejected Create activity x from https://a.example/b", Env{Time: other}, other, 3, pipeline.KindRejection)
	f(sidekiqLine, Env{Time: other}, ownSidekiq, 3, pipeline.KindJob)
	p = newParser(t, Options{})
	f(`{"time":"2026-11-23T07:21:02","request":"GET / HTTP/1.1","status":200}`, Env{Time: other}, other, 3, pipeline.KindRequest)
	f(`{"time":"2026-11-23T07:21:02Z","request":"GET / HTTP/1.1","status":200}`, Env{Time: other}, own, 0, pipeline.KindRequest)
}

// The column of an error counts from the start of the line, its envelope included.
func TestColumn(t *testing.T) {
	p := newParser(t, Options{Format: pipeline.FormatNginx})
	var e pipeline.Event
	_, err := p.Parse(`<190>Nov 23 07:21:38 vm nginx: x.y - - [23/Nov/2026:07:21:02 +0000] "GET / HTTP/1.1" 200 2 "-" "-"`, Env{}, &e)
	if err == nil || err.Error() != "nginx: column 32: bad address" {
		t.Errorf("got %v, want nginx: column 32: bad address", err)
	}
}

// A Parser that is made anew from the state before every line reads the captures as one that is not.
func TestState(t *testing.T) {
	files, err := filepath.Glob("testdata/captures/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("captures: got %d files, %v", len(files), err)
	}
	for _, file := range files {
		var once, anew bytes.Buffer
		p, q := newParser(t, Options{}), newParser(t, Options{})
		for _, line := range captured(t, filepath.Base(file)) {
			tell(&once, p, line)
			state := q.State()
			q = newParser(t, Options{})
			q.Restore(state)
			tell(&anew, q, line)
		}
		if diff := cmp.Diff(once.String(), anew.String()); diff != "" {
			t.Errorf("%s: with states (-without +with):\n%s", file, diff)
		}
	}
}

func tell(out *bytes.Buffer, p *Parser, line string) {
	var e pipeline.Event
	skip, err := p.Parse(line, Env{}, &e)
	fmt.Fprintln(out, skip, err, describe(&e), e.Sample)
}

func TestRestore(t *testing.T) {
	f := func(o Options, state, want string) {
		t.Helper()
		p := newParser(t, o)
		p.Restore(state)
		if got := p.State(); got != want {
			t.Errorf("restore %q: got %q, want %q", state, got, want)
		}
	}
	const fresh, tail = "p2;unknown;0;0;0;0;0;0;", ";0;0;0;"
	f(Options{}, "p1;nginx;1795418462000000000;3;7;", "p2;nginx;1795418462000000000;3;7"+tail)
	f(Options{}, "p2;nginx;1795418462000000000;3;7;8;2;1;a;b", "p2;nginx;1795418462000000000;3;7;8;2;1;a;b")
	f(Options{}, "p1;nginx;1795418462000000000;3;200;", "p2;nginx;1795418462000000000;3;64"+tail)
	f(Options{}, "", fresh)
	f(Options{}, "p0;nginx;0;0;0;", fresh)
	f(Options{}, "p1;nginx;0;0;0", fresh)
	f(Options{}, "p1;klingon;0;0;0;", fresh)
	f(Options{}, "p1;nginx;-1;0;0;", fresh)
	f(Options{}, "p1;nginx;0;10;0;", fresh)
	f(Options{}, "p1;nginx;9223372036854775807;0;0;", fresh)
	f(Options{}, "p2;nginx;0;0;0;0;9;9;short", fresh)
	f(Options{}, "p2;nginx;0;0;0;0;0;", fresh)
	f(Options{Format: pipeline.FormatSidekiq}, "p1;nginx;1795418462000000000;0;7;", "p2;sidekiq;1795418462000000000;0;0"+tail+newSidekiq(Options{}).state())
}
