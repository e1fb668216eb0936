package identity

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxHost is the longest name that DNS has.
const maxHost = 253

// canonical returns a host in canonical form, or nothing if it is no name of a server on the internet: an
// address, a single label, a label that is empty, too long or of other characters than letters, digits, "-"
// and "_". The result shares text with raw where it can.
func canonical(raw string) string {
	if len(raw) > 4*maxHost {
		return ""
	}
	name := raw
	if i := strings.IndexByte(raw, ':'); i >= 0 {
		if !isNumber(raw[i+1:]) {
			return ""
		}
		name = raw[:i]
	}
	if needsIDNA(name) {
		if !utf8.ValidString(name) {
			return ""
		}
		ascii, err := profile().ToASCII(name)
		if err != nil {
			return ""
		}
		name = ascii
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !isName(name) {
		return ""
	}
	return name
}

// profile maps as browsers do (case, width, compatible forms) and refuses what could not be registered.
func profile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false), idna.Transitional(false))
}

// needsIDNA reports whether name has labels in Unicode, or encoded ones, whose encoding must be checked.
func needsIDNA(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return true
		}
	}
	for i := 0; i+4 <= len(name); i++ {
		if (i == 0 || name[i-1] == '.') && strings.EqualFold(name[i:i+4], "xn--") {
			return true
		}
	}
	return false
}

// isName reports whether a name in lower case is one of at least two labels and no address.
func isName(name string) bool {
	if len(name) > maxHost {
		return false
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '.' {
			continue
		}
		if !isLabel(name[start:i]) {
			return false
		}
		if i == len(name) {
			return start > 0 && !isNumeric(name[start:])
		}
		start = i + 1
	}
	return false
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isNumeric reports whether the last label makes the whole an IPv4 address in one of its many spellings:
// URL parsers take any host that ends in a number for one.
func isNumeric(label string) bool {
	hex, ok := strings.CutPrefix(label, "0x")
	if !ok {
		return isNumber(label)
	}
	return strings.Trim(hex, "0123456789abcdef") == ""
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }
