package sinks

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

// maxMarks bounds the combining marks upon one letter: more than that is no language, but a tower.
const maxMarks = 4

// clean returns s as one line without anything that is not text: escape sequences, control characters,
// bidirectional and invisible characters are gone, white space of any kind is a space, broken UTF-8 is
// U+FFFD. It is at most max UTF-16 units long, as Slack counts; what was cut ends in an ellipsis.
func clean(s string, max int) string {
	w := bounded{left: max}
	marks := 0
	for len(s) > 0 && !w.full {
		if n := escapeSequence(s); n > 0 {
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		if r = textRune(r); r >= 0 && marks <= maxMarks {
			w.add(string(r))
		}
	}
	return w.String()
}

// textRune returns r as it may be shown, or -1 for what is no text.
func textRune(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case r < ' ', unicode.In(r, unicode.C), isBlank(r):
		return -1
	}
	return r
}

// isBlank reports whether r is a letter by category, yet shows nothing.
func isBlank(r rune) bool {
	return r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\u2800' ||
		r == '\u034f' || unicode.Is(unicode.Variation_Selector, r)
}

// escapeSequence returns the length of the terminal's control sequence that s begins with, or 0.
func escapeSequence(s string) int {
	switch {
	case strings.HasPrefix(s, "\x1b["):
		return controlSequence(s, 2)
	case strings.HasPrefix(s, "\u009b"):
		return controlSequence(s, 2)
	case strings.HasPrefix(s, "\x1b]"):
		return commandSequence(s)
	}
	return 0
}

// controlSequence returns where the sequence (CSI) ends whose parameters begin at i.
func controlSequence(s string, i int) int {
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x3f {
		i++
	}
	if i < len(s) && s[i] >= 0x40 && s[i] <= 0x7e {
		i++
	}
	return i
}

// commandSequence returns where the command (OSC) at the start of s ends; one that never ends is as
// long as its introducer.
func commandSequence(s string) int {
	for i := 2; i < len(s) && s[i] != '\n'; i++ {
		if s[i] == '\a' {
			return i + 1
		}
		if strings.HasPrefix(s[i:], "\x1b\\") {
			return i + 2
		}
	}
	return 2
}

// A bounded is a text under construction that never grows longer than it was given room.
type bounded struct {
	b    strings.Builder
	left int // UTF-16 units that still fit
	mark int // length of the text with room for an ellipsis behind it
	full bool
}

// add appends s as a whole or, if there is no room, ends the text.
func (w *bounded) add(s string) {
	n := units(s)
	if w.full || n == 0 {
		return
	}
	if n > w.left {
		w.full = true
		return
	}
	w.b.WriteString(s)
	if w.left -= n; w.left > 0 {
		w.mark = w.b.Len()
	}
}

// String returns the text, with an ellipsis if something had no room.
func (w *bounded) String() string {
	if !w.full {
		return w.b.String()
	}
	return w.b.String()[:w.mark] + ellipsis
}

// units is the length of s in UTF-16 units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// slackMarkup writes s so that Slack reads no markup in it: no mention, no link, no formatting. It must
// be clean, and is cut to max.
func slackMarkup(s string, max int) string {
	w := bounded{left: max}
	before := ' '
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		w.add(slackRune(r, isWord(before) && isWord(after)))
		before = r
	}
	return w.String()
}

// slackRune escapes one rune of text outside code; inWord says that letters stand on both its sides,
// where an underscore is no markup.
func slackRune(r rune, inWord bool) string {
	switch r {
	case '*':
		return "∗"
	case '~':
		return "∼"
	case '_':
		if !inWord {
			return "ˍ"
		}
	}
	return slackCodeRune(r)
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// slackVerbatim writes s so that it can stand within a code span or block, and can't end it. It must be
// clean, and is cut to max.
func slackVerbatim(s string, max int) string {
	w := bounded{left: max}
	for _, r := range s {
		w.add(slackCodeRune(r))
	}
	return w.String()
}

func slackCodeRune(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '`':
		return "ˋ"
	}
	return string(r)
}

// slackPlain writes s for a plain_text object. Whether entities are decoded there is not documented, so
// that neither an entity nor a bracket is written.
func slackPlain(s string, max int) string {
	w := bounded{left: max}
	for _, r := range s {
		switch r {
		case '<':
			r = '‹'
		case '>':
			r = '›'
		case '&':
			r = '+'
		}
		w.add(string(r))
	}
	return w.String()
}

// CleanLine returns s for one line of a terminal: bounded, without control and bidi characters.
func CleanLine(s string) string { return clean(s, 200) }
