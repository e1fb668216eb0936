package parse

import "strings"

// agentHost returns the host that an agent claims. Of one that is not known only a URL without a path
// counts: crawlers name the page that explains them.
func agentHost(s string, rule hostRule, known bool) string {
	switch rule {
	case hostNone:
		return ""
	case hostLast:
		return bareHost(s, "; ")
	case hostDashed:
		return bareHost(s, " - ")
	case hostPlus:
		if host := bareHost(s, "+"); host != "" && !strings.Contains(s, "+http") {
			return host
		}
	}
	return lastURLHost(s, known)
}

// bareHost returns the host after the last separator, where there is no scheme.
func bareHost(s, separator string) string {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return ""
	}
	s = s[i+len(separator):]
	if host := urlHost(s); host != "" {
		return host
	}
	return cleanHost(s[:authority(s)])
}

// lastURLHost returns the host of the last URL that has one and is nobody's project page.
func lastURLHost(s string, known bool) string {
	for end := len(s); ; {
		i := strings.LastIndex(s[:end], "://")
		if i < 0 {
			return ""
		}
		end = i
		rest := s[i+3:]
		n := authority(rest)
		if i < 4 || !schemeBefore(s[:i]) || !known && !isRoot(rest[n:]) {
			continue
		}
		if host := cleanHost(rest[:n]); host != "" && !isProject(host) {
			return host
		}
	}
}

// schemeBefore reports whether s ends with http or https, begun by something that is no letter.
func schemeBefore(s string) bool {
	n := 0
	for n < len(s) && isAlnum(s[len(s)-1-n]) {
		n++
	}
	scheme := s[len(s)-n:]
	return strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")
}

// isRoot reports whether what follows a URL's host is no path.
func isRoot(s string) bool {
	s = strings.TrimPrefix(s, "/")
	return s == "" || strings.IndexByte(" );,>", s[0]) >= 0
}

func isProject(host string) bool {
	for _, p := range projects {
		if host == p || strings.HasSuffix(host, p) && host[len(host)-len(p)-1] == '.' {
			return true
		}
	}
	return false
}
