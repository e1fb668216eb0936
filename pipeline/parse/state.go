package parse

import (
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// stateVersion is the layout of State: version, format, last stamp, its digits, misses, and the text of
// the format's syntax, parted by semicolons.
const stateVersion = "p1"

// maxState bounds a state that is taken back.
const maxState = 64 << 10

// State returns what the Parser remembers of its stream: the format, the last stamp, and the record that
// is not finished. It is short text that Restore takes.
func (p *Parser) State() string {
	syntax := ""
	if s := p.syntaxes[p.format]; s != nil {
		syntax = s.state()
	}
	b := make([]byte, 0, 64+len(syntax))
	b = append(b, stateVersion...)
	b = append(append(b, ';'), p.format.String()...)
	b = strconv.AppendInt(append(b, ';'), int64(p.last.Time), 10)
	b = strconv.AppendUint(append(b, ';'), uint64(p.last.Digits), 10)
	b = strconv.AppendInt(append(b, ';'), int64(p.misses), 10)
	return string(append(append(b, ';'), syntax...))
}

// Restore takes back what State returned, in place of what the Parser remembers. Text of any other kind
// leaves it as new; a configured format stays.
func (p *Parser) Restore(state string) {
	p.forget()
	part := strings.SplitN(state, ";", 6)
	if len(state) > maxState || len(part) != 6 || part[0] != stateVersion {
		return
	}
	f := pipeline.ParseFormat(part[1])
	last, err1 := strconv.ParseInt(part[2], 10, 64)
	digits, err2 := strconv.ParseUint(part[3], 10, 8)
	misses, err3 := strconv.ParseUint(part[4], 10, 8)
	if err1 != nil || err2 != nil || err3 != nil || digits > 9 || !isSane(pipeline.Time(last)) ||
		f == pipeline.FormatUnknown && part[1] != f.String() {
		return
	}
	p.last = pipeline.Stamp{Time: pipeline.Time(last), Digits: uint8(digits)}
	if p.named && f != p.format {
		return
	}
	p.format, p.misses = f, min(int(misses), patience)
	if s := p.syntaxes[f]; s != nil {
		s.restore(part[5])
	}
}

// isSane reports whether a time is unknown or may be a log's.
func isSane(t pipeline.Time) bool {
	return t == 0 || t >= firstUnix*pipeline.Second && t/pipeline.Second <= lastUnix
}

// forget makes the parser as new, its caches aside.
func (p *Parser) forget() {
	if !p.named {
		p.format = pipeline.FormatUnknown
	}
	p.misses, p.last = 0, pipeline.Stamp{}
	for _, s := range p.syntaxes {
		if s != nil {
			s.restore("")
		}
	}
}
