package parse

import "strings"

// readAgentMax bounds how much of a user agent is read, maxAgent how much is kept, maxVersion its version.
const (
	readAgentMax = 512
	maxAgent     = 256
	maxVersion   = 64
)

// An agent is what a user agent says of itself: a claim that anyone can make.
type agent struct {
	text     string // what is kept of it: bounded, without mail addresses
	software string
	version  string
	host     string // lower case, not canonical
}

// parseAgent reads a user agent. Its strings are pieces of s wherever that can be.
func parseAgent(s string) agent {
	a := agent{text: keptAgent(s)}
	row, at := findProgram(s)
	rule := hostURL
	if row != nil {
		rule, a.software, a.version = row.host, row.software, versionOf(s[at+len(row.mark):])
		if strings.HasSuffix(row.mark, "'") { // a name before the version
			_, after, _ := strings.Cut(s[at+len(row.mark):], "' ")
			a.version = versionOf(after)
		}
	}
	known := row != nil || fedify(&a, s)
	a.host = agentHost(s, rule, known)
	return a
}

// fedify reads SOFTWARE (Fedify/V; RUNTIME/V; +URL) and Fedify/V (RUNTIME/V; +URL).
func fedify(a *agent, s string) bool {
	at := findMark(s, "Fedify/")
	if at < 0 {
		return false
	}
	a.software, a.version = "fedify", versionOf(s[at+len("Fedify/"):])
	name, version, ok := strings.Cut(s[:at], "/")
	if ok && name != "" && len(name) <= maxVersion && tokenLen(name) == len(name) {
		a.software, a.version = lower(name), versionOf(version)
	}
	return true
}

// findProgram returns the row of the agent, and where its mark stands.
func findProgram(s string) (*program, int) {
	for i := range programs {
		if at := findMark(s, programs[i].mark); at >= 0 {
			return &programs[i], at
		}
	}
	return nil, 0
}

// findMark returns where mark begins a word of s, -1 for nowhere.
func findMark(s, mark string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], mark)
		if i < 0 {
			return -1
		}
		at := from + i
		if at == 0 || s[at-1] == ' ' || s[at-1] == '(' {
			return at
		}
		from = at + 1
	}
}

// versionOf returns the version with which s begins; none if it has no digit in front.
func versionOf(s string) string {
	if len(s) > 1 && s[0] == 'v' {
		s = s[1:]
	}
	if s == "" || s[0]-'0' > 9 {
		return ""
	}
	n := 0
	for n < len(s) && (isAlnum(s[n]) || strings.IndexByte(".-+_~", s[n]) >= 0) {
		n++
	}
	return cut(s[:n], maxVersion)
}

// keptAgent takes mail addresses out of an agent and bounds it. What stood on both sides of one may be
// another when it is joined, so each search begins anew.
func keptAgent(s string) string {
	for {
		start, end := findMail(s, 0)
		if end == 0 {
			return cut(s, maxAgent)
		}
		if start > 0 && end < len(s) && s[start-1] == '<' && s[end] == '>' {
			start, end = start-1, end+1
		}
		s = strings.TrimRight(s[:start], " ") + s[end:]
	}
}
