package parse

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// read returns what a Parser of these Options makes of a line: "skipped: …", "column: reason", or the
// fields that tell nginx lines apart.
func read(t *testing.T, o Options, line string) string {
	t.Helper()
	var e pipeline.Event
	o.Format = pipeline.FormatNginx
	skip, err := newParser(t, o).Parse(line, Env{}, &e)
	checkEvent(t, line, &e)
	switch {
	case skip != "":
		return "skipped: " + skip
	case err != nil:
		return fmt.Sprintf("%d: %s", err.Column, err.Reason)
	}
	return fmt.Sprintf("%s %s %s %d %d agent=%q", e.IP, e.Method, e.Path, e.Status, e.Bytes, e.UserAgent)
}

func TestCombined(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		if got := read(t, Options{}, line); got != want {
			t.Errorf("line %s:\n got %s\nwant %s", line, got, want)
		}
	}
	const at = `[23/Nov/2026:07:21:02 +0000]`
	plain := `203.0.113.9 POST /inbox 202 31 agent="x"`
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`+"\r\n", plain)
	f(`203.0.113.9 - a b [c] `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`203.0.113.9 - x [22/Nov/2026:07:21:02 +0000] `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`203.0.113.9 - us\x22er\x5C x `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)

	// before and after
	f(`social.example:443 203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`social.example 203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`198.51.100.1 203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain) // the host is a literal
	f(at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, `invalid IP POST /inbox 202 31 agent="x"`)
	f(`unix: - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, `invalid IP POST /inbox 202 31 agent="x"`)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x" "198.51.100.7, 10.0.0.1"`, plain)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x" "-" 0.003 0.002 .`, plain)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x" rt=0.1 urt="0.1, 0.2" ua="a b" q=`, plain)
	f(`<190>Nov 23 07:21:38 vm nginx: 203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`Nov  3 07:21:38 vm nginx[12]: 203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)

	// requests
	rest := ` 400 157 "-" "-"`
	f(`203.0.113.9 - - `+at+` "\x16\x03\x01\x02"`+rest, `203.0.113.9   400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` ""`+rest, `203.0.113.9   400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "-"`+rest, `203.0.113.9   400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "FOO"`+rest, `203.0.113.9   400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "GET /uri/sp ace HTTP/1.1"`+rest, `203.0.113.9 GET /uri/sp ace 400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "GET /http09"`+rest, `203.0.113.9 GET /http09 400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "PRI * HTTP/2.0"`+rest, `203.0.113.9 OTHER * 400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "GET http://other.example/abs?q HTTP/1.1"`+rest, `203.0.113.9 GET /abs 400 157 agent=""`)
	f(`203.0.113.9 - - `+at+` "GET /uri/\x22raw\x22/\x5Craw?x=\x22y\x22 HTTP/1.1"`+rest, `203.0.113.9 GET /uri/"raw"/\raw 400 157 agent=""`)
	f(`::1 - - `+at+` "GET / HTTP/1.1" 200 2 "-" "x\x22 200 0 \x22-\x22 \x22Mozilla/5.0"`, `::1 GET / 200 2 agent="x\" 200 0 \"-\" \"Mozilla/5.0"`)

	// raw quotes
	f(`203.0.113.9 -  `+at+` "POST /inbox HTTP/1.1" 202 31 "" "x"`, plain)
	f(`203.0.113.9 - a"b `+at+` "POST /inbox HTTP/1.1" 202 31 "" "x"`, plain)
	f(`203.0.113.9 -  `+at+` "GET / HTTP/1.1" 200 2 "" "evil"quoted" UA"`, `203.0.113.9 GET / 200 2 agent="evil\"quoted\" UA"`)
	f(`203.0.113.9 -  `+at+` "GET / HTTP/1.1" 200 2 "" "x" 200 0 "-" "Mozilla"`, `69: ambiguous quoting`)
	f(`203.0.113.9 - - `+at+` "GET / HTTP/1.1" 200 2 "" "x" 200 0 "-" "Mozilla"`, `70: ambiguous quoting`)
	f(`203.0.113.9 -  `+at+` "GET / HTTP/1.1" 200 2 "" "x" "y"`, `69: ambiguous quoting`)
	f(`203.0.113.9 - `+at+` "POST /a HTTP/1.1" 202 1 "" "x" `+at+` "POST /inbox HTTP/1.1" 202 31 "" "x"`, `70: ambiguous quoting`)

	// what is not right
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x`, `77: unclosed quote`)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202`, `47: bad status`)
	f(`203.0.113.9 - - `+at+` "POST /inbox`, `47: bad status`)
	f(`203.0.113.9 - - `+at, `45: no request`)
	f(`203.0.113.9 - - [23/Nov/2026:25:21:02 +0000] "POST /inbox HTTP/1.1" 202 31 "-" "x"`, `18: bad time`)
	f(`203.0.113.9 - - [yesterday] "POST /inbox HTTP/1.1" 202 31 "-" "x"`, `18: bad time`)
	f(`1xxxxx4 - - `+at+` "\x00" 400 150 "-" "-"`, `1: bad address`)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 2x2 31 "-" "x"`, `69: bad status`)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 3x "-" "x"`, `73: bad size`)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x" "y`, `85: unknown tail`)
	f(`203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x" 404`, `83: unknown tail`)
	f(`2026/11/23 07:21:39 [error] 17513#17513: *100 limiting requests`, `skipped: nginx error log`)
	f("  \t", `skipped: blank line`)
	f("", `skipped: blank line`)
	f("\x00\xff\xfe", `4: no request`)
}

func TestTail(t *testing.T) {
	f := func(tail, want string) {
		t.Helper()
		line := `127.0.0.1 - - [23/Nov/2026:07:21:02 +0000] "POST /inbox HTTP/1.1" 202 31 "-" "x"` + tail
		o := Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		var e pipeline.Event
		if skip, err := newParser(t, o).Parse(line, Env{}, &e); skip != "" || err != nil {
			t.Fatalf("tail %q: got %q, %v", tail, skip, err)
		}
		if got := fmt.Sprint(e.IP, e.Duration, e.RequestBytes, " ", e.KeyHost, " ", e.Time); got != want {
			t.Errorf("tail %q: got %s, want %s", tail, got, want)
		}
	}
	f("", "127.0.0.1 0s 0  2026-11-23T07:21:02Z")
	f(` "203.0.113.9"`, "203.0.113.9 0s 0  2026-11-23T07:21:02Z")
	f(` "social.example" "203.0.113.9"`, "203.0.113.9 0s 0  2026-11-23T07:21:02Z")
	f(` rt=0.5 len=396 xff="10.66.66.66, 203.0.113.9"`, "203.0.113.9 500ms 396  2026-11-23T07:21:02Z")
	f(` sig="keyId=\x22https://a.example/u#k\x22,x=\x22y\x22" msec=1795418462.25`, "127.0.0.1 0s 0 a.example 2026-11-23T07:21:02.25Z")
	f(` sig="sig1=:x:" sigin="sig1=();keyid=\x22https://b.example/u\x22"`, "127.0.0.1 0s 0 b.example 2026-11-23T07:21:02Z")
	f(` key=https://c.example/u sig="-"`, "127.0.0.1 0s 0 c.example 2026-11-23T07:21:02Z")
}

func TestNginxJSON(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		if got := read(t, Options{}, line); got != want {
			t.Errorf("line %s:\n got %s\nwant %s", line, got, want)
		}
	}
	plain := `203.0.113.9 POST /inbox 202 31 agent="x"`
	f(`{"msec":1795418498.146,"remote_addr":"203.0.113.9","request":"POST /inbox HTTP/1.1","status":202,"bytes":31,"user_agent":"x"}`, plain)
	f(`{"time_local":"23/Nov/2026:07:21:02 +0000","remote_addr":"203.0.113.9","request_method":"POST","request_uri":"/inbox?x","status":"202","body_bytes_sent":"31","http_user_agent":"x"}`, plain)
	f(`{ "msec" : 1795418498.146 , "remote_addr" : "203.0.113.9" , "method":"POST","uri":"/inbox","status":202,"bytes_sent":31,"ua":"x" } `, plain)
	f(`{"msec":1795418498.146,"remote_addr":"203.0.113.9","request":"POST /inbox HTTP/1.1","status":202,"bytes":31,"urt":,"user_agent":"x","us":}`, plain)
	f(`{"msec":1795418498.146,"urt":0.001, 0.000,"us":-,"remote_addr":"203.0.113.9","request":"POST /inbox HTTP/1.1","status":202,"bytes":31,"user_agent":"x","n":null,"nested":{"a":[1,{"b":"}]"}]}}`, plain)
	f(`{"msec":1795418498.146,"remote_addr":"203.0.113.9","request":"POST /\u0022\"\\\u00e9\ud83d\ude00 HTTP/1.1","status":202,"bytes":31,"user_agent":"x"}`, `203.0.113.9 POST /""\é😀 202 31 agent="x"`)
	f(`{"msec":1795418498.146,"remote_addr":"203.0.113.9","request":"GET /`+"\xff\xfe"+` HTTP/1.1","status":200,"bytes":2,"user_agent":""}`, "203.0.113.9 GET /\xff\xfe 200 2 agent=\"\"")
	f(`{"msec":1795418498.146,"remote_addr":"203.0.113.9","method":"","uri":"","request":"\u0000\u0001garbage","status":400,"bytes":157}`, `203.0.113.9   400 157 agent=""`)
	f(`{"msec":1795418498.146,"request":"","status":400}`, `invalid IP   400 0 agent=""`)

	f(`{"msec":1795418498.146,"remote_addr":"203.0.113.9","request":"POST /inbox HTTP/1.1","status":202,"user_agent":"x`, `113: truncated`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1","status":202`, `69: truncated`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1","status":202,`, `70: truncated`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1","status":202} {`, `71: bad json`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1" "status":202}`, `57: bad json`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1","status":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`}`, `82: nested too deeply`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1","status":"abc"}`, `67: bad status`)
	f(`{"msec":1795418498.146,"request":"POST /inbox HTTP/1.1"}`, `1: bad status`)
	f(`{"msec":1795418498.146,"status":200}`, `1: no request`)
	f(`{"msec":x,"request":"GET / HTTP/1.1","status":200}`, `9: bad time`)
	f(`{"remote_addr":"a\"b","request":"GET / HTTP/1.1","status":200}`, `17: bad address`)
	f(`{"request":"GET / HTTP/1.1","status":200}`, `1: no time`)
	f(`{`, `2: truncated`)
	f(`{}`, `1: bad status`)
	f(`{,}`, `2: bad json`)
}

func TestJSONKeys(t *testing.T) {
	line := `{"t":"2026-11-23T07:21:38Z","client":"203.0.113.9","remote_addr":"10.0.0.1","req":"POST /inbox HTTP/1.1","code":202,"status":"OK","size":31,"browser":"x"}`
	keys := map[string]string{"time": "t", "remote_addr": "client", "request": "req", "status": "code", "bytes": "size", "user_agent": "browser"}
	if got, want := read(t, Options{JSONKeys: keys}, line), `203.0.113.9 POST /inbox 202 31 agent="x"`; got != want {
		t.Errorf("own keys: got %s, want %s", got, want)
	}
	f := func(keys map[string]string, want string) {
		t.Helper()
		_, err := New(Options{JSONKeys: keys})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("keys %v: got error %v, want %s", keys, err, want)
		}
	}
	f(map[string]string{"colour": "c"}, `json_keys: "colour" is no field; the fields are time, msec, `)
	f(map[string]string{"status": ""}, `json_keys: status has no key`)
	f(map[string]string{"status": "x", "bytes": "x"}, `json_keys: status: key "x" is another field's too`)
}

// Two formats by turns must not confuse the memory of the order of keys.
func TestKeyOrder(t *testing.T) {
	p := newParser(t, Options{})
	var e pipeline.Event
	for range 3 {
		for _, line := range []string{
			`{"msec":1795418498.146,"remote_addr":"203.0.113.9","status":202,"request":"GET / HTTP/1.1","a":1}`,
			`{"a":7,"request":"GET / HTTP/1.1","status":202,"remote_addr":"203.0.113.9","msec":1795418498.146}`,
		} {
			if skip, err := p.Parse(line, Env{}, &e); skip != "" || err != nil || e.Status != 202 || e.IP.String() != "203.0.113.9" {
				t.Fatalf("%s: got %q, %v, status %d, address %v", line, skip, err, e.Status, e.IP)
			}
		}
	}
}
