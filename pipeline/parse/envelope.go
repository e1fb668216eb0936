package parse

import "github.com/fedwarden/fedwarden/pipeline"

// An Origin is where a record comes from, by its envelope's account. A field is empty when unknown.
type Origin struct {
	Host      string // that wrote the line
	File      string // that a shipper has read it from
	Unit      string // of systemd, e.g. "mastodon-web.service"
	Container string // its name, or its id where it has none
	Service   string // of compose, or a pod's container, e.g. "sidekiq"
	Program   string // a syslog tag without its pid
}

// A Record is one line as an envelope carried it. Its strings live as long as what was opened.
type Record struct {
	Text   string
	Time   pipeline.Time // the envelope's absolute time; zero where it has none
	Origin Origin
	// Cut says that the line goes on in the next record of the same origin, as where Docker splits at 16 KiB.
	Cut bool
	// Suppressed counts lines that the carrier says it has dropped before this record; Text is empty then.
	Suppressed uint64
}

// An Opener takes lines out of their envelopes. Its zero value is ready; it is not for concurrent use.
type Opener struct {
	records []Record
}

// Open returns the records that a line (or a message) holds, valid until the next Open. A line in no
// envelope is one record of no origin.
func (o *Opener) Open(line string) []Record {
	o.records = append(o.records[:0], Record{Text: line})
	return o.records
}
