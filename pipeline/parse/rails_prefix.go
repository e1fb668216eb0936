package parse

import (
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// loggerStamp is where the stamp stands behind "I, [".
const loggerStamp = 4

// logger reads the prefix of Ruby's own formatter and returns what follows it:
//
//	I, [2024-06-12T22:32:25.956407 #249471]  INFO -- : …
func logger(line string) (text string, ok bool) {
	if len(line) < 40 || line[1] != ',' || line[2] != ' ' || line[3] != '[' ||
		strings.IndexByte("DIWEFA", line[0]) < 0 {
		return line, false
	}
	head := line[:min(len(line), 128)]
	end := strings.Index(head, "] ")
	if end < 0 {
		return line, false
	}
	dashes := strings.Index(head[end:], " -- ")
	if dashes < 0 {
		return line, false
	}
	from := end + dashes + len(" -- ")
	colon := strings.IndexByte(head[from:], ':') // after the program's name, as a rule none
	if colon < 0 {
		return line, false
	}
	return strings.TrimPrefix(line[from+colon+1:], " "), true
}

// stamps reads the stamps of one log, and knows the last second again.
type stamps struct {
	zone *time.Location // of stamps that name none
	text [len(isoLayout)]byte
	tail string // "Z" or nothing: what names the zone of that second
	time pipeline.Time
	bare bool // the last stamp names no zone
}

func (c *stamps) zoned() bool { return !c.bare }

// read reads the stamp with which s begins, up to a blank or its end.
func (c *stamps) read(s string) (t pipeline.Time, digits uint8, ok bool) {
	s, _, _ = strings.Cut(cut(s, 40), " ")
	if len(s) < len(isoLayout) {
		return 0, 0, false
	}
	frac, digits, tail := decimals(s[len(isoLayout):])
	c.bare = tail == ""
	if c.time != 0 && tail == c.tail && s[:len(isoLayout)] == string(c.text[:]) {
		return c.time + frac, digits, true
	}
	if t, digits, ok = readISO(s, c.zone); !ok {
		return 0, 0, false
	}
	if tail == "" || tail == "Z" {
		copy(c.text[:], s)
		c.tail, c.time = strings.Clone(tail), t-frac
	}
	return t, digits, true
}

// A voice is how a process of Rails speaks, by what it said last: above zero with the prefix, else
// without. It takes many lines of the other kind to change it, so that a few which a stranger smuggled
// in by a line break do not; fewer of those with the prefix, which only a newer version writes.
type voice int

const (
	sureVoice   = 64
	prefixVoice = 8 // what a line with the prefix weighs
)

func (v *voice) heard(prefixed bool) {
	if prefixed {
		*v = min(*v+prefixVoice, sureVoice)
	} else {
		*v = max(*v-1, -sureVoice)
	}
}

func (v voice) prefixed() bool { return v > 0 }

func (v *voice) restore(s string) {
	n, err := strconv.Atoi(s)
	if err != nil {
		n = 0
	}
	*v = voice(min(max(n, -sureVoice), sureVoice))
}

// maxTag bounds a tag: a request id comes from the client and has up to 255 characters.
const maxTag = 300

// untag takes the tags off: "[request id] [trace_id=…] [span_id=…] ", or a bare request id before a
// record.
func untag(text string) (body string, tagged bool) {
	for strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text[:min(len(text), maxTag)], ']')
		if end < 0 || !isTag(text[1:end]) {
			return text, tagged
		}
		text, tagged = strings.TrimPrefix(text[end+1:], " "), true
	}
	if !tagged {
		id, rest, ok := strings.Cut(text[:min(len(text), maxTag)], " ")
		if ok && strings.HasPrefix(rest, "method=") && isTag(strings.Trim(id, "<>")) {
			return text[len(id)+1:], true
		}
	}
	return text, tagged
}

func isTag(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && strings.IndexByte("-_@=.:", c) < 0 {
			return false
		}
	}
	return s != ""
}

// looksRails reports whether a line is surely of Rails' web log: a record, or anything said with a
// request's tag behind the logger's prefix.
func looksRails(line string) bool {
	text, prefixed := logger(line)
	body, tagged := untag(text)
	if strings.HasPrefix(body, "method=") {
		return strings.Contains(body, " path=") && strings.Contains(body, " action=")
	}
	return prefixed && tagged && hasRequestID(text) || isLogrageJSON(body)
}

// hasRequestID reports whether the first tag has the length of an id that Rails makes; a client may
// choose a shorter one, and others use tags of their own, as "[paperclip]".
func hasRequestID(text string) bool { return strings.IndexByte(text, ']') > 32 }
