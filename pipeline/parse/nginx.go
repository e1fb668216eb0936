package parse

import (
	"net/netip"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A field is what fedwarden reads of an nginx line, by whatever syntax it is written.
type field uint8

// The fields. fieldNone is a value that is not read.
const (
	fieldNone field = iota
	fieldAddr
	fieldForwarded
	fieldMsec // the surest stamp first
	fieldISO
	fieldTime
	fieldRequest
	fieldMethod
	fieldURI
	fieldStatus
	fieldBytes
	fieldSent
	fieldLength
	fieldDuration
	fieldUpstream
	fieldAgent
	fieldSignature
	fieldInput
	fieldKey
	fields
)

// A record is the fields of one line, as they are written; escaped says that some may be.
type record struct {
	at      [fields]string
	escaped bool
}

// nginx reads nginx's access log, text and JSON.
type nginx struct {
	clock   clock
	arena   *arena
	agents  agents
	trusted []netip.Prefix
	format  *logFormat // nil: combined and its variants
	keys    map[string]namedField
	order   keyOrder
	record  record // of the line being read
}

func newNginx(o Options, a *arena) (*nginx, error) {
	n := &nginx{arena: a, trusted: o.TrustedProxies, clock: clock{zone: o.Location}}
	f, jsonKeys, err := compile(o.LogFormat)
	if err != nil {
		return nil, err
	}
	n.format = f
	n.keys, err = keyTable(jsonKeys, o.JSONKeys)
	return n, err
}

// nginx remembers nothing from line to line.
func (n *nginx) state() string  { return "" }
func (n *nginx) restore(string) {}

func (n *nginx) zoned() bool { return n.clock.zoned }

func (n *nginx) line(line string, _ Env, e *pipeline.Event) (skip string, err *Error) {
	if isErrorLog(line) {
		return skipErrorLog, nil
	}
	r := &n.record
	*r = record{escaped: strings.IndexByte(line, '\\') >= 0}
	switch {
	case n.format != nil:
		err = n.format.read(line, r)
	case line[0] == '{':
		err = n.json(line, r)
	default:
		err = combined(line, r)
	}
	if err != nil {
		return "", err
	}
	return "", n.fill(line, r, e)
}

// fill makes an event of a record.
func (n *nginx) fill(line string, r *record, e *pipeline.Event) *Error {
	if reason, f := n.fillNumbers(r, e); reason != "" {
		return &Error{Column: column(line, r.at[f]), Reason: reason}
	}
	e.Kind = pipeline.KindRequest
	if request := n.plain(r, fieldRequest); request != "" {
		setRequest(e, request)
	} else if uri := n.plain(r, fieldURI); uri != "" {
		e.Method = methodOf(r.at[fieldMethod])
		setTarget(e, uri)
	} else {
		e.Method = methodOf(r.at[fieldMethod])
	}
	n.agents.set(e, n.plain(r, fieldAgent))
	if key := n.plain(r, fieldKey); key != "" {
		setKey(e, key)
	} else if r.at[fieldSignature] != "" || r.at[fieldInput] != "" {
		setSignature(e, n.plain(r, fieldSignature), n.plain(r, fieldInput))
	}
	return nil
}

// fillNumbers sets what is no text; a reason and the field that it concerns if it can't.
func (n *nginx) fillNumbers(r *record, e *pipeline.Event) (reason string, f field) {
	remote, ok := readAddress(r.at[fieldAddr])
	if !ok {
		return reasonAddress, fieldAddr
	}
	e.IP = client(remote, r.at[fieldForwarded], n.trusted)
	for _, f := range [...]field{fieldMsec, fieldISO, fieldTime} {
		if r.at[f] == "" {
			continue
		}
		if e.Time, e.Digits, ok = n.clock.read(r.at[f]); !ok {
			return reasonTime, f
		}
		break
	}
	if e.Status, ok = readStatus(r.at[fieldStatus]); !ok {
		return reasonStatus, fieldStatus
	}
	sent := fieldBytes
	if r.at[sent] == "" {
		sent = fieldSent
	}
	if e.Bytes, ok = readSize(r.at[sent]); !ok {
		return reasonSize, sent
	}
	if e.RequestBytes, ok = readSize(r.at[fieldLength]); !ok {
		return reasonSize, fieldLength
	}
	e.Duration = readSeconds(r.at[fieldDuration])
	e.Upstream = readUpstream(r.at[fieldUpstream])
	return "", fieldNone
}

// plain returns a field's text as it was before nginx escaped it; "-" is nothing.
func (n *nginx) plain(r *record, f field) string {
	s := r.at[f]
	if s == "-" {
		return ""
	}
	if r.escaped && strings.IndexByte(s, '\\') >= 0 {
		return n.arena.unescape(s)
	}
	return s
}
