package source

import (
	"path"
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// maxEntryLines bounds the lines of one message; the rest of it is lost, and said to be.
const maxEntryLines = 1024

// DefaultUnits are the units of Mastodon's own installation guide, and its containers where Docker logs to the
// journal.
func DefaultUnits() []string {
	return []string{"mastodon-web", "mastodon-sidekiq*", "mastodon-streaming*",
		`mastodon[\-_]web[\-_][0-9]*`, `mastodon_sidekiq_[0-9]*`, `mastodon_streaming_[0-9]*`}
}

// A unitFilter says which entries of a journal are read. Everything in the journal passes by, so a unit that
// is new needs no restart, and no entry of another one moves unseen past the place that is kept.
type unitFilter struct {
	patterns []string
	hosts    bool                // records name their host
	wanted   map[string]bool     // what the patterns said of a name
	carriers map[string]struct{} // units through which wanted containers log, e.g. docker.service
}

// wants reports whether a unit's or a container's name is one of ours.
func (f *unitFilter) wants(name string) bool {
	if name == "" {
		return false
	}
	yes, known := f.wanted[name]
	if known {
		return yes
	}
	short := strings.TrimSuffix(name, ".service")
	for _, p := range f.patterns {
		full, _ := path.Match(p, name)
		bare, _ := path.Match(p, short)
		yes = yes || full || bare
	}
	if len(f.wanted) < maxNames {
		f.wanted[name] = yes
	}
	return yes
}

// origin returns where an entry is from, if it is to be read. What a container wrote is of that container, also
// where the unit that brought it, as docker.service, was asked for.
func (f *unitFilter) origin(e *journalEntry) (o parse.Origin, ok bool) {
	unit := e.unit
	if f.wants(e.userUnit) {
		unit = e.userUnit
	}
	switch {
	case e.container != "" && (f.wants(e.container) || f.wants(unit)):
		o.Container = e.container
		f.carriers[e.unit] = struct{}{}
	case f.wants(unit):
		o.Unit = unit
	default:
		return o, false
	}
	o.Program = e.program
	if f.hosts {
		o.Host = e.host
	}
	return o, true
}

// records appends the records of an entry to list: one for each line of its message, none of an entry that is
// not ours. Over is how many lines were too many.
func (f *unitFilter) records(list []parse.Record, e *journalEntry) (_ []parse.Record, over uint64) {
	if e.transport == "driver" {
		return f.suppressed(list, e), 0
	}
	o, ok := f.origin(e)
	if !ok {
		return list, 0
	}
	rest, more := strings.TrimSuffix(e.message, "\n"), true
	for n := 0; more; n++ {
		if n == maxEntryLines {
			return list, uint64(strings.Count(rest, "\n") + 1)
		}
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		list = append(list, parse.Record{Text: strings.TrimSuffix(line, "\r"), Time: e.at, Origin: o,
			Cut: e.broken && !more, Err: e.container != "" && e.urgent})
	}
	return list, 0
}

// suppressed takes what journald says of the messages that it has dropped by its rate limit: "Suppressed N
// messages from UNIT". What was dropped of containers is the journal's own loss: whose it was is not known.
func (f *unitFilter) suppressed(list []parse.Record, e *journalEntry) []parse.Record {
	n, unit := e.dropped, e.object
	if n == 0 {
		text, from, ok := strings.Cut(strings.TrimPrefix(e.message, "Suppressed "), " messages from ")
		if !ok {
			return list
		}
		n, _ = strconv.ParseUint(text, 10, 64)
		if unit == "" {
			unit = path.Base(from) // older ones write a control group's path
		}
	}
	if n == 0 {
		return list
	}
	rec := parse.Record{Time: e.at, Suppressed: n}
	if _, carrier := f.carriers[unit]; carrier {
		return append(list, rec)
	}
	if !f.wants(unit) {
		return list
	}
	rec.Origin.Unit = unit
	if f.hosts {
		rec.Origin.Host = e.host
	}
	return append(list, rec)
}

// nameRecord keeps a loss that belongs to no unit with the journal itself.
func nameRecord(rec *parse.Record) (name string, ok bool) {
	return "", rec.Origin == parse.Origin{}
}
