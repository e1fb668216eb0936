package simulate

// writeAccess writes nginx' line of an exchange that ended now.
func (s *sim) writeAccess(x *exchange) {
	s.count.request(s, x)
	o := &s.access
	if !o.writes(s.now) {
		return
	}
	// Each worker process has a clock of its own, which it sets when it wakes: lines are not quite in order.
	at := s.now + o.shift - moment(mix(x.id^1)%3)*millisecond*moment(mix(x.id^2)&1)
	o.stamp.set(at)
	if s.config.Nginx == "json" {
		o.line(s.appendJSON(o.b, x, at))
		return
	}
	o.line(s.appendCombined(o.b, x))
}

func (s *sim) appendCombined(b []byte, x *exchange) []byte {
	b = x.ip.AppendTo(b)
	b = append(b, " - - ["...)
	b = append(b, s.access.stamp.clf[:]...)
	b = append(b, "] \""...)
	b = x.appendLine(b, escape)
	b = append(b, "\" "...)
	b = number(b, moment(x.status))
	b = append(b, ' ')
	b = number(b, moment(x.bytes))
	b = append(b, " \""...)
	b = orDash(b, x.referer)
	b = append(b, "\" \""...)
	b = orDash(b, x.agent)
	return append(b, '"')
}

// appendLine appends the request line, with an escaping.
func (x *exchange) appendLine(b []byte, escaped func([]byte, string) []byte) []byte {
	if x.line != "" {
		return escaped(b, x.line)
	}
	b = escaped(b, x.method)
	b = append(b, ' ')
	b = escaped(b, x.path)
	b = append(b, ' ')
	return append(b, x.proto...)
}

func orDash(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-')
	}
	return escape(b, s)
}

const upperHex = "0123456789ABCDEF"

// escape appends s as nginx does by default: no quote, backslash, control or byte over 0x7E stays.
func escape(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', upperHex[c>>4], upperHex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// escapeJSON appends s as nginx does with escape=json: bytes over 0x7F stay as they are, valid UTF-8 or not.
func escapeJSON(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\f':
			b = append(b, '\\', 'f')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendJSON appends the line of the log_format that `fedwarden snippet nginx-logformat` prints.
func (s *sim) appendJSON(b []byte, x *exchange, at moment) []byte {
	b = append(b, `{"time":"`...)
	b = append(b, s.access.stamp.iso[:]...)
	b = append(b, `+00:00","msec":`...)
	b = fixed(b, at, second, 3)
	b = append(b, `,"remote_addr":"`...)
	b = x.ip.AppendTo(b)
	b = append(b, `","forwarded_for":"","host":"`...)
	b = append(b, ourHost...)
	b = append(b, `","method":"`...)
	b = escapeJSON(b, x.method)
	b = append(b, `","uri":"`...)
	b = escapeJSON(b, beforeQuery(x.path))
	b = append(b, `","protocol":"`...)
	b = append(b, x.proto...)
	b = append(b, `","status":`...)
	b = number(b, moment(x.status))
	b = append(b, `,"bytes":`...)
	b = number(b, moment(x.bytes))
	b = append(b, `,"request_length":`...)
	b = number(b, moment(x.length()))
	b = append(b, `,"request_time":`...)
	b = fixed(b, s.now-x.begin, second, 3)
	b = append(b, `,"upstream_status":"`...)
	b = x.appendUpstream(b, s.now)
	b = append(b, `","user_agent":"`...)
	b = escapeJSON(b, x.agent)
	b = append(b, `","key_id":"`...)
	b = escapeJSON(b, string(x.appendKey(s.key[:0])))
	b = append(b, `","request_id":"`...)
	b = hex(b, x.id, 16)
	b = hex(b, mix(x.id), 16)
	return append(b, `"}`...)
}

// appendUpstream appends what Puma answered and how long it took; nothing if it wasn't asked, "-" if it said nothing.
func (x *exchange) appendUpstream(b []byte, now moment) []byte {
	const between = `","upstream_response_time":"`
	switch {
	case x.passed == 0:
		return append(b, between...)
	case x.status == 499:
		b = append(append(b, '-'), between...)
	default:
		b = append(number(b, moment(x.status)), between...)
	}
	return fixed(b, now-x.passed, second, 3)
}

func beforeQuery(path string) string {
	for i := range len(path) {
		if path[i] == '?' || path[i] == '#' {
			return path[:i]
		}
	}
	return path
}
