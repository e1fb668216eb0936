package source

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxField  = 1 << 20  // bytes kept of one field of an entry
	maxNames  = 1024     // names of units and hosts that are kept once instead of with every entry
	entryRoom = 64 << 10 // bytes read at one time
)

// A journalEntry is one entry of a journal, as far as we read it.
type journalEntry struct {
	cursor    string
	at        pipeline.Time // when journald received it
	message   string        // several of them stand one below the other
	unit      string
	userUnit  string
	container string
	host      string
	program   string
	transport string // "driver" is journald itself: nobody else can claim that
	object    string // the unit that journald speaks of
	dropped   uint64 // how many messages of it were dropped
	broken    bool   // the line goes on in the next entry
	urgent    bool   // of priority 3, which is what Docker gives standard error
}

// entryFields are the fields that are asked for; those that begin with two underscores come anyway.
const entryFields = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,_SYSTEMD_USER_UNIT,CONTAINER_NAME,_HOSTNAME,SYSLOG_IDENTIFIER,_TRANSPORT," +
	"OBJECT_SYSTEMD_UNIT,N_DROPPED,_LINE_BREAK,CONTAINER_PARTIAL_MESSAGE"

// An exportReader takes entries out of the Journal Export Format: a line KEY=value for each field, or, where a
// value is no text of one line, a line KEY, eight bytes of its length, and its bytes; a blank line ends an
// entry. It is several times faster than JSON, whose values are arrays of numbers where they hold a colour.
type exportReader struct {
	buf   []byte
	start int // the unread window is buf[start:]
	drop  uint64
	tail  bool // what comes up to the end of the line is dropped, too
	entry journalEntry
	names map[string]string
	long  uint64 // fields that were cut
}

// room returns where to write what is read next; took says how much that was.
func (r *exportReader) room() []byte {
	if r.start > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.start:])]
		r.start = 0
	}
	if cap(r.buf)-len(r.buf) < entryRoom {
		r.buf = append(make([]byte, 0, 2*len(r.buf)+entryRoom), r.buf...)
	}
	return r.buf[len(r.buf):cap(r.buf)]
}

func (r *exportReader) took(n int) { r.buf = r.buf[:len(r.buf)+n] }

// next returns the next entry that has come whole.
func (r *exportReader) next() (journalEntry, bool) {
	for {
		if r.drop > 0 || r.tail {
			if !r.skip() {
				return journalEntry{}, false
			}
			continue
		}
		window := r.buf[r.start:]
		n := bytes.IndexByte(window, '\n')
		switch {
		case n < 0:
			if !r.cut(window) {
				return journalEntry{}, false
			}
		case n == 0:
			r.start++
			e := r.entry
			r.entry = journalEntry{}
			if e.cursor != "" {
				return e, true
			}
		case !r.field(window, n):
			return journalEntry{}, false
		}
	}
}

// field reads the field whose first line ends at n, if all that is kept of it is there.
func (r *exportReader) field(window []byte, n int) bool {
	if i := bytes.IndexByte(window[:n], '='); i >= 0 {
		r.set(window[:i], window[i+1:n])
		r.start += n + 1
		return true
	}
	const size = 8
	body := window[n+1:]
	if len(body) < size {
		return false
	}
	length := binary.LittleEndian.Uint64(body)
	body = body[size:]
	kept := min(length, maxField)
	if uint64(len(body)) < kept {
		return false
	}
	if length > kept {
		r.long++
	}
	r.set(window[:n], body[:kept])
	r.start += n + 1 + size + int(kept)
	r.drop, r.tail = length-kept, true
	return true
}

// cut keeps the beginning of a field of one line that is too long. It reports false when there is more to wait
// for.
func (r *exportReader) cut(window []byte) bool {
	if len(window) <= maxField {
		return false
	}
	if i := bytes.IndexByte(window, '='); i >= 0 {
		r.set(window[:i], window[i+1:])
	}
	r.long++
	r.start = len(r.buf)
	r.tail = true
	return true
}

// skip drops what is not kept; false when more of that is still to come.
func (r *exportReader) skip() bool {
	n := min(r.drop, uint64(len(r.buf)-r.start))
	r.start += int(n)
	if r.drop -= n; r.drop > 0 {
		return false
	}
	if end := bytes.IndexByte(r.buf[r.start:], '\n'); end >= 0 {
		r.start += end + 1
		r.tail = false
		return true
	}
	r.start = len(r.buf)
	return false
}

// set notes the value of a field.
func (r *exportReader) set(key, value []byte) {
	e := &r.entry
	switch string(key) {
	case "__CURSOR":
		e.cursor = string(value)
	case "__REALTIME_TIMESTAMP":
		n, _ := strconv.ParseInt(string(value), 10, 64)
		e.at = pipeline.Time(n) * pipeline.Time(time.Microsecond)
	case "MESSAGE":
		if e.message != "" {
			e.message += "\n"
		}
		e.message += string(value)
	case "PRIORITY":
		e.urgent = string(value) == "3"
	case "_SYSTEMD_UNIT":
		e.unit = r.name(value)
	case "_SYSTEMD_USER_UNIT":
		e.userUnit = r.name(value)
	case "CONTAINER_NAME":
		e.container = r.name(value)
	case "_HOSTNAME":
		e.host = r.name(value)
	case "SYSLOG_IDENTIFIER":
		e.program = r.name(value)
	case "_TRANSPORT":
		e.transport = r.name(value)
	case "OBJECT_SYSTEMD_UNIT":
		e.object = r.name(value)
	case "N_DROPPED":
		e.dropped, _ = strconv.ParseUint(string(value), 10, 64)
	case "_LINE_BREAK":
		e.broken = e.broken || string(value) == "line-max"
	case "CONTAINER_PARTIAL_MESSAGE":
		e.broken = e.broken || string(value) == "true"
	}
}

// name returns a value that comes with many entries, kept once.
func (r *exportReader) name(value []byte) string {
	if s, ok := r.names[string(value)]; ok {
		return s
	}
	s := string(value[:min(len(value), maxMemberName)])
	if r.names == nil {
		r.names = map[string]string{}
	}
	if len(r.names) < maxNames {
		r.names[s] = s
	}
	return s
}
