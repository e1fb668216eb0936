package parse

import (
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// stateVersion is the layout of State: version, format, last stamp, its digits, misses, whether lines come
// bare, the lengths of the two lines that go on, parted by semicolons; behind them those lines and the
// text of the format's syntax. The layout before knew only the first five and the last.
const (
	stateVersion = "p2"
	stateBefore  = "p1"
)

// maxState bounds a state that is taken back.
const maxState = 64<<10 + 2*maxJoined

// State returns what the Parser remembers of its stream: the format, the last stamp, and the record that
// is not finished. It is text that Restore takes, and short unless a line is in pieces.
func (p *Parser) State() string {
	syntax := ""
	if s := p.syntaxes[p.format]; s != nil {
		syntax = s.state()
	}
	b := make([]byte, 0, 80+len(syntax)+len(p.pieces[0])+len(p.pieces[1]))
	b = append(b, stateVersion...)
	b = append(append(b, ';'), p.format.String()...)
	b = strconv.AppendInt(append(b, ';'), int64(p.last.Time), 10)
	b = strconv.AppendUint(append(b, ';'), uint64(p.last.Digits), 10)
	b = strconv.AppendInt(append(b, ';'), int64(p.misses), 10)
	b = strconv.AppendInt(append(b, ';'), int64(p.bare), 10)
	b = strconv.AppendInt(append(b, ';'), int64(len(p.pieces[0])), 10)
	b = strconv.AppendInt(append(b, ';'), int64(len(p.pieces[1])), 10)
	b = append(append(append(b, ';'), p.pieces[0]...), p.pieces[1]...)
	return string(append(b, syntax...))
}

// Restore takes back what State returned, in place of what the Parser remembers. Text of any other kind
// leaves it as new; a configured format stays.
func (p *Parser) Restore(state string) {
	p.forget()
	part := strings.SplitN(state, ";", 6)
	if len(state) > maxState || len(part) != 6 || part[0] != stateVersion && part[0] != stateBefore {
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
	syntax, ok := part[5], true
	if part[0] == stateVersion {
		if syntax, ok = p.restoreLines(part[5]); !ok {
			return
		}
	}
	p.last = pipeline.Stamp{Time: pipeline.Time(last), Digits: uint8(digits)}
	if p.named && f != p.format {
		return
	}
	p.format, p.misses = f, min(int(misses), patience)
	if s := p.syntaxes[f]; s != nil {
		s.restore(syntax)
	}
}

// restoreLines takes back how lines come and the two that go on, and returns what follows them.
func (p *Parser) restoreLines(state string) (rest string, ok bool) {
	part := strings.SplitN(state, ";", 4)
	if len(part) != 4 {
		return "", false
	}
	out, err1 := strconv.ParseUint(part[1], 10, 17)
	errs, err2 := strconv.ParseUint(part[2], 10, 17)
	rest = part[3]
	if err1 != nil || err2 != nil || out > maxJoined || errs > maxJoined || out+errs > uint64(len(rest)) {
		return "", false
	}
	p.bare.restore(part[0])
	p.pieces.hold(rest[:out], false)
	p.pieces.hold(rest[out:out+errs], true)
	return rest[out+errs:], true
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
	p.misses, p.last, p.bare = 0, pipeline.Stamp{}, 0
	p.pieces.clear()
	for _, s := range p.syntaxes {
		if s != nil {
			s.restore("")
		}
	}
}
