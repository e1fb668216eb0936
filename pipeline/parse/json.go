package parse

import "strings"

// maxDepth bounds the nesting of values that are skipped.
const maxDepth = 16

// A jsonReader reads the members of one JSON object as nginx writes it: bytes that are no UTF-8, values
// that are missing where a variable without quotes was empty, and unquoted lists pass; a line that ends
// early does not.
type jsonReader struct {
	s     string
	i     int  // where reading is
	from  int  // where the last value began
	begun bool // a member was read: a comma must come before the next
}

// member reads the next member: a key, and a value as it is written, without quotes; a nested value is
// skipped and empty. At the end of the object more is false; reason says what is wrong.
func (j *jsonReader) member() (key, value string, more bool, reason string) {
	switch c := j.next(); {
	case c == '}':
		j.i++
		if j.next() != 0 || j.i < len(j.s) {
			return "", "", false, reasonJSON
		}
		return "", "", false, ""
	case c == ',' && j.begun:
		j.i++
		j.next()
	case j.begun && c != 0:
		return "", "", false, reasonJSON
	}
	j.begun = true
	key, reason = j.text()
	if reason != "" {
		return "", "", false, reason
	}
	if c := j.next(); c != ':' {
		return "", "", false, orTruncated(c, reasonJSON)
	}
	j.i++
	value, reason = j.value()
	return key, value, true, reason
}

// next skips blanks and returns the byte after them, 0 at the end.
func (j *jsonReader) next() byte {
	for j.i < len(j.s) {
		if c := j.s[j.i]; c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
		j.i++
	}
	return 0
}

func orTruncated(c byte, reason string) string {
	if c == 0 {
		return reasonTruncated
	}
	return reason
}

// text reads a string and returns what stands between its quotes.
func (j *jsonReader) text() (string, string) {
	if c := j.next(); c != '"' {
		return "", orTruncated(c, reasonJSON)
	}
	from := j.i + 1
	for at := from; ; {
		q := strings.IndexByte(j.s[at:], '"')
		if q < 0 {
			j.i = len(j.s)
			return "", reasonTruncated
		}
		q += at
		back := q
		for back > from && j.s[back-1] == '\\' {
			back--
		}
		if (q-back)%2 == 0 {
			j.i = q + 1
			return j.s[from:q], ""
		}
		at = q + 1
	}
}

// value reads a value of any kind.
func (j *jsonReader) value() (value, reason string) {
	c := j.next()
	switch j.from = j.i; c {
	case 0:
		return "", reasonTruncated
	case '"':
		return j.text()
	case '{', '[':
		return "", j.skip()
	}
	return j.scalar()
}

// scalar reads an unquoted value, which may be missing, "-", or a list like "0.001, 0.000": a comma ends
// it if a key may follow.
func (j *jsonReader) scalar() (value, reason string) {
	from := j.i
	for ; j.i < len(j.s); j.i++ {
		switch j.s[j.i] {
		case '}':
			return bare(j.s[from:j.i]), ""
		case ',':
			after := jsonReader{s: j.s, i: j.i + 1}
			if c := after.next(); c == '"' || c == 0 {
				return bare(j.s[from:j.i]), ""
			}
		case '"', '{', '[', ']':
			return "", reasonJSON
		}
	}
	return "", reasonTruncated
}

// bare returns an unquoted value without blanks; null is nothing.
func bare(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	if s == "null" {
		return ""
	}
	return s
}

// skip passes over a nested value.
func (j *jsonReader) skip() (reason string) {
	depth := 0
	for j.i < len(j.s) {
		switch j.s[j.i] {
		case '"':
			if _, reason := j.text(); reason != "" {
				return reason
			}
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				return reasonNesting
			}
		case '}', ']':
			depth--
		}
		j.i++
		if depth == 0 {
			return ""
		}
	}
	return reasonTruncated
}

// raw reads the next member as member does, its value as it is written, quotes, brackets and all.
func (j *jsonReader) raw() (key, value string, more bool, reason string) {
	key, value, more, reason = j.member()
	if !more || reason != "" {
		return "", "", false, reason
	}
	if c := j.s[j.from]; c == '"' || c == '{' || c == '[' {
		value = j.s[j.from:j.i]
	}
	return key, value, true, ""
}

// members ranges over the members of an object, raw; over none of anything else, and no further than
// text is JSON.
func members(object string) func(func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		if object == "" || object[0] != '{' {
			return
		}
		j := jsonReader{s: object, i: 1}
		for {
			key, value, more, reason := j.raw()
			if !more || reason != "" || !yield(key, value) {
				return
			}
		}
	}
}

// elements ranges over the elements of an array, raw.
func elements(array string) func(func(value string) bool) {
	return func(yield func(value string) bool) {
		if array == "" || array[0] != '[' {
			return
		}
		j := jsonReader{s: array, i: 1}
		for c := j.next(); c != ']' && c != 0; c = j.next() {
			from := j.i
			if reason := j.element(); reason != "" || !yield(bare(j.s[from:j.i])) {
				return
			}
			if j.next() == ',' {
				j.i++
			}
		}
	}
}

// element passes over one element of an array.
func (j *jsonReader) element() (reason string) {
	switch j.next() {
	case '"':
		_, reason = j.text()
		return reason
	case '{', '[':
		return j.skip()
	}
	n := strings.IndexAny(j.s[j.i:], ",]")
	if n <= 0 {
		return reasonJSON
	}
	j.i += n
	return ""
}
