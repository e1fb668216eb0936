package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// isLogrageJSON reports whether s is a record of lograge's JSON formatter. Its first fields are always
// the same, in the same order.
func isLogrageJSON(s string) bool {
	return strings.HasPrefix(s, `{"method":"`) && strings.Contains(s[:min(len(s), 4096)], `"controller":`)
}

// railsJSON reads a record of lograge's JSON formatter. JSON keeps a stranger's text within its field;
// a field that stands twice counts as it stood first.
func railsJSON(line, s string, e *pipeline.Event) (skip string, err *Error) {
	var path, action, key, status string
	o := object{text: s}
	for o.next() {
		switch v := o.value; o.key {
		case "method":
			e.Method = methodOf(plainJSON(v))
		case "path":
			first(&path, v)
		case "action":
			first(&action, v)
		case "status":
			first(&status, v)
		case "duration":
			e.Duration = readSeconds(v) / 1000
		case "verified":
			e.Verified = verdict(plainJSON(v))
		case "key":
			if o.whole {
				first(&key, v)
			}
		}
	}
	if e.Method == pipeline.MethodUnknown || path == "" {
		return "", &Error{Column: column(line, s), Reason: reasonFields}
	}
	if len(status) < 1 || len(status) > 3 || !isDigits(status) {
		return "", &Error{Column: column(line, s), Reason: reasonStatus}
	}
	e.Kind, e.Status = pipeline.KindRequest, uint16(number(status))
	setTarget(e, plainJSON(path))
	if strings.HasPrefix(key, `"`) {
		setKey(e, plainJSON(key))
	}
	if isFormAgain(e, plainJSON(action)+" ") {
		return skipForm, nil
	}
	return "", nil
}

func first(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// maxPlain bounds what is unescaped of a value.
const maxPlain = 4096

// plainJSON returns the text of a raw JSON value: of a string what it stands for, else itself.
func plainJSON(raw string) string {
	if raw == "" || raw[0] != '"' {
		return raw
	}
	s := cut(strings.TrimSuffix(raw[1:], `"`), maxPlain)
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			i++
			continue
		}
		var n int
		b, n = appendEscape(b, s[i+1:])
		i += 1 + n
	}
	return string(b)
}
