package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// readAgent bounds how much of a user agent is read, maxAgent how much is kept, maxVersion its version.
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

// A program is one row of the table of user agents. Mark stands at the start, or after a blank or an
// opening bracket; the version follows it.
type program struct {
	mark     string
	software string
	host     hostRule
}

// A hostRule says how an agent names its host.
type hostRule uint8

const (
	hostURL    hostRule = iota // the last URL: "+https://HOST/", "; https://HOST", "(https://HOST)"
	hostNone                   // not at all; a URL in it is the project's
	hostPlus                   // "+HOST", scheme or not
	hostLast                   // "; HOST)", no scheme
	hostDashed                 // " - HOST", no scheme
)

// programs are the known agents; the first row whose mark is there counts, so that what wears another's
// name, as a compatible server does, comes before it.
var programs = [...]program{
	{"Wildebeest/", "wildebeest", hostPlus},         // Wildebeest/V (Mastodon/V; +HOST)
	{"Mastodon/", "mastodon", hostURL},              // both orders; glitch-soc and hometown by version
	{"Pleroma ", "pleroma", hostURL},                // Pleroma V; https://HOST <mail>
	{"Akkoma ", "akkoma", hostURL},                  // same
	{"Misskey/", "misskey", hostURL},                // Misskey/V (https://HOST), and its forks:
	{"Firefish/", "firefish", hostURL},              //
	{"Iceshrimp/", "iceshrimp", hostURL},            //
	{"Iceshrimp.NET/", "iceshrimp", hostURL},        //
	{"Sharkey/", "sharkey", hostURL},                //
	{"CherryPick/", "cherrypick", hostURL},          //
	{"FoundKey/", "foundkey", hostURL},              //
	{"Foundkey/", "foundkey", hostURL},              //
	{"Lemmy/", "lemmy", hostURL},                    // Lemmy/V; +https://HOST
	{"kbinBot v", "kbin", hostNone},                 // kbinBot v0.1 - https://kbin.pub
	{"Mbin/", "mbin", hostURL},                      // Mbin/V (+https://HOST/agent)
	{"PeerTube/", "peertube", hostURL},              // PeerTube/V (+https://HOST)
	{"PixelfedBot v", "pixelfed", hostNone},         // PixelfedBot v0.1 - https://pixelfed.org
	{"Pixelfed/", "pixelfed", hostURL},              // (Pixelfed/V; +https://HOST), also after PixelFedBot/V
	{"gotosocial/", "gotosocial", hostURL},          // gotosocial/V (+https://HOST)
	{"Friendica/", "friendica", hostURL},            // Friendica/V DatabaseVersion/N Request/TYPE +https://HOST
	{"Friendica '", "friendica", hostURL},           // Friendica 'NAME' V; https://HOST
	{"WordPress/", "wordpress", hostURL},            // WordPress/V; https://BLOG; ActivityPub
	{"BookWyrm/", "bookwyrm", hostURL},              // BookWyrm (BookWyrm/V; +https://HOST)
	{"Mobilizon ", "mobilizon", hostDashed},         // Mobilizon V - HOST
	{"WriteFreely/", "writefreely", hostURL},        // Go (WriteFreely/V; +https://HOST)
	{"Takahe/", "takahe", hostURL},                  // python-httpx/V (Takahe/V; +https://HOST/)
	{"Bridgy Fed", "bridgy-fed", hostURL},           // Bridgy Fed (https://fed.brid.gy/): a bridge is its own host
	{"facebookexternalua", "threads", hostNone},     //
	{"snac/", "snac", hostURL},                      // snac/V
	{"Activity-Relay ", "activity-relay", hostLast}, // NAME (golang net/http; Activity-Relay V; HOST)
	{"ActivityRelay/", "activityrelay", hostNone},   // ActivityRelay/V
	{"ap-relay/", "aoderelay", hostURL},             // AodeRelay (ap-relay/V; +https://HOST/)
	{"AodeRelay/", "aoderelay", hostURL},            // Actix Web V (AodeRelay/V; +https://HOST/)
	{"AodeRelay", "aoderelay", hostURL},             //
	{"buzzrelay/", "buzzrelay", hostURL},            // buzzrelay/V (+https://HOST)
	{"funkwhale/", "funkwhale", hostURL},            // python-requests (funkwhale/V; +https://HOST)
	{"Owncast v", "owncast", hostNone},              // Owncast vV-PLATFORM (COMMIT)
	{"activitypub.bot/", "activitypub.bot", hostNone},
	{"DiasporaFederation/", "diaspora", hostNone},
}

// projects are hosts of projects' own pages, which say nothing of who sends.
var projects = [...]string{"pixelfed.org", "kbin.pub", "github.com", "joinmastodon.org", "join-lemmy.org"}

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
	if strings.HasPrefix(s, "/") {
		s = s[1:]
	}
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

// keptAgent takes mail addresses out of an agent and bounds it.
func keptAgent(s string) string {
	for from := 0; ; {
		start, end := findMail(s, from)
		if end == 0 {
			return cut(s, maxAgent)
		}
		if start > 0 && end < len(s) && s[start-1] == '<' && s[end] == '>' {
			start, end = start-1, end+1
		}
		s = strings.TrimRight(s[:start], " ") + s[end:]
		from = min(start, len(s))
	}
}

// maxAgents and maxAgentBytes bound the cache of agents.
const (
	maxAgents     = 16 << 10
	maxAgentBytes = 1 << 20
)

// agents remembers agents that were read, because a server sends the same one in every request. It
// changes no result, and starts anew when it is full.
type agents struct {
	known map[string]agent
	bytes int
}

// set sets what a user agent tells.
func (c *agents) set(e *pipeline.Event, s string) {
	if s == "" {
		return
	}
	a := c.get(cut(s, readAgentMax))
	e.UserAgent, e.Software, e.Version, e.AgentHost = a.text, a.software, a.version, a.host
}

func (c *agents) get(s string) agent {
	if a, ok := c.known[s]; ok {
		return a
	}
	if c.known == nil {
		c.known = make(map[string]agent)
	}
	if len(c.known) >= maxAgents || c.bytes >= maxAgentBytes {
		clear(c.known)
		c.bytes = 0
	}
	s = strings.Clone(s)
	a := parseAgent(s)
	c.known[s] = a
	c.bytes += len(s)
	return a
}
