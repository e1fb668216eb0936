package parse

import (
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxMethod bounds what may be a method; what is longer is no request.
const maxMethod = 32

// methodOf returns the method of that name; MethodOther for an unusual one, MethodUnknown for what can't
// be one.
func methodOf(name string) pipeline.Method {
	switch name {
	case "GET":
		return pipeline.MethodGet
	case "POST":
		return pipeline.MethodPost
	case "HEAD":
		return pipeline.MethodHead
	case "PUT":
		return pipeline.MethodPut
	case "PATCH":
		return pipeline.MethodPatch
	case "DELETE":
		return pipeline.MethodDelete
	case "OPTIONS":
		return pipeline.MethodOptions
	}
	if name == "" || len(name) > maxMethod {
		return pipeline.MethodUnknown
	}
	for i := range len(name) {
		if c := name[i]; !isAlnum(c) && c != '-' && c != '_' {
			return pipeline.MethodUnknown
		}
	}
	return pipeline.MethodOther
}

// setRequest sets Method and target from a request line, which may be anything that a stranger sent: a
// TLS hello, nothing at all, a line cut at nginx's buffer. What has no method and target sets nothing.
func setRequest(e *pipeline.Event, request string) {
	sp := strings.IndexByte(request, ' ')
	if sp < 0 {
		return
	}
	m := methodOf(request[:sp])
	if m == pipeline.MethodUnknown {
		return
	}
	target := request[sp+1:]
	if v := strings.LastIndexByte(target, ' '); v >= 0 && strings.HasPrefix(target[v+1:], "HTTP/") {
		target = target[:v] // HTTP/0.9 and a line cut short have no version
	}
	e.Method = m
	setTarget(e, target)
}

// readSize reads a number of bytes; "-" and nothing are zero.
func readSize(s string) (int64, bool) {
	if s == "-" || s == "" {
		return 0, true
	}
	if len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	return n, true
}

// readStatus reads three digits.
func readStatus(s string) (uint16, bool) {
	if len(s) != 3 {
		return 0, false
	}
	a, b, c := s[0]-'0', s[1]-'0', s[2]-'0'
	return uint16(a)*100 + uint16(b)*10 + uint16(c), a <= 9 && b <= 9 && c <= 9
}

// maxUpstream bounds what a line may say that the application took.
const maxUpstream = 24 * time.Hour

// readUpstream adds up the times that nginx lists for the upstreams it tried, parted by ", " and " : "; one that
// is "-" or no time adds nothing.
func readUpstream(s string) time.Duration {
	var sum time.Duration
	for s != "" && sum < maxUpstream {
		n := strings.IndexAny(s, ",: ")
		if n < 0 {
			n = len(s)
		}
		sum += min(readSeconds(s[:n]), maxUpstream)
		s = s[min(n+1, len(s)):]
	}
	return min(sum, maxUpstream)
}

// readSeconds reads "0.123"; zero for "-", lists and whatever is no time.
func readSeconds(s string) time.Duration {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	frac, _, rest := decimals(s[n:])
	if n == 0 || n > 9 || rest != "" {
		return 0
	}
	return time.Duration(number(s[:n]))*time.Second + time.Duration(frac)
}
