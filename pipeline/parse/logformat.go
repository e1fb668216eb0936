package parse

import (
	"errors"
	"fmt"
	"strings"
)

// combinedFormat is nginx's default, which has a reader of its own.
const combinedFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

// maxVariables bounds the variables of a log_format.
const maxVariables = 64

// A kind is the shape of a variable's value.
type kind uint8

const (
	kindFree   kind = iota // anything
	kindWord               // anything without blank, quote and bracket
	kindNumber             // digits and points, or "-"
	kindLocal              // $time_local
	kindList               // words, parted by ", " and " : "
)

// A variable is what is known of an nginx variable.
type variable struct {
	field field
	kind  kind
}

// variables are those of nginx that matter or have a shape; all others are free and not read. Names of
// an operator's own (by map) end the list.
var variables = map[string]variable{
	"remote_addr": {fieldAddr, kindWord}, "realip_remote_addr": {fieldNone, kindWord},
	"binary_remote_addr": {fieldNone, kindFree}, "remote_port": {fieldNone, kindNumber},
	"http_x_forwarded_for": {fieldForwarded, kindList}, "proxy_add_x_forwarded_for": {fieldNone, kindList},
	"msec": {fieldMsec, kindNumber}, "time_iso8601": {fieldISO, kindWord}, "time_local": {fieldTime, kindLocal},
	"request": {fieldRequest, kindFree}, "request_method": {fieldMethod, kindWord},
	"request_uri": {fieldURI, kindFree}, "uri": {fieldURI, kindFree}, "document_uri": {fieldURI, kindFree},
	"status": {fieldStatus, kindNumber}, "body_bytes_sent": {fieldBytes, kindNumber}, "bytes_sent": {fieldSent, kindNumber},
	"request_length": {fieldLength, kindNumber}, "request_time": {fieldDuration, kindNumber},
	"http_user_agent": {fieldAgent, kindFree},
	"http_signature":  {fieldSignature, kindFree}, "http_signature_input": {fieldInput, kindFree},
	"upstream_addr": {fieldNone, kindList}, "upstream_status": {fieldNone, kindList},
	"upstream_response_time": {fieldUpstream, kindList}, "upstream_connect_time": {fieldNone, kindList},
	"upstream_header_time": {fieldNone, kindList}, "upstream_cache_status": {fieldNone, kindWord},
	"host": {fieldNone, kindWord}, "server_name": {fieldNone, kindWord}, "server_port": {fieldNone, kindNumber},
	"scheme": {fieldNone, kindWord}, "server_protocol": {fieldNone, kindWord}, "pipe": {fieldNone, kindWord},
	"connection": {fieldNone, kindNumber}, "connection_requests": {fieldNone, kindNumber},
	"request_id": {fieldNone, kindWord}, "gzip_ratio": {fieldNone, kindWord}, "ssl_protocol": {fieldNone, kindWord},
	"ssl_cipher": {fieldNone, kindWord},
	"sig_key":    {fieldKey, kindFree}, "key_id": {fieldKey, kindFree}, "keyid": {fieldKey, kindFree},
	"fedwarden_path": {fieldURI, kindFree}, "fedwarden_key_id": {fieldKey, kindFree}, // of `fedwarden snippet nginx-logformat`
}

// A logFormat is a compiled log_format: text and variable by turns.
type logFormat struct {
	items []item
	last  string // the text after the last variable
}

// An item is a variable and the text before it.
type item struct {
	text   string
	field  field
	kind   kind
	quoted bool // between quotes that its value can't hold, because nginx escapes them
}

// compile reads a log_format as it stands in nginx's configuration: bare, in one or several quoted
// pieces, with or without the directive's name, the format's and escape=. The result is nil for
// combined; for a JSON format it is the fields by key.
func compile(format string) (*logFormat, map[string]field, error) {
	src, err := unquote(format)
	if err != nil || src.text == "" || src.text == combinedFormat {
		return nil, nil, err
	}
	tokens, err := src.tokens()
	if err != nil {
		return nil, nil, err
	}
	if err := sufficient(tokens); err != nil {
		return nil, nil, err
	}
	if src.text[0] == '{' {
		return nil, keysOf(tokens), nil
	}
	f, err := src.items(tokens)
	return f, nil, err
}

// A variableAt is a variable of a log_format, the text before it, and where it stands in the configuration.
type variableAt struct {
	text, name string
	column     int
	after      string // the text after the last variable; of the last token only
}

// tokens splits a format into its variables.
func (src *source) tokens() ([]variableAt, error) {
	var list []variableAt
	rest, at := src.text, 0
	for {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			break
		}
		name, n := variableName(rest[i+1:])
		if name == "" {
			return nil, fmt.Errorf(`log_format: column %d: "$" names no variable`, src.column(at+i))
		}
		list = append(list, variableAt{text: rest[:i], name: name, column: src.column(at + i)})
		rest, at = rest[i+1+n:], at+i+1+n
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("log_format: column 1: no variable in %q", cut(src.text, maxName))
	}
	if len(list) > maxVariables {
		return nil, fmt.Errorf("log_format: column %d: more than %d variables", list[maxVariables].column, maxVariables)
	}
	list[len(list)-1].after = rest
	return list, nil
}

// variableName reads name or {name}, and returns its length too.
func variableName(s string) (string, int) {
	inner := strings.TrimPrefix(s, "{")
	n := 0
	for n < len(inner) && (isAlnum(inner[n]) || inner[n] == '_') {
		n++
	}
	if len(inner) == len(s) {
		return s[:n], n
	}
	if n == len(inner) || inner[n] != '}' {
		return "", 0
	}
	return inner[:n], n + 2
}

// sufficient reports what a format lacks.
func sufficient(tokens []variableAt) error {
	var has [fields]bool
	for _, t := range tokens {
		has[variables[t.name].field] = true
	}
	switch {
	case !has[fieldStatus]:
		return errors.New("log_format: no $status: what became of a request can't be told")
	case !has[fieldRequest] && !(has[fieldURI] && has[fieldMethod]):
		return errors.New("log_format: neither $request nor $request_method and $request_uri: what was asked can't be told")
	}
	return nil
}

// items makes a reader of a text format.
func (src *source) items(tokens []variableAt) (*logFormat, error) {
	f := &logFormat{last: tokens[len(tokens)-1].after}
	for i, t := range tokens {
		v, next := variables[t.name], f.last
		if i+1 < len(tokens) {
			next = tokens[i+1].text
			if next == "" {
				return nil, fmt.Errorf("log_format: column %d: nothing stands between $%s and $%s: they can't be told apart",
					tokens[i+1].column, t.name, tokens[i+1].name)
			}
		}
		quoted := !src.raw && strings.HasSuffix(t.text, `"`) && strings.HasPrefix(next, `"`)
		if quoted {
			v.kind = kindFree
		}
		f.items = append(f.items, item{text: t.text, field: v.field, kind: v.kind, quoted: quoted})
	}
	return f, nil
}

// keysOf returns the fields of a JSON format by key: "key":"$variable" and "key":$variable. A value
// that is more than one variable is not read.
func keysOf(tokens []variableAt) map[string]field {
	keys := map[string]field{}
	for i, t := range tokens {
		after := t.after
		if i+1 < len(tokens) {
			after = tokens[i+1].text
		}
		before := strings.TrimRight(t.text, " \t")
		if strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`) {
			before = strings.TrimRight(before[:len(before)-1], " \t")
		} else if after == "" || strings.IndexByte(", }", after[0]) < 0 {
			continue
		}
		before, ok := strings.CutSuffix(before, ":")
		before, quoted := strings.CutSuffix(strings.TrimRight(before, " \t"), `"`)
		if v := variables[t.name]; ok && quoted && v.field != fieldNone {
			keys[strings.Clone(before[strings.LastIndexByte(before, '"')+1:])] = v.field
		}
	}
	return keys
}
