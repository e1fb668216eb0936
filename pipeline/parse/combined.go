package parse

import "strings"

// combined reads nginx's default format and what people add to it before and after:
//
//	[$host[:$port] ]$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"[ tail]
//
// nginx escapes quotes, so that the first one in a line opens the request, whatever a user calls
// themselves, and the next one closes it. Where that does not fit, or a value is plainly absent instead
// of "-", quotes may be raw (escape=none), and raw reads it.
func combined(line string, r *record) *Error {
	q := strings.IndexByte(line, '"')
	if q < 0 {
		return &Error{Column: len(line) + 1, Reason: reasonRequest}
	}
	head, reason := before(line[:q], r)
	if reason == "" && !strings.HasSuffix(head, " -  ") && quotedFields(line[q+1:], r) {
		return nil
	}
	err := raw(line, r)
	if err != nil && reason != "" {
		return &Error{Column: column(line, head), Reason: reason}
	}
	return err
}

// before reads what stands before the request; on a reason it returns the part that is not right.
func before(head string, r *record) (rest, reason string) {
	open := len(head) - len(localLayout) - 3
	if open < 0 || head[open] != '[' {
		open = strings.LastIndexByte(head, '[')
	}
	if open < 0 || !strings.HasSuffix(head, "] ") || open+1 > len(head)-2 {
		return head, reasonTime
	}
	r.at[fieldTime] = head[open+1 : len(head)-2]
	head = head[:open]
	if head == "" {
		return head, "" // a format without address
	}
	first := strings.IndexByte(head, ' ')
	if first < 0 {
		return head, reasonAddress
	}
	r.at[fieldAddr] = head[:first]
	if strings.HasPrefix(head[first:], " - ") {
		return head, ""
	}
	addr, _, ok := strings.Cut(head[first+1:], " - ") // the first word was the host
	if !ok || strings.IndexByte(addr, ' ') >= 0 {
		return head, reasonAddress
	}
	r.at[fieldAddr] = addr
	return head, ""
}

// quotedFields reads the rest of a line from the request on, where no quote is raw.
func quotedFields(s string, r *record) bool {
	end := strings.IndexByte(s, '"')
	if end < 0 {
		return false
	}
	r.at[fieldRequest] = s[:end]
	s, ok := sizes(s[end+1:], r)
	if !ok {
		return false
	}
	end = strings.IndexByte(s, '"')
	if end < 0 || len(s) < end+3 || s[end+1] != ' ' || s[end+2] != '"' {
		return false
	}
	s = s[end+3:]
	end = strings.IndexByte(s, '"')
	if end < 0 {
		return false
	}
	r.at[fieldAgent] = s[:end]
	return len(s) == end+1 || tail(s[end+1:], r)
}

// sizes reads ` 202 0 "`, status and bytes, and returns what follows.
func sizes(s string, r *record) (string, bool) {
	if len(s) < 7 || s[0] != ' ' || s[4] != ' ' {
		return s, false
	}
	r.at[fieldStatus] = s[1:4]
	s = s[5:]
	n := strings.IndexByte(s, ' ')
	if n <= 0 || n+1 >= len(s) || s[n+1] != '"' {
		return s, false
	}
	r.at[fieldBytes] = s[:n]
	return s[n+2:], true
}

// raw reads a combined line in which quotes may stand for themselves. Anyone can write such a line's
// quotes, so it is read only if there is a single way: one place where a status and a size stand between
// quotes, one where the referer ends, nothing after the agent.
func raw(line string, r *record) *Error {
	*r = record{}
	start, ok := rawRequest(line)
	if !ok {
		return &Error{Column: len(line) + 1, Reason: reasonQuote}
	}
	if head, reason := before(line[:start], r); reason != "" {
		return &Error{Column: column(line, head), Reason: reason}
	}
	s := line[start+1:]
	end := statusAfter(s)
	if end < 0 {
		return &Error{Column: start + 2, Reason: reasonStatus}
	}
	r.at[fieldRequest] = s[:end]
	rest, _ := sizes(s[end+1:], r)
	at := column(line, rest)
	middle := strings.Index(rest, `" "`)
	switch {
	case statusAfter(rest) >= 0:
		return &Error{Column: at, Reason: reasonAmbiguous}
	case middle < 0 || strings.IndexByte(rest[middle+3:], '"') < 0:
		return &Error{Column: at, Reason: reasonQuote}
	case rest[len(rest)-1] != '"':
		return &Error{Column: at + strings.LastIndexByte(rest, '"') + 1, Reason: reasonTail}
	case strings.Contains(rest[middle+2:], `" "`):
		return &Error{Column: at + middle, Reason: reasonAmbiguous}
	}
	r.at[fieldAgent] = rest[middle+3 : len(rest)-1]
	return nil
}

// rawRequest returns where the quote stands that opens the request: the first after a stamp.
func rawRequest(line string) (int, bool) {
	for from := 0; ; {
		i := strings.Index(line[from:], `] "`)
		if i < 0 {
			return 0, false
		}
		at := from + i
		if at >= len(localLayout) && isLocal(line[at-len(localLayout):at]) {
			return at + 2, true
		}
		from = at + 1
	}
}

// statusAfter returns the first quote after which a status and a size stand before another quote.
func statusAfter(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '"')
		if i < 0 {
			return -1
		}
		var r record
		at := from + i
		if _, ok := sizes(s[at+1:], &r); ok {
			_, status := readStatus(r.at[fieldStatus])
			_, size := readSize(r.at[fieldBytes])
			if status && size {
				return at
			}
		}
		from = at + 1
	}
}
