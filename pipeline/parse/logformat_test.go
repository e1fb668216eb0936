package parse

import (
	"strings"
	"testing"
)

func TestLogFormat(t *testing.T) {
	f := func(format, line, want string) {
		t.Helper()
		if got := read(t, Options{LogFormat: format}, line); got != want {
			t.Errorf("log_format %s\nline %s:\n got %s\nwant %s", format, line, got, want)
		}
	}
	const at = `[23/Nov/2026:07:21:02 +0000]`
	plain := `203.0.113.9 POST /inbox 202 31 agent="x"`

	f(combinedFormat, `203.0.113.9 - - `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x"`, plain)
	f(`log_format main '$remote_addr - $remote_user [$time_local] "$request" '
	                    '$status $body_bytes_sent "$http_referer" '
	                    '"$http_user_agent" "$http_x_forwarded_for"';`,
		`203.0.113.9 - us er `+at+` "POST /inbox HTTP/1.1" 202 31 "-" "x" "1.2.3.4, 5.6.7.8"`, plain)
	f(`$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" $upstream_addr $upstream_response_time ${request_time}s`,
		`203.0.113.9 - x [y] `+at+` "POST /inbox HTTP/1.1" 202 31 "x" 127.0.0.1:1, 127.0.0.1:2 0.001, 0.000 : 0.002 0.123s`, plain)
	f(`$time_iso8601|$remote_addr|$request_method|$request_uri|$status|$bytes_sent|$http_user_agent`,
		`2026-11-23T07:21:02+00:00|203.0.113.9|POST|/inbox?a=b|202|31|x`, plain)
	f(`$msec,$remote_addr:$remote_port,$status,$body_bytes_sent,"$request","$http_user_agent"`,
		`1795418498.146,203.0.113.9:4711,202,31,"POST /inbox HTTP/1.1","x"`, plain)
	f(`$msec $remote_addr:$remote_port $status $body_bytes_sent "$request" "$http_user_agent"`,
		`1795418498.146 2001:db8::1:4711 202 31 "POST /inbox HTTP/1.1" "x"`, `2001:db8::1 POST /inbox 202 31 agent="x"`)
	f(`$msec $status $body_bytes_sent $http_user_agent $remote_addr [$request]`,
		`1795418498.146 202 31 a b c 203.0.113.9 [POST /inbox HTTP/1.1]`, `203.0.113.9 POST /inbox 202 31 agent="a b c"`)
	f(`$msec $remote_addr $status $body_bytes_sent "$request" "$http_user_agent"`,
		`1795418498.146 203.0.113.9 202 31 "POST /inbox HTTP/1.1" "x\x22y"`, `203.0.113.9 POST /inbox 202 31 agent="x\"y"`)
	f(`log_format j escape=json '$msec $remote_addr $status $body_bytes_sent "$request" "$http_user_agent"'`,
		`1795418498.146 203.0.113.9 202 31 "POST /inbox HTTP/1.1" "x\"y\\"`, `203.0.113.9 POST /inbox 202 31 agent="x\"y\\"`)
	f(`log_format n escape=none '$msec $remote_addr $status $body_bytes_sent "$request" "$http_user_agent"'`,
		`1795418498.146 203.0.113.9 202 31 "POST /inbox HTTP/1.1" "x"`, plain)
	f(`log_format n escape=none '$msec $remote_addr $status $body_bytes_sent "$request" "$http_user_agent"'`,
		`1795418498.146 203.0.113.9 202 31 "POST /inbox HTTP/1.1" "x" "y"`, `64: ambiguous quoting`)
	f(`log_format json escape=json '{"t":"$msec","ip":"$remote_addr","req":"$request",'
	   '"code": $status,"size":$body_bytes_sent,"ua" : "$http_user_agent","both":"$host$uri"}';`,
		`{"t":"1795418498.146","ip":"203.0.113.9","req":"POST /inbox HTTP/1.1","code": 202,"size":31,"ua" : "x","both":"h/evil"}`, plain)

	// what does not fit
	f(`$remote_addr [$time_local] "$request" $status`, `203.0.113.9 `+at+` "POST /inbox HTTP/1.1" 202 31`, `68: not the log_format`)
	f(`$remote_addr [$time_local] "$request" $status`, `203.0.113.9 [x] "POST /inbox HTTP/1.1" 202`, `14: not the log_format`)
	f(`$remote_addr [$time_local] "$request" $status`, `x `+at+` "POST /inbox HTTP/1.1" 202`, `1: bad address`)
	f(`$msec $http_a $http_b $http_c $http_d $http_e "$request" $status`, `1 `+strings.Repeat("a ", 200)+`"GET / HTTP/1.1" x`, `420: ambiguous quoting`)
}

func TestLogFormatErrors(t *testing.T) {
	f := func(format, want string) {
		t.Helper()
		_, err := New(Options{LogFormat: format})
		if err == nil || !strings.HasPrefix(err.Error(), "log_format: "+want) {
			t.Errorf("log_format %s: got error %v, want log_format: %s", format, err, want)
		}
	}
	f(`$remote_addr $ "$request" $status`, `column 14: "$" names no variable`)
	f(`$remote_addr ${request $status`, `column 14: "$" names no variable`)
	f(`'$remote_addr ' '$request$status'`, `column 26: nothing stands between $request and $status: they can't be told apart`)
	f(`'$remote_addr `, `column 1: the quote ' is not closed`)
	f(`log_format x '$request' $status`, `column 25: text outside the quotes`)
	f(`combined`, `column 1: no variable in "combined"`)
	f(`$remote_addr "$request"`, `no $status`)
	f(`$remote_addr $status $request_method`, `neither $request nor $request_method and $request_uri`)
	f(strings.Repeat("$a ", 70)+"$request $status", `column 193: more than 64 variables`)
}
