package pipeline_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The architecture, as rules. Each one says why it is there, and each is shown to fail below, on a source
// that breaks it.

const module = "github.com/fedwarden/fedwarden/"

// root is the module's directory, as seen from this test.
const root = ".."

// topLevel is what may stand there; names that begin with a dot may too.
var topLevel = []string{"cmd", "pipeline", "detectors", "sinks", "testdata", "go.mod", "go.sum", "Dockerfile", "README.md"}

// mayImport says which of our packages know which others, by folder. All may import pipeline, and what
// lies below themselves; cmd/fedwarden may import all.
var mayImport = map[string][]string{
	"pipeline":                   {},
	"pipeline/engine":            {},
	"pipeline/engine/enginetest": {"pipeline/engine"},
	"pipeline/runner":            {"pipeline/engine", "pipeline/notify"},
	"pipeline/notify":            {},
	"pipeline/parse":             {},
	"pipeline/identity":          {"pipeline/window"},
	"pipeline/window":            {},
	"pipeline/source":            {"pipeline/parse"},
	"pipeline/source/kafka":      {"pipeline/parse", "pipeline/source"}, // so that its client stays out of the tail, which has none
	"pipeline/checkpoint":        {},
	"pipeline/score":             {}, // the judge knows nothing of whom it judges
	"pipeline/simulate":          {},
	"detectors":                  {"detectors", "pipeline/window"},
	"sinks":                      {},
}

// pure are the packages whose results depend on their input alone.
var pure = []string{"pipeline/engine", "pipeline/notify", "pipeline/parse", "pipeline/identity", "pipeline/window", "pipeline/score", "detectors"}

// concurrent are the packages that may start goroutines: the rim.
var concurrent = []string{"pipeline/runner", "pipeline/source", "sinks", "cmd"}

// impure are the imports by which the outside gets in.
var impure = []string{"context", "os", "net", "net/http", "log", "log/slog", "sync", "sync/atomic", "math/rand", "math/rand/v2",
	"crypto/rand", "hash/maphash"}

// clocks are the functions of package time that ask what time it is.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep"}

// A rule finds what breaks it in one package.
type rule struct {
	name   string
	reason string
	check  func(p *pkg) []string
}

var rules = []rule{
	{"imports of ours", "siblings do not know each other, so that each can be read, tested and replaced alone", checkOurs},
	{"imports of pipeline", "pipeline is the vocabulary of all: whatever it imports, all import", checkVocabulary},
	{"imports of simulate", "a world that shares a word or a constant with what is judged on it judges nothing", checkSimulate},
	{"imports of the core", "the core's results depend on its input alone: no clock, I/O, randomness or goroutine gets in", checkImpure},
	{"clocks", "event time is the only time in the core: the first call of time.Now ends replay", checkClocks},
	{"go statements", "goroutines live at the rim: the core is synchronous, and what it does is repeatable", checkGo},
	{"init", "what happens on import can be neither ordered nor tested: tables are literals, wiring is in cmd", checkInit},
	{"package state", "a package variable that is written makes two engines in one process one", checkState},
	{"sleep in tests", "a test that sleeps is slow or flaky: use testing/synctest, channels, or a deadline on a condition", checkSleep},
	{"gofmt", "one form, no argument", checkFormat},
}

// A pkg is the files of one folder.
type pkg struct {
	dir   string // slashed, relative to the root
	fset  *token.FileSet
	files []*file
}

type file struct {
	name   string
	source []byte
	ast    *ast.File
}

func (f *file) test() bool { return strings.HasSuffix(f.name, "_test.go") }

// code returns the files of p that are no tests.
func (p *pkg) code() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), (*file).test)
}

func (p *pkg) at(pos token.Pos) string {
	at := p.fset.Position(pos)
	return fmt.Sprintf("%s:%d", path.Join(p.dir, path.Base(at.Filename)), at.Line)
}

func (p *pkg) parse(name string, source []byte) error {
	a, err := parser.ParseFile(p.fset, name, source, parser.ParseComments)
	if err != nil {
		return err
	}
	p.files = append(p.files, &file{name: name, source: source, ast: a})
	return nil
}

// within reports whether dir is one of roots or below one.
func within(dir string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

// owner returns the row of mayImport that holds for dir: the longest.
func owner(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := mayImport[d]; ok && (d != "pipeline" || d == dir) {
			return d
		}
	}
	return ""
}

func imports(f *file) []string {
	var list []string
	for _, i := range f.ast.Imports {
		list = append(list, strings.Trim(i.Path.Value, `"`))
	}
	return list
}

func checkOurs(p *pkg) []string {
	if within(p.dir, []string{"cmd/fedwarden"}) {
		return nil
	}
	own := owner(p.dir)
	var broken []string
	for _, f := range p.code() {
		for _, imp := range imports(f) {
			to, ours := strings.CutPrefix(imp, module)
			switch {
			case !ours || to == "pipeline":
			case own == "":
				broken = append(broken, fmt.Sprintf("%s/%s imports %s, and is in no row of the table", p.dir, f.name, to))
			case own == "pipeline" || !within(to, append([]string{p.dir}, mayImport[own]...)):
				broken = append(broken, fmt.Sprintf("%s/%s imports %s", p.dir, f.name, to))
			}
		}
	}
	return broken
}

func checkVocabulary(p *pkg) []string {
	var broken []string
	for _, f := range p.code() {
		for _, imp := range imports(f) {
			if first, _, _ := strings.Cut(imp, "/"); p.dir == "pipeline" && strings.Contains(first, ".") {
				broken = append(broken, fmt.Sprintf("%s/%s imports %s", p.dir, f.name, imp))
			}
		}
	}
	return broken
}

func checkSimulate(p *pkg) []string {
	var broken []string
	for _, f := range p.code() {
		for _, imp := range imports(f) {
			if p.dir == "pipeline/simulate" && strings.HasPrefix(imp, module) {
				broken = append(broken, fmt.Sprintf("%s/%s imports %s", p.dir, f.name, imp))
			}
		}
	}
	return broken
}

func checkImpure(p *pkg) []string {
	var broken []string
	if !within(p.dir, pure) {
		return nil
	}
	for _, f := range p.code() {
		for _, imp := range imports(f) {
			if slices.Contains(impure, imp) {
				broken = append(broken, fmt.Sprintf("%s/%s imports %s", p.dir, f.name, imp))
			}
		}
	}
	return broken
}

func checkClocks(p *pkg) []string {
	if !within(p.dir, pure) {
		return nil
	}
	return uses(p, p.code(), "time", clocks)
}

func checkSleep(p *pkg) []string {
	tests := slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return !f.test() })
	return uses(p, tests, "time", []string{"Sleep"})
}

// uses finds what files use of a package, under whatever name they import it.
func uses(p *pkg, files []*file, of string, names []string) []string {
	var broken []string
	for _, f := range files {
		as := localName(f, of)
		if as == "." {
			broken = append(broken, fmt.Sprintf("%s/%s imports %s with a dot", p.dir, f.name, of))
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && as != "" && x.Name == as && slices.Contains(names, sel.Sel.Name) {
					broken = append(broken, p.at(sel.Pos())+" uses "+of+"."+sel.Sel.Name)
				}
			}
			return true
		})
	}
	return broken
}

func localName(f *file, of string) string {
	for _, i := range f.ast.Imports {
		if strings.Trim(i.Path.Value, `"`) != of {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path.Base(of)
	}
	return ""
}

func checkGo(p *pkg) []string {
	if within(p.dir, concurrent) {
		return nil
	}
	var broken []string
	for _, f := range p.code() {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				broken = append(broken, p.at(g.Pos())+" starts a goroutine")
			}
			return true
		})
	}
	return broken
}

func checkInit(p *pkg) []string {
	var broken []string
	for _, f := range p.code() {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				broken = append(broken, p.at(fn.Pos())+" declares init")
			}
		}
	}
	return broken
}

func checkFormat(p *pkg) []string {
	var broken []string
	for _, f := range p.files {
		if got, err := format.Source(f.source); err != nil || !bytes.Equal(got, f.source) {
			broken = append(broken, path.Join(p.dir, f.name)+" is not as gofmt writes it")
		}
	}
	return broken
}

// TestArchitecture holds the whole module to the rules.
func TestArchitecture(t *testing.T) {
	for _, p := range load(t) {
		for _, r := range rules {
			for _, broken := range r.check(p) {
				t.Errorf("%s\n\t%s: %s", broken, r.name, r.reason)
			}
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range checkTopLevel(entries) {
		t.Errorf("%s\n\ttop level: it is fixed, so that a newcomer finds everything at first sight; put it below", broken)
	}
}

func checkTopLevel(entries []fs.DirEntry) []string {
	var broken []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			broken = append(broken, e.Name()+" stands at the top level")
		}
	}
	return broken
}

// load parses all Go files of the module.
func load(t *testing.T) []*pkg {
	t.Helper()
	byDir := map[string]*pkg{}
	var pkgs []*pkg
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(rel))
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir, fset: token.NewFileSet()}
			pkgs = append(pkgs, byDir[dir])
		}
		return byDir[dir].parse(path.Base(name), source)
	})
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}
