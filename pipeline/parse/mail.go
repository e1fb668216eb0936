package parse

import "strings"

// maskMails masks mail addresses.
func maskMails(s string) string {
	for from := 0; ; {
		start, end := findMail(s, from)
		if end == 0 {
			return s
		}
		s = s[:start] + mask + s[end:]
		from = start + len(mask)
	}
}

// findMail returns where the first mail address after from begins and ends; 0, 0 for none. An address
// is whatever stands without a delimiter on both sides of an @, or of one that is percent-encoded.
func findMail(s string, from int) (start, end int) {
	for i := from; i < len(s); i++ {
		n := atSign(s[i:])
		if n == 0 {
			continue
		}
		start, end = i, i+n
		for start > from && !isDelimiter(s[start-1]) {
			start--
		}
		for end < len(s) && !isDelimiter(s[end]) {
			end++
		}
		if start < i && end > i+n {
			return start, end
		}
	}
	return 0, 0
}

func atSign(s string) int {
	switch {
	case s[0] == '@':
		return 1
	case strings.HasPrefix(s, "%40"):
		return 3
	}
	return 0
}

func isDelimiter(c byte) bool { return c <= ' ' || strings.IndexByte(`<>()[]{};,:"'=/\|&`, c) >= 0 }
