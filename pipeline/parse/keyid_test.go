package parse

import (
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestSetKey(t *testing.T) {
	f := func(in, id, host string) {
		t.Helper()
		var e pipeline.Event
		setKey(&e, in)
		if e.KeyID != id || e.KeyHost != host {
			t.Errorf("key id %q: got %q %q, want %q %q", in, e.KeyID, e.KeyHost, id, host)
		}
	}
	same := func(id, host string) {
		t.Helper()
		f(id, id, host)
	}
	same("https://host.example/users/x#main-key", "host.example")
	same("https://host.example/actor#main-key", "host.example")
	same("https://host.example/users/x/main-key", "host.example")
	same("https://host.example/key/abc", "host.example")
	f("https://host.example/users/123?#main", "https://host.example/users/123", "host.example")
	f("https://host.example/u?token=SECRET#main-key", "https://host.example/u", "host.example")
	same("acct:user@host.example", "host.example")
	same("acct:user@HOST.example:8443", "host.example")
	same("HTTPS://Host.Example:3000/actor", "host.example")
	same("http://203.0.113.9/actor", "203.0.113.9")
	same("https://[2001:db8::1]:443/actor", "2001:db8::1")
	same("https://b\xc3\xbccher.example/actor", "b\xc3\xbccher.example")
	same("https://host.example./actor", "host.example.")
	f("  https://host.example/a  ", "https://host.example/a", "host.example")

	same("https://good.example@evil.example/actor", "")
	same("https://good.example:443@evil.example/", "")
	same("https://good.example\\@evil.example/", "")
	same("https://", "")
	same("https:///actor", "")
	same("https://[::1/actor", "")
	same("https://[fe80::1%25eth0]/", "")
	same("https://.example/", "")
	same("https://host.example:port/", "")
	same("https://"+strings.Repeat("a", 300)+"/", "")
	same("ftp://host.example/", "")
	same("acct:@host.example", "")
	same("acct:user", "")
	same("acct:user@a@b", "")
	same("junk", "")
	same("https://evil.example/a status=202 key=https://good.example/actor", "evil.example")
	f("https://host.example/"+strings.Repeat("a", 600), "https://host.example/"+strings.Repeat("a", maxKeyID-21), "host.example")
	f("", "", "")
}

func TestSetSignature(t *testing.T) {
	f := func(signature, input, want string) {
		t.Helper()
		var e pipeline.Event
		setSignature(&e, signature, input)
		if e.KeyID != want {
			t.Errorf("signature %q, input %q: got key id %q, want %q", signature, input, e.KeyID, want)
		}
	}
	f(`keyId="https://a.example/u#k",algorithm="rsa-sha256",signature="x=="`, "", "https://a.example/u#k")
	f(`algorithm="rsa-sha256", keyId="https://a.example/u#k"`, "", "https://a.example/u#k")
	f("sig1=:abc:", `sig1=("@method" "@target-uri");created=1;keyid="https://b.example/a#k"`, "https://b.example/a#k")
	f("", `sig1=();keyid="https://b.example/a"`, "https://b.example/a")
	f(`xkeyId="https://a.example/"`, "", "")
	f(`keyId="https://a.example/`, "", "")
	f(`keyId=https://a.example/`, "", "")
	f("one", "", "")
	f("", "", "")
}
