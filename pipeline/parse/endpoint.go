package parse

import (
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxPath and maxUser bound what is kept of a path and of the local account in it.
const (
	maxPath = 512
	maxUser = 64
)

// setTarget sets Path, Endpoint and LocalUser from the target of a request, which may be a whole URI;
// Method must be set before. The query goes, whatever it is.
func setTarget(e *pipeline.Event, target string) {
	e.Path = pathOf(target)
	e.Endpoint, e.LocalUser = classify(e.Method, e.Path)
}

// pathOf returns the path of a request's target, without query and fragment, bounded. What a client has
// escaped once too often is a query, too.
func pathOf(target string) string {
	if i := strings.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	if i := strings.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	if target != "" && target[0] != '/' {
		target = withoutAuthority(target)
	}
	escaped := strings.IndexByte(target, '%') >= 0
	if escaped {
		target = cut(target, escapedQuery(target))
	}
	if strings.IndexByte(target, '@') >= 0 || escaped && strings.Contains(target, "%40") {
		target = withoutMails(cut(target, 2*maxPath))
	}
	return withoutCode(cut(target, maxPath))
}

// escapedQuery returns where an escaped question mark stands, or the length of the target.
func escapedQuery(target string) int {
	for i := 0; i+2 < len(target); i++ {
		if target[i] == '%' && target[i+1] == '3' && target[i+2]|0x20 == 'f' {
			return i
		}
	}
	return len(target)
}

// withoutCode masks the code of an invitation: whoever has it can use it.
func withoutCode(path string) string {
	for _, p := range [...]struct{ front, masked string }{
		{"/invite/", "/invite/" + mask}, {"/api/v1/invites/", "/api/v1/invites/" + mask},
	} {
		if len(path) > len(p.front) && strings.HasPrefix(path, p.front) {
			return p.masked
		}
	}
	return path
}

// withoutMails masks the mail addresses in a path. A segment that begins with @ is an account's handle.
func withoutMails(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, "@") {
			parts[i] = maskMails(part)
		}
	}
	return strings.Join(parts, "/")
}

// withoutAuthority strips scheme and host of an absolute URI.
func withoutAuthority(uri string) string {
	if !hasPrefixFold(uri, "http://") && !hasPrefixFold(uri, "https://") {
		return uri
	}
	_, rest, _ := strings.Cut(uri, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// segments are the parts of a path between its slashes; empty ones do not count, as to the server.
type segments struct {
	at [8]string
	n  int
}

func (s *segments) split(path string) {
	for s.n < len(s.at) && path != "" {
		i := strings.IndexByte(path, '/')
		if i < 0 {
			i = len(path)
		}
		if i > 0 {
			s.at[s.n] = path[:i]
			s.n++
		}
		path = path[min(i+1, len(path)):]
	}
}

// suffixes are what is a format, and not a part of the name, in what is read.
var suffixes = [...]string{".json", ".rss", ".atom", ".html"}

// trimSuffix takes the format off the last segment. To the router any format is one, and whoever writes
// may write to /inbox.xyz; of what is read, scanners ask for pages that a server never had.
func (s *segments) trimSuffix(m pipeline.Method) {
	if s.n == 0 {
		return
	}
	last := &s.at[s.n-1]
	dot := strings.LastIndexByte(*last, '.')
	if dot <= 0 {
		return
	}
	if writes(m) || slices.Contains(suffixes[:], (*last)[dot:]) {
		*last = (*last)[:dot]
	}
}

// writes reports whether a method is for what is sent, not for what is read.
func writes(m pipeline.Method) bool {
	return m == pipeline.MethodPost || m == pipeline.MethodPut || m == pipeline.MethodPatch
}

// classify returns the class of a path and the local account that it names, if any.
func classify(m pipeline.Method, path string) (pipeline.Endpoint, string) {
	if path == "" || path[0] != '/' {
		return pipeline.EndpointOther, ""
	}
	var s segments
	s.split(path)
	s.trimSuffix(m)
	seg := s.at[:s.n]
	switch {
	case len(seg) == 0:
		return pipeline.EndpointOther, ""
	case seg[0][0] == '@':
		return classifyProfile(seg)
	case seg[0] == "ap" && len(seg) > 1 && seg[1] == "users":
		return match(routes["users"], m, seg[2:])
	case seg[0] == "api":
		return classifyAPI(m, seg[1:])
	case len(seg) == 1 && isIcon(seg[0]):
		return pipeline.EndpointStatic, ""
	}
	return match(routes[seg[0]], m, seg[1:])
}

// classifyProfile tells /@user/:id from the other pages of a profile.
func classifyProfile(seg []string) (pipeline.Endpoint, string) {
	user := seg[0][1:]
	if len(seg) > 1 && isDigits(seg[1]) && strings.IndexByte(user, '@') < 0 {
		return pipeline.EndpointStatus, cut(user, maxUser)
	}
	return pipeline.EndpointProfilePage, ""
}

// classifyAPI classifies what follows /api; what it does not know needs a login and is an account's.
func classifyAPI(m pipeline.Method, seg []string) (pipeline.Endpoint, string) {
	switch {
	case len(seg) > 0 && seg[0] == "oembed":
		return pipeline.EndpointAPIPublic, ""
	case len(seg) < 2:
		return pipeline.EndpointOther, ""
	}
	rows, known := apiRoutes[seg[1]]
	if !known {
		return pipeline.EndpointAPIAccount, ""
	}
	return match(rows, m, seg[2:])
}

// match returns the endpoint of the first row that fits.
func match(rows []route, m pipeline.Method, seg []string) (pipeline.Endpoint, string) {
	for i := range rows {
		r := &rows[i]
		if r.method != every && r.method != m {
			continue
		}
		if user, ok := fits(r.rest, seg); ok {
			return r.endpoint, user
		}
	}
	return pipeline.EndpointOther, ""
}

// fits reports whether seg is of the form want, and the account in it.
func fits(want, seg []string) (user string, ok bool) {
	for i, w := range want {
		if w == "**" {
			return user, true
		}
		if i >= len(seg) {
			return "", false
		}
		switch w {
		case ":u":
			user = cut(seg[i], maxUser)
		case "*":
		default:
			if w != seg[i] {
				return "", false
			}
		}
	}
	return user, len(want) == len(seg)
}

// isIcon reports whether a file at the root is one of the many that browsers ask for.
func isIcon(name string) bool {
	return strings.HasPrefix(name, "apple-touch-icon") || strings.HasPrefix(name, "android-chrome") ||
		strings.HasPrefix(name, "favicon-") || strings.HasPrefix(name, "mstile-") ||
		strings.HasPrefix(name, "workbox-")
}
