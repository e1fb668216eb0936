package parse

import (
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

const sidekiqStamp = "2026-11-23T07:22:41.257Z "

func TestSidekiqJob(t *testing.T) {
	f := func(want string, lines ...string) {
		t.Helper()
		for _, line := range lines {
			equal(t, said(t, pipeline.FormatSidekiq, line), want)
			equal(t, said(t, pipeline.FormatUnknown, line), want)
		}
	}
	f(`job job="A::B" jid="52" state=start pid="1" tid="d6r"`,
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 INFO: start",
		sidekiqStamp+"pid=1 tid=d6r jid=52 class=A::B INFO: start",
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 bid=b-1 tags=preview,x y INFO: start",
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 WARN: start",
		"pid=1 tid=d6r class=A::B jid=52 INFO: start",
		"\x1b[1;34mINFO \x1b[0m "+sidekiqStamp+"pid=1 tid=d6r jid=52 class=A::B: start",
		"\x1b[1;34mINFO \x1b[0m "+sidekiqStamp+"pid=1 tid=d6r class=A::B tags=preview,x y jid=52: start",
		"\x1b[1;33mWARN \x1b[0m pid=1 tid=d6r jid=52 class=A::B: start",
		"INFO "+sidekiqStamp+"pid=1 tid=d6r jid=52 class=A::B: start",
		"INFO pid=1 tid=d6r jid=52 class=A::B: start",
		`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":"start","ctx":{"class":"A::B","jid":"52"}}`,
		`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":"start","ctx":{"jid":"52","tags":["x",{"class":"C"}],"class":"A::B"}}`,
		`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":"start","ctx":{"jid":"52","class":"A::B","ta`,
		"Nov 10 18:45:33 web sidekiq[1]: "+sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 INFO: start",
	)
	f(`job duration=1.25s job="A::B" jid="52" state=done pid="1" tid="d6r"`,
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 elapsed=1.25 INFO: done",
		"\x1b[1;34mINFO \x1b[0m "+sidekiqStamp+"pid=1 tid=d6r jid=52 class=A::B tags=a,b c elapsed=1.25: done",
		`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":"done","ctx":{"class":"A::B","jid":"52","elapsed":1.25}}`,
	)
	f(`job job="A::B" jid="52" state=dead pid="1" tid="d6r"`,
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 INFO: Adding dead A::B job 52",
		sidekiqStamp+"pid=1 tid=d6r INFO: Adding dead A::B job 52",
		"INFO pid=1 tid=d6r: Adding dead A::B job 52",
		`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":"Adding dead A::B job 52"}`,
	)
	f("skipped: log message",
		sidekiqStamp+"pid=1 tid=d6r INFO: start",
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 INFO: custom class=C jid=9 INFO: done",
		sidekiqStamp+"pid=1 tid=d6r class=A::B jid=52 INFO: Adding dead thoughts",
		sidekiqStamp+"pid=1 tid=d6r INFO: Booting Sidekiq 6.4.1 with redis options {:url=>\"redis://127.0.0.1:16379/0\"}",
		sidekiqStamp+`pid=1 tid=d6r class="A" jid=52 INFO: start`,
		sidekiqStamp+`pid=1 tid=d6r class=a jid=52 INFO: start`,
		sidekiqStamp+"pid=1 tid=d6r WARN: ArgumentError: of no job",
		"INFO pid=1 tid=d6r context=heartbeat: x (RuntimeError)",
	)
	equal(t, said(t, pipeline.FormatSidekiq,
		"2026-11-43T07:22:41.257Z pid=1 tid=d6r class=A jid=52 INFO: start", sidekiqStamp+"pid=1", "pid=1 tid=d6r", `{"pid":1,"tid":"x"}`, "alien"),
		"rejected: column 1: bad time", "rejected: column 1: unknown line", "rejected: column 1: unknown line",
		"rejected: column 1: unknown line", "rejected: column 1: unknown line")
}

const (
	dump7  = `{"context":"Job raised exception","job":{"retry":16,"queue":"push","args":["{\"id\":\"https://private.example/SECRET-ARG\"}",1,"https://arg.example/inbox",{"class":"X","jid":"9"}],"class":"A::B","jid":"52","error_class":"Old::Error","error_message":"https://old.example/"},"jobstr":"SECRET-ARG"}`
	dump8  = `context=Job raised exception job={"retry" => 16, "args" => ["{\"id\":\"https://private.example/SECRET-ARG\"}", nil, "https://arg.example/inbox", {"class" => "X"}], "class" => "A::B", "jid" => "52"}: `
	fail7  = sidekiqStamp + "pid=1 tid=d6r class=A::B jid=52 elapsed=0.02 INFO: fail"
	failed = `job duration=20ms job="A::B" jid="52" state=fail pid="1" tid="d6r"`
)

// One failed attempt makes one error, in both families.
func TestSidekiqFailure(t *testing.T) {
	f := func(message, error7, error8 string) {
		t.Helper()
		class, text, _ := strings.Cut(message, ": ")
		first, more, _ := strings.Cut(text, "\n")
		equal(t, said(t, pipeline.FormatSidekiq, fail7,
			sidekiqStamp+"pid=1 tid=d6r WARN: "+dump7,
			sidekiqStamp+"pid=2 tid=d6r class=C jid=3 INFO: start",
			sidekiqStamp+"pid=1 tid=d6r WARN: "+class+": "+first,
			more,
			sidekiqStamp+"pid=1 tid=d6r WARN: app/x.rb:74:in `perform'",
			sidekiqStamp+"pid=1 tid=d6r WARN: Other::Error: x",
		), failed, "skipped: job dump", `job job="C" jid="3" state=start pid="2" tid="d6r"`, error7, skippedMore(more),
			"skipped: exception", "skipped: log message")
		equal(t, said(t, pipeline.FormatSidekiq, fail7, "\x1b[1;34mINFO \x1b[0m "+sidekiqStamp+"pid=1 tid=d6r "+dump8+first+" ("+class+")", more),
			failed, error8, skippedMore(more))
		equal(t, said(t, pipeline.FormatSidekiq,
			`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"WARN","msg":`+quote(dump7)+`}`,
			`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"WARN","msg":`+quote(message)+`}`,
			`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"WARN","msg":"app/x.rb:74:in perform\nx"}`,
		), "skipped: job dump", error7, "skipped: exception")
		_, job, _ := strings.Cut(dump7, `"job":`)
		equal(t, said(t, pipeline.FormatSidekiq,
			`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":`+quote(first+" ("+class+")\n"+more)+`,"ctx":{"context":"Job raised exception","job":`+job+`}}`),
			error8)
	}
	const event = `job_error job="A::B" jid="52" pid="1" tid="d6r" error=`
	both := func(message, want string) { t.Helper(); f(message, event+want, event+want) }
	both("Mastodon::UnexpectedResponseError: https://fail.example/inbox returned code 503", `"Mastodon::UnexpectedResponseError" remote_host="fail.example"`)
	both("Stoplight::Error::RedLight: https://red.example/inbox", `"Stoplight::Error::RedLight" remote_host="red.example"`)
	both("HTTP::ConnectionError: failed to connect: refused for https://down.example", `"HTTP::ConnectionError" remote_host="down.example"`)
	both("OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0", `"OpenSSL::SSL::SSLError" remote_host="arg.example"`)
	both("ArgumentError: multi\nline https://other.example/ (Fake::Error)", `"ArgumentError" remote_host="arg.example"`)
	// a message that repeats arguments tells of nobody
	both(`JSON::ParserError: unexpected token at '{"SECRET-ARG https://private.example/'`, `"JSON::ParserError" remote_host="arg.example"`)
}

func skippedMore(more string) string {
	if more == "" {
		return "skipped: blank line"
	}
	return "skipped: continuation"
}

// quote writes s as Ruby's JSON does.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// A dump may be cut anywhere; what the thread's "fail" told stands in for what is lost.
func TestSidekiqTruncatedDump(t *testing.T) {
	const full7, full8 = sidekiqStamp + "pid=1 tid=d6r WARN: " + dump7, "INFO pid=1 tid=d6r " + dump8
	for n := len(sidekiqStamp + "pid=1 tid=d6r WARN: " + `{"context":"Job raised exception",`); n < len(full7); n++ {
		got := said(t, pipeline.FormatSidekiq, fail7, full7[:n], full7[n:], sidekiqStamp+"pid=1 tid=d6r WARN: Some::Error: x")
		if got[1] != "skipped: job dump" || got[2] != "skipped: continuation" && got[2] != "skipped: exception" ||
			!strings.HasPrefix(got[3], `job_error job="A::B" jid="52" pid="1" tid="d6r" error="Some::Error"`) {
			t.Fatalf("cut at %d: got %q", n, got)
		}
	}
	for n := len("INFO pid=1 tid=d6r context=Job raised exception job="); n < len(full8); n++ {
		got := said(t, pipeline.FormatSidekiq, fail7, full8[:n])
		if !strings.HasPrefix(got[1], `job_error job="A::B" jid="52" pid="1" tid="d6r"`) {
			t.Fatalf("cut at %d: got %q", n, got)
		}
	}
}

// A job that can't be read has neither class nor id, and its text is an argument.
func TestSidekiqInvalidJob(t *testing.T) {
	equal(t, said(t, pipeline.FormatSidekiq,
		sidekiqStamp+`pid=1 tid=d6r WARN: {"context":"Invalid JSON for job","jobstr":"{not json https://SECRET-ARG.example/"}`,
		sidekiqStamp+"pid=1 tid=d6r WARN: JSON::ParserError: 859: unexpected token at '{not json https://SECRET-ARG.example/'",
		`INFO pid=1 tid=d6r context=Invalid JSON for job jobstr={not json job={"class" => "SecretArg"}: https://SECRET-ARG.example/: unexpected (JSON::ParserError)`,
	), "skipped: job dump", `job_error pid="1" tid="d6r" error="JSON::ParserError"`, `job_error pid="1" tid="d6r" error="JSON::ParserError"`)
}

// A restart between two lines changes nothing.
func TestSidekiqState(t *testing.T) {
	lines := []string{
		fail7,
		sidekiqStamp + "pid=1 tid=d6r WARN: " + dump7,
		sidekiqStamp + "pid=1 tid=x class=C jid=3 INFO: fail",
		sidekiqStamp + `pid=1 tid=x WARN: {"context":"Job raised exception","job":{"args":["` + strings.Repeat("x", 100),
		"Rejected Create activity x from https://victim.example/u",
		sidekiqStamp + "pid=1 tid=d6r WARN: Some::Error: x",
		sidekiqStamp + "pid=1 tid=x WARN: Some::Error: y",
		"Rejected Create activity x from https://victim.example/u",
	}
	want := said(t, pipeline.FormatSidekiq, lines...)
	var got []string
	state := ""
	for _, line := range lines {
		p := newParser(t, Options{Format: pipeline.FormatSidekiq})
		p.Restore(state)
		got = append(got, become(t, p, line))
		state = p.State()
	}
	equal(t, got, want...)
	equal(t, want[4:], "skipped: continuation", `job_error job="A::B" jid="52" pid="1" tid="d6r" error="Some::Error" remote_host="arg.example"`,
		`job_error job="C" jid="3" pid="1" tid="x" error="Some::Error"`, "skipped: continuation")
}

// However many threads fail and never tell why, no more than maxThreads are remembered.
func TestSidekiqBounded(t *testing.T) {
	s := newSidekiq(Options{})
	for i := range 10 * maxThreads {
		var e pipeline.Event
		tid := strings.Repeat("t", 50) + string(rune('a'+i%26)) + strings.Repeat("u", i/26%10)
		s.line("pid=1 tid="+tid+" class=A"+strings.Repeat("b", maxConstant-1)+" jid="+strings.Repeat("j", 64)+" INFO: fail", Env{}, &e)
	}
	if s.threads.n != maxThreads {
		t.Errorf("threads: got %d, want %d", s.threads.n, maxThreads)
	}
	if n := len(s.state()); n > maxState-1024 {
		t.Errorf("state: got %d bytes, want less than %d", n, maxState-1024)
	}
}

// What Rails says in Sidekiq's log has no prefix up to 4.1, but where a message may be running on, a
// line without prefix is of that message.
func TestSidekiqRails(t *testing.T) {
	const rejected = "Rejected Create activity x from https://spam.example/users/a"
	const event = `rejection key_id="https://spam.example/users/a" key_host="spam.example" error="Create"`
	const start, started = "pid=1 tid=d6r class=A::B jid=52 INFO: start", `job job="A::B" jid="52" state=start pid="1" tid="d6r"`
	equal(t, said(t, pipeline.FormatSidekiq, start, rejected, start, "pid=1 tid=d6r INFO: hello", rejected),
		started, event, started, "skipped: log message", "skipped: continuation")
	equal(t, said(t, pipeline.FormatSidekiq, start, rejected, rejected), started, event, "skipped: continuation")
	equal(t, said(t, pipeline.FormatSidekiq, start, railsPrefix+rejected, start, rejected),
		started, event, started, "rejected: column 1: unknown line")
	equal(t, said(t, pipeline.FormatUnknown, railsPrefix+rejected, start), event, started)
}

func TestLooksSidekiq(t *testing.T) {
	f := func(line string, want bool) {
		t.Helper()
		if got := looksSidekiq(line); got != want {
			t.Errorf("%s: got %v, want %v", line, got, want)
		}
	}
	f(`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"INFO","msg":"x"}`, true)
	f(`{"time":"2026-11-23T07:21:38+00:00","pid":1,"tid":"d6r","msg":"x"}`, false)
	f(`{"ts":"2026-11-23T07:21:38+00:00","remote_addr":"127.0.0.1","uri":"/inbox","status":202}`, false)
	f(`127.0.0.1 - - [23/Nov/2026:07:21:02 +0000] "GET / HTTP/1.1" 200 2 "-" "pid=1 tid=d6r INFO: start"`, false)
	f(railsPrefix+railsID+"Rejected Create activity x from https://a.example/", false)
	f("pid=1 tid=d6r INFO: x", true)
	f("pid=1 tid=d6r", false)
}
