package identity

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestActorOf(t *testing.T) {
	f := func(keyID, want string) {
		t.Helper()
		if got := actorOf(keyID, "a.example"); string(got) != want {
			t.Errorf("actor of %q: got %q, want %q", keyID, got, want)
		}
	}
	f("https://a.example/users/x#main-key", "https://a.example/users/x")
	f("https://a.example/actor#main-key", "https://a.example/actor")
	f("https://a.example/users/x/main-key", "https://a.example/users/x")
	f("https://a.example/users/x/publickey", "https://a.example/users/x")
	f("https://a.example/users/x/publicKey", "https://a.example/users/x")
	f("https://a.example/users/x/", "https://a.example/users/x")
	f("https://a.example/main-key", "https://a.example/main-key")
	f("https://a.example/key/12", "https://a.example/key/12")
	f("https://a.example/users/123?#key", "https://a.example/users/123")
	f("https://a.example/users/123?token=x#key", "https://a.example/users/123")
	f("https://a.example", "https://a.example/")
	f("https://a.example#main-key", "https://a.example/")
	f("HTTPS://A.Example:443/Users/X", "https://a.example/Users/X")
	f("http://a.example/u", "http://a.example/u")
	f("acct:x@a.example", "acct:x@a.example")
	f("ACCT:X@A.EXAMPLE:443", "acct:X@a.example")
	f("https://a.example/ünï", "https://a.example/ünï")
	for _, bad := range []string{
		"", "a.example/users/x", "ftp://a.example/x", "acct:@a.example", "acct:x", "acct:a/b@a.example",
		"https://a.example/x status=202", "https://a.example/\x00", "https://a.example/\x7f", "https://a.example/\xff",
		"https://a.example/\u202ex", "https://a.example/\u0085x", "https://a.example/\"x", "https://a.example/<x>",
		"https://a.example/" + strings.Repeat("x", maxActor),
	} {
		f(bad, "")
	}
}

func FuzzActor(f *testing.F) {
	for _, s := range []string{"https://a.example/users/x#main-key", "acct:x@a.example", "HTTPS://A.EXAMPLE:1/x/main-key", "http://\xff", "https://a.example//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, keyID string) {
		got := string(actorOf(keyID, "a.example"))
		if got == "" {
			return
		}
		if len(got) > maxActor || !utf8.ValidString(got) || strings.ContainsAny(got, " #?\"<>\\\n\x00") {
			t.Errorf("actor of %q: got %q", keyID, got)
		}
		url := strings.HasPrefix(got, "https://a.example/") || strings.HasPrefix(got, "http://a.example/")
		if !url && !strings.HasSuffix(got, "@a.example") {
			t.Errorf("actor of %q: got %q, of another host", keyID, got)
		}
		if !url {
			return
		}
		if again := actorOf(got, pipeline.Domain("a.example")); len(again) == 0 {
			t.Errorf("actor of %q: got %q, which is none", keyID, got)
		}
	})
}
