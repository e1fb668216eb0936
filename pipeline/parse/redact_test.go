package parse

import (
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestRedact(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := redact(in); got != want {
			t.Errorf("redact %q: got %q, want %q", in, got, want)
		}
	}
	f(`"GET /api/v1/streaming?access_token=SECRET&stream=user HTTP/1.1" 200`, `"GET /api/v1/streaming… HTTP/1.1" 200`)
	f(`a?b=c?d "e?f"`, `a… "e…"`)
	f(`Pleroma; https://p.example <admin@p.example> me%40x.example`, `Pleroma; https://p.example <…> …`)
	f(`acct:user@host.example`, `acct:…`)
	f(`rid=8497c8f8d40c46d153dbf3683328d273 short-token_1234567`, `rid=… short-token_1234567`)
	f("a\x00\x1b[31mb\tc\x7f\u202ed\u200be\u2066f", "a[31mbcdef")
	f("bad\xff\xfe", "bad..")
	f(`x "class":"A","args":["private text"]`, `x "class":"A",…`)
	f(`x args=[1]`, `x …`)
	f(strings.Repeat("a b ", 1000), strings.Repeat("a b ", 49)+"a")
	f(strings.Repeat("日", 1000), strings.Repeat("日", 65))
	f("", "")
}

func TestSample(t *testing.T) {
	f := func(in string, format pipeline.Format, want string) {
		t.Helper()
		if got := sample(in, format); got != want {
			t.Errorf("%s sample of %q: got %q, want %q", format, in, got, want)
		}
	}
	f(`pid=1 tid=a WARN: {"content":"private"}`, pipeline.FormatSidekiq, `pid=1 tid=a WARN: …`)
	f(`\u003cp\u003eprivate text`, pipeline.FormatUnknown, `…`)
	f(`{"foo":1,"args":["private"]}`, pipeline.FormatUnknown, `{"foo":1,…`)
	f(`x - - [y] "GET / HTTP/1.1"`, pipeline.FormatNginx, `x - - [y] "GET / HTTP/1.1"`)
	f(strings.Repeat("a b ", 100)+`"`, pipeline.FormatSidekiq, strings.Repeat("a b ", 49)+"a…")
}
