package parse

import "strings"

// pri reads what follows a priority: RFC 5424, or RFC 3164 with either kind of stamp.
//
//	<190>1 2026-11-18T14:07:58.1Z web1 nginx 812 - [x@1 a="b"] …
//	<190>Nov 18 14:07:58 web1 nginx: …
//	<190>2026-11-18T14:07:58+00:00 web1 nginx: …
func pri(line string) (r Record, ok bool) {
	end := strings.IndexByte(line[:min(len(line), 5)], '>')
	if end < 2 || !isDigits(line[1:end]) {
		return r, false
	}
	rest := line[end+1:]
	switch {
	case isShortStamp(rest):
		return short(rest)
	case len(rest) > 2 && rest[0]-'1' < 9 && rest[1] == ' ':
		return numbered(rest[2:])
	case isDated(rest):
		return dated(rest)
	}
	return r, false
}

// isShortStamp reports whether s begins with "Nov 23 07:21:38 ", or with decimals as short-precise has it.
func isShortStamp(s string) bool {
	return len(s) > 16 && s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' && (s[15] == ' ' || s[15] == '.') &&
		monthOf(s[:3]) != 0 && isDigits(s[13:15])
}

// short reads RFC 3164 from its stamp on, which journalctl -o short writes too. The stamp has neither
// year nor zone and is not used. The host may be missing.
func short(line string) (r Record, ok bool) {
	_, rest, ok := strings.Cut(line[len("Nov 23 07:21:38"):], " ")
	return r, ok && (tagged(rest, &r) || tag(rest, &r))
}

// full reads "Mon 2026-11-23 07:21:38 UTC host tag[pid]: ". Of zones by name only UTC is known.
func full(line string) (r Record, ok bool) {
	stamp := line[len("Mon "):len("Mon 2026-11-23 07:21:38")]
	zone, rest, ok := strings.Cut(strings.TrimPrefix(line[len("Mon 2026-11-23 07:21:38"):], " "), " ")
	if !ok || !isWord(zone) || !tagged(rest, &r) {
		return Record{}, false
	}
	if zone == "UTC" {
		r.Time, _, _ = readISO(stamp, nil)
	}
	return r, true
}

func unixDated(line string) (r Record, ok bool) {
	if !isUnixDated(line) {
		return r, false
	}
	stamp, rest, _ := strings.Cut(line, " ")
	if !tagged(rest, &r) {
		return Record{}, false
	}
	r.Time, _, ok = readUnix(stamp)
	return r, ok
}

// maxHead bounds the host and the tag.
const maxHead = 320

// tagged reads "host tag[pid]: …".
func tagged(s string, r *Record) bool {
	host, _, ok := strings.Cut(cut(s, maxHead), " ")
	if !ok || !isHostName(host) || !tag(s[len(host)+1:], r) {
		return false
	}
	r.Origin.Host = host
	return true
}

// isHostName reports whether s may be the host of a syslog line.
func isHostName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isNameByte(c) && c != ':' && c < 0x80 {
			return false
		}
	}
	return s != "" && s[len(s)-1] != ':'
}

// tag reads "tag[pid]: …" or "tag: …".
func tag(s string, r *Record) bool {
	head := cut(s, maxHead)
	colon := strings.IndexByte(head, ':')
	for colon >= 0 && colon+1 < len(head) && head[colon+1] != ' ' {
		next := strings.IndexByte(head[colon+1:], ':')
		if next < 0 {
			return false
		}
		colon += 1 + next
	}
	if colon <= 0 || strings.ContainsAny(head[:colon], " \"={}<>") {
		return false
	}
	name := head[:colon]
	if pid := strings.IndexByte(name, '['); pid > 0 && name[len(name)-1] == ']' {
		name = name[:pid]
	}
	r.Text = strings.TrimPrefix(s[colon+1:], " ")
	setProgram(name, r)
	return true
}

// setProgram sets what wrote a line: a unit, as with-unit has it, or a tag.
func setProgram(name string, r *Record) {
	r.Origin.Program = name
	if strings.HasSuffix(name, ".service") {
		r.Origin.Unit = name
	}
}

// numbered reads RFC 5424 behind its version: stamp, host, program, process, message id, structured data,
// any of which may be "-", and the message.
func numbered(s string) (r Record, ok bool) {
	var head [5]string
	for i := range head {
		if head[i], s, ok = strings.Cut(s, " "); !ok || len(head[i]) > 255 {
			return Record{}, false
		}
	}
	if head[0] != "-" {
		if r.Time, ok = absolute(head[0]); !ok {
			return Record{}, false
		}
	}
	if head[1] != "-" {
		r.Origin.Host = head[1]
	}
	if head[2] != "-" {
		setProgram(head[2], &r)
	}
	if s, ok = afterData(s); !ok {
		return Record{}, false
	}
	s = strings.TrimPrefix(s, " ")
	if r.Text, ok = strings.CutPrefix(s, "\ufeff"); !ok {
		r.Text = strings.TrimPrefix(s, " ") // rsyslog's messages begin with one
	}
	return r, true
}

// afterData returns what follows structured data: "-" or elements like [id name="value" …], in whose
// values a backslash stands before a quote, a bracket or itself.
func afterData(s string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "-"); ok {
		return rest, rest == "" || rest[0] == ' '
	}
	in, quoted := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && in:
			quoted = !quoted
		case quoted:
		case c == '[' && !in:
			in = true
		case c == ']' && in:
			in = false
		case !in:
			return s[i:], c == ' ' && i > 0
		}
	}
	return "", !in && s != ""
}

// isJournald reports whether a program is systemd's journal itself.
func isJournald(program string) bool {
	return program == "systemd-journald" || program == "systemd-journald.service"
}

// suppressed reads "Suppressed 4211 messages from mastodon-web.service"; old versions name the path of
// the control group.
func suppressed(text string) (n uint64, unit string, ok bool) {
	rest, ok := strings.CutPrefix(text, "Suppressed ")
	count, rest, more := strings.Cut(rest, " messages from ")
	if !ok || !more || len(count) > 18 || !isDigits(count) {
		return 0, "", false
	}
	unit = trimEnd(rest)
	return uint64(number(count)), unit[strings.LastIndexByte(unit, '/')+1:], number(count) > 0
}
