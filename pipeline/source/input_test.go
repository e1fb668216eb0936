package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestParseInput(t *testing.T) {
	f := func(in string, want Input) {
		t.Helper()
		got, err := ParseInput(in)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%q: error %v (-want +got):\n%s", in, err, d)
		}
	}
	f("access.log", Input{Path: "access.log"})
	f("-", Input{Path: "-"})
	f("nginx:/var/log/a.log", Input{Path: "/var/log/a.log", Format: pipeline.FormatNginx})
	f("rails:-", Input{Path: "-", Format: pipeline.FormatRails})
	f("sidekiq:logs/*.gz", Input{Path: "logs/*.gz", Format: pipeline.FormatSidekiq})
	f("apache:x", Input{Path: "apache:x"})
	f("unknown:x", Input{Path: "unknown:x"})
	f("a:b:c", Input{Path: "a:b:c"})
	for _, bad := range []string{"", "nginx:"} {
		if got, err := ParseInput(bad); err == nil {
			t.Errorf("%q: got %+v, want an error", bad, got)
		}
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"b.log", "a.log", "c.txt", "[x].log"} {
		write(t, filepath.Join(dir, n), "")
	}
	if err := os.Mkdir(filepath.Join(dir, "d.log"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.log", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f := func(given []string, want ...string) {
		t.Helper()
		got, err := Expand(inputs(inDir(dir, given...)...))
		if d := cmp.Diff(inputs(inDir(dir, want...)...), got); d != "" || err != nil {
			t.Errorf("%v: error %v (-want +got):\n%s", given, err, d)
		}
	}
	f([]string{"*.log"}, "[x].log", "a.log", "b.log")
	f([]string{"[x].log"}, "[x].log")
	f([]string{"c.txt", "?.log", "a.log", "link"}, "c.txt", "a.log", "b.log")
}

func TestExpandNamesAllThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	secret := write(t, filepath.Join(dir, "secret"), "x")
	a := write(t, filepath.Join(dir, "a"), "x")
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	list := inputs("-", "-", filepath.Join(dir, "missing"), dir, secret, filepath.Join(dir, "*.none"), filepath.Join(dir, "a["), a)
	list = append(list, Input{Path: a, Format: pipeline.FormatRails})
	_, err := Expand(list)
	if err == nil {
		t.Fatal("got no error")
	}
	want := []string{"standard input can be read once only", "missing: there is no such file", "is a directory",
		"secret: permission denied", "*.none: matches no file", "a[: syntax error in pattern", "named twice, as unknown and as rails"}
	for _, w := range want {
		if strings.HasPrefix(w, "secret") && os.Geteuid() == 0 {
			continue // root may read anything
		}
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got\n%v\nwithout %q", err, w)
		}
	}
}
