package identity

import (
	"strings"
	"unicode/utf8"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxActor bounds an Actor in bytes; a longer key id names none.
const maxActor = 512

// keyEndings are what servers append to an actor's path to make it a key id, where others use a fragment.
var keyEndings = [...]string{"/main-key", "/publickey", "/public-key"}

// actorOf returns the actor that a key id on the host domain names, or nothing: scheme, canonical host and
// path, without port, query, fragment and the endings of keys; or acct:user@host. The key of an instance or
// a relay names an actor too. Where the key id is canonical, and nearly all are, the result is a part of it.
func actorOf(keyID string, domain pipeline.Domain) pipeline.Actor {
	id, _, _ := strings.Cut(keyID, "#")
	id, _, _ = strings.Cut(id, "?")
	if len(id) > maxActor || !isClean(id) {
		return ""
	}
	if hasPrefixFold(id, "acct:") {
		return acct(id, string(domain))
	}
	scheme, path, ok := splitURL(id)
	if !ok {
		return ""
	}
	path = trimKey(path)
	actor := join(id, scheme, string(domain), path)
	if len(actor) > maxActor {
		return ""
	}
	return pipeline.Actor(actor)
}

// join returns scheme, host and path as one, sharing text with id if that is how it begins.
func join(id, scheme, host, path string) string {
	n := len(scheme) + len(host)
	if strings.HasPrefix(id, scheme) && strings.HasPrefix(id[len(scheme):], host) && strings.HasPrefix(id[n:], path) {
		return id[:n+len(path)]
	}
	return scheme + host + path
}

// splitURL returns a URL's scheme in lower case with its slashes, and its path, which is "/" at least.
func splitURL(url string) (scheme, path string, ok bool) {
	for _, scheme = range [...]string{"https://", "http://"} {
		if hasPrefixFold(url, scheme) {
			i := strings.IndexByte(url[len(scheme):], '/')
			if i < 0 {
				return scheme, "/", true
			}
			return scheme, url[len(scheme)+i:], true
		}
	}
	return "", "", false
}

// trimKey returns an actor's path without what makes it a key's, and without a slash at its end.
func trimKey(path string) string {
	for _, ending := range keyEndings {
		if n := len(path) - len(ending); n > 0 && strings.EqualFold(path[n:], ending) {
			path = path[:n]
			break
		}
	}
	if n := len(path) - 1; n > 0 && path[n] == '/' {
		return path[:n]
	}
	return path
}

// acct returns the canonical form of acct:user@host.
func acct(id, domain string) pipeline.Actor {
	user, _, ok := strings.Cut(id[len("acct:"):], "@")
	if !ok || user == "" || strings.IndexByte(user, '/') >= 0 {
		return ""
	}
	return pipeline.Actor(join(id, "acct:", user+"@"+domain, ""))
}

// isClean reports whether s is valid UTF-8 without spaces, quotes and control characters.
func isClean(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80:
			return isCleanText(s)
		case c <= ' ', c == 0x7f, c == '"', c == '<', c == '>', c == '\\':
			return false
		}
	}
	return true
}

func isCleanText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029 || strings.ContainsRune("\"<>\\", r) || pipeline.IsBidi(r) {
			return false
		}
	}
	return true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
