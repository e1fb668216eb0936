package parse

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// An arena holds what had to be unescaped. Its strings live until reset.
type arena struct{ buf []byte }

// keptArena is how much memory an arena keeps for the next batch.
const keptArena = 256 << 10

// reset empties the arena; the strings that it gave out are void.
func (a *arena) reset() {
	if cap(a.buf) > keptArena {
		a.buf = nil
	}
	a.buf = a.buf[:0]
}

// room returns an empty slice that n bytes can be appended to without moving.
func (a *arena) room(n int) []byte {
	if cap(a.buf)-len(a.buf) < n {
		a.buf = make([]byte, 0, max(n, 4<<10, min(2*cap(a.buf), keptArena))) // the old one lives on in its strings
	}
	return a.buf[len(a.buf):len(a.buf):cap(a.buf)]
}

// keep makes a string of b, which was room.
func (a *arena) keep(b []byte) string {
	a.buf = a.buf[:len(a.buf)+len(b)]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// unescape undoes what nginx's escape=default (\xHH) and escape=json (\n, \", \u00HH …) do. The result
// is no longer than s. An escape of neither kind stands for itself.
func (a *arena) unescape(s string) string {
	b := a.room(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			return a.keep(append(b, s...))
		}
		b = append(b, s[:i]...)
		var n int
		b, n = appendEscape(b, s[i+1:])
		s = s[i+1+n:]
	}
}

// appendEscape appends what the escape after a backslash stands for, and returns its length.
func appendEscape(b []byte, s string) ([]byte, int) {
	switch s[0] {
	case '"', '\\', '/':
		return append(b, s[0]), 1
	case 'n':
		return append(b, '\n'), 1
	case 't':
		return append(b, '\t'), 1
	case 'r':
		return append(b, '\r'), 1
	case 'b':
		return append(b, '\b'), 1
	case 'f':
		return append(b, '\f'), 1
	case 'x':
		if v, ok := hex(s[1:], 2); ok {
			return append(b, byte(v)), 3
		}
	case 'u':
		if v, ok := hex(s[1:], 4); ok {
			return appendRune(b, v, s[5:])
		}
	}
	return append(b, '\\'), 0
}

// appendRune appends the character of \uHHHH, which may be the first half of a pair, then followed by s.
func appendRune(b []byte, v rune, s string) ([]byte, int) {
	if utf16.IsSurrogate(v) && len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
		if low, ok := hex(s[2:], 4); ok && utf16.DecodeRune(v, low) != utf8.RuneError {
			return utf8.AppendRune(b, utf16.DecodeRune(v, low)), 11
		}
	}
	return utf8.AppendRune(b, v), 5
}

// hex reads n hexadecimal digits.
func hex(s string, n int) (v rune, ok bool) {
	if len(s) < n {
		return 0, false
	}
	for i := range n {
		c := s[i]
		switch {
		case c-'0' <= 9:
			v = v<<4 | rune(c-'0')
		case (c|0x20)-'a' <= 5:
			v = v<<4 | rune((c|0x20)-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}
