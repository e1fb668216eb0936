package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	railsPrefix = "I, [2026-11-23T07:31:41.765496 #29854]  INFO -- : "
	railsID     = "[521303bc-6a6b-4558-8b5c-66c94ca4b9ac] "
	railsInbox  = "method=POST path=/inbox format=*/* controller=ActivityPub::InboxesController action=create "
)

func TestRailsRecord(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		equal(t, said(t, pipeline.FormatRails, line), want)
	}
	const plain = `request method=POST endpoint=inbox status=202 path="/inbox" duration=1.5ms key_id="https://a.example/u#main-key" key_host="a.example"`
	const rest = railsInbox + "status=202 duration=1.50 view=0.00 db=161.14 key=https://a.example/u#main-key"
	// every prefix
	f(railsPrefix+railsID+rest, plain)
	f(railsID+rest, plain)
	f(rest, plain)
	f("[attacker-chosenFAKE] "+rest, plain)
	f(railsID+"[trace_id=0af7651916cd43dd8448eb211c80319c] [span_id=b7ad6b7169203331] "+rest, plain)
	f(railsPrefix+railsID+"[trace_id=0af7651916cd43dd8448eb211c80319c] [span_id=b7ad6b7169203331] "+rest, plain)
	f(railsPrefix+"521303bc-6a6b-4558-8b5c-66c94ca4b9ac "+rest, plain)
	f(railsPrefix+"<some_uuid> "+rest, plain)
	f("W, [2026-11-23T07:31:41.765496 #29854]  WARN -- : "+railsID+rest, plain)
	f("I, [2026-11-23T07:31:41.765496 #29854]  INFO -- mastodon: "+railsID+rest, plain)
	f("Jun 12 22:32:25 host bundle[249471]: "+railsPrefix+railsID+rest, plain)

	// fields
	f(railsInbox+"status=404 allocations=2691 duration=2.34 view=0.90 db=0.00",
		`request method=POST endpoint=inbox status=404 path="/inbox" duration=2.34ms`)
	f("method=GET path=/users/bob/statuses/1?x=secret format=html controller=C action=show status=302 duration=1.00 view=0.00 location=https://b.example/?t=1 key=acct:x@c.example",
		`request method=GET endpoint=status status=302 path="/users/bob/statuses/1" duration=1ms user="bob" key_id="acct:x@c.example" key_host="c.example"`)
	f(railsInbox+"status=401 duration=8.71 view=0.76 db=0.00 key=", `request method=POST endpoint=inbox status=401 path="/inbox" duration=8.71ms`)

	// what is wanting
	f("method=POST path=/inbox format=html", "rejected: column 25: missing fields")
	f("method= path=/inbox action=create status=200", "rejected: column 1: missing fields")
	f("method=POST /inbox", "rejected: column 13: missing fields")
	f("method=POST path=/inbox format=html action=create status=2000 duration=1", "rejected: column 44: bad status")
	f("method=POST path=/inbox format=html action=create duration=1", "rejected: column 44: bad status")
	f("I, [2026-13-23T07:31:41.765496 #29854]  INFO -- : "+railsID+rest, "rejected: column 5: bad time")
	f("something else", "rejected: column 1: unknown line")
}

// A stranger writes what stands behind key=, and anything may stand there.
func TestRailsHostileKey(t *testing.T) {
	f := func(tail, want string) {
		t.Helper()
		equal(t, said(t, pipeline.FormatRails, railsPrefix+railsID+railsInbox+tail), "request method=POST endpoint=inbox "+want)
	}
	f("status=401 duration=1.00 view=0.00 key=https://evil.example/a status=202 key=https://good.example/actor",
		`status=401 path="/inbox" duration=1ms key_id="https://evil.example/a status=202 key=https://good.example/actor" key_host="evil.example"`)
	f("status=401 duration=1.00 view=0.00 key=x' duration=9 verified=yes key=https://good.example/actor",
		`status=401 path="/inbox" duration=1ms key_id="x' duration=9 verified=yes key=https://good.example/actor"`)
	f("status=202 duration=1.00 view=0.00 key= verified=yes", `status=202 path="/inbox" duration=1ms key_id="verified=yes"`)
	f("status=202 duration=1.00 view=0.00 key=https://a@good.example/actor", `status=202 path="/inbox" duration=1ms key_id="https://a@good.example/actor"`)
	f("status=202 duration=1.00 view=0.00 key=https://caf\xff.example/", "status=202 path=\"/inbox\" duration=1ms key_id=\"https://caf\\xff.example/\" key_host=\"caf\\xff.example\"")
}

// verified= counts only where no stranger can have written it: before key= and all else that is theirs.
func TestRailsVerified(t *testing.T) {
	f := func(tail string, want pipeline.Verdict) {
		t.Helper()
		p := newParser(t, Options{Verified: true})
		var e pipeline.Event
		skip, err := p.Parse(railsPrefix+railsID+railsInbox+tail, Env{}, &e)
		if skip != "" || err != nil || e.Verified != want {
			t.Errorf("%s: got %d (%q, %v), want %d", tail, e.Verified, skip, err, want)
		}
	}
	const key = " key=https://a.example/u#main-key"
	for text, want := range map[string]pipeline.Verdict{"yes": 2, "1": 2, "true": 2, "no": 1, "0": 1, "false": 1, "": 0, "YES!": 0} {
		f("status=202 duration=1.00 view=0.00 verified="+text+key, want)
		f("status=202 duration=1.00 view=0.00 db=1.00 verified="+text, want)
	}
	f("status=202 duration=1.00 view=0.00"+key, pipeline.VerdictUnsaid)
	f("status=202 duration=1.00 view=0.00"+key+" verified=yes", pipeline.VerdictUnsaid)
	f("status=202 duration=1.00 view=0.00 key= verified=yes key=https://victim.example/u", pipeline.VerdictUnsaid)
	f("status=202 duration=1.00 view=0.00 verified=no"+key+" verified=yes", pipeline.VerdictNo)
	f("status=302 duration=1.00 view=0.00 location=x verified=yes"+key, pipeline.VerdictUnsaid)
	f(`status=200 duration=1.00 view=0.00 unpermitted_params=["x verified=yes key=https://victim.example/"]`, pipeline.VerdictUnsaid)
	f("status=400 error='E: x verified=yes key=https://victim.example/' duration=1.00 view=0.00"+key, pipeline.VerdictUnsaid)
	f("status=400 error='E: x' duration=1.00 view=0.00 verified=yes"+key, pipeline.VerdictUnsaid)

	p := newParser(t, Options{Verified: true})
	for text, want := range map[string]pipeline.Verdict{`"yes"`: 2, "true": 2, "1": 2, `"no"`: 1, "false": 1, "null": 0, `"x verified=yes"`: 0} {
		var e pipeline.Event
		line := railsPrefix + railsID + `{"method":"POST","path":"/inbox","controller":"C","action":"create","status":202,"verified":` + text + `,"key":"https://a.example/\",\"verified\":true"}`
		if skip, err := p.Parse(line, Env{}, &e); skip != "" || err != nil || e.Verified != want {
			t.Errorf("%s: got %d (%q, %v), want %d", text, e.Verified, skip, err, want)
		}
	}
}

// Where the initializer is not known to run, verified= is a word like any other.
func TestRailsVerifiedIsConfigured(t *testing.T) {
	f := func(o Options, record string, want pipeline.Verdict) {
		t.Helper()
		p := newParser(t, o)
		var e pipeline.Event
		if skip, err := p.Parse(railsPrefix+railsID+record, Env{}, &e); skip != "" || err != nil || e.Verified != want {
			t.Errorf("%+v: %s: got %d (%q, %v), want %d", o, record, e.Verified, skip, err, want)
		}
	}
	for _, record := range []string{
		railsInbox + "status=202 duration=1.00 view=0.00 verified=yes key=https://a.example/u",
		`{"method":"POST","path":"/inbox","controller":"C","action":"create","status":202,"verified":"yes","key":"https://a.example/u"}`,
	} {
		f(Options{}, record, pipeline.VerdictUnsaid)
		f(Options{Verified: true}, record, pipeline.VerdictYes)
	}
}

// An error= that the initializer has cut off does not blind the parser; one that ends early for another reason may
// run over further lines, as those did which Rails wrote before it had the initializer.
func TestRailsErrorCutOff(t *testing.T) {
	const head, record = railsPrefix + railsID + railsInbox + "status=400 error='E: ", railsPrefix + railsID + railsInbox + "status=401 duration=1.00 view=0.00"
	for _, c := range []struct {
		verified bool
		length   int
		blind    bool
	}{{true, cutMessage, false}, {true, cutMessage - 1, true}, {false, cutMessage, true}} {
		p := newParser(t, Options{Format: pipeline.FormatRails, Verified: c.verified})
		become(t, p, head+strings.Repeat("x", c.length-len(head)))
		if got := become(t, p, record); got == "skipped: "+skipContinuation != c.blind {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// The text of an error is a stranger's too: it may hold quotes, fields, and line breaks.
func TestRailsError(t *testing.T) {
	const head = railsPrefix + railsID + railsInbox
	const tail = " duration=1.00 view=0.00 key=https://a.example/u"
	f := func(line, want string) {
		t.Helper()
		equal(t, said(t, pipeline.FormatRails, line), "request method=POST endpoint=inbox "+want)
	}
	f(head+`status=400 error='ParseError: unexpected token at '{"broken json''`+tail,
		`status=400 path="/inbox" duration=1ms key_id="https://a.example/u" key_host="a.example"`)
	f(head+`status=400 error='E: status=202 key=https://evil.example/ action=create status=202'`+tail,
		`status=400 path="/inbox" duration=1ms key_id="https://a.example/u" key_host="a.example"`)
	f(head+`status=400 error='E: x' duration=9.00 view=0.00 key=https://victim.example/''`+tail, `status=400 path="/inbox"`) // which end is the end?
	f(head+`status=404 error='E: x' allocations=7`+tail, `status=404 path="/inbox" duration=1ms key_id="https://a.example/u" key_host="a.example"`)

	const forged = railsInbox + "status=202 duration=1.00 view=0.00 verified=yes key=https://victim.example/u"
	equal(t, said(t, pipeline.FormatRails,
		head+`status=500 error='NoMethodError: undefined method`,
		"",
		forged,
		railsID+forged,
		railsPrefix+railsID+forged,
		`    ^^^^^'`+tail,
		"F, [2026-11-23T07:31:41.773238 #29854] FATAL -- : "+railsID+"  ",
		railsID+`NoMethodError (undefined method`,
		forged,
		railsID+forged,
		`    ^^^^^):`,
		railsID+"app/controllers/x.rb:29:in `create'",
		railsPrefix+railsID+railsInbox+"status=401 duration=1.00 view=0.00",
	),
		`request method=POST endpoint=inbox status=500 path="/inbox"`,
		"skipped: blank line", "skipped: continuation", "skipped: continuation", "skipped: continuation", "skipped: continuation",
		"skipped: exception", "skipped: exception", "skipped: continuation", "skipped: continuation", "skipped: continuation", "skipped: exception",
		`request method=POST endpoint=inbox status=401 path="/inbox" duration=1ms`,
	)
}

// The end of an error may be lost; the parser must see again.
func TestRailsErrorWithoutEnd(t *testing.T) {
	p := newParser(t, Options{Format: pipeline.FormatRails})
	become(t, p, railsPrefix+railsID+railsInbox+"status=500 error='E: x")
	const record = railsPrefix + railsID + railsInbox + "status=401 duration=1.00 view=0.00"
	for range maxOpen {
		equal(t, []string{become(t, p, record)}, "skipped: continuation")
	}
	equal(t, []string{become(t, p, record)}, `request method=POST endpoint=inbox status=401 path="/inbox" duration=1ms`)
}

// A process that has the prefix never speaks without; yet a few forged lines with it must not make
// those of an older server unreadable.
func TestRailsVoice(t *testing.T) {
	p := newParser(t, Options{Format: pipeline.FormatRails})
	const record = railsID + railsInbox + "status=401 duration=1.00 view=0.00"
	const event = `request method=POST endpoint=inbox status=401 path="/inbox" duration=1ms`
	for range prefixVoice {
		equal(t, []string{become(t, p, record)}, event)
	}
	equal(t, []string{become(t, p, railsPrefix+record), become(t, p, record)}, event, event)
	for range 2 * sureVoice / prefixVoice {
		equal(t, []string{become(t, p, railsPrefix+record)}, event)
	}
	for range sureVoice {
		equal(t, []string{become(t, p, record)}, "skipped: continuation")
	}
	equal(t, []string{become(t, p, record)}, event)
}

// A wrong password writes two lines; the second is no attempt of its own.
func TestRailsLogin(t *testing.T) {
	const login = "[da37d571] method=POST path=/auth/sign_in format=html controller=Auth::SessionsController "
	equal(t, said(t, pipeline.FormatRails,
		login+"action=create status=0 duration=2.82 view=0.00",
		login+"action=new status=200 duration=5.82 view=5.70",
		login+"action=new status=422 duration=5.82 view=5.70",
		login+"action=create status=200 duration=5.82 view=5.70",
		login+"action=create status=303 duration=5.82 view=0.00 location=https://social.example/",
		"[da37d571] method=GET path=/auth/sign_in format=html controller=Auth::SessionsController action=new status=200 duration=1.00 view=1.00",
	),
		`request method=POST endpoint=sign_in path="/auth/sign_in" duration=2.82ms status=0`,
		"skipped: form shown again", "skipped: form shown again",
		`request method=POST endpoint=sign_in status=200 path="/auth/sign_in" duration=5.82ms`,
		`request method=POST endpoint=sign_in status=303 path="/auth/sign_in" duration=5.82ms`,
		`request method=GET endpoint=sign_in status=200 path="/auth/sign_in" duration=1ms`,
	)
}

func TestRailsJSON(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		equal(t, said(t, pipeline.FormatRails, railsPrefix+railsID+body), want)
		equal(t, said(t, pipeline.FormatRails, body), want)
	}
	f(`{"method":"POST","path":"/inbox","format":"json","controller":"C","action":"create","status":500,"error":"E: \"status\":202,\"key\":\"https://evil.example/\"\n","duration":1.5,"view":0.0,"key":"https://a.example/u#main-key"}`,
		`request method=POST endpoint=inbox status=500 path="/inbox" duration=1.5ms key_id="https://a.example/u#main-key" key_host="a.example"`)
	f(`{"method":"POST","path":"/inbox","controller":"C","action":"create","status":202,"key":"https:\/\/a.example\/\u0075"}`,
		`request method=POST endpoint=inbox status=202 path="/inbox" key_id="https://a.example/u" key_host="a.example"`)
	f(`{"method":"POST","path":"/inbox","controller":"C","action":"create","status":401,"key":"https://a.example/ \"status\":202"}`,
		`request method=POST endpoint=inbox status=401 path="/inbox" key_id="https://a.example/ \"status\":202" key_host="a.example"`)
	f(`{"method":"POST","path":"/inbox","controller":"C","action":"create","status":401,"key":null}`, `request method=POST endpoint=inbox status=401 path="/inbox"`)
	f(`{"method":"POST","path":"/inbox","controller":"C","action":"create","status":401,"key":"https://a.exa`, `request method=POST endpoint=inbox status=401 path="/inbox"`)
	f(`{"method":"POST","path":"/auth/sign_in","controller":"C","action":"new","status":200}`, "skipped: form shown again")
	equal(t, said(t, pipeline.FormatRails, `{"method":"POST","path":"/inbox","controller":"C","action":"create"}`,
		`{"method":"POST","controller":"C","status":200}`, `{"time":"x"}`),
		"rejected: column 1: bad status", "rejected: column 1: missing fields", "rejected: column 1: unknown line")
}

func TestRailsTime(t *testing.T) {
	f := func(o Options, env Env, line, want string) {
		t.Helper()
		o.Format = pipeline.FormatRails
		p := newParser(t, o)
		var e pipeline.Event
		if skip, err := p.Parse(line, env, &e); skip != "" || err != nil {
			if got := err.Error(); got != want {
				t.Errorf("%s: got %q, %v", line, skip, err)
			}
			return
		}
		if got := (pipeline.Stamp{Time: e.Time, Digits: e.Digits}).String(); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
	const record = railsID + railsInbox + "status=401 duration=1.00 view=0.00"
	east := time.FixedZone("", 2*3600)
	at := pipeline.TimeOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	f(Options{}, Env{}, railsPrefix+record, "2026-11-23T07:31:41.765496Z")
	f(Options{}, Env{Read: at}, railsPrefix+record, "2026-11-23T07:31:41.765496Z")
	f(Options{Location: east}, Env{}, railsPrefix+record, "2026-11-23T05:31:41.765496Z")
	f(Options{Location: east}, Env{Time: at}, railsPrefix+record, "2026-01-02T03:04:05Z")
	f(Options{}, Env{Time: at}, record, "2026-01-02T03:04:05Z")
	f(Options{}, Env{Read: at}, record, "2026-01-02T03:04:05Z")
	f(Options{}, Env{}, record, "rails: column 1: no time")
}

func TestLooksRails(t *testing.T) {
	f := func(line string, want bool) {
		t.Helper()
		if got := looksRails(line); got != want {
			t.Errorf("%s: got %v, want %v", line, got, want)
		}
	}
	f(railsPrefix+railsID+"anything", true)
	f(railsID+railsInbox+"status=401", true)
	f(railsPrefix+`{"method":"POST","path":"/","controller":"C"}`, true)
	f(`{"method":"POST","path":"/","controller":"C"}`, true)
	f(railsPrefix+"[paperclip] Trying to link a to b", false)
	f(railsPrefix+"Rejected Create activity x from https://a.example/", false)
	f(`{"method":"POST","uri":"/inbox","status":202}`, false)
	f(`{"time":"2026-11-23T07:21:38+00:00","method":"POST","uri":"/inbox"}`, false)
	f(`127.0.0.1 - - [23/Nov/2026:07:21:02 +0000] "GET /?method=POST path= action=x HTTP/1.1" 200 2 "-" "method=POST path=/ action=x"`, false)
	f("[", false)
	f("2026-11-23T07:22:41.257Z pid=18363 tid=d6r class=C jid=J INFO: start", false)
}
