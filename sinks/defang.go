package sinks

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// A defanger takes from hosts and URLs what a chat or a terminal would make a link of.
type defanger struct {
	own       string // the own instance's host, which stays as it is
	addresses bool   // bracket IPv4 addresses too
}

// labels is a run of labels; all four dots that browsers know are dots.
const labels = `([\pL\pM\pN_-]+(?:[.。．｡]+[\pL\pM\pN_-]+)*)`

// hostOrScheme finds what could become a link: a scheme, perhaps with a host, or what may be a host.
var hostOrScheme = regexp.MustCompile(`(?i)(https?://)` + labels + `?|` + labels)

var dots = regexp.MustCompile(`[.。．｡]`)

// text defangs all that looks like a host or a URL in s.
func (d defanger) text(s string) string {
	var b strings.Builder
	done := 0
	for _, m := range hostOrScheme.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(s[done:m[0]])
		b.WriteString(d.match(s, m))
		done = m[1]
	}
	b.WriteString(s[done:])
	return b.String()
}

// match returns one find of hostOrScheme, defanged.
func (d defanger) match(s string, m []int) string {
	if m[2] < 0 {
		return d.host(s[m[0]:m[1]])
	}
	scheme := s[m[2]:m[3]]
	if m[4] < 0 {
		return defangScheme(scheme)
	}
	host := s[m[4]:m[5]]
	if d.isOwn(host) && endsHost(s[m[1]:]) {
		return scheme + host
	}
	return defangScheme(scheme) + d.host(host)
}

// isOwn reports whether host is the own instance: exactly it, no host below it.
func (d defanger) isOwn(host string) bool { return d.own != "" && strings.EqualFold(host, d.own) }

// endsHost reports whether rest, which follows a host in a URL, can't make it another's: what stands
// before an @ is no host, and neither is what goes on.
func endsHost(rest string) bool {
	return rest == "" || strings.ContainsRune("/ \"')],", rune(rest[0]))
}

// defangScheme returns http:// and https:// as hxxp:// and hxxps://.
func defangScheme(scheme string) string {
	return strings.NewReplacer("t", "x", "T", "X").Replace(scheme)
}

// host brackets the dots of s if it is the name of a host or, if so wished, an address.
func (d defanger) host(s string) string {
	if d.isOwn(s) {
		return s
	}
	addr, err := netip.ParseAddr(s)
	if isAddress := err == nil && addr.Is4(); isAddress && d.addresses || !isAddress && isHost(s) {
		return dots.ReplaceAllLiteralString(s, "[.]")
	}
	return s
}

// isHost reports whether s can be the name of a host: its last label is one that top-level domains
// have, and not the ending of a file that none has.
func isHost(s string) bool {
	at := dots.FindAllStringIndex(s, -1)
	if at == nil {
		return false
	}
	last := strings.ToLower(s[at[len(at)-1][1]:])
	if strings.HasPrefix(last, "xn--") {
		return true
	}
	letters := 0
	for _, r := range last {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			return false
		}
		letters++
	}
	return (letters > 1 || len(last) > 1) && !isFileEnding(last)
}

// isFileEnding reports whether s ends the names of files and is no top-level domain.
func isFileEnding(s string) bool {
	switch s {
	case "log", "gz", "zst", "conf", "yml", "yaml", "json", "txt", "env", "sock", "rb", "js", "css", "php",
		"html", "htm", "xml", "ini", "sql", "bak", "asp", "aspx", "jsp", "cgi", "png", "jpg", "jpeg", "gif",
		"svg", "ico", "webp", "rss", "atom":
		return true
	}
	return false
}

// unicodeForm returns the Unicode form of a punycode host, or "" if there is none that leads back to it.
func unicodeForm(host string) string {
	host = strings.ToLower(host)
	if len(host) > 253 || !strings.Contains(host, "xn--") {
		return ""
	}
	u, err := idna.ToUnicode(host)
	if err != nil || u == host {
		return ""
	}
	if back, err := idna.ToASCII(u); err != nil || back != host {
		return ""
	}
	return clean(u, 253)
}

// hostOf returns the host that a domain, a site or an actor's URL names.
func hostOf(value string) string {
	if !strings.Contains(value, "://") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
