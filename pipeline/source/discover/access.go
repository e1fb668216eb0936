package discover

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// access reads one access_log; ok tells that it writes a file, or files.
func (w *webserver) access(d directive, servers []string) (l accessLog, ok bool) {
	to := d.words[1]
	switch {
	case to == "off":
		return l, false
	case strings.HasPrefix(to, "syslog:"):
		w.found.problem(who(servers), "logs to "+to+", not to a file",
			"access_log "+nginxLog+"; besides it, or name the file that syslog writes as an input")
		return l, false
	case strings.HasPrefix(to, "/dev/"):
		w.found.problem(who(servers), "logs to "+to+", not to a file", "access_log "+nginxLog+"; besides it")
		return l, false
	}
	l = accessLog{path: w.absolute(to), format: "combined", servers: servers}
	if len(d.words) > 2 && strings.IndexByte(d.words[2], '=') < 0 && d.words[2] != "gzip" {
		l.format = d.words[2]
	}
	l.options = d.words[2:]
	return l, true
}

// absolute returns the path of a log.
func (w *webserver) absolute(p string) string {
	if path.IsAbs(p) || strings.HasPrefix(p, "$") {
		return path.Clean(p)
	}
	for _, prefix := range prefixes {
		if full := path.Join(prefix, p); w.tree.exists(path.Dir(full)) {
			return full
		}
	}
	return path.Join(prefixes[0], p)
}

// nginxFiles adds the files of a configuration.
func (f *finder) nginxFiles(w *webserver) {
	for _, l := range w.logs {
		name := f.tree.below(l.path)
		file := File{Format: pipeline.FormatNginx, Servers: slices.Compact(l.servers), Lateness: f.buffered(name, l.options)}
		if slices.ContainsFunc(l.options, func(o string) bool { return o == "gzip" || strings.HasPrefix(o, "gzip=") }) {
			f.found.problem(name, "nginx writes it compressed, which can't be followed", "take gzip out of its access_log")
			continue
		}
		if option(l.options, "if=") != "" {
			f.found.warn(name, "holds some requests only (if=): floods of the others will not be seen", "")
		}
		file.LogFormat = f.logFormat(name, l.format, w.formats)
		if strings.Contains(l.path, "$") {
			f.variable(l.path, file)
			continue
		}
		f.file(l.path, file, true)
	}
}

// variable adds the files of a path that has variables in its last part: those that are there by now.
func (f *finder) variable(p string, file File) {
	dir, last := path.Split(p)
	pattern := variables(last)
	if strings.Contains(dir, "$") || strings.Trim(pattern, "*") == "" {
		f.found.problem(f.tree.below(p), "has variables in its path, which can't be followed", "name the files that there are as inputs")
		return
	}
	names, err := f.tree.glob(path.Join(dir, pattern))
	if err != nil {
		f.found.problem(f.tree.below(p), reason(err), f.tree.mend(path.Dir(p)))
		return
	}
	f.found.warn(f.tree.below(p), "has variables in its path: of its files those are read that are there at the start", "")
	for _, name := range names[:min(len(names), maxFiles)] {
		f.file(name, file, false)
	}
}

// variables replaces $name and ${name} by an asterisk, and what a pattern would take for a meaning of its own.
func variables(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' {
			if strings.IndexByte(`*?[\`, s[i]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
			continue
		}
		b.WriteByte('*')
		if n := strings.IndexByte(s[i:], '}'); n > 0 && strings.HasPrefix(s[i:], "${") {
			i += n
			continue
		}
		for i+1 < len(s) && (s[i+1] == '_' || s[i+1]|0x20 >= 'a' && s[i+1]|0x20 <= 'z' || s[i+1] >= '0' && s[i+1] <= '9') {
			i++
		}
	}
	return b.String()
}

// The lateness that nginx's buffering asks for: above its flush=, and without one as long as a quiet worker may hold
// its lines back, within reason.
const (
	promptly   = 2 * time.Second
	aboveFlush = 5 * time.Second
	unflushed  = 10 * time.Minute
)

// buffered returns the lateness for a log's options, and warns where it takes long.
func (f *finder) buffered(name string, options []string) time.Duration {
	if option(options, "buffer=") == "" && option(options, "flush=") == "" {
		return 0
	}
	flush, ok := nginxTime(option(options, "flush="))
	if ok && flush <= promptly {
		return 0
	}
	late, text := unflushed, "nginx holds its lines back until the buffer is full (no flush=)"
	if ok {
		late, text = min(flush+aboveFlush, time.Hour), "nginx holds its lines back for "+flush.String()
	}
	f.found.warn(name, text+": alerts come that much later, and its input needs lateness: "+late.String(), "flush=1s in its access_log")
	return late
}

// nginxTime reads a time as nginx writes it: 5, 30s, 1m30s, 500ms.
func nginxTime(s string) (sum time.Duration, ok bool) {
	units := map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	for rest := s; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseUint(rest[:digits], 10, 20)
		rest = rest[digits:]
		letters := len(rest) - len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))
		unit, known := units[rest[:letters]]
		if err != nil || !known {
			return 0, false
		}
		sum, rest = sum+time.Duration(n)*unit, rest[letters:]
	}
	return sum, s != ""
}

// logFormat returns a format for parse: nothing for combined, and for one that is better recognised line by line.
func (f *finder) logFormat(name, format string, known map[string]logFormat) string {
	l, ok := known[format]
	if !ok {
		return ""
	}
	if l.escape == "none" {
		f.found.warn(name, "log_format "+format+" has escape=none: strangers can write lines into this log", "escape=json or escape=default")
	}
	text := l.parseable(format)
	if _, err := parse.New(parse.Options{LogFormat: text}); text == "" || err != nil {
		why := "its quotes can't be told apart"
		if err != nil {
			why = strings.TrimPrefix(err.Error(), "log_format: ")
		}
		f.found.warn(name, "log_format "+format+" can't be used: "+why, "fedwarden snippet nginx-logformat")
		return ""
	}
	return text
}

// parseable writes a format as parse takes it, where it can be written so.
func (l logFormat) parseable(name string) string {
	text := l.text
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, `'`) || l.escape == "none" {
		quote := "'"
		if strings.Contains(text, quote) {
			quote = `"`
		}
		if strings.Contains(text, quote) {
			return ""
		}
		text = quote + text + quote
	}
	if l.escape == "none" {
		return "log_format " + name + " escape=none " + text
	}
	return text
}

// missing reports whether a log is not there yet, rather than closed.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
