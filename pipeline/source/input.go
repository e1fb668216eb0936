package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// Stdin is the path that means standard input.
const Stdin = "-"

// An Input is a log as a person names it, and what is known of it. Its zero fields are recognised from
// the content or taken from the defaults.
type Input struct {
	Path     string // a file, a glob before Expand, or Stdin
	Format   pipeline.Format
	Lateness time.Duration // how much out of order its lines may be
	// Parse is used instead of the options for all inputs; Format above wins over its own. Pieces of one
	// log have equal options.
	Parse *parse.Options
}

// Stdin reports whether the input is standard input.
func (in Input) Stdin() bool { return in.Path == Stdin }

// ParseInput reads an input as it stands on a command line: PATH, a glob, "-", or one of these with its
// format named, as in nginx:PATH.
func ParseInput(s string) (Input, error) {
	in := Input{Path: s}
	if name, rest, ok := strings.Cut(s, ":"); ok {
		if f := pipeline.ParseFormat(name); f != pipeline.FormatUnknown {
			in = Input{Path: rest, Format: f}
		}
	}
	if in.Path == "" {
		return Input{}, fmt.Errorf("input %q: names no file", s)
	}
	return in, nil
}

// Expand replaces globs by the files they match, sorted, and checks that every input can be read. A file
// that is named twice counts once. The error holds all that is wrong, each with the input's name.
func Expand(inputs []Input) ([]Input, error) {
	var out []Input
	var errs []error
	for _, in := range inputs {
		files, err := expand(in)
		errs = append(errs, err)
		for _, f := range files {
			out, err = appendOnce(out, f)
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

func expand(in Input) ([]Input, error) {
	if in.Stdin() {
		return []Input{in}, nil
	}
	_, err := os.Stat(in.Path)
	if err == nil || !strings.ContainsAny(in.Path, "*?[") {
		return []Input{in}, check(in.Path)
	}
	paths, err := filepath.Glob(in.Path)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", in.Path, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("input %s: matches no file", in.Path)
	}
	slices.Sort(paths)
	return expandGlob(in, paths)
}

// expandGlob takes the files among paths: a directory that happens to match is no mistake, but nothing
// else than directories is.
func expandGlob(in Input, paths []string) ([]Input, error) {
	var out []Input
	var errs []error
	for _, p := range paths {
		if fi, err := os.Stat(p); err == nil && fi.IsDir() {
			continue
		}
		errs = append(errs, check(p))
		one := in
		one.Path = p
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("input %s: matches directories only", in.Path)
	}
	return out, errors.Join(errs...)
}

// check reports why a file can't be read. A pipe is not opened: that would take from it.
func check(path string) error {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("input %s: there is no such file%s", path, misnamed(path))
	case err != nil:
		return fmt.Errorf("input %s: %w", path, errors.Unwrap(err))
	case fi.IsDir():
		return fmt.Errorf("input %s: is a directory; name the files in it, or %s", path, filepath.Join(path, "*"))
	case !fi.Mode().IsRegular():
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("input %s: %w", path, errors.Unwrap(err))
	}
	return f.Close()
}

// misnamed says what may be wrong with the name of a file that is not there.
func misnamed(path string) string {
	format, rest, named := strings.Cut(path, ":")
	if _, err := os.Stat(rest); !named || err != nil {
		return ""
	}
	return fmt.Sprintf("; %s is no format: nginx, rails and sidekiq are", format)
}

// appendOnce appends in unless the same file is there already.
func appendOnce(list []Input, in Input) ([]Input, error) {
	for _, old := range list {
		if !sameFile(old.Path, in.Path) {
			continue
		}
		if in.Stdin() {
			return list, fmt.Errorf("input %s: standard input can be read once only", in.Path)
		}
		if old.Format != in.Format {
			return list, fmt.Errorf("input %s: is named twice, as %s and as %s", in.Path, old.Format, in.Format)
		}
		return list, nil
	}
	return append(list, in), nil
}

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	if a == Stdin || b == Stdin {
		return false
	}
	fa, errA := os.Stat(a)
	fb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}
