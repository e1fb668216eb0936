// Package parse turns the lines of a Mastodon server's logs into Events. It is pure: a line in, an Event,
// a reason to skip or an *Error out; it asks no clock and keeps nothing but the memory of a record that
// runs over several lines and caches that change no result.
//
//	line ─▶ Open: envelopes ─▶ Record ─▶ Parse: pieces joined ─▶ format: recognised from content or named
//	                                           ─▶ syntax: nginx, rails, sidekiq ─▶ Event
//
// A Parser reads one stream, because a record may run over lines and because one stream has, as a rule,
// one format. What it remembers is small and travels in the stream's cursor (State), so that a restart in
// the middle of a record goes on where it was.
//
// # Formats
//
// A stream keeps the format in which a line of it was first understood, and is recognised again only
// after a run of lines that told nothing.
//
// # Envelopes
//
// An Opener takes lines out of what carried them, told line by line and without configuration: container
// engines (docker's json-file, CRI, docker compose logs), syslog (RFC 3164 and 5424, as rsyslog, syslog-ng
// and journalctl's short formats write it), journald's JSON, and shippers (Filebeat, Vector, Fluent Bit,
// Fluentd, Logstash, GELF, CloudEvents, OTLP/JSON). One line may hold several records, one record may be a
// piece of a line, and one may say that lines were dropped. RFC 3164's stamp has no year and is not used.
//
// A shipper has read its text somewhere, so that text may be in an envelope again, three deep. A carrier
// (engine, syslog, journald) had it from the program: its text is opened no further. Parse peels off what
// text envelopes are left before a line, and nothing of those counts but the text.
//
// What is itself a line of a log, in JSON as well, is no envelope: it passes as it came. A program's own
// structured log (a message beside a level) is none either, because its message may be a stranger's from
// the first byte on. A line that a shipper has laid flat among its own members is written again.
//
// # Who could forge what
//
// A stranger writes within lines, and where a program breaks a line at their will, whole lines; and can
// make a line so long that a carrier cuts it where they like. So:
//
//   - An envelope is told from a line's beginning, and only there.
//   - Of a message of several lines only the first is opened; the others are text.
//   - In a carrier's text, whole or a piece, nothing is opened that could tell an origin, a time, a loss or a
//     further piece.
//   - Of an origin the outer account stands; an inner one fills in what that left open.
//   - A stream in which lines are understood without an envelope takes what looks like one for text, until
//     there are many of those.
//   - Only journald says what journald has dropped: told by its transport, else by its name before the line.
//
// What is left is a bare topic or file, in which a stranger can begin a line: there they can write the line
// itself, and an envelope adds to that only the origin, for those who tell streams apart by it. And a
// local program can call itself what it likes in syslog.
//
// # Pieces
//
// Env.Cut says that a line goes on. Parse keeps what there is of it, one line for standard output and one
// for standard error, to 64 KiB each, and reads it when its end comes. Pieces travel in State, as they
// came: that is the one place where what must not leave is kept, until the line is whole.
//
// # nginx
//
// Text is read as combined, and with what people put before it ($host) and after it (a forwarded header,
// name=value); or as any log_format, given as it stands in nginx's configuration and compiled once. JSON
// is read by the usual keys, those of a given log_format, or configured ones. All three fill one record,
// which becomes an Event in one place.
//
// nginx escapes what strangers send, so a line has one reading. With escape=none it has not: such a line
// is accepted where there is no second reading, and rejected as ambiguous where there is. What cannot be
// seen in a line (a forged value without a quote in it) can't be told; such a log deserves little trust.
//
// # No copying
//
// Records and the fields of an Event point into the line. Only what must be unescaped or joined is written
// anew, into arenas which Reset empties; so the strings of either live as long as the line and until Reset.
//
// # What never leaves
//
// Query strings, tokens, mail addresses and job arguments are dropped here, before anything is stored,
// shown or sent. A rejected line leaves a Sample only: short, cleaned and redacted.
//
// # Time
//
// A stamp of the line that names its zone counts, as what is nearest to the event. A stamp that names none
// loses to an envelope's absolute time of writing; without that it is UTC unless Options.Location says
// otherwise. A line without a stamp has the envelope's time; else that at which a shipper or the source
// has read it, where that is known; else that of the stamp before it in its stream; else it is rejected. A
// line that could not be read has the envelope's time, else that of the stamp before it, else that of
// reading.
package parse
