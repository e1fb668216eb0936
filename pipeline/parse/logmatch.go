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
	escaped := r.escaped
	m.now.escaped = escaped
	r.at[fieldStatus] = ""
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
	if n, ok := extent(it.kind, m.line[at:]); ok {
		return m.take(i, at, at+n)
	}
	return m.try(i, at)
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
func (m *matcher) try(i, from int) bool {
	next := m.last
	if i+1 < len(m.items) {
		next = m.items[i+1].text
	} else if next == "" {
		return m.take(i, from, len(m.line))
	}
	matched := false
	for to := from; m.steps > 0 && !m.twice; to++ {
		n := strings.Index(m.line[to:], next)
		if n < 0 {
			break
		}
		to += n
		matched = m.take(i, from, to) || matched
		if m.items[i].quoted {
			break
		}
	}
	return matched
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

// extent returns the length of a value that has a shape; not ok for free text.
func extent(k kind, s string) (int, bool) {
	switch k {
	case kindWord:
		return wordLen(s), true
	case kindLocal:
		return len(localLayout), len(s) >= len(localLayout) && isLocal(s[:len(localLayout)])
	case kindList:
		return listLen(s), true
	}
	return 0, false
}

// wordLen returns the length of the word with which s begins.
func wordLen(s string) int {
	if n := strings.IndexAny(s, " \t\"]|;"); n >= 0 {
		return n
	}
	return len(s)
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
