package parse

import "strings"

// maxSteps bounds how many ways are tried to read one line.
const maxSteps = 1000

// A matcher fits one line to a log_format. A value that stands between quotes ends at the next one. Any
// other value of free text may hold what follows it in the format, so all its ends are tried; a line
// that can be read in two ways that matter is rejected, for a stranger could have written one of them.
type matcher struct {
	*logFormat
	line  string
	now   record
	found *record
	twice bool
	far   int
	steps int
}

// read reads a line of the format.
func (f *logFormat) read(line string, r *record) *Error {
	m := matcher{logFormat: f, line: line, found: r, steps: maxSteps}
	m.now.escaped = r.escaped
	matched := m.match(0, 0)
	switch {
	case m.twice || m.steps <= 0:
		return &Error{Column: m.far + 1, Reason: reasonAmbiguous}
	case !matched:
		return &Error{Column: m.far + 1, Reason: reasonLogFormat}
	}
	return nil
}

// match reports whether the line from a place on is what the format from an item on says.
func (m *matcher) match(i, at int) bool {
	m.far = max(m.far, at)
	if m.steps--; m.steps <= 0 || m.twice {
		return false
	}
	if i == len(m.items) {
		return m.line[at:] == m.last && m.note()
	}
	it := &m.items[i]
	if !strings.HasPrefix(m.line[at:], it.text) {
		return false
	}
	at += len(it.text)
	next := m.last
	if i+1 < len(m.items) {
		next = m.items[i+1].text
	}
	n, ok := extent(it.kind, m.line[at:], next)
	switch {
	case ok:
		return m.take(i, at, at+n)
	case it.kind == kindLocal:
		m.far = max(m.far, at)
		return false
	case next == "":
		return m.take(i, at, len(m.line))
	}
	return m.try(i, at, next)
}

// take reads an item's value and goes on after it.
func (m *matcher) take(i, from, to int) bool {
	it := &m.items[i]
	before := m.now.at[it.field]
	if it.field != fieldNone {
		m.now.at[it.field] = m.line[from:to]
	}
	ok := m.match(i+1, to)
	m.now.at[it.field] = before
	return ok
}

// try tries all ends of a value of free text.
func (m *matcher) try(i, from int, next string) (matched bool) {
	for to := from; m.steps > 0 && !m.twice; to++ {
		n := strings.Index(m.line[to:], next)
		if n < 0 {
			break
		}
		to += n
		quoted := m.items[i].quoted
		if quoted && isEscaped(m.line[from:to]) {
			continue // escape=json, within the value
		}
		matched = m.take(i, from, to) || matched
		if quoted {
			break
		}
	}
	return matched
}

// isEscaped reports whether what follows s is escaped by a backslash at its end.
func isEscaped(s string) bool {
	n := len(s)
	for n > 0 && s[n-1] == '\\' {
		n--
	}
	return (len(s)-n)%2 == 1
}

// note notes a whole reading.
func (m *matcher) note() bool {
	if m.found.at[fieldStatus] == "" {
		*m.found = m.now
	} else if m.found.at != m.now.at {
		m.twice = true
	}
	return true
}

// extent returns the length of a value that has a shape; not ok for free text, and for a word before
// text that could be a piece of it.
func extent(k kind, s, next string) (int, bool) {
	switch k {
	case kindWord:
		return wordLen(s), next == "" || strings.IndexByte(wordEnds, next[0]) >= 0
	case kindNumber:
		return numberLen(s), true
	case kindLocal:
		return len(localLayout), len(s) >= len(localLayout) && isLocal(s[:len(localLayout)])
	case kindList:
		return listLen(s), true
	}
	return 0, false
}

// wordEnds are what no word holds.
const wordEnds = " \t\"]|;"

// wordLen returns the length of the word with which s begins.
func wordLen(s string) int {
	if n := strings.IndexAny(s, wordEnds); n >= 0 {
		return n
	}
	return len(s)
}

// numberLen returns the length of the number, or the "-", with which s begins.
func numberLen(s string) int {
	n := 0
	for n < len(s) && (s[n]-'0' <= 9 || s[n] == '.') {
		n++
	}
	if n == 0 && strings.HasPrefix(s, "-") {
		return 1
	}
	return n
}

// listLen returns the length of the list with which s begins: nginx parts upstreams by ", " and " : ".
func listLen(s string) int {
	n := wordLen(s)
	for {
		switch rest := s[n:]; {
		case n > 0 && s[n-1] == ',' && strings.HasPrefix(rest, " "):
			n += 1 + wordLen(rest[1:])
		case strings.HasPrefix(rest, " : "):
			n += 3 + wordLen(rest[3:])
		default:
			return n
		}
	}
}
