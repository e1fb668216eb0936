package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// wrapped reports whether a line may be in an envelope, by its first bytes alone. It is asked of every
// line, so it is cheap, above all where an address begins it: no container is looked for whose name begins
// with a digit. What it lets pass is looked at by prefixed and Opener.object.
func wrapped(line string) bool {
	if len(line) < 4 {
		return false
	}
	switch c := line[0]; {
	case c == '{' || c == '<':
		return true
	case c == '"':
		return line[1] == '{'
	case c-'0' <= 9:
		return line[3] != '.' && (isDated(line) || isUnixDated(line))
	case c == '\x1b':
		return composeBar(uncolour(line)) > 0
	case isAlnum(c):
		return line[3] == ' ' && (isShortStamp(line) || isWeekday(line)) || composeBar(line) > 0
	}
	return false
}

// prefixed takes off the envelope that stands before a line as text.
func prefixed(line string) (r Record, ok bool) {
	if len(line) < 4 {
		return r, false
	}
	switch c := line[0]; {
	case c == '<':
		return pri(line)
	case c-'0' <= 9 && isDated(line):
		return dated(line)
	case c-'0' <= 9:
		return unixDated(line)
	case line[3] == ' ' && isShortStamp(line):
		return short(line)
	case line[3] == ' ' && isWeekday(line):
		return full(line)
	}
	return compose(line)
}

// isDated reports whether a line begins with a stamp of RFC 3339 that is not Sidekiq's own.
func isDated(line string) bool {
	if len(line) < 22 || line[4] != '-' || line[10] != 'T' || line[13] != ':' {
		return false
	}
	sp := strings.IndexByte(line[19:min(len(line), 40)], ' ')
	return sp > 0 && (!strings.HasPrefix(line[19+sp:], " pid=") || isEngineStamp(line[:19+sp]))
}

// isUnixDated reports whether a line begins as those of journalctl -o short-unix: "1795418498.146123 ".
func isUnixDated(line string) bool {
	return len(line) > 18 && line[10] == '.' && line[17] == ' ' && isDigits(line[:10]) && isDigits(line[11:17])
}

// isWeekday reports whether a line begins as those of journalctl -o short-full: "Mon 2026-11-23 ".
func isWeekday(line string) bool {
	return len(line) > 28 && line[8] == '-' && line[11] == '-' && line[14] == ' ' && line[17] == ':' && isDigits(line[4:8])
}

// dated reads what follows a stamp of RFC 3339 with its zone: CRI, syslog as rsyslog, syslog-ng and
// journalctl -o short-iso write it, a platform's router, or nothing but the line (docker logs -t).
func dated(line string) (r Record, ok bool) {
	stamp, rest, _ := strings.Cut(line, " ")
	if r.Time, ok = absolute(stamp); !ok {
		return Record{}, false
	}
	if cri(rest, &r) || tagged(rest, &r) || routed(rest, &r) {
		return r, true
	}
	if isEngineStamp(stamp) {
		r.Text = rest
		return r, true
	}
	return Record{}, false
}

// absolute reads a stamp of RFC 3339 that names its zone.
func absolute(s string) (pipeline.Time, bool) {
	if len(s) <= len(isoLayout) || len(s) > 40 {
		return 0, false
	}
	if _, _, tail := decimals(s[len(isoLayout):]); tail == "" {
		return 0, false
	}
	t, _, ok := readISO(s, nil)
	return t, ok
}

// isEngineStamp reports whether a stamp is as a container engine writes it: always nine decimals.
func isEngineStamp(s string) bool { return len(s) == len(isoLayout)+11 && s[len(s)-1] == 'Z' }

// cri reads "stdout F …", P being a piece of a line.
func cri(s string, r *Record) bool {
	rest, out := strings.CutPrefix(s, "stdout ")
	if !out {
		if rest, r.Err = strings.CutPrefix(s, "stderr "); !r.Err {
			return false
		}
	}
	tags, text, ok := strings.Cut(rest, " ")
	if tag, _, _ := strings.Cut(tags, ":"); !ok || tag != "F" && tag != "P" {
		r.Err = false
		return false
	}
	r.Text, r.Cut = text, rest[0] == 'P'
	return true
}

// routed reads "app[web] dc1 [info]…", as a platform's log router has it.
func routed(s string, r *Record) bool {
	source, rest, ok := strings.Cut(cut(s, 256), " ")
	kind, process, named := strings.Cut(strings.TrimSuffix(source, "]"), "[")
	if !ok || !named || !strings.HasSuffix(source, "]") || !isName(kind) || !isTag(process) {
		return false
	}
	place, rest, ok := strings.Cut(rest, " [")
	level, _, closed := strings.Cut(rest, "]")
	if !ok || !closed || !isTag(place) || !isWord(level) || level != lower(level) {
		return false
	}
	r.Origin.Host, r.Origin.Program = place, process
	r.Text = s[len(source)+len(place)+len(level)+len("  []"):]
	return true
}

// maxComposeName bounds the name of a container before compose's bar.
const maxComposeName = 128

// composeBar returns where the bar stands in "web-1  | …", 0 for nowhere.
func composeBar(line string) int {
	name := strings.IndexByte(line[:min(len(line), maxComposeName)], ' ')
	if name <= 0 {
		return 0
	}
	at := name + 1
	for at < len(line) && at < maxComposeName && line[at] == ' ' {
		at++
	}
	if at == len(line) || line[at] != '|' {
		return 0
	}
	for i := range name {
		if !isNameByte(line[i]) {
			return 0
		}
	}
	return at
}

func isNameByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' }

// compose reads what docker compose logs writes, coloured or not: "web-1  | …", "web_1    | …"; with -t
// a stamp stands before the line.
func compose(line string) (r Record, ok bool) {
	rest := uncolour(line)
	bar := composeBar(rest)
	if bar == 0 {
		return r, false
	}
	name := strings.TrimRight(rest[:bar], " ")
	r.Text = rest[bar+1:]
	if len(rest) < len(line) { // the colour ends before or after the blank
		r.Text = strings.TrimPrefix(r.Text, "\x1b[0m")
		r.Text = strings.TrimPrefix(strings.TrimPrefix(r.Text, " "), "\x1b[0m")
	} else {
		r.Text = strings.TrimPrefix(r.Text, " ")
	}
	r.Origin.Container, r.Origin.Service = name, composeService(name)
	if stamp, _, _ := strings.Cut(cut(r.Text, 40), " "); isEngineStamp(stamp) && len(stamp) < len(r.Text) {
		if t, ok := absolute(stamp); ok {
			r.Time, r.Text = t, r.Text[len(stamp)+1:]
		}
	}
	return r, true
}

// composeService returns the service of a container's name: what stands before its number.
func composeService(name string) string {
	i := strings.LastIndexAny(name, "-_")
	if i <= 0 || !isDigits(name[i+1:]) {
		return name
	}
	return name[:i]
}
