package discover

import (
	"fmt"
	"strings"
	"testing"
)

// shown writes directives as words in brackets, blocks in braces.
func shown(list []directive) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%q", d.words)
		if d.block {
			b.WriteString("{" + shown(d.children) + "}")
		}
	}
	return b.String()
}

func TestScan(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		list, err := scan(text, maxDirectives)
		got := shown(list)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
	f("", "")
	f("# only a comment", "")
	f("a b;c  d\te;", `["a" "b"]["c" "d" "e"]`)
	f("a{b;}c{}", `["a"]{["b"]}["c"]{}`)
	f("a # comment; {\n b;", `["a" "b"]`)
	f("a b#c;", `["a" "b#c"]`)
	f(`a 'b "c" ;{}' "d 'e' #";`, `["a" "b \"c\" ;{}" "d 'e' #"]`)
	f(`a "\"\n\d\\" \;b;`, `["a" "\"\n\\d\\" "\\;b"]`)
	f(`a $b ${c}d x"y;`, `["a" "$b" "${c}d" "x\"y"]`)
	f("a ''\n'' ;", `["a" "" ""]`)
	f("content_by_lua_block { local x = { ';' } } b;", `["content_by_lua_block"]{}["b"]`)

	f("a", "line 1: the file ends within a word")
	f("a ", "line 1: the file ends within a directive or a block")
	f("a {\n b;", "line 2: the file ends within a directive or a block")
	f("a 'b", "line 1: the file ends within a word")
	f("a b", "line 1: the file ends within a word")
	f("\n}", `line 2: unexpected "}"`)
	f("a }", `line 1: unexpected "}"`)
	f(";", `line 1: unexpected ';'`)
	f("{}", `line 1: unexpected '{'`)
	f("x_by_lua_block { {", "line 1: the file ends within a block of Lua")
	f(strings.Repeat("a{", maxDepth+1), fmt.Sprintf("line 1: blocks are nested more than %d deep", maxDepth))
}

func TestScanIsBounded(t *testing.T) {
	if _, err := scan(strings.Repeat("a;", 11), 10); err == nil {
		t.Error("got no error for more directives than there may be")
	}
	if list, err := scan(strings.Repeat("a;", 10), 10); err != nil || len(list) != 10 {
		t.Errorf("got %d directives, %v, want 10", len(list), err)
	}
}

// FuzzScan holds that any text is read or refused, and that what was read is read again the same when it is written
// with quotes.
func FuzzScan(f *testing.F) {
	f.Add("http { include a/*.conf; log_format x escape=json '{\"a\":\"$b\"}'; server { access_log /a/${b} x buffer=1k; } }")
	f.Add("a \"\\\"\\n\" '{' # }\n;")
	f.Add("x_by_lua_block { { } }")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := scan(text, maxDirectives)
		if err != nil {
			return
		}
		again, err := scan(written(list), maxDirectives)
		if err != nil || shown(again) != shown(list) {
			t.Errorf("%q:\n got %s, %v\nwant %s", text, shown(again), err, shown(list))
		}
		w := &webserver{found: &Found{}, formats: map[string]logFormat{}, left: maxDirectives}
		w.findFormats(list)
		w.main(list)
	})
}

func written(list []directive) string {
	var b strings.Builder
	for _, d := range list {
		for _, w := range d.words {
			b.WriteString(` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`)
		}
		if d.block {
			b.WriteString("{" + written(d.children) + "}")
		} else {
			b.WriteString(";")
		}
	}
	return b.String()
}
