package kafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline/parse"
)

const (
	maxRecord  = 1 << 20 // bytes of a record's value that are read
	sampleSize = 4 << 10 // of one that is larger, this much shows what it is
	binaryHead = 512     // a NUL within it tells that a value is no text
)

// A decoder takes lines out of a record's value.
type decoder struct {
	opener *parse.Opener // nil: the value is the text
	path   []string      // of the text in JSON; empty: none
	lines  []parse.Record
}

// newDecoder reads a Config's Decode.
func newDecoder(decode string) (*decoder, error) {
	path, isPath := strings.CutPrefix(decode, "json:")
	switch {
	case decode == "" || decode == "auto":
		return &decoder{opener: &parse.Opener{}}, nil
	case decode == "raw":
		return &decoder{}, nil
	case isPath && path != "" && !strings.Contains("."+path+".", ".."):
		return &decoder{path: strings.Split(path, ".")}, nil
	}
	return nil, errors.New("must be auto, raw or json:path.to.field")
}

// A defect is why a value is no log line as it stands.
type defect uint8

const (
	sound     defect = iota
	empty            // no value: nothing to read
	oversized        // beyond maxRecord: its beginning is read
	notText          // it holds a NUL near its beginning: no text format does
	pathless         // no text where decode says
)

// open returns the lines that a value holds, and what is wrong with it. They point into value, which must not
// change as long as they live.
func (d *decoder) open(value []byte) ([]parse.Record, defect) {
	switch {
	case len(value) == 0:
		return nil, empty
	case len(value) > maxRecord:
		return d.one(value[:sampleSize]), oversized
	case bytes.IndexByte(value[:min(len(value), binaryHead)], 0) >= 0:
		return d.one(value[:min(len(value), sampleSize)]), notText
	}
	text := stringOf(value)
	if d.opener != nil {
		return d.opener.Open(text), sound
	}
	if len(d.path) == 0 {
		return d.split(text), sound
	}
	inner, ok := find(value, d.path)
	if !ok {
		return d.one(value[:min(len(value), sampleSize)]), pathless
	}
	return d.split(inner), sound
}

// one returns a value as it stands.
func (d *decoder) one(value []byte) []parse.Record {
	d.lines = append(d.lines[:0], parse.Record{Text: stringOf(value)})
	return d.lines
}

// split returns the lines of a text: a shipper may join several.
func (d *decoder) split(text string) []parse.Record {
	d.lines = d.lines[:0]
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		d.lines = append(d.lines, parse.Record{Text: line})
	}
	return d.lines
}

// find returns the text at a path of keys in a JSON object.
func find(value []byte, path []string) (string, bool) {
	for _, key := range path {
		var object map[string]json.RawMessage
		if json.Unmarshal(value, &object) != nil {
			return "", false
		}
		value = object[key]
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err == nil
}

// stringOf returns b as a string without copying.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
