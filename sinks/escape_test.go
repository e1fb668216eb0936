package sinks

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := clean(in, 40); got != want {
			t.Errorf("clean(%q): got %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("plain text", "plain text")
	f("a\tb\nc\r\nd", "a b c  d")
	f("a\u2028b\u2029c\u0085d\u00a0e", "a b c d e")
	f("\x1b[31mred\x1b[0m \x1b[1;5;38;2;1;2;3mx", "red x")
	f("\x1b]0;title\aafter", "after")
	f("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link")
	f("\x1b]never ends", "never ends")
	f("\x1b[", "")
	f("\x1b[12", "")
	f("\u009b2Jx", "x")
	f("a\x00b\x07c\x1bd\x7fe\u0080f", "abcdef")
	f("user\u202egnp.exe\u202c", "usergnp.exe")
	f("\u2066a\u2069\u200f\u200e\u061cb", "ab")
	f("ze\u200bro\u200c\u200d\u2060\ufeff\u00adw", "zerow")
	f("\u3164\u115f\u2800x\ufe0f", "x")
	f("\U000e0041tag", "tag")
	f("z"+strings.Repeat("\u0300", 50)+"a", "z"+strings.Repeat("\u0300", maxMarks)+"a")
	f("bad\xff\xfeutf\xc3", "bad\ufffd\ufffdutf\ufffd")
	f(strings.Repeat("x", 40), strings.Repeat("x", 40))
	f(strings.Repeat("x", 41), strings.Repeat("x", 39)+"…")
	f(strings.Repeat("ü", 100_000), strings.Repeat("ü", 39)+"…")
	f(strings.Repeat("😀", 21), strings.Repeat("😀", 19)+"…")
}

func TestSlackMarkup(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := slackMarkup(in, 60); got != want {
			t.Errorf("slackMarkup(%q): got %q, want %q", in, got, want)
		}
	}
	f("<!channel> & <@U1|x>", "&lt;!channel&gt; &amp; &lt;@U1|x&gt;")
	f("&lt;!here&gt;", "&amp;lt;!here&amp;gt;")
	f("*bold* _it_ ~no~ `code`", "∗bold∗ ˍitˍ ∼no∼ ˋcodeˋ")
	f("new_actor_burst", "new_actor_burst")
	f("_a_b_", "ˍa_bˍ")
	f(strings.Repeat("&", 13), strings.Repeat("&amp;", 11)+"…")
}

func TestSlackVerbatim(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := slackVerbatim(in, 20); got != want {
			t.Errorf("slackVerbatim(%q): got %q, want %q", in, got, want)
		}
	}
	f("```*_~<>&", "ˋˋˋ*_~&lt;&gt;&amp;")
	f("0123456789012345<x", "0123456789012345…")
}

func TestSlackPlain(t *testing.T) {
	if got, want := slackPlain("a <b> & &lt;", 20), "a ‹b› + +lt;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithCode(t *testing.T) {
	y := slackStyle("social.example")
	f := func(in, want string) {
		t.Helper()
		if got := y.withCode(in, 80); got != want {
			t.Errorf("withCode(%q): got %q, want %q", in, got, want)
		}
	}
	f("run `deny 203.0.113.7; # a.example` now", "run `deny 203.0.113.7; # a.example` now")
	f("limit 203.0.113.7 of a.example", "limit 203.0.113.7 of a[.]example")
	f("one ` alone", "one  alone")
	f("``` three", " three")
	f("`a``b`", "`a``b`")
	f("`<!here>`", "`&lt;!here&gt;`")
	f("", "")
	if got := y.withCode(strings.Repeat("`&` ", 1000), 80); units(got) > 81 || strings.Count(got, "`")%2 != 0 {
		t.Errorf("got %d units with %d backticks of %q, want at most 81 and whole code", units(got), strings.Count(got, "`"), got)
	}
}

// FuzzClean holds that whatever comes in, what goes out is one line of bounded text that means nothing
// to a terminal or to Slack.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "\x1b[31m", "\u202e", "<!channel>", "`a`b`", "hxxps://x.example", "\xff"} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 2 || limit > 1000 {
			t.Skip()
		}
		c := clean(s, limit)
		if !utf8.ValidString(c) || units(c) > limit {
			t.Fatalf("clean(%q, %d): got %q", s, limit, c)
		}
		for _, r := range c {
			if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
				t.Fatalf("clean(%q): got %U", s, r)
			}
		}
		for _, y := range []style{slackStyle("own.example"), terminalStyle("own.example")} {
			for _, out := range []string{y.text(s, limit), y.name(s, limit+10), y.withCode(s, limit)} {
				if units(out) > limit+10 || strings.ContainsAny(out, "\n\x1b") {
					t.Fatalf("style of %q: got %q, limit %d", s, out, limit)
				}
			}
		}
		if m := slackStyle("").text(s, limit); strings.ContainsAny(m, "<>`*~") {
			t.Fatalf("slack text of %q: got %q", s, m)
		}
	})
}
