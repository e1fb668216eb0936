package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// choose returns the format in which to read a line: the stream's, unless that is not known, or has not
// understood anything for a while and another one does.
func (p *Parser) choose(line string) pipeline.Format {
	if p.named || p.format != pipeline.FormatUnknown && p.misses < patience {
		return p.format
	}
	if f := p.recognise(line); f != pipeline.FormatUnknown {
		return f
	}
	return p.format
}

// Recognise tells a line's format from its content alone, FormatUnknown where it tells none.
func (p *Parser) Recognise(line string) pipeline.Format {
	switch {
	case isBlank(line):
		return pipeline.FormatUnknown
	case line[0] != '{' && looksNginx(line):
		return pipeline.FormatNginx // cheap: a line like this is nothing else
	}
	return p.recognise(line)
}

// recognise tells a line's format from its content. A whole nginx line is surest, so it comes first; a
// line that is only shaped like one comes last, for the sake of a better reason.
func (p *Parser) recognise(line string) pipeline.Format {
	switch {
	case line[0] != '{' && p.nginx.reads(line):
		return pipeline.FormatNginx
	case looksSidekiq(line):
		return pipeline.FormatSidekiq
	case looksRails(line):
		return pipeline.FormatRails
	case p.nginx.reads(line) || looksNginx(line):
		return pipeline.FormatNginx
	}
	return pipeline.FormatUnknown
}

// reads reports whether n understands the line, or knows that it is no record.
func (n *nginx) reads(line string) bool {
	var e pipeline.Event
	_, err := n.line(line, Env{}, &e)
	return err == nil
}

// looksNginx reports whether a line has nginx's stamp before a quoted request.
func looksNginx(line string) bool {
	q := strings.Index(line, `] "`)
	return q >= len(localLayout) && isLocal(line[q-len(localLayout):q])
}

// isErrorLog reports whether a line is of nginx's error log: "2026/11/23 07:21:39 [error] …".
func isErrorLog(line string) bool {
	return len(line) > 22 && line[4] == '/' && line[7] == '/' && line[10] == ' ' && line[13] == ':' &&
		line[16] == ':' && line[19] == ' ' && line[20] == '[' && isDigits(line[:4])
}

// trimEnd takes the end of line off.
func trimEnd(s string) string {
	for s != "" && (s[len(s)-1] == '\n' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	return s
}

// isBlank reports whether a line has nothing but blanks.
func isBlank(line string) bool {
	for i := range len(line) {
		if c := line[i]; c != ' ' && c != '\t' {
			return false
		}
	}
	return true
}

// peel takes off what a carrier has left before a line's own text: an envelope in one that is opened no
// further, or the blank with which rsyslog's messages begin. Nothing but the text of it counts, since a
// program's words may be a stranger's.
func (p *Parser) peel(line string) string {
	for range maxWraps {
		if !wrapped(line) {
			break
		}
		r, ok := prefixed(line)
		if !ok {
			return line
		}
		line = r.Text
	}
	if len(line) > 1 && line[0] == ' ' && line[1] != ' ' && p.recognise(line[1:]) != pipeline.FormatUnknown {
		return line[1:]
	}
	return line
}
