package parse

import "strings"

// tailKeys are the names that people give to what they add to combined, as name=value.
var tailKeys = map[string]field{
	"rt": fieldDuration, "request_time": fieldDuration,
	"urt": fieldUpstream, "upstream_response_time": fieldUpstream,
	"len": fieldLength, "request_length": fieldLength, "rl": fieldLength,
	"xff": fieldForwarded, "x_forwarded_for": fieldForwarded, "http_x_forwarded_for": fieldForwarded,
	"msec": fieldMsec,
	"sig":  fieldSignature, "signature": fieldSignature, "http_signature": fieldSignature,
	"sigin": fieldInput, "sig_input": fieldInput, "signature_input": fieldInput, "http_signature_input": fieldInput,
	"key": fieldKey, "keyid": fieldKey, "key_id": fieldKey, "sig_key": fieldKey,
}

// tail reads what follows the agent: name=value and name="value" in any order and number; without name,
// quoted values, of which the first that is a list of addresses is the forwarded header, and times. All
// else, and a raw quote, is not known: the line may be of another format, or forged.
func tail(s string, r *record) bool {
	for s != "" {
		if s[0] != ' ' || len(s) == 1 {
			return false
		}
		var ok bool
		if s, ok = tailItem(s[1:], r); !ok {
			return false
		}
	}
	return true
}

// tailItem reads one value and returns what follows it.
func tailItem(s string, r *record) (rest string, ok bool) {
	if s[0] == '"' {
		value, rest, ok := strings.Cut(s[1:], `"`)
		if ok && r.at[fieldForwarded] == "" && isAddressList(value) {
			r.at[fieldForwarded] = value
		}
		return rest, ok
	}
	n := strings.IndexAny(s, ` ="`)
	switch {
	case n < 0:
		return "", isTimeOrNothing(s)
	case s[n] == ' ':
		return s[n:], isTimeOrNothing(s[:n])
	case s[n] == '"' || n == 0:
		return "", false
	}
	name, value, rest := s[:n], s[n+1:], ""
	if value != "" && value[0] == '"' {
		value, rest, ok = strings.Cut(value[1:], `"`)
		if !ok {
			return "", false
		}
	} else {
		end := strings.IndexByte(value, ' ')
		if tailKeys[name] == fieldUpstream {
			end = listLen(value)
		}
		if end >= 0 {
			value, rest = value[:end], value[end:]
		}
		if strings.IndexByte(value, '"') >= 0 {
			return "", false
		}
	}
	if f := tailKeys[name]; f != fieldNone && r.at[f] == "" && value != "-" {
		r.at[f] = value
	}
	return rest, true
}

// isTimeOrNothing reports whether s is a time like 0.003 or a sign of absence. A bare number could be
// the status of a forged line.
func isTimeOrNothing(s string) bool {
	return s == "-" || s == "." || s == "p" || s == "0.000" || strings.IndexByte(s, '.') > 0 && readSeconds(s) > 0
}

// isAddressList reports whether s begins with an address, as a forwarded header does.
func isAddressList(s string) bool {
	first, _, _ := strings.Cut(s, ",")
	_, ok := readForwarded(strings.TrimSpace(first))
	return ok
}
