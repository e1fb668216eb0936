package parse

import "strings"

// An object walks the fields of an object written as JSON or as Ruby's inspect has it, without copying:
//
//	{"retry":16,"args":["…"],"class":"X"}     {"retry" => 16, "args" => ["…"], "class" => "X"}
//
// Text may end anywhere: the last value is then what there is of it. With Escaped set, text is the
// inside of a JSON string, so that every quote and backslash has one more backslash before it.
type object struct {
	text    string // from the opening brace or bracket on
	escaped bool

	key   string // of the field, without quotes
	value string // raw: a string with its quotes
	whole bool   // the last string has its closing quote
	at    int
	done  bool
}

// next moves on to the next field.
func (o *object) next() bool {
	if !o.enter('{') || o.peek() != '"' {
		return false
	}
	if o.key = o.inner(o.skipString()); !o.whole {
		return false
	}
	o.blanks()
	for o.at < len(o.text) && (o.text[o.at] == ':' || o.text[o.at] == '=' || o.text[o.at] == '>') {
		o.at++
	}
	o.blanks()
	o.value = o.skipValue()
	return true
}

// element moves on to the next element of an array.
func (o *object) element() bool {
	if !o.enter('[') {
		return false
	}
	o.value = o.skipValue()
	return o.value != ""
}

// enter moves behind the opening bracket or the comma before what comes next.
func (o *object) enter(open byte) bool {
	o.blanks()
	if o.done || o.at >= len(o.text) {
		return false
	}
	c := o.text[o.at]
	if o.at == 0 && c != open || o.at > 0 && c != ',' {
		o.done = true
		return false
	}
	o.at++
	o.blanks()
	return o.at < len(o.text)
}

func (o *object) blanks() {
	for o.at < len(o.text) && (o.text[o.at] == ' ' || o.text[o.at] == '\t') {
		o.at++
	}
}

// peek returns the next character, as it is without its escape.
func (o *object) peek() byte {
	c, _ := o.char(o.at)
	return c
}

// char returns the character at i and its length; zero length at the end.
func (o *object) char(i int) (c byte, n int) {
	if i >= len(o.text) {
		return 0, 0
	}
	if c = o.text[i]; !o.escaped || c != '\\' || i+1 >= len(o.text) {
		return c, 1
	}
	return o.text[i+1], 2
}

// skipString moves behind a string, and returns it with its quotes.
func (o *object) skipString() string {
	if !o.escaped {
		return o.skipPlain()
	}
	from := o.at
	_, n := o.char(o.at)
	o.whole = false
	for o.at += n; ; o.at += n {
		var c byte
		if c, n = o.char(o.at); n == 0 {
			return o.text[from:]
		}
		switch c {
		case '\\':
			o.at += n
			_, n = o.char(o.at)
		case '"':
			o.at += n
			o.whole = true
			return o.text[from:o.at]
		}
	}
}

// skipPlain is skipString where nothing is escaped: most text.
func (o *object) skipPlain() string {
	from := o.at
	for o.at++; o.at < len(o.text); o.at++ {
		switch o.text[o.at] {
		case '\\':
			o.at++
		case '"':
			o.at++
			o.whole = true
			return o.text[from:o.at]
		}
	}
	o.at, o.whole = len(o.text), false
	return o.text[from:]
}

// skipValue moves behind a value of any kind, and returns it.
func (o *object) skipValue() string {
	from, depth := o.at, 0
	for o.at < len(o.text) {
		c, n := o.char(o.at)
		switch c {
		case '"':
			o.skipString()
			if depth == 0 {
				return o.text[from:o.at]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				return o.text[from:o.at]
			}
			if c != ',' {
				depth--
			}
			if depth == 0 {
				o.at += n
				return o.text[from:o.at]
			}
		}
		o.at += n
	}
	return o.text[from:]
}

// inner returns the inside of a raw string, the last one that was read; nothing if raw is none, or was
// cut short: half a name is another name.
func (o *object) inner(raw string) string {
	if !o.whole {
		return ""
	}
	return o.begun(raw)
}

// begun returns the inside of a raw string, as much as there is of it.
func (o *object) begun(raw string) string {
	quote := `"`
	if o.escaped {
		quote = `\"`
	}
	raw, ok := strings.CutPrefix(raw, quote)
	if !ok {
		return ""
	}
	if o.whole {
		raw = strings.TrimSuffix(raw, quote)
	}
	return raw
}
