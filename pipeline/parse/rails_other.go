package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// message reads what Rails says beside its records; skipMessage for what does not matter. Sidekiq's log
// has the last three too.
func message(s string, e *pipeline.Event) (skip string) {
	var ok bool
	switch {
	case strings.HasPrefix(s, "Rate limit hit ("):
		ok = throttle(s[len("Rate limit hit ("):], e)
	case strings.HasPrefix(s, "Rejected "):
		ok = rejection(s[len("Rejected "):], e)
	case strings.HasPrefix(s, "Switching "):
		ok = circuit(s[len("Switching "):], e)
	case strings.HasPrefix(s, "Could not log "):
		ok = logFailure(s, e)
	}
	if !ok {
		return skipMessage
	}
	return ""
}

// throttle reads "throttle): 198.51.100.7 POST /auth/sign_in?…". Such a request has no record.
func throttle(s string, e *pipeline.Event) bool {
	kind, s, ok := strings.Cut(s, "): ")
	if !ok || len(kind) > 16 {
		return false
	}
	addr, s, ok := strings.Cut(s, " ")
	if !ok {
		return false
	}
	method, target, _ := strings.Cut(s, " ")
	ip, known := readAddress(addr)
	m := methodOf(method)
	if !known || m == pipeline.MethodUnknown {
		return false
	}
	e.Kind, e.IP, e.Method, e.Status = pipeline.KindThrottle, ip, m, 429
	if strings.HasPrefix(kind, "block") || strings.HasPrefix(kind, "black") {
		e.Status = 403
	}
	setTarget(e, target)
	return true
}

// rejection reads "Create activity ID from ACTOR[via RELAY]", the relay being glued on without a blank.
// The id is a stranger's text and may itself say " from "; the actor is the one whose signature Mastodon
// has checked. KeyID and KeyHost are the actor's, RemoteHost the relay's, Error the type of activity.
func rejection(s string, e *pipeline.Event) bool {
	kind, s, ok := strings.Cut(s, " activity ")
	if !ok || !isWord(kind) {
		return false
	}
	from := strings.LastIndex(" "+s, " from ")
	if from < 0 {
		return false
	}
	actor, relay, relayed := strings.Cut(s[from+len("from "):], " ")
	if relayed {
		if actor, ok = strings.CutSuffix(actor, "via"); !ok || strings.IndexByte(relay, ' ') >= 0 {
			return false
		}
	}
	setKey(e, actor)
	if e.KeyHost == "" {
		*e = pipeline.Event{Time: e.Time, Digits: e.Digits}
		return false
	}
	e.Kind, e.Error, e.RemoteHost = pipeline.KindRejection, kind, urlHost(relay)
	return true
}

// circuit reads "NAME from green to red because CLASS …": the circuit to a remote inbox, or for a remote
// address, opened; when it closes there is no because, and Error is empty.
func circuit(s string, e *pipeline.Event) bool {
	name, s, ok := strings.Cut(s, " from ")
	if !ok {
		return false
	}
	from, s, _ := strings.Cut(s, " to ")
	to, because, _ := strings.Cut(s, " because ")
	if !isColour(from) || !isColour(strings.TrimSpace(to)) {
		return false
	}
	if addr, ok := strings.CutPrefix(name, "source:"); ok {
		if e.IP, ok = readAddress(addr); !ok {
			return false
		}
	}
	e.Kind, e.RemoteHost = pipeline.KindCircuit, urlHost(name)
	e.Error, _ = constant(because)
	return true
}

func isColour(s string) bool { return s == "green" || s == "yellow" || s == "red" }

// logFailure reads `Could not log "process_action.action_controller" event. CLASS: …`: a record is lost.
func logFailure(s string, e *pipeline.Event) bool {
	_, s, ok := strings.Cut(s, " event. ")
	if !ok {
		return false
	}
	e.Kind = pipeline.KindLogFailure
	e.Error, _ = constant(s)
	return true
}

// maxConstant bounds the name of a class or module.
const maxConstant = 128

// constant reads the name of a Ruby class with which s begins, "Mastodon::UnexpectedResponseError", and
// returns what follows.
func constant(s string) (name, rest string) {
	n := 0
	for n < len(s) && n <= maxConstant && (isAlnum(s[n]) || s[n] == '_' || s[n] == ':') {
		n++
	}
	for n > 0 && s[n-1] == ':' {
		n--
	}
	if n == 0 || n > maxConstant || s[0]-'A' > 'Z'-'A' {
		return "", s
	}
	return s[:n], s[n:]
}

// isWord reports whether s is a short word of letters.
func isWord(s string) bool {
	for i := range len(s) {
		if (s[i]|0x20)-'a' > 'z'-'a' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
