package source

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	defaultEvery    = 2 * time.Second // between two looks for new logs
	defaultEndAfter = time.Hour       // without a file, after which a log that a glob has found ends
	defaultMost     = 256             // logs that are followed at once
	keptEnds        = 1024            // ended logs whose last cursor is kept
)

// A Finder finds logs that come, each once, by their paths.
type Finder interface {
	// Next returns the logs that have come since the last call, at most so many.
	Next(most int) []string
	// Follow makes a log one that was found already.
	Follow(path string)
	// Forget makes a log one that can be found again.
	Forget(path string)
}

// A Glob finds the logs that patterns match, each once. It holds no file and starts nothing.
type Glob struct {
	patterns []string
	followed map[string]bool
}

// NewGlob returns a Glob that has found nothing yet. A pattern that is none is an error.
func NewGlob(patterns ...string) (*Glob, error) {
	g := &Glob{followed: map[string]bool{}}
	for _, p := range patterns {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("glob %s: %w", p, err)
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("glob %s: %w", p, err)
		}
		g.patterns = append(g.patterns, abs)
	}
	return g, nil
}

// Follow makes path one that was found already, so that what rotation makes of it is none of its own.
func (g *Glob) Follow(path string) { g.followed[path] = true }

// Forget makes path one that can be found again.
func (g *Glob) Forget(path string) { delete(g.followed, path) }

// Next returns the logs that have come since the last call, sorted, at most so many. What rotation has
// made of a log is no log.
func (g *Glob) Next(most int) []string {
	var names []string
	for _, p := range g.patterns {
		matches, _ := filepath.Glob(p) // the pattern was checked; what can't be read may be later
		names = append(names, matches...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var out []string
	for _, name := range names {
		if len(out) == most {
			break
		}
		if g.followed[name] || g.isRotation(name, names) {
			continue
		}
		if fi, err := os.Stat(name); err == nil && fi.Mode().IsRegular() {
			out = append(out, name)
		}
	}
	for _, name := range out {
		g.Follow(name)
	}
	return out
}

// numbered is what a rotated log ends with even where the log itself is not there.
var numbered = regexp.MustCompile(`.\.\d{1,4}$`)

// isRotation reports whether rotation has made the file name: of a log that is followed, or is there, or by
// the look of it.
func (g *Glob) isRotation(name string, names []string) bool {
	if unpackedName(name) != name || numbered.MatchString(filepath.Base(name)) {
		return true
	}
	of := func(log string) bool {
		return filepath.Dir(log) == filepath.Dir(name) && isRotated(filepath.Base(log), filepath.Base(name))
	}
	for log := range g.followed {
		if of(log) {
			return true
		}
	}
	return slices.ContainsFunc(names, of)
}

// A WatchConfig says which logs to look for, and how to follow them. Tail is needed, and Patterns or Find.
type WatchConfig struct {
	Patterns []string
	Find     Finder                       // finds them instead of Patterns
	Tail     func(path string) TailConfig // for a log that was found; without EndAfter it is an hour
	Tails    []*Tail                      // are followed already; those that end may be found again
	Most     int                          // logs that are followed at once; zero is 256
	Every    time.Duration                // between two looks; zero is 2 s
	Ticks    <-chan time.Time             // tells when to look, instead of Every
	Log      *slog.Logger                 // told of what was found and what can't be followed; nil is silent
}

// A watch is what Watch knows.
type watch struct {
	cfg   WatchConfig
	find  Finder
	tails map[string]*Tail
	ends  map[string]pipeline.Cursor // of logs that have ended
	full  bool                       // it was said that there are too many
}

// Watch sends a Tail for each log that comes to match, until ctx ends. A log that comes back after its Tail
// has ended gets a new one, which goes on where the old one ended: with the count of its lines, because
// lines whose numbers were given before would be dropped as known.
func Watch(ctx context.Context, cfg WatchConfig, found chan<- pipeline.Source) error {
	w, err := newWatch(cfg)
	if err != nil {
		return err
	}
	ticks := w.cfg.Ticks
	if ticks == nil {
		ticker := time.NewTicker(w.cfg.Every)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		for _, t := range w.look() {
			select {
			case found <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func newWatch(cfg WatchConfig) (*watch, error) {
	cfg.Every = orDefault(cfg.Every, defaultEvery)
	if cfg.Most <= 0 {
		cfg.Most = defaultMost
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	find := cfg.Find
	if find == nil {
		glob, err := NewGlob(cfg.Patterns...)
		if err != nil {
			return nil, err
		}
		find = glob
	}
	w := &watch{cfg: cfg, find: find, tails: map[string]*Tail{}, ends: map[string]pipeline.Cursor{}}
	for _, t := range cfg.Tails {
		w.tails[t.path] = t
		find.Follow(t.path)
	}
	return w, nil
}

// look returns Tails for the logs that have come.
func (w *watch) look() []*Tail {
	for path, t := range w.tails {
		if c, ended := t.End(); ended {
			delete(w.tails, path)
			w.find.Forget(path)
			w.keep(path, c)
		}
	}
	room := w.cfg.Most - len(w.tails)
	if room <= 0 {
		if !w.full {
			w.cfg.Log.Warn("too many logs: what else matches is not followed", "logs", len(w.tails))
		}
		w.full = true
		return nil
	}
	w.full = false
	var out []*Tail
	for _, path := range w.find.Next(room) {
		t, err := w.follow(path)
		if err != nil {
			w.cfg.Log.Warn("log can't be followed", "err", err)
			continue
		}
		w.tails[path] = t
		out = append(out, t)
	}
	return out
}

// keep remembers where a log ended; of too many, any one is forgotten.
func (w *watch) keep(path string, c pipeline.Cursor) {
	if len(w.ends) >= keptEnds {
		for other := range w.ends {
			delete(w.ends, other)
			break
		}
	}
	w.ends[path] = c
}

func (w *watch) follow(path string) (*Tail, error) {
	cfg := w.cfg.Tail(path)
	cfg.Path = path
	cfg.EndAfter = orDefault(cfg.EndAfter, defaultEndAfter)
	t, err := NewTail(cfg)
	if err != nil {
		return nil, err
	}
	w.cfg.Log.Info("log was found", "stream", t.id)
	if c, ok := w.ends[path]; ok {
		delete(w.ends, path)
		return t, t.Seek(t.id, c)
	}
	return t, nil
}
