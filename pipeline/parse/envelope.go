package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// An Origin is where a record comes from, by its envelope's account. A field is empty when unknown.
type Origin struct {
	Host      string // that wrote the line
	File      string // that a shipper has read it from
	Unit      string // of systemd, e.g. "mastodon-web.service"
	Container string // its name, or its id where it has none
	Service   string // of compose, or a pod's container, e.g. "sidekiq"
	Program   string // a syslog tag without its pid
}

// A Record is one line as an envelope carried it. Its strings live as long as what was opened, and until
// the Opener's Reset.
type Record struct {
	Text   string
	Time   pipeline.Time // the envelope's absolute time of writing; zero where it has none
	Read   pipeline.Time // when a shipper read the line, of one that knows no more than that
	Origin Origin
	// Cut says that the line goes on in the next record of the same origin, as where Docker splits at 16 KiB.
	Cut bool
	// Err says that the line was written to standard error, whose pieces are not those of standard output.
	Err bool
	// Suppressed counts lines that the carrier says it has dropped before this record; Text is empty then,
	// and the Origin's unit is the one whose lines they were.
	Suppressed uint64
}

const (
	maxWraps   = 3       // envelopes in envelopes; what lies deeper is text
	maxLines   = 1 << 10 // lines of one message; the rest stays with the last
	keptOpened = 1 << 12 // records for which an Opener keeps room
)

// An Opener takes lines out of their envelopes. Its zero value is ready; it is not for concurrent use.
type Opener struct {
	records []Record
	plain   [1]Record // what a line in no envelope becomes: only its text ever changes
	opened  bool      // the last line was in an envelope
	arena   arena
	keys    map[string]namedField // of nginx's JSON, where they are not the usual ones
}

// Open returns the records that a line (or a message) holds, valid until the next Open. A line in no
// envelope is one record of no origin. Nothing of a line is opened but from its beginning.
func (o *Opener) Open(line string) []Record {
	o.opened = false
	if !wrapped(line) && strings.IndexByte(line, '\n') < 0 {
		return o.bare(line)
	}
	if cap(o.records) > keptOpened {
		o.records = nil
	}
	o.records = o.records[:0]
	if strings.IndexByte(line, '\n') < 0 || !o.object(Record{Text: line}, 0) {
		o.top(line)
	}
	return o.records
}

// bare returns a line as it stands.
func (o *Opener) bare(line string) []Record {
	o.plain[0].Text = line
	return o.plain[:]
}

// Reset makes void every string of the records so far. Who never calls it leaves them to the collector.
func (o *Opener) Reset() { o.arena.reset() }

// top opens each line of a message that is in no envelope as the lines of a file are opened.
func (o *Opener) top(message string) {
	for n := 1; ; n++ {
		line, rest, more := strings.Cut(message, "\n")
		if rest == "" || n == maxLines {
			o.add(Record{Text: strings.TrimSuffix(message, "\n")}, 0)
			return
		}
		o.add(Record{Text: line}, 0)
		if message = rest; !more {
			return
		}
	}
}

// add opens a record's text, depth envelopes having been opened before, and adds what comes out.
func (o *Opener) add(r Record, depth int) {
	if depth == maxWraps || !wrapped(r.Text) {
		o.records = append(o.records, r)
		return
	}
	if in, ok := prefixed(r.Text); ok {
		o.opened = true
		in.inside(&r)
		o.carried(in)
		return
	}
	if s, ok := o.quoted(r.Text); ok {
		o.opened = true
		r.Text = s
		o.add(r, depth+1)
		return
	}
	if !o.object(r, depth) {
		o.records = append(o.records, r)
	}
}

// carried adds the lines of a record that a carrier brought: a program's own words, which are opened no
// further. A message that a carrier has cut is so in its last line.
func (o *Opener) carried(r Record) {
	if r.Suppressed == 0 && isJournald(r.Origin.Program) {
		if n, unit, ok := suppressed(r.Text); ok {
			r.Suppressed, r.Text, r.Origin.Unit, r.Origin.Program = n, "", unit, ""
		}
	}
	o.further(r, r.Text)
}

// shipped adds the lines of a record that a shipper read somewhere. The first may be in the envelope of
// the carrier that wrote there; no other begins where an envelope can.
func (o *Opener) shipped(r Record, depth int) {
	if isJournald(r.Origin.Program) {
		o.carried(r)
		return
	}
	line, rest, more := strings.Cut(r.Text, "\n")
	first := r
	first.Text, first.Cut = line, r.Cut && rest == ""
	o.add(first, depth)
	if more && rest != "" {
		o.further(r, rest)
	}
}

// further adds lines as they stand, each a record like r.
func (o *Opener) further(r Record, text string) {
	cut := r.Cut
	text = trimEnd(text)
	for range maxLines - 1 {
		line, rest, more := strings.Cut(text, "\n")
		if !more {
			break
		}
		r.Text, r.Cut = line, false
		o.records = append(o.records, r)
		text = rest
	}
	r.Text, r.Cut = text, cut
	o.records = append(o.records, r)
}

// inside completes r with what the envelope around it says. Of the origin the outer account stands,
// because the inner one may be a stranger's; of the time of writing the inner, if it has one.
func (r *Record) inside(outer *Record) {
	if r.Time == 0 {
		r.Time = outer.Time
	}
	if r.Read == 0 {
		r.Read = outer.Read
	}
	r.Err = r.Err || outer.Err
	r.Cut = r.Cut || outer.Cut
	in := r.Origin
	r.Origin = outer.Origin
	first(&r.Origin.Host, in.Host)
	first(&r.Origin.File, in.File)
	first(&r.Origin.Unit, in.Unit)
	first(&r.Origin.Container, in.Container)
	first(&r.Origin.Service, in.Service)
	first(&r.Origin.Program, in.Program)
}

// quoted takes an object out of a string that is all of a line: JSON in JSON.
func (o *Opener) quoted(line string) (string, bool) {
	if len(line) < 4 || line[0] != '"' || line[1] != '{' {
		return "", false
	}
	j := jsonReader{s: line}
	s, reason := j.text()
	if reason != "" || j.next() != 0 {
		return "", false
	}
	return o.arena.unescape(s), true
}
