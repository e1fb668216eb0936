package discover

import (
	"fmt"
	"strings"
)

// The bounds of a configuration.
const (
	maxConfig     = 4 << 20 // bytes of one file
	maxDirectives = 100_000 // of all files
	maxDepth      = 32      // of blocks, includes among them
)

// A directive is a line of nginx's configuration, or a block.
type directive struct {
	words    []string
	children []directive // of a block
	block    bool
	line     int
}

func (d *directive) name() string { return d.words[0] }

// A scanner takes a configuration apart as nginx does.
type scanner struct {
	text string
	at   int
	line int
	left int // directives that may still come
}

// scan reads the text of a configuration.
func scan(text string, most int) ([]directive, error) {
	s := scanner{text: text, line: 1, left: most}
	list, err := s.block(0)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", s.line, err)
	}
	return list, nil
}

// block reads directives up to the end of the block, or of the text at depth 0.
func (s *scanner) block(depth int) ([]directive, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("blocks are nested more than %d deep", maxDepth)
	}
	var list []directive
	for {
		d, end, err := s.directive(depth)
		if err != nil {
			return nil, err
		}
		if end {
			return list, nil
		}
		if s.left--; s.left < 0 {
			return nil, fmt.Errorf("more than %d directives", maxDirectives)
		}
		list = append(list, d)
	}
}

// directive reads one, with its block if it has one.
func (s *scanner) directive(depth int) (d directive, end bool, err error) {
	for {
		s.blanks()
		if d.line == 0 {
			d.line = s.line
		}
		switch c := s.peek(); {
		case c == 0 && s.at >= len(s.text):
			if len(d.words) > 0 || depth > 0 {
				return d, false, fmt.Errorf("the file ends within a directive or a block")
			}
			return d, true, nil
		case c == '}' && len(d.words) == 0 && depth > 0:
			s.at++
			return d, true, nil
		case c == '}':
			return d, false, fmt.Errorf(`unexpected "}"`)
		case (c == ';' || c == '{') && len(d.words) == 0:
			return d, false, fmt.Errorf("unexpected %q", c)
		case c == ';':
			s.at++
			return d, false, nil
		case c == '{':
			s.at++
			d.block = true
			if strings.HasSuffix(d.name(), "_by_lua_block") {
				return d, false, s.skipBraces()
			}
			d.children, err = s.block(depth + 1)
			return d, false, err
		}
		word, err := s.word()
		if err != nil {
			return d, false, err
		}
		d.words = append(d.words, word)
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// blanks skips blanks and comments.
func (s *scanner) blanks() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		case '#':
			n := strings.IndexByte(s.text[s.at:], '\n')
			if n < 0 {
				n = len(s.text) - s.at
			}
			s.at += n
			continue
		default:
			return
		}
		s.at++
	}
}

// word reads a word, quoted or bare.
func (s *scanner) word() (string, error) {
	var b strings.Builder
	quote := s.peek()
	if quote != '"' && quote != '\'' {
		quote = 0
	} else {
		s.at++
	}
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '\\' && s.at+1 < len(s.text):
			b.WriteString(unescape(s.text[s.at+1]))
			s.count(s.text[s.at+1])
			s.at += 2
			continue
		case quote != 0 && c == quote:
			s.at++
			return b.String(), nil
		case quote == 0 && (strings.IndexByte(" \t\r\n;", c) >= 0 || c == '{' && !strings.HasSuffix(s.text[:s.at], "$")):
			return b.String(), nil
		}
		s.count(c)
		b.WriteByte(c)
		s.at++
	}
	return "", fmt.Errorf("the file ends within a word")
}

func (s *scanner) count(c byte) {
	if c == '\n' {
		s.line++
	}
}

// unescape returns what nginx makes of a backslash and c.
func unescape(c byte) string {
	switch c {
	case '"', '\'', '\\':
		return string(rune(c))
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case 'n':
		return "\n"
	}
	return string([]byte{'\\', c})
}

// skipBraces skips a block of another language.
func (s *scanner) skipBraces() error {
	for open := 1; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				s.at++
				return nil
			}
		default:
			s.count(c)
		}
	}
	return fmt.Errorf("the file ends within a block of Lua")
}
