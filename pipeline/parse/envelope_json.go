package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A letter is an object that may be an envelope: what its members say, as far as they mean anything.
type letter struct {
	arena *arena
	keys  map[string]namedField // of nginx's JSON, where they are not the usual ones

	texts   [textRanks]string // raw; the first that is there is the text
	batch   string            // OTLP's resourceLogs
	data    string            // CloudEvents' payload
	origin  Origin
	times   [timeRanks]string // raw
	id      string            // of a container, in case it has no name
	dropped string            // journald's N_DROPPED
	unit    string            // whose lines those were
	carrier string            // how journald got the line
	stream  string            // "stdout" or "stderr"
	marks   mark
	members int
}

// The keys under which a text may stand, in the order in which they count.
const (
	textMessage = iota
	textLog
	textJournal
	textOriginal
	textMsg
	textFull
	textShort
	textBody
	textLine
	textRanks
)

// The keys under which a time may stand.
const (
	timeJournal = iota // of writing
	timeNano
	timePlain // of writing if a carrier's
	timeStamp
	timeAt
	timeObserved
	timeRanks
)

// A mark is what an object is known by.
type mark uint32

const (
	markShipper  mark = 1 << iota // nobody but a shipper writes that
	markOrigin                    // it says where it comes from
	markApp                       // a program's own structured log
	markStatus                    // a request's record, together with what was requested
	markRequest                   //
	markTS                        // Sidekiq's line, all three together
	markPID                       //
	markTID                       //
	markJournal                   // a field of journald
	markTagged                    // a runtime's tag
	markGELF                      //
	markPiece                     // of a line that goes on
	markLast                      // the last piece
	markEvent                     // CloudEvents
	markCarried                   // by its type of source
	markElse                      // a member that docker's json-file has not
	markLine     = markStatus | markRequest
	markSidekiq  = markTS | markPID | markTID
	markCarriers = markJournal | markTagged | markCarried
)

func (l *letter) has(m mark) bool { return l.marks&m == m }

// object opens an object, if it is an envelope.
func (o *Opener) object(r Record, depth int) bool {
	l := letter{arena: &o.arena, keys: o.keys}
	if !l.read(r.Text) {
		return false
	}
	if l.batch != "" {
		return o.otlp(l.batch, r, depth)
	}
	if l.has(markLine) || l.has(markSidekiq) {
		return o.flat(&l, r)
	}
	if l.data != "" && l.has(markEvent) {
		return o.event(&l, r, depth)
	}
	raw, ok := l.text()
	if !ok {
		return false
	}
	o.opened = true
	in := l.record()
	in.inside(&r)
	in.Text = l.plain(raw)
	if l.isDocker() {
		in.Cut = !strings.HasSuffix(in.Text, "\n")
	}
	if l.suppressed(&in) {
		o.records = append(o.records, in)
		return true
	}
	o.deliver(&l, in, depth)
	return true
}

// deliver adds what an envelope brought.
func (o *Opener) deliver(l *letter, r Record, depth int) {
	if l.isCarrier() {
		o.carried(r)
	} else {
		o.shipped(r, depth+1)
	}
}

// read walks the members; it reports whether all of s is one object.
func (l *letter) read(s string) bool {
	if s == "" || s[0] != '{' {
		return false
	}
	j := jsonReader{s: s, i: 1}
	for {
		key, raw, more, reason := j.raw()
		if reason != "" {
			return false
		}
		if !more {
			return l.members > 0
		}
		l.members++
		l.member(key, raw)
	}
}

// text returns the raw text, if the object is an envelope. What may as well be a program's own structured
// log is none: its message may be a stranger's from the first byte on.
func (l *letter) text() (raw string, ok bool) {
	app := l.marks&markApp != 0 && l.marks&(markShipper|markCarriers) == 0 && !l.isGELF()
	for rank, raw := range l.texts {
		if raw == "" {
			continue
		}
		switch rank {
		case textFull, textShort:
			ok = l.isGELF()
		case textMsg, textLine:
			ok = !app && l.marks&(markOrigin|markShipper) != 0
		case textBody:
			ok = l.times[timeNano] != "" || l.times[timeObserved] != ""
		default:
			ok = !app
		}
		if ok {
			return raw, true
		}
	}
	return "", false
}

// isDocker reports whether the object is a line of docker's json-file: nothing but log, stream, time and
// attrs.
func (l *letter) isDocker() bool {
	return l.texts[textLog] != "" && l.stream != "" && l.times[timePlain] != "" && l.marks&markElse == 0 && l.members <= 4
}

// isGELF reports whether the object has what GELF says that every message has.
func (l *letter) isGELF() bool {
	return l.has(markGELF) && l.texts[textShort] != "" && l.origin.Host != ""
}

// isCarrier reports whether who wrote the envelope had the line from the program itself.
func (l *letter) isCarrier() bool {
	return l.marks&markCarriers != 0 || l.stream != "" || l.isGELF() || l.isDocker()
}

// record returns what the members say, without the text.
func (l *letter) record() Record {
	r := Record{Origin: l.origin, Err: l.stream == "stderr"}
	first(&r.Origin.Container, l.id)
	r.Cut = l.has(markPiece) && !l.has(markLast)
	carrier := l.isCarrier()
	for rank, raw := range l.times {
		t := l.time(raw)
		switch {
		case t == 0:
		case rank <= timeNano || carrier && rank <= timeStamp:
			if r.Time == 0 {
				r.Time = t
			}
		case r.Read == 0:
			r.Read = t
		}
	}
	return r
}

// suppressed reads journald's own word on lines that it has dropped. What a program says of itself is
// not it: journald tells how it got a line.
func (l *letter) suppressed(r *Record) bool {
	driver := l.carrier == "driver"
	if !driver && (l.carrier != "" || !isJournald(r.Origin.Program)) {
		if isJournald(r.Origin.Program) {
			r.Origin.Program = "" // it only calls itself so
		}
		return false
	}
	n, unit, ok := suppressed(r.Text)
	if d := l.dropped; d != "" && len(d) <= 18 && isDigits(d) && number(d) > 0 {
		n, ok = uint64(number(d)), true
	}
	if !ok {
		return false
	}
	first(&l.unit, unit)
	r.Text, r.Suppressed = "", n
	r.Origin.Unit, r.Origin.Program = l.unit, ""
	return true
}

// plain returns the text of a raw value: a string, an array of bytes, or the first of several values.
func (l *letter) plain(raw string) string {
	if raw == "" {
		return ""
	}
	switch raw[0] {
	case '"':
		return l.str(raw)
	case '[':
		if len(raw) > 1 && raw[1]-'0' <= 9 {
			return l.bytes(raw)
		}
		for value := range elements(raw) {
			if value != "" && value[0] == '[' {
				return l.bytes(value)
			}
			return l.str(value)
		}
	}
	return ""
}

// str returns what a raw string says; nothing of another value.
func (l *letter) str(raw string) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	s := raw[1 : len(raw)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return l.arena.unescape(s)
}

// bytes reads [27,91,49]; journalctl writes what is no plain text so.
func (l *letter) bytes(raw string) string {
	b := l.arena.room(len(raw) / 2)
	n, digits := 0, false
	for i := 1; i < len(raw); i++ {
		switch c := raw[i]; {
		case c-'0' <= 9:
			n, digits = n*10+int(c-'0'), true
			if n > 255 {
				return ""
			}
		case (c == ',' || c == ']') && digits:
			b = append(b, byte(n))
			n, digits = 0, false
		case c != ' ':
			return ""
		}
	}
	return l.arena.keep(b)
}

// time reads a raw time: RFC 3339 with its zone, or a number since the epoch in whatever unit.
func (l *letter) time(raw string) pipeline.Time {
	s := strings.Trim(raw, `"`)
	if t, ok := absolute(s); ok {
		return t
	}
	whole, _, _ := strings.Cut(s, ".")
	if len(whole) <= 10 {
		t, _, _ := readUnix(s)
		return t
	}
	unit := pipeline.Second
	for range len(whole) - 10 {
		unit /= 10
	}
	if len(whole) > 19 || !isDigits(whole) || len(whole) == 19 && whole > "9214646399" {
		return 0
	}
	if t := pipeline.Time(number(whole)) * unit; isSane(t) {
		return t
	}
	return 0
}
