package identity

import (
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		if got := canonical(raw); got != want {
			t.Errorf("canonical(%q): got %q, want %q", raw, got, want)
		}
	}
	label63, label64 := strings.Repeat("a", 63), strings.Repeat("a", 64)
	long := strings.Repeat(label63+".", 3)

	f("mastodon.example", "mastodon.example")
	f("Mastodon.EXAMPLE", "mastodon.example")
	f("mastodon.example.", "mastodon.example")
	f("mastodon.example:443", "mastodon.example")
	f("mastodon.example.:443", "mastodon.example")
	f("mastodon.example:", "mastodon.example")
	f("my_host.example", "my_host.example")
	f("a--b.example", "a--b.example")
	f("1.example", "1.example")
	f("x.onion", "x.onion")
	f("BÜCHER.example", "xn--bcher-kva.example")
	f("bu\u0308cher.example", "xn--bcher-kva.example")
	f("XN--BCHER-KVA.example", "xn--bcher-kva.example")
	f("straße.example", "xn--strae-oqa.example")
	f("例え。テスト", "xn--r8jz45g.xn--zckzah")
	f("ｅｘａｍｐｌｅ．com", "example.com")
	f("b\u00adad.example", "bad.example") // a soft hyphen is not seen by anybody
	f(label63+".example", label63+".example")
	f(long+strings.Repeat("a", 61), long+strings.Repeat("a", 61))

	for _, bad := range []string{
		"", ".", "..", "localhost", "localhost.", "a..example", ".a.example", "a.example..",
		label64 + ".example", long + strings.Repeat("a", 62), strings.Repeat("a.", 5000) + "example",
		"-a.example", "a-.example", "a.-b", "a b.example", "a\x00b.example", "a\nb.example", "a\x7f.example",
		"a/b.example", "user@a.example", "a.example:80:80", "a.example:http", "a.example:-1", "a%2eb.example",
		"192.0.2.1", "192.0.2.1:443", "192.0.2.1.", "１９２.0.2.1", "1.2.3", "0x7f.1", "127.0x1", "a.0x", "a.0xff",
		"[2001:db8::1]", "2001:db8::1", "::1", "a.1", "xn--a.example", "xn--.example", "xn--ls8h-.example",
		"\xff\xfe.example", "a.\u202eelpmaxe", "\u200b.example", "a;b.example", "*.example", "a\\b.example",
	} {
		f(bad, "")
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"a.example", "BÜCHER.example:1", "xn--bcher-kva.example.", "1.2.3.4", "[::1]:80", "a\x00.b", "例え。テスト"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := canonical(raw)
		if got == "" {
			return
		}
		if len(got) > maxHost || !isName(got) {
			t.Errorf("canonical(%q): got %q, which is no name", raw, got)
		}
		if again := canonical(got); again != got {
			t.Errorf("canonical(%q): got %q, of which it makes %q", raw, got, again)
		}
		site := siteOf(got)
		if !strings.HasSuffix("."+got, "."+site) || siteOf(site) != site {
			t.Errorf("site of %q: got %q, whose own is %q", got, site, siteOf(site))
		}
	})
}

func TestSiteOf(t *testing.T) {
	f := func(domain, want string) {
		t.Helper()
		if got := siteOf(domain); got != want {
			t.Errorf("site of %q: got %q, want %q", domain, got, want)
		}
	}
	f("mastodon.social", "mastodon.social")
	f("social.sub.mastodon.social", "mastodon.social")
	f("social.example.co.uk", "example.co.uk")
	f("co.uk", "co.uk")
	f("foo.masto.host", "foo.masto.host")
	f("a.foo.masto.host", "foo.masto.host")
	f("masto.host", "masto.host")
	f("x.workers.dev", "x.workers.dev")
	f("me.duckdns.org", "me.duckdns.org")
	f("a.b.nosuchtld", "b.nosuchtld")
	f("a.www.ck", "www.ck")
	f("a.b.c.ck", "b.c.ck")
	f("xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai")
}
