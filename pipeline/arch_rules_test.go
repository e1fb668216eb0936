package pipeline_test

import (
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRulesFail shows each rule a source that breaks it, and one that is close but right.
func TestRulesFail(t *testing.T) {
	for _, c := range []struct {
		rule, name string // name: the file's, in the module
		source     string
		want       int // places that break the rule
	}{
		{"imports of ours", "pipeline/engine/x.go", `import "` + module + `pipeline/window"`, 1},
		{"imports of ours", "pipeline/x.go", `import "` + module + `pipeline/parse"`, 1},
		{"imports of ours", "sinks/x.go", `import "` + module + `pipeline/notify"`, 1},
		{"imports of ours", "sinks/slack/x.go", `import "` + module + `pipeline/checkpoint"`, 1},
		{"imports of ours", "detectors/flood/x.go", `import "` + module + `pipeline/identity"`, 1},
		{"imports of ours", "pipeline/new/x.go", `import "` + module + `pipeline/parse"`, 1},
		{"imports of ours", "pipeline/runner/x.go", `import "` + module + `sinks"`, 1},
		{"imports of ours", "pipeline/runner/x.go", `import "` + module + `pipeline/engine"`, 0},
		{"imports of ours", "pipeline/source/kafka/x.go", `import "` + module + `pipeline/parse"`, 0},
		{"imports of ours", "pipeline/identity/x.go", `import "` + module + `pipeline/window"`, 0},
		{"imports of ours", "detectors/registry.go", `import "` + module + `detectors/flood"`, 0},
		{"imports of ours", "detectors/laws_test.go", `import "` + module + `pipeline/engine"`, 0},
		{"imports of ours", "cmd/fedwarden/x.go", `import "` + module + `sinks"`, 0},
		{"imports of ours", "cmd/other/x.go", `import "` + module + `sinks"`, 1},

		{"imports of pipeline", "pipeline/x.go", `import "golang.org/x/net/idna"`, 1},
		{"imports of pipeline", "pipeline/x.go", `import "net/netip"`, 0},

		{"imports of simulate", "pipeline/simulate/x.go", `import "` + module + `pipeline"`, 1},
		{"imports of simulate", "pipeline/simulate/x.go", `import "` + module + `detectors/flood"`, 1},
		{"imports of simulate", "pipeline/simulate/x.go", `import "math/rand/v2"`, 0},
		{"imports of simulate", "pipeline/score/x.go", `import "` + module + `pipeline"`, 0},

		{"imports of the core", "pipeline/engine/x.go", `import "os"`, 1},
		{"imports of the core", "pipeline/parse/x.go", `import "sync"`, 1},
		{"imports of the core", "detectors/spam/x.go", `import r "math/rand/v2"`, 1},
		{"imports of the core", "pipeline/window/x.go", `import ("net/netip"; "net/url")`, 0},
		{"imports of the core", "pipeline/window/x_test.go", `import "os"`, 0},
		{"imports of the core", "sinks/x.go", `import "net/http"`, 0},

		{"clocks", "pipeline/identity/x.go", `import "time"; func f() { _ = time.Now() }`, 1},
		{"clocks", "pipeline/notify/x.go", `import clock "time"; var g = clock.Since`, 1},
		{"clocks", "pipeline/notify/x.go", `import . "time"`, 1},
		{"clocks", "pipeline/engine/x.go", `import "time"; var d = time.Second`, 0},
		{"clocks", "pipeline/engine/x.go", `func f(time struct{ Now func() }) { time.Now() }`, 0},

		{"go statements", "pipeline/checkpoint/x.go", `func f() { go f() }`, 1},
		{"go statements", "pipeline/x.go", `func f() { func() { go f() }() }`, 1},
		{"go statements", "pipeline/source/tail/x.go", `func f() { go f() }`, 0},

		{"init", "sinks/x.go", `func init() {}`, 1},
		{"init", "sinks/x.go", `type t int; func (t) init() {}`, 0},

		{"package state", "cmd/fedwarden/x.go", `var n = 1; func f() { n++ }`, 1},
		{"package state", "sinks/x.go", `var m = map[int]int{1: 2}; func f() { m[1] = 3 }`, 1},
		{"package state", "sinks/x.go", `var m = map[int]int{1: 2}; func f() { delete(m, 1) }`, 1},
		{"package state", "sinks/x.go", `var s struct{ a int } = g(); func f() { (s).a += 2 }; func g() struct{ a int }`, 1},
		{"package state", "sinks/x.go", `var n = 1; func f() *int { return &n }`, 1},
		{"package state", "sinks/x.go", `var k = 1; func f() { for k = range 3 { } }`, 1},
		{"package state", "sinks/x.go", `var n int`, 1},
		{"package state", "sinks/x.go", `var m = make(map[int]int)`, 1},
		{"package state", "sinks/x.go", `var m = map[int]int{}`, 1},
		{"package state", "sinks/x.go", `type t int; var p = &t{}`, 1},
		{"package state", "sinks/x.go", `import "sync"; var mu sync.Mutex`, 1},
		{"package state", "sinks/x.go", `import "errors"; var err = errors.New("x"); var _ error = err`, 0},
		{"package state", "sinks/x.go", `var n = 1; func f() { n := 2; n++ }`, 0},
		{"package state", "sinks/x.go", `var names = [...]string{"a"}; func f() { var a struct{ names int }; a.names = 1 }`, 0},
		{"package state", "sinks/x.go", `var rows = [2]int{1, 2}; func f(i int) *int { return &rows[i] }`, 0},
		{"package state", "sinks/x.go", `var _ = 1; func f() { _ = 2 }`, 0},
		{"package state", "sinks/x_test.go", `var n int`, 0},

		{"sleep in tests", "sinks/x_test.go", `import "time"; func f() { time.Sleep(1) }`, 1},
		{"sleep in tests", "sinks/x.go", `import "time"; func f() { time.Sleep(1) }`, 0},

		{"gofmt", "sinks/x.go", "var  x = 1", 1},
		{"gofmt", "sinks/x.go", "var x = 1\n", 0},
	} {
		p := &pkg{dir: filepath.ToSlash(filepath.Dir(c.name)), fset: token.NewFileSet()}
		if err := p.parse(filepath.Base(c.name), []byte("package x\n\n"+c.source)); err != nil {
			t.Fatalf("%s: %v", c.source, err)
		}
		if got := ruleNamed(t, c.rule).check(p); len(got) != c.want {
			t.Errorf("%s on %s: %s\ngot %q, want %d", c.rule, c.name, c.source, got, c.want)
		}
	}
}

// TestStateOfOtherFile shows that a variable is found in a file that does not declare it.
func TestStateOfOtherFile(t *testing.T) {
	p := &pkg{dir: "sinks", fset: token.NewFileSet()}
	for name, source := range map[string]string{"a.go": "package x\n\nvar n = 1\n", "b.go": "package x\n\nfunc f() { n = 2 }\n"} {
		if err := p.parse(name, []byte(source)); err != nil {
			t.Fatal(err)
		}
	}
	if got := checkState(p); len(got) != 1 || !strings.HasPrefix(got[0], "sinks/b.go:3 ") {
		t.Errorf("got %q, want one place in sinks/b.go:3", got)
	}
}

func TestTopLevelFails(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"README.md", ".ci", "docs", "Makefile"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := fs.ReadDir(os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	got, want := fmt.Sprint(checkTopLevel(entries)), "[Makefile stands at the top level docs stands at the top level]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEachRuleIsShown keeps a rule from being added without its violation.
func TestEachRuleIsShown(t *testing.T) {
	source, err := os.ReadFile("arch_rules_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if !strings.Contains(string(source), "{\""+r.name+"\", ") {
			t.Errorf("rule %q: no source shows that it fails", r.name)
		}
	}
}

func ruleNamed(t *testing.T, name string) rule {
	t.Helper()
	for _, r := range rules {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("no rule %q", name)
	return rule{}
}
