package discover

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// Options say where and when to look.
type Options struct {
	Root string        // before every path; empty is this machine's own
	Now  pipeline.Time // by which a log is old
}

// A finder looks for everything in turn.
type finder struct {
	tree  tree
	now   pipeline.Time
	found *Found
	seen  map[string]bool // files, by the path that is opened
}

// Find looks for all logs. It changes nothing; journalctl is the one program that it runs.
func Find(ctx context.Context, o Options) *Found {
	root := strings.TrimSuffix(o.Root, "/")
	f := &finder{tree: tree{root}, now: o.Now, seen: map[string]bool{}, found: &Found{Files: []File{}, Units: []Unit{},
		Containers: []Container{}, Problems: []Problem{}, Warnings: []Warning{}}}
	f.nginx()
	f.mastodon()
	f.journal(ctx)
	f.docker()
	f.warnTwice()
	return f.found
}

// warnTwice warns of what may be the same lines at two places: syslog writes files of what the journal has.
func (f *finder) warnTwice() {
	for _, x := range f.found.Files {
		if x.Format != pipeline.FormatNginx && x.Format != pipeline.FormatUnknown && len(f.found.Units) > 0 {
			f.found.warn(x.Path, "may hold what the journal holds, too: each line would count twice", "keep one of the two inputs")
		}
	}
}

// mastodonLogs are where people make systemd or syslog put what Rails and Sidekiq say.
var mastodonLogs = []string{"/var/log/mastodon/*.log", "/home/mastodon/live/log/*.log", "/opt/mastodon/log/*.log",
	"/opt/mastodon/live/log/*.log", "/srv/mastodon/live/log/*.log", "/var/www/mastodon/log/*.log"}

// mastodon finds files of Rails and Sidekiq; others that happen to be there are passed over.
func (f *finder) mastodon() {
	for _, pattern := range mastodonLogs {
		names, err := f.tree.glob(pattern)
		if err != nil {
			dir := pattern[:strings.LastIndexByte(pattern, '/')]
			f.found.problem(f.tree.below(dir), reason(err), f.tree.mend(dir))
		}
		for _, name := range names[:min(len(names), maxFiles)] {
			f.file(name, File{}, false)
		}
	}
}

// file adds a file by its sample. Of one that is expected, it is told that it isn't there; another must be recognised.
func (f *finder) file(name string, file File, expected bool) {
	real, err := f.tree.real(name)
	key := real
	if to, linkErr := filepath.EvalSymlinks(real); linkErr == nil {
		key = to
	}
	if err != nil || f.seen[key] {
		return
	}
	f.seen[key] = true
	file.Path = real
	in, err := f.tree.open(name)
	if err != nil {
		if expected || !missing(err) {
			f.found.problem(f.tree.below(name), reason(err), f.tree.mend(name))
		}
		return
	}
	defer in.Close()
	file.Sample, err = sample(in, parse.Options{Format: file.Format, LogFormat: file.LogFormat})
	if err != nil {
		f.found.problem(f.tree.below(name), reason(err), "")
		return
	}
	if file.Format == pipeline.FormatUnknown {
		file.Format = file.Sample.Format
		unknown := file.Format == pipeline.FormatUnknown
		if unknown && expected && file.Sample.Lines > 0 {
			f.found.problem(real, "its format is not recognised", "fedwarden explain "+real)
		}
		if unknown && (!expected || file.Sample.Lines > 0) {
			return
		}
	}
	file.Timezone = f.zone(&file)
	f.found.Files = append(f.found.Files, file)
	f.warnSample(real, &file.Sample)
}

// count writes "n of m".
func count(n, of int) string { return fmt.Sprintf("%d of %d", n, of) }

// notFound reports whether a program is not installed.
func notFound(err error) bool { return errors.Is(err, exec.ErrNotFound) }
