package parse

import (
	"fmt"
	"slices"
	"strings"
)

// jsonKeys are the usual keys of a JSON log_format.
var jsonKeys = map[string]field{
	"msec": fieldMsec, "time_iso8601": fieldISO,
	"time": fieldTime, "time_local": fieldTime, "timestamp": fieldTime, "@timestamp": fieldTime, "ts": fieldTime,
	"remote_addr": fieldAddr, "remote_ip": fieldAddr, "client_ip": fieldAddr, "ip": fieldAddr,
	"forwarded_for": fieldForwarded, "xff": fieldForwarded, "x_forwarded_for": fieldForwarded, "http_x_forwarded_for": fieldForwarded,
	"request": fieldRequest,
	"method":  fieldMethod, "request_method": fieldMethod,
	"uri": fieldURI, "request_uri": fieldURI,
	"status": fieldStatus,
	"bytes":  fieldBytes, "body_bytes_sent": fieldBytes,
	"bytes_sent":     fieldSent,
	"request_length": fieldLength, "request_bytes": fieldLength,
	"request_time":           fieldDuration,
	"upstream_response_time": fieldUpstream, "upstream_time": fieldUpstream, "urt": fieldUpstream,
	"user_agent": fieldAgent, "http_user_agent": fieldAgent, "agent": fieldAgent, "ua": fieldAgent,
	"signature": fieldSignature, "http_signature": fieldSignature, "sig": fieldSignature,
	"signature_input": fieldInput, "http_signature_input": fieldInput, "sig_input": fieldInput,
	"key_id": fieldKey, "keyid": fieldKey, "sig_key": fieldKey, "key": fieldKey,
}

// ourNames are the names by which JSONKeys calls the fields, each a usual key itself.
var ourNames = [...]string{"time", "msec", "remote_addr", "forwarded_for", "request", "method", "uri", "status",
	"bytes", "bytes_sent", "request_length", "request_time", "upstream_response_time", "user_agent", "signature", "signature_input", "key_id"}

// keyTable returns the fields by key: the usual ones, over them those of a log_format, over them the
// configured ones. A field with a key of its own has no other.
func keyTable(format map[string]field, configured map[string]string) (map[string]namedField, error) {
	table := make(map[string]namedField, len(jsonKeys))
	for key, f := range jsonKeys {
		table[key] = namedField{key, f}
	}
	for key, f := range format {
		table[key] = namedField{key, f}
	}
	own := make(map[string]field, len(configured))
	for _, name := range slices.Sorted(mapKeys(configured)) {
		f, key := jsonKeys[name], configured[name]
		if f == fieldNone || !slices.Contains(ourNames[:], name) {
			return nil, fmt.Errorf("json_keys: %q is no field; the fields are %s", cut(name, maxName), strings.Join(ourNames[:], ", "))
		}
		if key == "" {
			return nil, fmt.Errorf("json_keys: %s has no key", name)
		}
		if _, twice := own[key]; twice {
			return nil, fmt.Errorf("json_keys: %s: key %q is another field's too", name, cut(key, maxName))
		}
		own[key] = f
	}
	for key, f := range own {
		dropField(table, f)
		table[key] = namedField{key, f}
	}
	return table, nil
}

// mapKeys ranges over the keys of m.
func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// dropField takes every key of a field out of a table.
func dropField(table map[string]namedField, f field) {
	for key, n := range table {
		if n.field == f {
			delete(table, key)
		}
	}
}

// maxName bounds a key that is remembered or shown.
const maxName = 64

// A namedField is a field under its key.
type namedField struct {
	key   string
	field field
}

// A keyOrder remembers which key stood where in the line before: lines of one log_format have the same
// order, so that a comparison does for a look-up. It changes no result.
type keyOrder [40]namedField

func (o *keyOrder) field(at int, key string, table map[string]namedField) field {
	if at < len(o) && o[at].key == key {
		return o[at].field
	}
	n, known := table[key]
	if at < len(o) && known {
		o[at] = n
	} else if at < len(o) && o[at].key == "" && len(key) <= maxName {
		o[at] = namedField{key: strings.Clone(key)}
	}
	return n.field
}

// json reads a line of a JSON log_format.
func (n *nginx) json(line string, r *record) *Error {
	j := jsonReader{s: line, i: 1}
	var seen [fields]bool
	for at := 0; ; at++ {
		key, value, more, reason := j.member()
		if reason != "" {
			return &Error{Column: j.i + 1, Reason: reason}
		}
		if !more {
			break
		}
		f := n.order.field(at, key, n.keys)
		if r.at[f] == "" {
			r.at[f] = value
		}
		seen[f] = true
	}
	switch {
	case !seen[fieldStatus]:
		return &Error{Column: 1, Reason: reasonStatus}
	case !seen[fieldRequest] && !seen[fieldURI]:
		return &Error{Column: 1, Reason: reasonRequest}
	}
	r.at[fieldNone] = ""
	return nil
}
