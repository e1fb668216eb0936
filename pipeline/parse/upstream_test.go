package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestReadUpstream adds up what nginx lists, and bounds what is no list of its.
func TestReadUpstream(t *testing.T) {
	f := func(s string, want time.Duration) {
		t.Helper()
		if got := readUpstream(s); got != want {
			t.Errorf("%.40q: got %s, want %s", s, got, want)
		}
	}
	f("", 0)
	f("-", 0)
	f("0.123", 123*time.Millisecond)
	f("0.001, 0.000", time.Millisecond)
	f("0.001, 0.020 : 0.300", 321*time.Millisecond)
	f("0.001,0.020:0.300", 321*time.Millisecond)
	f("-, 0.004", 4*time.Millisecond)
	f("0.004, -", 4*time.Millisecond)

	// what nginx never writes
	f("-0.5", 0)
	f("0.5, -0.5", 500*time.Millisecond)
	f("1e999", 0)
	f("NaN, Inf", 0)
	f("1.2.3", 0)
	f(", : ,", 0)
	f("86401", maxUpstream)
	f("999999999", maxUpstream)
	f("9999999999999999999999", 0)
	f(strings.Repeat("0.001, ", 1000), time.Second)
	f(strings.Repeat("999999999, ", 1000), maxUpstream)
	f(strings.Repeat(" ", 1000)+"0.5", 500*time.Millisecond)
}

// TestUpstream reads the time of the upstreams in every syntax.
func TestUpstream(t *testing.T) {
	f := func(o Options, line string, want time.Duration) {
		t.Helper()
		var e pipeline.Event
		if skip, err := newParser(t, o).Parse(line, Env{}, &e); skip != "" || err != nil {
			t.Fatalf("line %s: got %q, %v", line, skip, err)
		}
		if e.Upstream != want {
			t.Errorf("line %s: got %s, want %s", line, e.Upstream, want)
		}
	}
	const (
		both = 3 * time.Millisecond
		head = `203.0.113.9 - - [23/Nov/2026:07:21:02 +0000] "POST /inbox HTTP/1.1" 202 31 "-" "x"`
	)
	f(Options{}, head, 0)
	f(Options{}, head+` urt="0.001, 0.002"`, both)
	f(Options{}, head+` urt=0.001, 0.002 len=9`, both)
	f(Options{}, head+` urt=0.001 : 0.002`, both)
	f(Options{}, head+` upstream_response_time=0.003 urt=9`, both)
	f(Options{}, head+` urt=- rt=0.5`, 0)
	for _, value := range []string{`"0.003"`, `0.003`, `"0.001, 0.002"`, `0.001, 0.002`, `"0.001 : 0.002"`, `0.001 : 0.002`} {
		f(Options{}, `{"msec":1795418498.146,"remote_addr":"203.0.113.9","upstream_response_time":`+value+
			`,"request":"POST /inbox HTTP/1.1","status":202}`, both)
	}
	f(Options{}, `{"msec":1795418498.146,"urt":,"remote_addr":"203.0.113.9","request":"POST /inbox HTTP/1.1","status":202}`, 0)
	f(Options{JSONKeys: map[string]string{"upstream_response_time": "app"}},
		`{"msec":1795418498.146,"app":"0.003","urt":"9","remote_addr":"203.0.113.9","request":"POST /inbox HTTP/1.1","status":202}`, both)
	text := Options{LogFormat: `$msec $remote_addr "$request" $status $upstream_addr $upstream_response_time $request_time`}
	f(text, `1795418498.146 203.0.113.9 "POST /inbox HTTP/1.1" 202 127.0.0.1:1, 127.0.0.1:2 0.001, 0.002 0.5`, both)
	f(text, `1795418498.146 203.0.113.9 "POST /inbox HTTP/1.1" 202 - - 0.5`, 0)
	text.LogFormat = `{"t":$msec,"ip":"$remote_addr","req":"$request","code":$status,"took":"$upstream_response_time"}`
	f(text, `{"t":1795418498.146,"ip":"203.0.113.9","req":"POST /inbox HTTP/1.1","code":202,"took":"0.001, 0.002"}`, both)
}
