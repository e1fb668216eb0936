package discover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// now is when the tests look.
var now = pipeline.TimeOf(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))

// plant writes files below a new root: path, content, path, content …
func plant(t *testing.T, files ...string) (root string) {
	t.Helper()
	root = t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(root, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// find looks below root and writes what is found in short, without the root.
func find(t *testing.T, root string) string {
	t.Helper()
	f := Find(t.Context(), Options{Root: root, Now: now})
	var b strings.Builder
	for _, x := range f.Files {
		fmt.Fprintf(&b, "file %s %s", x.Path, x.Format)
		if len(x.Servers) > 0 {
			fmt.Fprintf(&b, " of %s", strings.Join(x.Servers, " "))
		}
		if x.Lateness > 0 {
			fmt.Fprintf(&b, " late %s", x.Lateness)
		}
		if x.LogFormat != "" {
			fmt.Fprintf(&b, " as %s", x.LogFormat)
		}
		b.WriteByte('\n')
	}
	for _, x := range f.Units {
		fmt.Fprintf(&b, "unit %s %s\n", x.Name, x.Newest)
	}
	for _, x := range f.Containers {
		fmt.Fprintf(&b, "container %s %s %s %s\n", x.Name, x.Project, x.Service, x.Path)
	}
	for _, x := range f.Problems {
		fmt.Fprintf(&b, "problem %s: %s → %s\n", x.Subject, x.Reason, x.Mend)
	}
	for _, x := range f.Warnings {
		fmt.Fprintf(&b, "warning %s: %s → %s\n", x.Subject, x.Text, x.Mend)
	}
	return strings.ReplaceAll(b.String(), root, "")
}

// equal compares what was found with what stands in want, line by line; lines may be indented.
func equal(t *testing.T, got string, want ...string) {
	t.Helper()
	if text := strings.Join(want, "\n"); strings.TrimSuffix(got, "\n") != text {
		t.Errorf("got:\n%s\nwant:\n%s", got, text)
	}
}

// combined returns n lines of nginx's from as many addresses, of the last hour.
func combined(n int, address func(i int) string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s - - [23/Nov/2026:07:%02d:02 +0000] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"http.rb/5.1.1 (Mastodon/4.2.10; +https://a.example/)\"\n", address(i), i%60)
	}
	return b.String()
}

func various(i int) string { return fmt.Sprintf("192.0.2.%d", i%250) }

// fine is a log of which there is nothing to say.
var fine = combined(30, various)
