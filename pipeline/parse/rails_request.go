package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// request reads lograge's record. It writes key=value without quoting or escaping anything:
//
//	method path format controller action status [error='…'] [allocations] duration view [db] [location]
//	[unpermitted_params] [verified] [key]
//
// What a stranger can write stands in error, in location and unpermitted_params, and in key, the last:
// so status is the first after action, all after the first key= is one value, and verified=, which
// fedwarden's own initializer writes, counts only before key and before all else that is a stranger's,
// and only where the configuration says that the initializer is there (Options.Verified).
// A path is percent-encoded and has no blanks.
//
// Where Rails says how a login went, status tells: 0 is a wrong password (Warden throws out of the
// action), 302 or 303 a success, 200 the question for a second factor, or a wrong answer to it. After a
// wrong password a second line of the same request has action=new: the form, shown again. It is no
// request of its own and is skipped.
func (r *rails) request(line, s string, prefixed bool, e *pipeline.Event) (skip string, err *Error) {
	r.voice.heard(prefixed)
	fail := func(part string) (string, *Error) {
		return "", &Error{Column: column(line, part), Reason: reasonFields}
	}
	method, rest, ok := fieldOf(s, "method=")
	if e.Method = methodOf(method); !ok || e.Method == pipeline.MethodUnknown {
		return fail(s)
	}
	path, rest, ok := fieldOf(rest, "path=")
	if !ok {
		return fail(rest)
	}
	_, action, ok := strings.Cut(rest, " action=")
	if !ok {
		return fail(rest)
	}
	status, rest, ok := statusOf(action)
	if !ok {
		return "", &Error{Column: column(line, action), Reason: reasonStatus}
	}
	e.Kind, e.Status = pipeline.KindRequest, status
	setTarget(e, path)
	failed := strings.HasPrefix(rest, " error=")
	if failed {
		rest = r.afterError(rest, r.verified && len(line) >= cutMessage)
	}
	railsFields(rest, e)
	r.believe(e)
	if failed {
		e.Verified = pipeline.VerdictUnsaid // a stranger's line break may have made an end of the error
	}
	if isFormAgain(e, action) {
		return skipForm, nil
	}
	return "", nil
}

// fieldOf reads "name=value " and returns what follows the blank.
func fieldOf(s, name string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, name) {
		return "", s, false
	}
	return strings.Cut(s[len(name):], " ")
}

// statusOf reads the first status= and returns what follows its number.
func statusOf(s string) (status uint16, rest string, ok bool) {
	_, s, ok = strings.Cut(s, " status=")
	if !ok {
		return 0, s, false
	}
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	if n == 0 || n > 3 || n < len(s) && s[n] != ' ' {
		return 0, s, false
	}
	return uint16(number(s[:n])), s[n:], true
}

// isFormAgain reports whether e is the second line of a login that failed.
func isFormAgain(e *pipeline.Event, action string) bool {
	return e.Endpoint == pipeline.EndpointSignIn && e.Method == pipeline.MethodPost &&
		strings.HasPrefix(action, "new ")
}

// afterError returns what follows error='…', whose text is a stranger's and may hold anything, line
// breaks and the like of what follows it too. Where there are several places at which it may end,
// nothing after it can be believed. Of a line that was cut off the end is gone, and does not come.
func (r *rails) afterError(s string, isCut bool) string {
	switch closers(s) {
	case 0:
		if !isCut {
			r.open = maxOpen
		}
		return ""
	case 1:
		return s[strings.Index(s, errorEnd)+1:]
	}
	return ""
}

// errorEnd is what follows the text of an error: its quote and the first field.
const errorEnd = "' "

// closers counts the places at which error='…' may end: a quote, then the timing fields.
func closers(s string) (n int) {
	return strings.Count(s, "' duration=") + strings.Count(s, "' allocations=")
}

// railsFields reads what follows status and error.
func railsFields(s string, e *pipeline.Event) {
	sure := true
	for s != "" {
		s = s[1:]
		if key, ok := strings.CutPrefix(s, "key="); ok {
			setKey(e, key)
			return
		}
		word := s
		if i := strings.IndexByte(s, ' '); i >= 0 {
			word = s[:i]
		}
		s = s[len(word):]
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "duration":
			e.Duration = readSeconds(value) / 1000 // lograge writes milliseconds
		case "verified":
			if sure {
				e.Verified = verdict(value)
			}
		case "location", "unpermitted_params":
			sure = false
		}
	}
}

// verdict reads the value of verified=.
func verdict(s string) pipeline.Verdict {
	switch s {
	case "yes", "1", "true":
		return pipeline.VerdictYes
	case "no", "0", "false":
		return pipeline.VerdictNo
	}
	return pipeline.VerdictUnsaid
}
