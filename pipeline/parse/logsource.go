package parse

import (
	"fmt"
	"strings"
)

// A source is the text of a log_format without its quoting in nginx's configuration, and where each byte
// of it stood.
type source struct {
	text string
	at   []int
	raw  bool // escape=none
}

// column returns the 1-based column in the configuration of a byte of the text.
func (s *source) column(i int) int {
	if i < len(s.at) {
		return s.at[i] + 1
	}
	return 1
}

// unquote reads nginx's quoting: pieces in ' or ", which are joined; text without either stands for
// itself. What precedes them, "log_format name escape=…", is not the format.
func unquote(format string) (*source, error) {
	rest, s := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(format), ";")), &source{}
	rest = s.directive(rest)
	at := strings.Index(format, rest)
	if rest == "" || rest[0] != '\'' && rest[0] != '"' {
		s.append(rest, at)
		return s, nil
	}
	for rest != "" {
		quote := rest[0]
		if quote != '\'' && quote != '"' {
			return nil, fmt.Errorf("log_format: column %d: text outside the quotes", at+1)
		}
		end := strings.IndexByte(rest[1:], quote)
		if end < 0 {
			return nil, fmt.Errorf("log_format: column %d: the quote %c is not closed", at+1, quote)
		}
		s.append(rest[1:1+end], at+1)
		after := strings.TrimLeft(rest[end+2:], " \t\r\n")
		at, rest = at+len(rest)-len(after), after
	}
	return s, nil
}

// directive takes "log_format name escape=…" off a format.
func (s *source) directive(text string) string {
	after, ok := strings.CutPrefix(text, "log_format")
	if !ok || after == "" || strings.IndexByte(" \t\r\n", after[0]) < 0 {
		return text
	}
	_, after = word(after) // the format's name
	if w, rest := word(after); strings.HasPrefix(w, "escape=") {
		s.raw = w == "escape=none"
		after = rest
	}
	return strings.TrimLeft(after, " \t\r\n")
}

// word returns the first word of s and what follows it.
func word(s string) (string, string) {
	s = strings.TrimLeft(s, " \t\r\n")
	n := strings.IndexAny(s, " \t\r\n")
	if n < 0 {
		n = len(s)
	}
	return s[:n], s[n:]
}

// append appends a piece that stands at a place of the configuration.
func (s *source) append(piece string, at int) {
	s.text += piece
	for i := range len(piece) {
		s.at = append(s.at, at+i)
	}
}
