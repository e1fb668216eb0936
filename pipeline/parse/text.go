package parse

import (
	"strings"
	"unsafe"
)

// cut returns the first n bytes of s.
func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// isDigits reports whether s is a number without sign.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

// isAlnum reports whether c is a letter or a digit of ASCII.
func isAlnum(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 'z'-'a' }

// hasPrefixFold reports whether s begins with prefix, which is in lower case, whatever the case of s.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// lower returns s with ASCII letters in lower case; s itself if they are.
func lower(s string) string {
	for i := range len(s) {
		if s[i]-'A' <= 'Z'-'A' {
			return lowered(s)
		}
	}
	return s
}

func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c-'A' <= 'Z'-'A' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// column returns the 1-based column of part in line, of which it is a piece; 1 if it is none.
func column(line, part string) int {
	at := uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(line)))
	if part == "" && at == 0 || at > uintptr(len(line)) {
		return 1
	}
	return int(at) + 1
}
