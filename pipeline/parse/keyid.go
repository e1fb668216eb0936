package parse

import (
	"net/netip"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxKeyID and maxHost bound what is kept of a key id and of a host.
const (
	maxKeyID = 512
	maxHost  = 255
)

// setKey sets KeyID and KeyHost from a bare key id, as Rails logs it. The forms are
//
//	https://host/users/x#main-key   https://host/actor#main-key    https://host/users/x/main-key
//	https://host/key/…              https://host/users/123?#…      acct:user@host
//
// A query is dropped with all that follows it. An id that names no host, or hides it behind user
// information, has no KeyHost.
func setKey(e *pipeline.Event, keyID string) {
	id := strings.TrimSpace(keyID)
	if i := strings.IndexByte(id, '?'); i >= 0 {
		id = id[:i]
	}
	e.KeyID = cut(id, maxKeyID)
	e.KeyHost = keyHost(e.KeyID)
}

// setSignature sets KeyID and KeyHost from a Signature header (draft-cavage) or, where that has none, a
// Signature-Input header (RFC 9421).
func setSignature(e *pipeline.Event, signature, input string) {
	id := parameter(signature, "keyId")
	if id == "" {
		id = parameter(input, "keyid")
	}
	if id != "" {
		setKey(e, id)
	}
}

// parameter returns the value of name="value" in a header; it stands at the start or after a separator.
func parameter(header, name string) string {
	for from := 0; ; {
		i := strings.Index(header[from:], name)
		if i < 0 {
			return ""
		}
		at := from + i
		from = at + len(name)
		if at > 0 && strings.IndexByte(",; \t", header[at-1]) < 0 {
			continue
		}
		if value, ok := quoted(header[from:]); ok {
			return value
		}
	}
}

// quoted reads ="value".
func quoted(s string) (string, bool) {
	if !strings.HasPrefix(s, `="`) {
		return "", false
	}
	end := strings.IndexByte(s[2:], '"')
	if end < 0 {
		return "", false
	}
	return s[2 : 2+end], true
}

// keyHost returns the host that a key id names, in lower case, or nothing.
func keyHost(id string) string {
	if hasPrefixFold(id, "acct:") {
		user, host, ok := strings.Cut(id[len("acct:"):], "@")
		if !ok || user == "" {
			return ""
		}
		return cleanHost(host)
	}
	return urlHost(id)
}

// urlHost returns the host of an http or https URL, in lower case and without port, or nothing.
func urlHost(url string) string {
	if !hasPrefixFold(url, "https://") && !hasPrefixFold(url, "http://") {
		return ""
	}
	_, rest, _ := strings.Cut(url, "://")
	return cleanHost(cut(rest, authority(rest)))
}

// authority returns the length of the authority with which a URL goes on after its scheme.
func authority(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '/', '?', '#', ' ', ')', ';', ',', '>', '<', '"', '\'':
			return i
		}
	}
	return len(s)
}

// cleanHost returns a host without its port, in lower case; nothing if it can't be one.
func cleanHost(host string) string {
	if host != "" && host[0] == '[' {
		return literalHost(host)
	}
	if name, port, ok := strings.Cut(host, ":"); ok {
		if port != "" && !isDigits(port) {
			return ""
		}
		host = name
	}
	if !isHost(host) {
		return ""
	}
	return lower(host)
}

// literalHost reads an IPv6 address in brackets.
func literalHost(host string) string {
	inner, after, ok := strings.Cut(host[1:], "]")
	if !ok || after != "" && (after[0] != ':' || !isDigits(after[1:])) {
		return ""
	}
	addr, err := netip.ParseAddr(cut(inner, 64))
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return ""
	}
	return lower(inner)
}

// isHost reports whether s may be a name or an IPv4 address; what is not ASCII is left to identity.
func isHost(s string) bool {
	if s == "" || len(s) > maxHost || s[0] == '.' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '.' && c != '-' && c != '_' && c < 0x80 {
			return false
		}
	}
	return true
}
