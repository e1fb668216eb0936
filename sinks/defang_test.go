package sinks

import (
	"strings"
	"testing"
)

func TestDefang(t *testing.T) {
	d := defanger{own: "social.example", addresses: true}
	f := func(in, want string) {
		t.Helper()
		if got := d.text(in); got != want {
			t.Errorf("defang %q: got %q, want %q", in, got, want)
		}
	}
	f("spam.example", "spam[.]example")
	f("Flood from a.b.spam.example: 3", "Flood from a[.]b[.]spam[.]example: 3")
	f("https://spam.example/users/a", "hxxps://spam[.]example/users/a")
	f("HTTP://SPAM.EXAMPLE", "HXXP://SPAM[.]EXAMPLE")
	f("http://localhost/x", "hxxp://localhost/x")
	f("https://[2001:db8::1]/", "hxxps://[2001:db8::1]/")
	f("@eve@spam.example", "@eve@spam[.]example")
	f("xn--bcher-kva.xn--p1ai bücher.рф", "xn--bcher-kva[.]xn--p1ai bücher[.]рф")
	f("spam。example spam．example spam｡example", "spam[.]example spam[.]example spam[.]example")
	f("evil..example", "evil[.][.]example")

	f("social.example", "social.example")
	f("SOCIAL.example", "SOCIAL.example")
	f("https://social.example/admin", "https://social.example/admin")
	f("see https://social.example, then", "see https://social.example, then")
	f("evil.social.example", "evil[.]social[.]example")
	f("social.example.evil.example", "social[.]example[.]evil[.]example")
	f("https://social.example@evil.example/", "hxxps://social.example@evil[.]example/")
	f("https://social.example:x@evil.example/", "hxxps://social.example:x@evil[.]example/")

	f("203.0.113.7 in 203.0.113.0/24", "203[.]0[.]113[.]7 in 203[.]0[.]113[.]0/24")
	f("2001:db8::1", "2001:db8::1")
	f("Mastodon/4.3.1 3.14 4.5.0-rc1 v4.5.0.rc1", "Mastodon/4.3.1 3.14 4.5.0-rc1 v4.5.0.rc1")
	f("access.log /wp-login.php e.g. i.e.", "access.log /wp-login.php e.g. i.e.")
	f("ActivityPub::InboxesController", "ActivityPub::InboxesController")
	f("", "")

	bare := defanger{}
	if got, want := bare.text("203.0.113.7 spam.example"), "203.0.113.7 spam[.]example"; got != want {
		t.Errorf("addresses left alone: got %q, want %q", got, want)
	}
}

func TestUnicodeForm(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := unicodeForm(hostOf(in)); got != want {
			t.Errorf("unicodeForm(%q): got %q, want %q", in, got, want)
		}
	}
	f("xn--bcher-kva.example", "bücher.example")
	f("XN--BCHER-KVA.example", "bücher.example")
	f("https://xn--bcher-kva.example:8443/users/a", "bücher.example")
	f("plain.example", "")
	f("xn--.example", "")
	f("xn--\xff.example", "")
	f("https://xn--bcher-kva.example:bad port/", "")
	f(strings.Repeat("xn--bcher-kva.", 100)+"example", "")
}
