package parse

import "strings"

// readText reads a line of Sidekiq's text formats.
func (en *entry) readText(line string) bool {
	rest, first := levelFirst(line)
	if len(rest) > len(isoLayout) && rest[4] == '-' && rest[10] == 'T' {
		stamp, after, ok := strings.Cut(rest, " ")
		if !ok || len(stamp) > 40 {
			return false
		}
		en.stamp, rest = stamp, after
	}
	if !strings.HasPrefix(rest, "pid=") {
		return false
	}
	if first {
		return en.readFields8(rest) && en.known()
	}
	return en.readFields7(rest) && en.known()
}

// known reports whether a line has what every line has: process and thread.
func (en *entry) known() bool { return isName(en.pid) && isName(en.tid) }

// levelFirst takes off the level that 8 begins with, and its colours.
func levelFirst(line string) (rest string, first bool) {
	rest = uncolour(line)
	n := 0
	for n < len(rest) && n < 8 && rest[n]-'A' <= 'Z'-'A' {
		n++
	}
	if !isLevel(rest[:n]) || n == len(rest) {
		return line, false
	}
	return strings.TrimLeft(uncolour(strings.TrimLeft(rest[n:], " ")), " "), true
}

// uncolour takes off one ANSI colour: "␛[1;34m", or as rsyslog writes it, "#033[1;34m".
func uncolour(s string) string {
	n := 2
	if strings.HasPrefix(s, "#033[") {
		n = 5
	} else if !strings.HasPrefix(s, "\x1b[") {
		return s
	}
	for n < len(s) && n < 15 && (s[n]-'0' <= 9 || s[n] == ';') {
		n++
	}
	if n < len(s) && s[n] == 'm' {
		return s[n+1:]
	}
	return s
}

func isLevel(s string) bool {
	switch s {
	case "INFO", "WARN", "ERROR", "FATAL", "DEBUG", "ANY", "UNKNOWN":
		return true
	}
	return false
}

// readFields7 reads "pid=N tid=T class=C jid=J LEVEL: msg". A tag may hold blanks: a word that is neither
// a level nor name=value belongs to it.
func (en *entry) readFields7(s string) bool {
	for range maxFields {
		word, rest, ok := strings.Cut(s, " ")
		if level, is := strings.CutSuffix(word, ":"); is && isLevel(level) {
			en.msg = rest
			return true
		}
		if !ok {
			return false
		}
		en.set(word)
		s = rest
	}
	return false
}

// maxFields bounds how many words stand before a message.
const maxFields = 64

// readFields8 reads "pid=N tid=T jid=J class=C: msg" and "pid=N tid=T context=… job={…}: msg".
func (en *entry) readFields8(s string) bool {
	for range maxFields {
		if context, ok := strings.CutPrefix(s, "context="); ok {
			en.readContext(context)
			return true
		}
		word, rest, ok := strings.Cut(s, " ")
		if word, is := strings.CutSuffix(word, ":"); is {
			en.set(word)
			en.msg = rest
			return true
		}
		if !ok {
			return false
		}
		en.set(word)
		s = rest
	}
	return false
}

// set sets the field that a word, name=value, names; the first of a name counts.
func (en *entry) set(word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "pid":
		first(&en.pid, value)
	case "tid":
		first(&en.tid, value)
	case "class":
		first(&en.class, value)
	case "jid":
		first(&en.jid, value)
	case "elapsed":
		first(&en.elapsed, value)
	}
}

// readContext reads "Job raised exception job={…}: message (Class)". A job that is no JSON stands there
// as it came, so that only the end of the line can be told from it.
func (en *entry) readContext(s string) {
	context, rest, ok := strings.Cut(s, " job=")
	if ok && !strings.Contains(context, " jobstr=") {
		o := object{text: rest}
		en.context, en.job = context, o.skipValue()
		en.msg = strings.TrimPrefix(rest[o.at:], ": ")
		return
	}
	en.context, _, _ = strings.Cut(s, " jobstr=")
	if i := strings.LastIndex(s, " ("); i >= 0 {
		en.msg = s[i:]
	}
}
